//! What this node keeps of variables that stay, but for its shares.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::node::NodeState;
use crate::node::refusals::of_store;
use crate::transport::server::reply::Reply;
use crate::wire::variable::VariableLine;

/// All of them.
pub async fn list(State(node): State<Arc<NodeState>>) -> Reply<Vec<VariableLine>> {
    let stored = node.store.variables().await.map_err(|error| of_store(&error))?;
    let line = |(stored, share)| VariableLine::of(stored, Some(share));
    Ok(Json(stored.into_iter().map(line).collect()))
}
