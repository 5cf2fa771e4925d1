//! Sessions listed, shown, and exported as a record.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};

use super::{known, store_refusal, unknown};
use crate::base::lock;
use crate::base::offload::offload;
use crate::coordinator::access::Caller;
use crate::coordinator::{CoordinatorState, kept};
use crate::identity::{Digest, Roster, Signed, Statement as _};
use crate::rules::SessionFile;
use crate::rules::scoring::shown;
use crate::session::carried::handicap;
use crate::session::manifest::{CoSigned, Manifest, ManifestEntry};
use crate::session::record::{Format, Record};
use crate::session::{Accusation, Announcement, Outcome, Phase, SessionId};
use crate::sharing::NodeIndex;
use crate::storage::StorageError;
use crate::storage::coordinator::{Attempt, CoordinatorSession};
use crate::transport::server::reply::{Asked, Params, Refusal, Reply};
use crate::wire::coordinator_api::{
    AttemptLine, ManifestLine, ScoreLine, SessionDetail, SessionSummary,
};
use crate::wire::node_api::Cost;
use crate::wire::page::{AskPage, Page};
use crate::wire::problem::ProblemType;
use crate::wire::reason::{AttemptResult, AttemptTrouble, Reason};

/// As many envelopes' scores are told of; the record has all of them.
const SCORES: usize = 500;

/// Attempts of a session that are shown. Those that failed long ago say nothing about now.
const SHOWN: usize = 50;

/// Sessions, a page at a time; drafts only for those who run the system.
pub async fn list(
    State(state): State<Arc<CoordinatorState>>,
    Extension(caller): Extension<Caller>,
    Asked(ask): Asked<AskPage>,
) -> Reply<Page<SessionSummary>> {
    page(&state, ask, caller.is_staff()).await
}

/// A page of sessions as staff or others see it.
pub(super) async fn page(
    state: &CoordinatorState,
    ask: AskPage,
    staff: bool,
) -> Reply<Page<SessionSummary>> {
    let limit =
        ask.limit().map_err(|error| Refusal::new(ProblemType::BadRequest, error.to_string()))?;
    let found = state.store.page(ask.after, limit + 1, staff).await.map_err(store_refusal)?;
    let bidders = match (found.first(), found.last()) {
        (Some((first, _)), Some((last, _))) if staff => {
            let counts = state.store.admissions_by_session(first.session, last.session).await;
            Some(counts.map_err(store_refusal)?)
        }
        _ => None,
    };
    let line = |(row, outcome): &(CoordinatorSession, Option<CoSigned<Outcome>>)| {
        let admitted = |all: &BTreeMap<SessionId, u64>| all.get(&row.session).copied().unwrap_or(0);
        summary(state, row, bidders.as_ref().map(admitted), outcome.as_ref())
    };
    let found = found.iter().map(line).collect::<Result<_, _>>()?;
    Ok(Json(Page::of(found, limit, |summary: &SessionSummary| summary.session)))
}

/// One session.
pub async fn show(
    State(state): State<Arc<CoordinatorState>>,
    Extension(caller): Extension<Caller>,
    Params(session): Params<SessionId>,
) -> Reply<SessionDetail> {
    detail(&state, session, caller.is_staff()).await.map(Json)
}

/// Everything public about a session, to be checked offline.
pub async fn record(
    State(state): State<Arc<CoordinatorState>>,
    Params(session): Params<SessionId>,
) -> Result<Response, Refusal> {
    let mut last = state.records.turn().await;
    let bytes = if let Some(bytes) = last.of(session) {
        bytes
    } else {
        let (record, phase) = put_together(&state, session).await?;
        let bytes = offload(move || serde_json::to_vec(&record)).await;
        let bytes = bytes.map_err(|error| Refusal::internal(&error))?;
        last.keep(session, phase == Phase::Settled, bytes)
    };
    Ok(([(CONTENT_TYPE, "application/json")], bytes).into_response())
}

