//! What a computation costs each node, predicted: the same counts that [`super::Counters`] shows
//! afterwards. All nodes send the same number of bytes, so one number serves for each.

use std::ops::{Add, AddAssign};

/// Rounds, gates, bytes sent and comparisons that a computation takes at each node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cost {
    /// Rounds of messages that wait for one another.
    pub rounds: u64,
    /// AND gates: one per bit and position; products of elements, or sums of them.
    pub gates: u64,
    /// Bytes that each node sends.
    pub bytes_sent: u64,
    /// Comparisons of two numbers.
    pub comparisons: u64,
    /// AND gates that no check has passed when it is done; none where nothing is checked.
    pub unchecked: u64,
    /// Products of elements that no check has passed when it is done.
    pub unchecked_products: u64,
    /// AND gates and products that checks pass on the way.
    pub checked: u64,
    /// Those checks.
    pub checks: u64,
    /// Rounds of stripes that are under way beside those counted in `rounds`.
    pub beside: u64,
}

impl Cost {
    /// Of nothing.
    pub const NONE: Self = Self {
        rounds: 0,
        gates: 0,
        bytes_sent: 0,
        comparisons: 0,
        unchecked: 0,
        unchecked_products: 0,
        checked: 0,
        checks: 0,
        beside: 0,
    };
}

impl Cost {
    /// Of pieces side by side: the rounds of the longest.
    pub fn beside(pieces: impl IntoIterator<Item = Self>) -> Self {
        pieces.into_iter().fold(Self::default(), |all, one| Self {
            rounds: all.rounds.max(one.rounds),
            ..all + one
        })
    }
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
            unchecked_products: self.unchecked_products + other.unchecked_products,
            checked: self.checked + other.checked,
            checks: self.checks + other.checks,
            beside: self.beside + other.beside,
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
