//! What a node is started with, and why it does not start.

use std::time::Duration;

use crate::base::Clock;
use crate::identity::key_file::NodeKeys;
use crate::identity::{PublicKey, Roster, Signed};
use crate::sharing::NodeIndex;
use crate::storage::NodeStore;
use crate::transport::HttpError;
use crate::transport::streams::lying::Lie;

/// What a node is started with.
pub struct Config {
    /// The node's private keys.
    pub keys: NodeKeys,
    /// The roster, checked.
    pub roster: Signed<Roster>,
    /// What the node keeps.
    pub store: NodeStore,
    /// Where the time comes from.
    pub clock: Clock,
    /// Deadlines and the like.
    pub options: Options,
}

/// Deadlines of a node.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long an attempt waits for one message of another node.
    pub message_deadline: Duration,
    /// Delay added to every message between nodes, one way.
    pub simulated_delay: Option<Duration>,
    /// Whether this node computes a job only once its operator has let it run.
    pub approve_jobs: bool,
    /// Names of stored variables of which this node lets no job reveal anything.
    pub never_reveal: Vec<String>,
    /// A lie that this node tells in every attempt: for the demo and for tests.
    pub lie: Option<Lie>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            message_deadline: Duration::from_secs(20),
            simulated_delay: None,
            approve_jobs: false,
            never_reveal: Vec::new(),
            lie: None,
        }
    }
}

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The node's key is not in the roster.
    #[error(
        "this node's key {key} is not in the roster; give the roster that lists it, or send the \
         coordinator this node's card (gavel init node prints it) for a new roster"
    )]
    NotInRoster {
        /// The node's public key.
        key: PublicKey,
    },
    /// The roster lists another TLS certificate or sealing key for this node.
    #[error(
        "the roster lists another {what} for node {node} than its key file holds; send the \
         coordinator this node's present card for a new roster"
    )]
    OtherKeys {
        /// Which key.
        what: &'static str,
        /// The node.
        node: NodeIndex,
    },
    /// No client can be made for a node of the roster.
    #[error("node {node} of the roster cannot be reached: {error}")]
    Client {
        /// The other node.
        node: NodeIndex,
        /// Why no client can be made.
        error: HttpError,
    },
}

/// Of several replicas of one node: which this one is, and where others reach it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Replica {
    /// Take envelopes only, never compute.
    pub intake_only: bool,
    /// Where the other replicas reach this one, if there are others.
    pub address: Option<String>,
}
