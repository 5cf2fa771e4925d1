//! A session's life by hand: write, write anew, open, close, cancel, try again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::{known, store_refusal};
use crate::base::Timestamp;
use crate::coordinator::nodes::announce;
use crate::coordinator::{CoordinatorState, driver, papers, variables};
use crate::identity::Signed;
use crate::rules::{SessionFile, Terms};
use crate::runs::Workload;
use crate::session::announcement::check_operator_key;
use crate::session::phase::{PhaseError, Step};
use crate::session::{Announcement, Phase, SessionId};
use crate::sharing::Scheme;
use crate::transport::server::reply::{Body, Params, Refusal, Reply};
use crate::wire::coordinator_api::{Bidder, EditSession, NewSession, SessionDetail};
use crate::wire::paper;
use crate::wire::problem::ProblemType;
use crate::wire::reason::Reason;

/// Write a session; open it at once if asked to.
pub async fn write(
    State(state): State<Arc<CoordinatorState>>,
    Body(new): Body<NewSession>,
) -> Reply<SessionDetail> {
    let session = SessionId::random().map_err(|error| Refusal::internal(&error))?;
    written(&state, session, new).await?;
    super::sessions::detail(&state, session, true).await.map(Json)
}

/// That a session may be made of a file.
pub(super) async fn check(state: &CoordinatorState, file: &str) -> Result<(), Refusal> {
    let file = variables::filled(state, file).await?;
    terms_from(&file, state.scheme(), state.clock.now()).map(drop)
}

/// Write a session under this id, and open it if asked to.
pub(in crate::coordinator) async fn written(
    state: &Arc<CoordinatorState>,
    session: SessionId,
    mut new: NewSession,
) -> Result<(), Refusal> {
    new.file = variables::filled(state, &new.file).await?;
    let now = state.clock.now();
    terms_from(&new.file, state.scheme(), now).and_then(|terms| {
        let unlisted = |bidder: &Bidder| {
            let checked = terms.limits.check_name(&bidder.name);
            checked.map_err(|error| unlisted(&bidder.name, &error))?;
            check_cohort(&terms, bidder.cohort.as_deref())
                .map_err(|error| unlisted(&bidder.name, &error))
        };
        new.bidders.iter().try_for_each(unlisted)
    })?;
    state.store.create(session, &new.file, now).await.map_err(store_refusal)?;
    for bidder in new.bidders {
        let (name, cohort) = (&bidder.name, bidder.cohort.as_deref());
        let admitted = state.store.admit_to(session, name, bidder.key, cohort, now).await;
        admitted.map_err(|error| unlisted(&bidder.name, &error))?;
    }
    driver::start(state, session);
    if new.open {
        open_session(state, session).await?;
    }
    Ok(())
}

/// Write other terms into a draft. The bidders that it lists stay.
pub async fn edit(
    State(state): State<Arc<CoordinatorState>>,
    Params(session): Params<SessionId>,
    Body(edit): Body<EditSession>,
) -> Reply<SessionDetail> {
    let edit = EditSession { file: variables::filled(&state, &edit.file).await? };
    let drafts = state.drafts.lock().await;
    let row = known(&state, session).await?;
    row.phase.after(Step::Edit).map_err(wrong_phase)?;
    let terms = terms_from(&edit.file, state.scheme(), state.clock.now())?;
    for admitted in state.store.admissions(session).await.map_err(store_refusal)? {
        let checked = terms.limits.check_name(&admitted.bidder);
        checked.map_err(|error| unlisted(&admitted.bidder, &error))?;
        check_cohort(&terms, admitted.cohort.as_deref())
            .map_err(|error| unlisted(&admitted.bidder, &error))?;
    }
    state.store.edit(session, &edit.file).await.map_err(store_refusal)?;
    drop(drafts);
    state.tell_phase(session, Phase::Draft, None);
    super::sessions::detail(&state, session, true).await.map(Json)
}

fn wrong_phase(error: PhaseError) -> Refusal {
    Refusal::new(ProblemType::WrongPhase, error.to_string())
}

/// Open a session for bids.
pub async fn open(
    State(state): State<Arc<CoordinatorState>>,
    Params(session): Params<SessionId>,
) -> Reply<SessionDetail> {
    open_session(&state, session).await?;
    super::sessions::detail(&state, session, true).await.map(Json)
}

