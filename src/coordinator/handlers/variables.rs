//! What is known of variables that stay at the nodes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::store_refusal;
use crate::coordinator::CoordinatorState;
use crate::transport::server::reply::Reply;
use crate::wire::variable::VariableLine;

/// All of them.
pub async fn list(State(state): State<Arc<CoordinatorState>>) -> Reply<Vec<VariableLine>> {
    let stored = state.store.variables().await.map_err(store_refusal)?;
    Ok(Json(stored.into_iter().map(|stored| VariableLine::of(stored, None)).collect()))
}
