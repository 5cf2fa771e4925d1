//! What dealers have given out, as they tell it: a promised batch is given once all that were chosen have
//! given both halves.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::CoordinatorState;
use super::nodes::split;
use crate::session::scoring::BatchId;
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::StorageError;
use crate::storage::coordinator::books::{BookState, BookedBatch};
use crate::transport::client::http::PeerClient;
use crate::wire::dealer_api::HeldBatch;
use crate::wire::paths;

/// What dealers have in their stores.
pub(super) type Held = BTreeMap<NodeIndex, BTreeMap<BatchId, HeldBatch>>;

/// What each of these dealers has in its store; of those that answer.
pub(super) async fn held(state: &CoordinatorState, nodes: NodeSet) -> Held {
    let ask =
        |_, node: PeerClient| async move { node.get::<Vec<HeldBatch>>(paths::NODE_MATERIAL).await };
    let (told, _) = split(state.ask(nodes, ask).await);
    let by_id = |held: Vec<HeldBatch>| held.into_iter().map(|held| (held.batch, held)).collect();
    told.into_iter().map(|(node, held)| (node, by_id(held))).collect()
}

/// Note that a promised batch is given, where it is. Whether it is.
pub(super) async fn note_batch(
    state: &CoordinatorState,
    batch: &BookedBatch,
    held: &Held,
) -> Result<bool, StorageError> {
    let Some(promise) = &batch.promise else { return Ok(false) };
    let given = promise.body.chosen.iter().all(|node| {
        let line = held.get(&node).and_then(|lines| lines.get(&batch.batch));
        line.is_some_and(|line| line.client.is_some() && line.owner.is_some())
    });
    if given {
        let step = (BookState::Promised, BookState::Given);
        state.store.end_batch(batch.batch, step, None, state.clock.now()).await?;
    }
    Ok(given)
}

/// Note all promised batches that are given by now. Dealers are asked once for all who ask at a time.
pub(super) async fn note(state: &CoordinatorState) -> Result<(), StorageError> {
    let came = Instant::now();
    let mut asked = state.given.lock().await;
    // Somebody asked since this call came, and so knows no less.
    if asked.is_some_and(|at| at >= came) {
        return Ok(());
    }
    *asked = Some(Instant::now());
    let promised = state.store.booked(BookState::Promised).await?;
    let chosen = promised.iter().filter_map(|batch| batch.promise.as_ref());
    let chosen = chosen.fold(NodeSet::EMPTY, |all, promise| all.union(promise.body.chosen));
    let held = held(state, chosen.intersection(state.links().there())).await;
    for batch in &promised {
        note_batch(state, batch, &held).await?;
    }
    Ok(())
}
