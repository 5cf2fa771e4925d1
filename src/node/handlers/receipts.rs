//! The receipts that this node has given, for those who run the system.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::node::NodeState;
use crate::node::refusals::of_store;
use crate::session::SessionId;
use crate::transport::server::reply::{Asked, Params, Reply};
use crate::wire::node_api::{GivenReceipt, GivenReceipts};
use crate::wire::page::AskBehind;

/// Most receipts of a page.
const PAGE: u32 = 1_000;

/// A page of the receipts of a session.
pub async fn list(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
    Asked(AskBehind { after }): Asked<AskBehind>,
) -> Reply<GivenReceipts> {
    node.store
        .standing(session)
        .await
        .map_err(|error| of_store(&error))?
        .ok_or_else(|| of_store(&crate::storage::StorageError::NoSession { session }))?;
    let given = node.store.given(session, after, PAGE).await.map_err(|error| of_store(&error))?;
    let more = given.len() >= PAGE as usize;
    let receipt = |line: crate::storage::node::Given| GivenReceipt {
        bidder: line.bidder,
        key: line.key,
        revision: line.revision,
        received: line.received,
    };
    Ok(Json(GivenReceipts { receipts: given.into_iter().map(receipt).collect(), more }))
}
