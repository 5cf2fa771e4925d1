//! Which nodes have given a receipt to which bidder.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::known;
use crate::coordinator::{CoordinatorState, receipts};
use crate::session::SessionId;
use crate::transport::server::reply::{Asked, Params, Reply};
use crate::wire::coordinator_api::ReceiptsPage;
use crate::wire::page::AskBehind;

/// A page of the receipts of a session.
pub async fn list(
    State(state): State<Arc<CoordinatorState>>,
    Params(session): Params<SessionId>,
    Asked(AskBehind { after }): Asked<AskBehind>,
) -> Reply<ReceiptsPage> {
    known(&state, session).await?;
    Ok(Json(receipts::page(&state, session, after).await))
}
