//! Sessions at a node: announced, listed, cancelled.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};

use crate::identity::Signed;
use crate::node::NodeState;
use crate::node::access::Caller;
use crate::node::refusals::{of_announcement, of_store};
use crate::runs::Workload;
use crate::session::{Announcement, Phase, SessionId};
use crate::transport::server::reply::{Body, Params, Refusal, Reply};
use crate::wire::node_api::NodeSession;
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
    paper::check(&terms.limits, node.scheme()).map_err(|error| bad(&error))?;
    let session = announcement.body.session;
    let added = node.store.announce(&announcement).await.map_err(|error| of_store(&error))?;
    if added {
        node.tell_phase(session, Phase::Open);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Every session this node holds.
pub async fn list(
    State(node): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
) -> Reply<Vec<NodeSession>> {
    let rows = node.store.sessions().await.map_err(|error| of_store(&error))?;
    let mut sessions = Vec::with_capacity(rows.len());
    for row in rows {
        sessions.push(view(&node, row, caller).await?);
    }
    Ok(Json(sessions))
}

/// One session.
pub async fn show(
    State(node): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    Params(session): Params<SessionId>,
) -> Reply<NodeSession> {
    let row = node.session(session).await.map_err(|error| of_store(&error))?;
    Ok(Json(view(&node, row, caller).await?))
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

async fn view(
    node: &NodeState,
    row: crate::storage::node::NodeSession,
    caller: Caller,
) -> Result<NodeSession, Refusal> {
    let session = row.announcement.body.session;
    let outcome = match row.phase {
        Phase::Settled => node.store.outcome(session).await.map_err(|error| of_store(&error))?,
        _ => None,
    };
    Ok(NodeSession {
        announcement: row.announcement,
        phase: row.phase,
        bids: caller.is_staff().then_some(row.bids),
        outcome,
    })
}
