//! What the mesh, its tasks and its channels share.

use std::sync::{Mutex, MutexGuard};

use tokio_util::sync::CancellationToken;

use super::options::MeshOptions;
use super::peer::Peer;
use super::registry::Registry;
use crate::base::lock;
use crate::sharing::NodeIndex;

/// What the mesh, its tasks and its channels share.
pub(super) struct Shared {
    pub(super) me: NodeIndex,
    pub(super) options: MeshOptions,
    /// By position; the node's own place is there and never used.
    pub(super) peers: Vec<Peer>,
    pub(super) registry: Mutex<Registry>,
    pub(super) stop: CancellationToken,
}

impl Shared {
    pub(super) fn peer(&self, node: NodeIndex) -> Option<&Peer> {
        self.peers.get(node.position())
    }

    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        lock(&self.registry)
    }
}
