//! What a run is predicted to cost.

use crate::protocol::Cost;

/// What a run costs each node, keys included.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Predicted {
    /// Rounds in all, that of the keys among them.
    pub rounds: u64,
    /// AND gates, counted for every position of a batch; on numbers, products.
    pub gates: u64,
    /// Bytes of payload that each node sends.
    pub bytes_sent_per_node: u64,
    /// Pairs of numbers that are compared.
    pub comparisons: u64,
    /// AND gates that checks pass.
    pub checked: u64,
    /// Those checks.
    pub checks: u64,
    /// Rounds of stripes that are under way beside those counted in `rounds`.
    pub beside: u64,
    /// Levels of the tournament, where there is one.
    pub levels: u32,
    /// How many enter each level, and last how many remain.
    pub entries: Vec<u64>,
}

impl Predicted {
    /// A run of one stage, without levels.
    pub const fn of(cost: Cost) -> Self {
        Self {
            rounds: cost.rounds,
            gates: cost.gates,
            bytes_sent_per_node: cost.bytes_sent,
            comparisons: cost.comparisons,
            checked: cost.checked,
            checks: cost.checks,
            beside: cost.beside,
            levels: 0,
            entries: Vec::new(),
        }
    }

    /// The same with levels: how many enter each, and last how many remain.
    #[must_use]
    pub fn with_levels(self, entries: Vec<u64>) -> Self {
        let levels = u32::try_from(entries.len().saturating_sub(1)).unwrap_or(u32::MAX);
        Self { levels, entries, ..self }
    }

    /// What it comes to, without the levels.
    pub const fn cost(&self) -> Cost {
        Cost {
            rounds: self.rounds,
            gates: self.gates,
            bytes_sent: self.bytes_sent_per_node,
            comparisons: self.comparisons,
            checked: self.checked,
            checks: self.checks,
            beside: self.beside,
            ..Cost::NONE
        }
    }
}
