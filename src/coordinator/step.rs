//! How a step of a session ends: what comes next, or why it does not go on.

use std::time::Duration;

use crate::sharing::NodeSet;
use crate::storage::StorageError;
use crate::wire::reason::Reason;

/// What the driver does next.
pub enum Next {
    /// Look at the session again at once.
    Again,
    /// Look again after a pause, or when woken.
    After(Duration),
    /// Nothing more to do, ever.
    Done,
}

/// Why a step of the driver does not go on.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// Too few nodes are there.
    #[error("waiting for nodes {nodes}: {why}")]
    Waiting {
        /// Which would help.
        nodes: NodeSet,
        /// What they said, or that they did not answer.
        why: Reason,
    },
    /// It cannot go on without a person.
    #[error("{0}")]
    Failed(Reason),
    /// The store refuses; the session may have been cancelled meanwhile.
    #[error(transparent)]
    Store(#[from] StorageError),
}
