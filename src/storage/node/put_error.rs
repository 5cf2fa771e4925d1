//! Why an envelope is not taken.

use super::super::StorageError;
use crate::base::Timestamp;
use crate::identity::Digest;
use crate::session::phase::Phase;

/// Why an envelope was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// Bidding has not begun or has ended.
    #[error("the session is {phase} and takes no bids")]
    NotOpen {
        /// The phase that the session is in here.
        phase: Phase,
    },
    /// After the time in the terms.
    #[error("the bid came too late: bidding ended at {until}")]
    Late {
        /// As the terms say.
        until: Timestamp,
    },
    /// The terms do not allow replacing.
    #[error("the terms do not allow replacing a bid; revision {current} stays")]
    Fixed {
        /// The revision that stays.
        current: u32,
    },
    /// An earlier revision than the one held.
    #[error("revision {current} of the bid is here already; a replacement must be a later one")]
    Stale {
        /// The revision held.
        current: u32,
    },
    /// Another envelope of the same revision.
    #[error(
        "another envelope ({}) of revision {revision} is here already; raise the revision to replace it",
        .held.short()
    )]
    Conflict {
        /// The revision.
        revision: u32,
        /// The envelope that stays.
        held: Digest,
    },
    /// As many bidders as the terms allow.
    #[error("the session takes {most} bidders, and as many bids are in; no more are taken")]
    Full {
        /// As the terms say.
        most: u32,
    },
    /// Envelope and receipt are not about the same thing: a mistake in the node, not the bid.
    #[error("the receipt does not belong to the envelope")]
    Receipt,
    /// The store failed. Nothing was stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<sqlx::Error> for PutError {
    fn from(error: sqlx::Error) -> Self {
        Self::Storage(error.into())
    }
}
