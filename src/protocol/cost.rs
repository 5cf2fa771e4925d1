//! Rounds, gates and bytes before they are spent: the counts that [`super::Counters`] will show.
//!
//! All nodes send the same number of bytes, so one number serves for each.

use std::ops::{Add, AddAssign};

use super::open::{DIGEST, pieces};
use crate::sharing::keys::{contribution_bytes, tag_bytes};
use crate::sharing::planes::{WORD_BYTES, words};
use crate::sharing::{NodeSet, Scheme};

/// What something costs each node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cost {
    /// Rounds of messages that wait for one another.
    pub rounds: u64,
    /// AND gates: one per bit and position.
    pub gates: u64,
    /// Bytes that each node sends.
    pub bytes_sent: u64,
    /// Comparisons of two numbers.
    pub comparisons: u64,
}

impl Add for Cost {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            rounds: self.rounds + other.rounds,
            gates: self.gates + other.gates,
            bytes_sent: self.bytes_sent + other.bytes_sent,
            comparisons: self.comparisons + other.comparisons,
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// What protocols cost among some participants of a scheme.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CostModel {
    scheme: Scheme,
    participants: NodeSet,
}

impl CostModel {
    /// The costs among these participants.
    pub const fn new(scheme: Scheme, participants: NodeSet) -> Self {
        Self { scheme, participants }
    }

    const fn peers(self) -> u64 {
        self.participants.len().saturating_sub(1) as u64
    }

    /// Making and confirming the keys of an attempt.
    pub fn keys(self) -> Cost {
        let message = contribution_bytes(self.scheme) + tag_bytes(self.scheme);
        Cost { rounds: 1, bytes_sent: self.peers() * message as u64, ..Cost::default() }
    }

    /// The AND of so many planes of so many positions.
    pub const fn and(self, planes: usize, len: usize) -> Cost {
        if planes == 0 || len == 0 {
            return Cost { rounds: 0, gates: 0, bytes_sent: 0, comparisons: 0 };
        }
        let receivers = if self.scheme.nodes() == 3 { 1 } else { self.peers() };
        Cost {
            rounds: 1,
            gates: (planes * len) as u64,
            bytes_sent: receivers * (planes * words(len) * WORD_BYTES) as u64,
            comparisons: 0,
        }
    }

    /// Opening batches, each given by its width and positions, in one round.
    pub fn open(self, batches: &[(usize, usize)]) -> Cost {
        let piece: usize =
            batches.iter().map(|&(width, len)| width * words(len) * WORD_BYTES).sum();
        let message = (pieces(self.scheme) * piece + DIGEST) as u64;
        Cost { rounds: 1, bytes_sent: self.peers() * message, ..Cost::default() }
    }

    /// Folding `width` planes of generate and propagate into one.
    fn fold(self, width: usize, len: usize) -> Cost {
        let mut cost = Cost::default();
        let mut groups = width;
        while groups > 1 {
            cost += self.and(groups / 2 * 2 - 1, len);
            groups = groups.div_ceil(2);
        }
        cost
    }

    /// Comparing `len` pairs of numbers of `width` bits.
    pub fn less_than(self, width: usize, len: usize) -> Cost {
        self.and(width, len)
            + self.fold(width, len)
            + Cost { comparisons: len as u64, ..Cost::default() }
    }

    /// Selecting one of two numbers at `len` positions.
    pub const fn select(self, width: usize, len: usize) -> Cost {
        self.and(width, len)
    }

    /// The tournament over `len` numbers, which carries the winner's index along if asked to.
    pub fn maximum(self, width: usize, len: usize, index: bool) -> Cost {
        let mut cost = Cost::default();
        let (mut left, mut level) = (len, 0);
        while left > 1 {
            let carried = if index { level } else { 0 };
            cost += self.less_than(width, left / 2) + self.select(width + carried, left / 2);
            left = left.div_ceil(2);
            level += 1;
        }
        cost
    }

    /// Checking `len` numbers against a public maximum.
    pub fn range_check(self, width: usize, len: usize) -> Cost {
        if len == 0 {
            return Cost::default();
        }
        self.fold(width, len)
            + self.open(&[(1, len)])
            + Cost { comparisons: len as u64, ..Cost::default() }
    }
}
