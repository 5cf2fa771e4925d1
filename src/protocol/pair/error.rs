//! Why two parties stop.

use crate::protocol::ChannelError;
use crate::sharing::ShapeError;

/// Why a computation by two parties ended. Nothing of its outcome is used; it is repeated with
/// another batch.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PairError {
    /// A message did not come or could not go.
    #[error("round {round}: {source}")]
    Channel {
        /// Which round.
        round: u64,
        /// What the channel says.
        source: ChannelError,
    },
    /// The partner sent a message of the wrong length.
    #[error("round {round}: the partner sent {got} bytes where {expected} were due")]
    Malformed {
        /// Which round.
        round: u64,
        /// Bytes that were due.
        expected: usize,
        /// Bytes that came.
        got: usize,
    },
    /// The partner sent something that is no element of the field.
    #[error("round {round}: the partner sent something that is not a number of the field")]
    Encoding {
        /// Which round.
        round: u64,
    },
    /// The partner sent another message than the one that it had given the hash of.
    #[error("round {round}: the partner sent something else than it had promised")]
    Broken {
        /// Which round.
        round: u64,
    },
    /// What was opened does not fit its MACs.
    #[error(
        "round {round}: a value does not fit its MAC: the partner sent a wrong share, or the batch of \
         material is wrong; nothing was learnt from it, take another batch"
    )]
    Mac {
        /// Which round.
        round: u64,
    },
    /// The batch has not as much as is needed.
    #[error("the batch has {have} {what}; {need} are needed")]
    Material {
        /// Of what.
        what: &'static str,
        /// How much there is.
        have: usize,
        /// How much is needed.
        need: usize,
    },
    /// No randomness.
    #[error("the operating system gives no randomness")]
    Randomness,
    /// Batches that do not fit together.
    #[error("{0}; this is a fault of the program")]
    Shape(#[from] ShapeError),
}
