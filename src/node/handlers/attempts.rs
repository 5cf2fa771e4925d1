//! Attempts at a node, and the signed outcome.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::identity::Statement as _;
use crate::node::refusals::{of_outcome, of_store};
use crate::node::{NodeState, attempt, attempts};
use crate::session::manifest::CoSigned;
use crate::session::{Outcome, Phase, SessionId};
use crate::transport::server::reply::{Body, Params, Refusal, Reply};
use crate::wire::node_api::{AttemptState, StartAttempt};
use crate::wire::problem::ProblemType;

/// How long a question for an attempt's end is held.
const PATIENCE: Duration = Duration::from_secs(10);

/// Start an attempt.
pub async fn start(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
    Body(start): Body<StartAttempt>,
) -> Result<StatusCode, Refusal> {
    let row = node.session(session).await.map_err(|error| of_store(&error))?;
    let stored = node.store.manifest(session).await.map_err(|error| of_store(&error))?;
    let (Some(manifest), Phase::Computing | Phase::Failed | Phase::Settled) = (stored, row.phase)
    else {
        return Err(Refusal::new(
            ProblemType::WrongPhase,
            format!(
                "the session is {} at this node; it needs the signed manifest first",
                row.phase
            ),
        ));
    };
    let awaits = node.awaits_approval(&row.announcement.body).await;
    if awaits.map_err(|error| of_store(&error))? {
        return Err(Refusal::new(
            ProblemType::NotApproved,
            "this node's operator has not let the job run; see `gavel job approve`",
        ));
    }
    let manifest = manifest.body;
    let scheme = node.scheme();
    if start.session != session || start.manifest != manifest.digest() {
        return Err(Refusal::new(
            ProblemType::ManifestConflict,
            "the attempt is for another manifest than this node signed",
        ));
    }
    let in_roster = start.participants.is_subset_of(scheme.all());
    if !in_roster
        || !start.participants.contains(node.me)
        || start.participants.len() < scheme.quorum()
    {
        return Err(Refusal::new(
            ProblemType::BadRequest,
            format!(
                "an attempt takes at least {} nodes of the roster, this one among them",
                scheme.quorum()
            ),
        ));
    }
    start.plan.check().map_err(|error| {
        Refusal::new(
            ProblemType::BadRequest,
            format!("the attempt's plan cannot be used: {error}; update the older program"),
        )
    })?;
    let store = node.computing_store().ok_or_else(|| {
        Refusal::new(ProblemType::Unavailable, "another replica of this node computes now")
    })?;
    store.begin_attempt(session, start.attempt).await.map_err(|error| of_store(&error))?;
    attempt::start(&node, store, row.announcement.body, manifest, start);
    Ok(StatusCode::ACCEPTED)
}

/// How an attempt stands; waits a while for its end.
pub async fn show(
    State(node): State<Arc<NodeState>>,
    Params((session, attempt)): Params<(SessionId, u32)>,
) -> Reply<AttemptState> {
    match node.attempts.find(session, attempt) {
        Some(state) => Ok(Json(attempts::wait(state, PATIENCE).await)),
        None => Err(Refusal::new(
            ProblemType::NotFound,
            "this node does not run that attempt; it may have been restarted",
        )),
    }
}

/// Call an attempt off.
pub async fn call_off(
    State(node): State<Arc<NodeState>>,
    Params((session, attempt)): Params<(SessionId, u32)>,
) -> StatusCode {
    node.attempts.call_off(session, attempt);
    StatusCode::NO_CONTENT
}

/// Take the outcome with its signatures: the session is settled.
pub async fn take_outcome(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
    Body(outcome): Body<CoSigned<Outcome>>,
) -> Result<StatusCode, Refusal> {
    let _turn = node.turn(session).await;
    node.take_outcome(session, &outcome).await.map_err(|error| of_outcome(&error))?;
    Ok(StatusCode::NO_CONTENT)
}
