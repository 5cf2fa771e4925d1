//! How a protocol sends to and receives from another node.
//!
//! A channel serves one attempt of one session. Messages are addressed by step, so that concurrent
//! steps cannot mix; between two nodes there is at most one message per step.

use std::fmt;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use sha2::{Digest as _, Sha256};

use crate::sharing::NodeIndex;

/// The address of a message within an attempt: a hash of the step's full name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub u64);

impl StepId {
    /// The id of a step's full name, such as "tournament/3/less-than/2".
    pub fn of(name: &str) -> Self {
        let hash = Sha256::new().chain_update(b"gavel/v1/step\0").chain_update(name).finalize();
        let mut id = [0; 8];
        id.copy_from_slice(&hash[..8]);
        Self(u64::from_le_bytes(id))
    }
}

impl fmt::Debug for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Why a message did not come or could not go. Names the other node.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChannelError {
    /// The link to the node is down.
    #[error("the link to node {node} is down")]
    Closed {
        /// The other node.
        node: NodeIndex,
    },
    /// Nothing came in time.
    #[error("node {node} did not answer in time")]
    Timeout {
        /// The other node.
        node: NodeIndex,
    },
    /// The node sent more than the attempt allows to be waiting.
    #[error("node {node} sent more than was asked of it")]
    Flood {
        /// The other node.
        node: NodeIndex,
    },
    /// The attempt was called off.
    #[error("the attempt was called off")]
    Cancelled,
}

/// Messages between the nodes of one attempt.
pub trait Channel: Send + Sync {
    /// Send a message to a node, waiting only for room in a bounded queue.
    fn send(
        &self,
        to: NodeIndex,
        step: StepId,
        payload: Bytes,
    ) -> BoxFuture<'_, Result<(), ChannelError>>;

    /// Receive the message that a node sends at a step. Never waits for ever.
    fn recv(&self, from: NodeIndex, step: StepId) -> BoxFuture<'_, Result<Bytes, ChannelError>>;

    /// Payload bytes sent so far.
    fn bytes_sent(&self) -> u64;
}
