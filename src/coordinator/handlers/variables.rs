//! What is known of variables that stay at the nodes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::store_refusal;
use crate::coordinator::CoordinatorState;
use crate::coordinator::handovers::Handovers;
use crate::session::SessionId;
use crate::storage::Stored;
use crate::transport::server::reply::Reply;
use crate::wire::variable::{HandedLine, VariableLine};

/// All of them.
pub async fn list(State(state): State<Arc<CoordinatorState>>) -> Reply<Vec<VariableLine>> {
    let stored = state.store.variables().await.map_err(store_refusal)?;
    let handovers = Handovers::read(&state).await.map_err(store_refusal)?;
    let line = |stored: Stored| {
        let handed_over = handovers.latest(&stored).map(|latest| HandedLine {
            session: SessionId(latest.handed.session),
            to: latest.next,
            letters: latest.nodes,
        });
        VariableLine { handed_over, ..VariableLine::of(stored, None) }
    };
    Ok(Json(stored.into_iter().map(line).collect()))
}
