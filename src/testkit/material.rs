//! A batch of material for two parties, and channels between them.

use std::sync::Arc;
use std::time::Duration;

use crate::bench::engine::batches;
pub use crate::bench::engine::batches::product;
use crate::field::Field;
use crate::protocol::Channel;
use crate::sharing::NodeSet;
use crate::sharing::pair::{BatchShape, Half};
use crate::transport::streams::memory::network;

/// Both halves of a batch, the client's first.
pub fn halves<F: Field>(shape: &BatchShape, seed: u64) -> [Half<F>; 2] {
    batches::halves(shape, seed).unwrap()
}

/// Channels in memory between the client and the owner.
pub fn channels(deadline: Duration) -> [Arc<dyn Channel>; 2] {
    let mut ends = network(NodeSet::all(2), deadline).into_iter().map(|(_, end)| end);
    [ends.next().unwrap(), ends.next().unwrap()]
}
