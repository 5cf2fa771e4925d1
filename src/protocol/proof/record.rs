//! Gates as they were computed, and what was sent for them, until a check has passed.
//!
//! Batches share their buffers, so that recording copies nothing; what was computed stays in
//! memory until the check, which large runs make after every stripe.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::protocol::bits::gates::KeptGates;
use crate::sharing::bits::batch::Buffer;
use crate::sharing::stream::StreamStart;
use crate::sharing::{NodeIndex, SharedBits};

/// What a node knows of the parts that were sent.
pub(in crate::protocol) enum Sent {
    /// Three nodes: the results, of which two parts are the components.
    Ring(SharedBits),
    /// The sum of all parts.
    Sum(Buffer),
    /// The part of each participant.
    Each(Vec<(NodeIndex, Bytes)>),
}

/// The gates of one round.
pub(in crate::protocol) struct Record {
    /// Full name of the step.
    pub(in crate::protocol) step: String,
    /// Where its masks begin.
    pub(in crate::protocol) start: StreamStart,
    pub(in crate::protocol) gates: KeptGates,
    pub(in crate::protocol) sent: Sent,
}

/// Bytes of a digest.
pub(super) const DIGEST: usize = 32;

/// What passed between a node and one other, hashed.
#[derive(Clone, Default)]
struct Link {
    said: Sha256,
    heard: Sha256,
    heard_by_all: Sha256,
}

/// What a node sent and received in the gates of a batch, hashed.
#[derive(Clone, Default)]
pub(in crate::protocol) struct Traffic {
    /// What it sent to all alike.
    to_all: Sha256,
    /// By position in the roster.
    links: [Link; crate::sharing::node_set::MAX_NODES as usize],
}

impl Traffic {
    pub(in crate::protocol) fn said_to_all(&mut self, message: &[u8]) {
        self.to_all.update(message);
    }

    pub(in crate::protocol) fn heard_by_all(&mut self, from: NodeIndex, message: &[u8]) {
        self.links[from.position()].heard_by_all.update(message);
    }

    pub(in crate::protocol) fn said(&mut self, to: NodeIndex, message: &[u8]) {
        self.links[to.position()].said.update(message);
    }

    pub(in crate::protocol) fn heard(&mut self, from: NodeIndex, message: &[u8]) {
        self.links[from.position()].heard.update(message);
    }
}

/// Gates that no check has passed yet.
#[derive(Default)]
pub(in crate::protocol) struct Batch {
    pub(in crate::protocol) records: Vec<Record>,
    /// What passed in them: a state for each stretch of work that stood by itself.
    pub(in crate::protocol) traffic: Vec<Traffic>,
}

impl Batch {
    /// Whether there are none.
    pub(in crate::protocol) const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Add the gates of a round.
    pub(in crate::protocol) fn push(&mut self, record: Record, hash: impl FnOnce(&mut Traffic)) {
        if self.traffic.is_empty() {
            self.traffic.push(Traffic::default());
        }
        if let Some(traffic) = self.traffic.first_mut() {
            hash(traffic);
        }
        self.records.push(record);
    }

    /// Add gates of work that went on beside.
    pub(in crate::protocol) fn append(&mut self, mut other: Self) {
        if self.traffic.is_empty() {
            self.traffic.push(Traffic::default());
        }
        self.records.append(&mut other.records);
        self.traffic.append(&mut other.traffic);
    }

    /// How many rounds of gates.
    pub(in crate::protocol) const fn len(&self) -> usize {
        self.records.len()
    }

    /// What the node sent to all alike.
    pub(super) fn digest_to_all(&self) -> [u8; DIGEST] {
        self.digest(|traffic| &traffic.to_all)
    }

    /// What it sent to another alone, received from it alone, and received from it as all did.
    pub(super) fn digests(&self, peer: NodeIndex) -> [[u8; DIGEST]; 3] {
        let at = peer.position();
        [
            self.digest(|traffic| &traffic.links[at].said),
            self.digest(|traffic| &traffic.links[at].heard),
            self.digest(|traffic| &traffic.links[at].heard_by_all),
        ]
    }

    fn digest(&self, of: impl Fn(&Traffic) -> &Sha256) -> [u8; DIGEST] {
        let parts = self.traffic.iter().map(|traffic| of(traffic).clone().finalize());
        parts.fold(Sha256::new(), Sha256::chain_update).finalize().into()
    }
}
