//! Bidders admitted to a session: a name bound to a key, once.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};

use super::{known, store_refusal};
use crate::coordinator::CoordinatorState;
use crate::coordinator::access::Caller;
use crate::identity::Statement as _;
use crate::identity::access_token::Grant;
use crate::rules::terms::Admission;
use crate::session::announcement::AdmissionTicket;
use crate::session::{Phase, SessionId};
use crate::storage::coordinator::{AdmitError, Admitted as Entry};
use crate::transport::server::reply::{Body, Params, Refusal, Reply};
use crate::wire::coordinator_api::{Admitted, AskAdmission, Bidder};
use crate::wire::problem::ProblemType;
use crate::wire::reason::Reason;

/// Admit a bidder: anyone with a free name where the terms say so, else only who is
/// listed or has an account.
pub async fn admit(
    State(state): State<Arc<CoordinatorState>>,
    Extension(caller): Extension<Caller>,
    Params(session): Params<SessionId>,
    Body(ask): Body<AskAdmission>,
) -> Reply<Admitted> {
    let row = known(&state, session).await?;
    if let (Phase::Paused, Some(order)) = (row.phase, &row.pause) {
        let why = Reason::of_order(&order.body);
        let detail = format!("the session is {why}; bidders are admitted once it goes on");
        return Err(Refusal::new(ProblemType::Paused, detail));
    }
    let Some(announcement) = row.announcement.filter(|_| row.phase == Phase::Open) else {
        return Err(Refusal::new(
            ProblemType::WrongPhase,
            format!("the session is {}; bidders are admitted while it is open", row.phase),
        ));
    };
    let Bidder { name, key, cohort: wished } = ask.bidder;
    if wished.is_some() {
        let detail = "the operator assigns cohorts; ask for admission without one";
        return Err(Refusal::new(ProblemType::BadRequest, detail));
    }
    announcement
        .body
        .terms
        .limits
        .check_name(&name)
        .map_err(|error| Refusal::new(ProblemType::BadRequest, error.to_string()))?;
    let mut ticket = AdmissionTicket { session, bidder: name.clone(), key, cohort: None };
    key.verify(&ticket.digest(), &ask.signature).map_err(|_| {
        Refusal::new(
            ProblemType::BadRequest,
            "the request is not signed by the key it asks to admit",
        )
    })?;
    if row.taken_up && !state.store.is_admitted(session, &name).await.map_err(store_refusal)? {
        return Err(Refusal::new(
            ProblemType::NotAdmitted,
            "the coordinator has lost its own record of this session and knows only who had bid, \
             so nobody else is admitted any more: a name could be given to two",
        ));
    }
    if announcement.body.terms.admission == Admission::Listed
        && !state.store.is_admitted(session, &name).await.map_err(store_refusal)?
    {
        return Err(Refusal::new(
            ProblemType::NotAdmitted,
            "only listed bidders may take part; send your name and public key to the coordinator",
        ));
    }
    if announcement.body.terms.admission == Admission::Accounts {
        state.accounts.may_bid(caller.grant(), &name, key).await?;
    }
    let assigned = announcement.body.terms.question.assigned_cohorts();
    // What an account was invited to counts where only accounts take part, by their name and key.
    let by_account = announcement.body.terms.admission == Admission::Accounts;
    let grant = caller.grant().filter(|_| by_account);
    let cohort = match assigned {
        Some(cohorts) => Some(cohort(&state, grant, session, &name, cohorts).await?),
        None => None,
    };
    let name_of = |at: u8| assigned.and_then(|cohorts| cohorts.get(usize::from(at)));
    let named = cohort.and_then(name_of).map(String::as_str);
    state.store.admit_to(session, &name, key, named, state.clock.now()).await.map_err(|error| {
        match error {
            AdmitError::Taken { .. } | AdmitError::LooksAlike { .. } => {
                Refusal::new(ProblemType::NameTaken, error.to_string())
            }
            AdmitError::Full { .. } => Refusal::new(ProblemType::SessionFull, error.to_string()),
            AdmitError::NotOpen { phase: Phase::Paused } => {
                Refusal::new(ProblemType::Paused, error.to_string())
            }
            AdmitError::NotOpen { .. } => Refusal::new(ProblemType::WrongPhase, error.to_string()),
            AdmitError::Name(error) => Refusal::new(ProblemType::BadRequest, error.to_string()),
            AdmitError::Storage(error) => store_refusal(error),
        }
    })?;
    ticket.cohort = cohort;
    Ok(Json(Admitted { signature: ticket.sign(&state.keys.identity) }))
}

/// The position of the cohort that the operator has assigned to a bidder: with the list of bidders or
/// an earlier admission, else with the invitation that became this account.
async fn cohort(
    state: &CoordinatorState,
    grant: Option<Grant>,
    session: SessionId,
    name: &str,
    cohorts: &[String],
) -> Result<u8, Refusal> {
    let refuse = |detail: String| Refusal::new(ProblemType::NotAdmitted, detail);
    let mut assigned = state.store.assigned(session, name).await.map_err(store_refusal)?;
    if let (None, Some(grant)) = (&assigned, grant) {
        let invited = state.accounts.store.cohort_of(grant.account).await;
        assigned = invited.map_err(|error| Refusal::internal(&error))?;
    }
    let Some(assigned) = assigned else {
        return Err(refuse(
            "the operator says who is in which cohort of this survey, and has said none for you; ask \
             for an invitation with a cohort"
                .to_owned(),
        ));
    };
    let place = cohorts.iter().position(|own| *own == assigned);
    place.and_then(|at| u8::try_from(at).ok()).ok_or_else(|| {
        refuse(format!(
            "you were invited to the cohort {assigned:?}, which this survey does not have; ask the \
             operator for an invitation to one of {}",
            cohorts.join(", ")
        ))
    })
}

/// Every bidder admitted to a session.
pub async fn list(
    State(state): State<Arc<CoordinatorState>>,
    Params(session): Params<SessionId>,
) -> Reply<Vec<Bidder>> {
    let admitted = state.store.admissions(session).await.map_err(store_refusal)?;
    let line = |entry: Entry| Bidder { name: entry.bidder, key: entry.key, cohort: entry.cohort };
    Ok(Json(admitted.into_iter().map(line).collect()))
}
