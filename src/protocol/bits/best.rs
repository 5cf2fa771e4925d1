//! Which are the m best of many, and the best of the others: what [`super::rank`] and
//! [`super::search`] find, each in its own way.
//!
//! Of equal numbers the earlier one is better, so exactly m are among the best, if there are so
//! many. Whose bit is set, and no order among them, is all that opening `members` tells; where
//! prices are the members' own numbers, those may be opened too, and give the order.

use crate::sharing::{Holding, SharedBits};

/// The m best of some numbers. Nothing of it is open.
pub struct Best {
    /// For every number, one bit: whether it is among the m best.
    pub members: SharedBits,
    /// The largest of the others, if there are others and it was asked for.
    pub next: Option<SharedBits>,
}

impl Best {
    /// What needs no computation: everyone is among the best, or there is but one number.
    pub(super) fn at_once(numbers: &SharedBits, m: usize) -> Option<Self> {
        let (holding, len) = (numbers.holding(), numbers.len());
        if m >= len {
            return Some(Self { members: all(holding, len), next: None });
        }
        if len > 1 {
            return None;
        }
        let members = SharedBits::zeros(holding, 1, len);
        Some(Self { members, next: Some(numbers.clone()) })
    }
}

/// A public one at every position.
pub(super) fn all(holding: Holding, len: usize) -> SharedBits {
    let mut ones = SharedBits::zeros(holding, 1, len);
    ones.complement();
    ones
}