async fn put_together(
    state: &CoordinatorState,
    session: SessionId,
) -> Result<(Record, Phase), Refusal> {
    let row = known(state, session).await?;
    let bundle = state.store.bundle(session).await.map_err(store_refusal)?;
    let manifest = state.store.manifest(session).await.map_err(store_refusal)?;
    let outcome = state.store.outcome(session).await.map_err(store_refusal)?;
    let (Some(announcement), Some(bundle), Some(manifest)) = (row.announcement, bundle, manifest)
    else {
        return Err(Refusal::new(
            ProblemType::WrongPhase,
            format!("the session is {}; there is a record once the manifest is signed", row.phase),
        ));
    };
    let record = Record {
        format: Format::default(),
        roster: roster_of(state, &announcement.body.roster).await?,
        announcement,
        bundle: Some(bundle),
        manifest: Some(manifest),
        outcome,
        accusations: accusations(state, session).await.map_err(store_refusal)?,
    };
    Ok((record, row.phase))
}

/// What nodes have signed of others' lies in the session's attempts.
async fn accusations(
    state: &CoordinatorState,
    session: SessionId,
) -> Result<Vec<Signed<Accusation>>, StorageError> {
    let attempts = state.store.attempts(session).await?;
    let results = attempts.iter().filter_map(|attempt| attempt.result.as_deref());
    let mut accusations = Vec::new();
    for result in results {
        let result: AttemptResult = kept::read(result)?;
        accusations
            .extend(result.trouble().into_iter().flat_map(AttemptTrouble::accusations).cloned());
    }
    Ok(accusations)
}

/// One roster by its digest: the present one, or an earlier one. Whoever knows an earlier one by its
/// digest can follow the line from there, and read what was opened under it.
pub async fn roster(
    State(state): State<Arc<CoordinatorState>>,
    Params(digest): Params<Digest>,
) -> Reply<Signed<Roster>> {
    let kept = state.store.database().roster(&digest).await.map_err(store_refusal)?;
    let detail = "this is neither the present roster nor an earlier one that is kept here";
    let missing = || Refusal::new(ProblemType::NotFound, detail);
    kept.map(Json).ok_or_else(missing)
}

/// The roster that a session was opened under: the present one or an earlier one.
async fn roster_of(state: &CoordinatorState, digest: &Digest) -> Result<Signed<Roster>, Refusal> {
    if *digest == state.roster_digest {
        return Ok(Signed::clone(&state.roster));
    }
    let kept = state.store.database().roster(digest).await.map_err(store_refusal)?;
    kept.ok_or_else(|| {
        let detail = format!("the roster {} is not kept here", digest.short());
        store_refusal(StorageError::Unreadable { what: "roster", detail })
    })
}

fn summary(
    state: &CoordinatorState,
    row: &CoordinatorSession,
    bidders: Option<u64>,
    outcome: Option<&CoSigned<Outcome>>,
) -> Result<SessionSummary, Refusal> {
    let terms = match &row.announcement {
        Some(announcement) => announcement.body.terms.clone(),
        None => SessionFile::parse(&row.file)
            .and_then(|file| file.terms(state.clock.now()))
            .map_err(|error| Refusal::internal(&error))?,
    };
    let settled = outcome.filter(|_| row.phase == Phase::Settled);
    let result = settled.map(|outcome| outcome.body.answer.clone());
    Ok(SessionSummary {
        session: row.session,
        terms,
        phase: row.phase,
        bidders,
        created: row.created,
        result,
    })
}

