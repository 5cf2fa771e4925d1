//! What has been opened, and the rounds, gates and bytes used so far. A context and all its
//! children share one ledger.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::lock;
use crate::sharing::NodeSet;

/// Values that were made public among the nodes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opening {
    /// Full name of the step.
    pub step: String,
    /// Bits opened in all: width times positions.
    pub bits: u64,
    /// To whom.
    pub to: NodeSet,
    /// Whether the values are hidden by a fresh mask that nobody knows, so that they tell nothing.
    pub masked: bool,
}

/// What an attempt has used so far at this node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Rounds of messages that had to wait for one another, keys included.
    pub rounds: u64,
    /// AND gates, counted for every position of a batch; on numbers, products.
    pub gates: u64,
    /// Messages this node has sent.
    pub messages: u64,
    /// Bytes of their payloads.
    pub bytes_sent: u64,
}

/// The books of one attempt at one node.
#[derive(Default)]
pub(super) struct Ledger {
    gates: AtomicU64,
    messages: AtomicU64,
    bytes_sent: AtomicU64,
    openings: Mutex<Vec<Opening>>,
    /// Rounds of gates that are to be checked and that no check has passed yet.
    unchecked: AtomicU64,
}

impl Ledger {
    pub(super) fn recorded(&self) {
        self.unchecked.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn checked(&self, rounds: usize) {
        self.unchecked.fetch_sub(rounds as u64, Ordering::Relaxed);
    }

    /// Whether every round of gates that is to be checked has been.
    pub(super) fn all_checked(&self) -> bool {
        self.unchecked.load(Ordering::Relaxed) == 0
    }

    pub(super) fn gates(&self, count: usize) {
        self.gates.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes_sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn opened(&self, opening: Opening) {
        lock(&self.openings).push(opening);
    }

    pub(super) fn openings(&self) -> Vec<Opening> {
        lock(&self.openings).clone()
    }

    pub(super) fn counters(&self) -> Counters {
        Counters {
            // A context counts its own.
            rounds: 0,
            gates: self.gates.load(Ordering::Relaxed),
            messages: self.messages.load(Ordering::Relaxed),
            bytes_sent: self.bytes_sent.load(Ordering::Relaxed),
        }
    }
}
