//! The result of a run, the answer and which entries were out of range; or why it stopped.

use crate::protocol::ProtocolError;
use crate::rules::Answer;
use crate::sharing::{NodeSet, ShapeError};

/// What the nodes have computed, by position in the manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Computed {
    /// The answer to the terms' question.
    pub answer: Answer<usize>,
    /// Entries above the maximum, in ascending order; they did not take part.
    pub out_of_range: Vec<usize>,
}

/// Why a run stopped.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RunError {
    /// A protocol stopped.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The bids do not have the width of the terms.
    #[error("the bids are {got} bits wide where the terms say {expected}")]
    Width {
        /// As the terms say.
        expected: usize,
        /// As given.
        got: usize,
    },
    /// Bids shared in another form than the terms say or than the nodes can compute with, or several
    /// lots on numbers.
    #[error("the bids are not shared as the terms say; this is a fault of the program")]
    Form,
    /// Entries whose cohorts are not those that the terms assign.
    #[error("the entries' cohorts are not as the terms say; this is a fault of the program")]
    Cohorts,
    /// Entries whose handicaps are not those of their scores.
    #[error("the entries' scores are not as the terms say; this is a fault of the program")]
    Handicaps,
    /// A stored variable whose share was not brought.
    #[error("the share of a stored variable is not at hand; this is a fault of the program")]
    Stored,
    /// An opened index that no entry has.
    #[error("the winner's index {got} is not among {entries} entries: a node computed wrongly")]
    Index {
        /// As opened.
        got: u64,
        /// Entries of the tournament.
        entries: usize,
    },
    /// Another number of winners than there can be.
    #[error("{got} bids win where {lots} lots can be had: a node computed wrongly")]
    Winners {
        /// As opened.
        got: usize,
        /// As many as there can be.
        lots: usize,
    },
    /// Something that was opened and cannot be.
    #[error("{what} was opened: a node computed wrongly")]
    Impossible {
        /// What it is.
        what: &'static str,
    },
    /// A sum among nodes that check no entry, and that no answers within the terms come to.
    #[error(
        "the answers to {question:?} come to more than they can: somebody handed in more than the \
         terms allow, or a node added wrongly. Nodes that only add cannot tell who; hold the survey \
         anew, among people and nodes that keep to the terms"
    )]
    TooMuch {
        /// The question's name.
        question: String,
    },
    /// An opened price that the terms do not allow.
    #[error("the price {got} is outside the terms: a node computed wrongly")]
    Price {
        /// As opened, in smallest units.
        got: u64,
    },
}

impl From<ShapeError> for RunError {
    fn from(error: ShapeError) -> Self {
        Self::Protocol(error.into())
    }
}

impl RunError {
    /// The nodes that the error names.
    pub fn nodes(&self) -> NodeSet {
        match self {
            Self::Protocol(error) => error.nodes(),
            Self::Width { .. }
            | Self::Form
            | Self::Cohorts
            | Self::Handicaps
            | Self::Stored
            | Self::Index { .. }
            | Self::Winners { .. }
            | Self::Impossible { .. }
            | Self::TooMuch { .. }
            | Self::Price { .. } => NodeSet::EMPTY,
        }
    }
}