/// Everything about a session that this caller may see.
pub(super) async fn detail(
    state: &CoordinatorState,
    session: SessionId,
    staff: bool,
) -> Result<SessionDetail, Refusal> {
    let row = known(state, session).await?;
    if row.phase == Phase::Draft && !staff {
        return Err(unknown(session));
    }
    let bidders = if staff {
        Some(state.store.count_admissions(session).await.map_err(store_refusal)?)
    } else {
        None
    };
    let manifest = state.store.manifest(session).await.map_err(store_refusal)?;
    let outcome = state.store.outcome(session).await.map_err(store_refusal)?;
    let mut attempts = state.store.attempts(session).await.map_err(store_refusal)?;
    attempts.drain(..attempts.len().saturating_sub(SHOWN));
    let timeline = state.store.timeline(session).await.map_err(store_refusal)?;
    let reason: Option<Reason> =
        row.reason.as_deref().map(kept::read).transpose().map_err(store_refusal)?;
    let waiting = lock(&state.waiting).get(&session).cloned();
    let shortage = state.shortage(row.phase);
    // Bids that come in while nobody could settle the session wait too.
    let lacking = || {
        let shortage = shortage.clone().filter(|_| row.phase != Phase::Draft)?;
        Some((shortage.nodes(), Reason::TooFewNodes { shortage }))
    };
    let (waiting_for, why) =
        waiting.or_else(lacking).map(|(nodes, why)| (nodes, Some(why))).unwrap_or_default();
    let reason = match row.phase {
        // What is wrong now says more than why bids come in again.
        Phase::Open => why.or(reason),
        _ => reason.or(why),
    };
    Ok(SessionDetail {
        summary: summary(state, &row, bidders, outcome.as_ref())?,
        reason: reason.map(Into::into),
        timeline: timeline.into_iter().map(|entered| (entered.phase, entered.at)).collect(),
        acknowledged: state.store.acknowledged(session).await.map_err(store_refusal)?,
        waiting_for,
        shortage: shortage.map(Into::into),
        manifest: manifest.map(|manifest| ManifestLine {
            digest: manifest.body.digest(),
            bids: manifest.body.entries.len() as u64,
            signed_by: manifest.signatures.keys().copied().collect(),
            scores: scores(&manifest.body, row.announcement.as_ref(), outcome.as_ref()),
            excluded: manifest.body.excluded,
            shared_names: manifest.body.shared_names,
        }),
        attempts: attempts
            .into_iter()
            .map(attempt_line)
            .collect::<Result<_, _>>()
            .map_err(store_refusal)?,
        outcome,
        file: (row.phase == Phase::Draft).then_some(row.file),
        announcement: row.announcement,
    })
}

/// The scores of a manifest's first envelopes, and of the winners'.
fn scores(
    manifest: &Manifest,
    announcement: Option<&Signed<Announcement>>,
    outcome: Option<&CoSigned<Outcome>>,
) -> Vec<ScoreLine> {
    let Some(scoring) = announcement.and_then(|signed| signed.body.terms.scoring()) else {
        return Vec::new();
    };
    let won = outcome.map(|outcome| outcome.body.answer.entries()).unwrap_or_default();
    let told = |(at, entry): &(usize, &ManifestEntry)| {
        *at < SCORES || won.iter().any(|entrant| entrant.envelope == entry.envelope)
    };
    let line = |(_, entry): (usize, &ManifestEntry)| {
        let score = &entry.score.as_deref()?.score;
        Some(ScoreLine {
            envelope: entry.envelope,
            bidder: entry.bidder.clone(),
            key: entry.key,
            score: shown(*score.values.first()?, score.fraction),
            handicap: handicap(scoring, score).ok()?,
        })
    };
    manifest.entries.iter().enumerate().filter(told).filter_map(line).collect()
}

fn attempt_line(attempt: Attempt) -> Result<AttemptLine, StorageError> {
    let cost: BTreeMap<NodeIndex, Cost> =
        attempt.stats.and_then(|stats| serde_json::from_value(stats).ok()).unwrap_or_default();
    let (trouble, unsigned) = match attempt.result.as_deref().map(kept::read).transpose()? {
        Some(AttemptResult::Failed { trouble }) => (Some(trouble), None),
        Some(AttemptResult::Done { unsigned }) => (None, unsigned),
        None => (None, None),
    };
    Ok(AttemptLine {
        attempt: attempt.attempt,
        participants: attempt.participants,
        started: attempt.started,
        ended: attempt.ended,
        trouble: trouble.map(Into::into),
        unsigned: unsigned.map(Into::into),
        cost: cost.into_iter().collect(),
    })
}