/// Open a draft.
pub(super) async fn open_session(
    state: &Arc<CoordinatorState>,
    session: SessionId,
) -> Result<(), Refusal> {
    // It may have been open before, if this coordinator runs from a backup.
    papers::ask_unheard(state).await;
    let drafts = state.drafts.lock().await;
    let row = known(state, session).await?;
    row.phase.after(Step::Open).map_err(wrong_phase)?;
    let now = state.clock.now();
    let terms = terms_from(&row.file, state.scheme(), now)?;
    variables::check(state, session, &terms).await?;
    let announcement = Announcement { session, roster: state.roster_digest, terms, opened: now };
    let announcement = Signed::new(announcement, &state.keys.identity);
    state.store.open(&announcement, now).await.map_err(store_refusal)?;
    drop(drafts);
    state.tell_phase(session, Phase::Open, None);
    let row = known(state, session).await?;
    // The nodes hear of it before the answer goes out; those that are away are told by the driver.
    let unheard = announce(state, &row, state.scheme().all()).await;
    let unheard = unheard.map_err(|error| Refusal::internal(&error))?;
    // Without those whose operators forbid it too few are left to close it, for as long as they do.
    let scheme = state.scheme();
    if usize::from(scheme.nodes()) - unheard.forbid.len() < scheme.manifest_quorum() {
        step(state, session, Step::Cancel, &Reason::CalledOff).await?;
        let said: Vec<&str> = unheard.forbid.values().map(String::as_str).collect();
        let detail = format!("{}; the session was called off", said.join("; "));
        return Err(Refusal::new(ProblemType::BadTerms, detail));
    }
    state.driver(session).notify_one();
    Ok(())
}

/// The terms of a session that would be opened now, and that the nodes can close and compute
/// whatever comes in.
fn terms_from(file: &str, scheme: Scheme, now: Timestamp) -> Result<Terms, Refusal> {
    let terms = SessionFile::parse(file).and_then(|file| file.terms(now)).map_err(bad_terms)?;
    terms.check_nodes(scheme).map_err(bad_terms)?;
    Workload::check(&terms, scheme).map_err(bad_terms)?;
    paper::check(&terms, scheme).map_err(bad_terms)?;
    check_operator_key(&terms).map_err(bad_terms)?;
    if terms.bids_until <= now {
        return Err(bad_terms(format!(
            "bidding would have ended at {}, before it begins; write the session anew with a later bids_until",
            terms.bids_until
        )));
    }
    Ok(terms)
}

/// That a listed bidder is in a cohort of the terms where the operator assigns them, and else in none.
fn check_cohort(terms: &Terms, assigned: Option<&str>) -> Result<(), String> {
    match (terms.question.assigned_cohorts(), assigned) {
        (None, None) => Ok(()),
        (Some(cohorts), Some(own)) if cohorts.iter().any(|cohort| cohort == own) => Ok(()),
        (Some(cohorts), _) => {
            Err(format!("give the cohort that you assign, one of {}", cohorts.join(", ")))
        }
        (None, Some(_)) => {
            Err("a cohort is assigned where membership = \"assigned\" alone; leave it out"
                .to_owned())
        }
    }
}

fn unlisted(name: &str, error: &dyn std::fmt::Display) -> Refusal {
    let detail = format!("the bidder {name:?} cannot be listed: {error}");
    Refusal::new(ProblemType::BadRequest, detail)
}

fn bad_terms(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(ProblemType::BadTerms, error.to_string())
}

/// End bidding now. The answer says so where too few nodes are there to settle the session.
pub async fn close(
    State(state): State<Arc<CoordinatorState>>,
    Params(session): Params<SessionId>,
) -> Reply<SessionDetail> {
    driver::freeze(&state, session).await.map_err(store_refusal)?;
    state.driver(session).notify_one();
    super::sessions::detail(&state, session, true).await.map(Json)
}

/// Cancel a session.
pub async fn cancel(
    State(state): State<Arc<CoordinatorState>>,
    Params(session): Params<SessionId>,
) -> Result<StatusCode, Refusal> {
    step(&state, session, Step::Cancel, &Reason::CalledOff).await
}

/// Try a failed session again.
pub async fn retry(
    State(state): State<Arc<CoordinatorState>>,
    Params(session): Params<SessionId>,
) -> Result<StatusCode, Refusal> {
    step(&state, session, Step::Retry, &Reason::TriedAgain).await
}

async fn step(
    state: &CoordinatorState,
    session: SessionId,
    step: Step,
    reason: &Reason,
) -> Result<StatusCode, Refusal> {
    driver::step_because(state, session, step, reason).await.map_err(store_refusal)?;
    state.driver(session).notify_one();
    Ok(StatusCode::NO_CONTENT)
}
