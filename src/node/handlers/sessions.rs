//! Sessions at a node: announced, listed, cancelled.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};

use crate::identity::Signed;
use crate::node::NodeState;
use crate::node::access::Caller;
use crate::node::refusals::{of_announcement, of_store, of_variable};
use crate::runs::Workload;
use crate::session::pause::PauseOrder;
use crate::session::{Announcement, Phase, SessionId, handover};
use crate::storage::StorageError;
use crate::storage::node::Shown;
use crate::transport::server::reply::{Asked, Body, Params, Refusal, Reply};
use crate::wire::node_api::NodeSession;
use crate::wire::page::{AskPage, Page};
use crate::wire::paper;
use crate::wire::problem::ProblemType;

/// Take a session that the coordinator announces. Announcing it again changes nothing.
pub async fn announce(
    State(node): State<Arc<NodeState>>,
    Body(announcement): Body<Signed<Announcement>>,
) -> Result<StatusCode, Refusal> {
    announcement.check(&node.roster).map_err(|error| of_announcement(&error))?;
    let bad =
        |error: &dyn std::fmt::Display| Refusal::new(ProblemType::BadTerms, error.to_string());
    let terms = &announcement.body.terms;
    Workload::check(terms, node.scheme()).map_err(|error| bad(&error))?;
    paper::check(terms, node.scheme()).map_err(|error| bad(&error))?;
    let session = announcement.body.session;
    let known = node.store.standing(session).await.map_err(|error| of_store(&error))?;
    if known.is_none() && !node.looks_after(session) {
        let detail = "this node goes on under that roster with what was open when it was changed; \
                      open new sessions under the roster that came after it";
        return Err(Refusal::new(ProblemType::WrongRoster, detail));
    }
    if known.is_none() {
        node.check_variables(&announcement.body)
            .await
            .map_err(|error| of_variable(node.me, &error))?;
    }
    let added = node.store.announce(&announcement).await.map_err(|error| of_store(&error))?;
    if added {
        node.tell_phase(session, Phase::Open);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Take no entries for a while, or take them again, by the coordinator's signed order. An earlier
/// order than the one kept changes nothing.
pub async fn pause(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
    Body(order): Body<Signed<PauseOrder>>,
) -> Result<StatusCode, Refusal> {
    let coordinator = &node.roster.body.coordinator.key;
    order
        .check(session, coordinator)
        .map_err(|error| Refusal::new(ProblemType::BadRequest, error.to_string()))?;
    let _turn = node.turn(session).await;
    node.follow_order(&order).await.map_err(|error| of_store(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The sessions this node holds, a page at a time.
pub async fn list(
    State(node): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    Asked(ask): Asked<AskPage>,
) -> Reply<Page<NodeSession>> {
    let limit =
        ask.limit().map_err(|error| Refusal::new(ProblemType::BadRequest, error.to_string()))?;
    let found = node.store.page(ask.after, limit + 1, caller.is_staff()).await;
    let found = found.map_err(|error| of_store(&error))?.into_iter().map(view).collect();
    Ok(Json(Page::of(found, limit, |session: &NodeSession| session.announcement.body.session)))
}

/// One session.
pub async fn show(
    State(node): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    Params(session): Params<SessionId>,
) -> Reply<NodeSession> {
    let shown = node.store.shown(session, caller.is_staff()).await;
    let shown = shown.map_err(|error| of_store(&error))?;
    let unknown = || of_store(&StorageError::NoSession { session });
    let mut shown = shown.map(view).ok_or_else(unknown)?;
    let awaits = node.awaits_approval(&shown.announcement.body).await;
    shown.awaits_approval = awaits.map_err(|error| of_store(&error))?;
    if handover::handed(&shown.announcement.body.terms).is_some() {
        let lacks = node.store.lacks_parcel(session).await;
        shown.lacks_parcel = lacks.map_err(|error| of_store(&error))?;
    }
    Ok(Json(shown))
}

/// Let a job run, by the word of this node's operator.
pub async fn approve(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
) -> Result<StatusCode, Refusal> {
    let approved = node.store.approve(session, node.clock.now()).await;
    approved.map_err(|error| of_store(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Cancel a session, by the coordinator's word.
pub async fn cancel(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
) -> Result<StatusCode, Refusal> {
    let _turn = node.turn(session).await;
    let row = node.session(session).await.map_err(|error| of_store(&error))?;
    if row.phase != Phase::Cancelled {
        node.store
            .cancel(session, "the coordinator called it off")
            .await
            .map_err(|error| of_store(&error))?;
        node.parts.forget(session);
        node.tell_phase(session, Phase::Cancelled);
    }
    Ok(StatusCode::NO_CONTENT)
}

fn view(shown: Shown) -> NodeSession {
    NodeSession {
        announcement: shown.announcement,
        phase: shown.phase,
        bids: shown.bids,
        outcome: shown.outcome,
        awaits_approval: false,
        lacks_parcel: false,
    }
}
