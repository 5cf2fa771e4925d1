//! A layer as files have it.

use crate::rules::model::Dense;

/// A layer with its weights, if it has any.
pub(super) enum Piece {
    /// Weighted sums, and the bound that is said of them.
    Dense(Dense, Option<u32>),
    /// Values below 0 become 0.
    Rectify,
    /// The sigmoid.
    Sigmoid,
    /// The place of the largest.
    Largest,
}

impl Piece {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Dense(..) => "dense",
            Self::Rectify => "rectify",
            Self::Sigmoid => "sigmoid",
            Self::Largest => "largest",
        }
    }
}
