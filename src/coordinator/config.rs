//! What a coordinator is started with, and why it does not start.

use std::time::Duration;

use crate::base::Clock;
use crate::identity::key_file::CoordinatorKeys;
use crate::identity::{PublicKey, Roster, Signed};
use crate::sharing::NodeIndex;
use crate::storage::{CoordinatorStore, StorageError};
use crate::transport::HttpError;

/// What a coordinator is started with.
pub struct Config {
    /// The coordinator's private keys.
    pub keys: CoordinatorKeys,
    /// The roster, checked.
    pub roster: Signed<Roster>,
    /// What the coordinator keeps.
    pub store: CoordinatorStore,
    /// Where the time comes from.
    pub clock: Clock,
    /// Deadlines and the like.
    pub options: Options,
}

/// Deadlines of a coordinator.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long closing waits for nodes beyond the 2t+1 it needs.
    pub grace: Duration,
    /// Pause before something that did not work is tried again.
    pub pause: Duration,
    /// Attempts that fail so that neither waiting nor leaving nodes out mends it, before the session
    /// counts as failed.
    pub attempts: u32,
    /// How long after stored variables were shared last they are dealt anew, if the clock does that.
    pub refresh_every: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        let (grace, pause) = (Duration::from_secs(5), Duration::from_millis(500));
        Self { grace, pause, attempts: 5, refresh_every: None }
    }
}

/// Why a coordinator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The roster names another coordinator.
    #[error(
        "the roster names another coordinator ({expected}) than this key ({key}); give the roster \
         that this coordinator signed, or its key file"
    )]
    NotInRoster {
        /// As in the roster.
        expected: PublicKey,
        /// The coordinator's public key.
        key: PublicKey,
    },
    /// The roster lists a TLS certificate that there is no key for.
    #[error(
        "the roster lists a TLS certificate that the coordinator's key file has no key for; put the \
         newest key file back, or make the next version of the roster with `gavel roster update`"
    )]
    OtherCertificate,
    /// No client can be made for a node of the roster.
    #[error("node {node} of the roster cannot be reached: {error}")]
    Client {
        /// The node.
        node: NodeIndex,
        /// Why no client can be made.
        error: HttpError,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StorageError),
}
