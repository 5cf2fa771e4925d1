//! What a computation costs each node, predicted: the same counts that [`super::Counters`] shows
//! afterwards. All nodes send the same number of bytes, so one number serves for each.

use std::ops::{Add, AddAssign};

/// Rounds, gates, bytes sent and comparisons that a computation takes at each node.
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
    /// AND gates that no check has passed when it is done; none where nothing is checked.
    pub unchecked: u64,
}

impl Add for Cost {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            rounds: self.rounds + other.rounds,
            gates: self.gates + other.gates,
            bytes_sent: self.bytes_sent + other.bytes_sent,
            comparisons: self.comparisons + other.comparisons,
            unchecked: self.unchecked + other.unchecked,
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
