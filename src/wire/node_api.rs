//! What a node takes and answers, beyond the signed statements of [`crate::session`].

use serde::{Deserialize, Serialize};

use super::reason::AttemptFailure;
use crate::base::Timestamp;
use crate::identity::{AccountId, Blob, Digest, PublicKey, Signature, Signed};
use crate::runs::plan::Plan;
use crate::session::bundle::Bundle;
use crate::session::course::Course;
use crate::session::manifest::CoSigned;
use crate::session::naming::SharedName;
use crate::session::progress::Progress;
use crate::session::{Announcement, Manifest, Outcome, Phase, Receipt, SessionId};
use crate::sharing::{NodeIndex, NodeSet};

/// A node's health.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NodeHealth {
    /// Its index in the roster.
    pub node: NodeIndex,
    /// The program's version.
    pub version: String,
    /// Digest of the node's roster.
    pub roster: Digest,
    /// The node's clock.
    pub now: Timestamp,
    /// Since when the process runs.
    pub started: Timestamp,
    /// Sessions that are neither settled nor cancelled.
    pub sessions: u64,
    /// Links to the other nodes; none for those who run no part of the system.
    pub links: Vec<Link>,
    /// What it takes of its machine; only for those who run part of the system.
    #[serde(default)]
    pub usage: Option<Usage>,
}

/// What a node takes of its machine, each as far as the operating system tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Usage {
    /// Memory of the process.
    pub memory_bytes: Option<u64>,
    /// Processor time of the process in the last second or more, in thousandths of one processor.
    pub processor_permille: Option<u32>,
    /// What may still be written where its database is; unknown where that is a PostgreSQL server.
    pub disk_free_bytes: Option<u64>,
}

/// A node's link to another node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Link {
    /// The other node.
    pub node: NodeIndex,
    /// Whether the stream stands.
    pub connected: bool,
    /// Last measured round trip in microseconds.
    pub round_trip_micros: Option<u64>,
    /// Bytes received since start.
    pub bytes_in: u64,
    /// Bytes sent since start.
    pub bytes_out: u64,
    /// Bytes a second that went out when there was much to send; `None` before there was.
    #[serde(default)]
    pub bytes_per_second: Option<u64>,
}

/// Accounts whose access tokens count no more: the account was disabled, or got another password.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndedLogins {
    /// At most [`EndedLogins::MOST`] of them.
    pub ended: Vec<EndedLogin>,
}

impl EndedLogins {
    /// Most accounts in one request.
    pub const MOST: usize = 5_000;
}

/// An account whose logins ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndedLogin {
    /// The account.
    pub account: AccountId,
    /// Access tokens made before count no more.
    pub at: Timestamp,
}

/// A session as one node sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NodeSession {
    /// The announcement it holds.
    pub announcement: Signed<Announcement>,
    /// How far the session has come at this node; others may be ahead.
    pub phase: Phase,
    /// Bidders whose envelope this node holds; only for nodes, operators and the coordinator.
    pub bids: Option<u64>,
    /// The outcome, once settled.
    pub outcome: Option<CoSigned<Outcome>>,
    /// Whether it computes the session only once its operator lets it run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub awaits_approval: bool,
    /// Whether it is to deal anew what was handed over, and was not brought that yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lacks_parcel: bool,
}

/// What a node found in what was handed over to it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakenParcel {
    /// Whether it has a share of everything. If not, the other nodes deal it one.
    pub whole: bool,
    /// Letters that do not fit.
    pub faults: Vec<ParcelFault>,
}

/// A letter that does not fit what the nodes of the roster before have signed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParcelFault {
    /// Who wrote it, by its index in that roster.
    pub node: NodeIndex,
    /// What is wrong with it.
    pub what: String,
}

/// A node's answer to an envelope that it has taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HandedIn {
    /// The receipt.
    #[serde(flatten)]
    pub receipt: Signed<Receipt>,
    /// Where this node holds envelopes of other keys under the bidder's name: the coordinator's
    /// admissions of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_shared: Option<SharedName>,
}

/// What a node passes on to another whose part of an envelope does not fit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassedOn {
    /// The seeds of the components that both hold, sealed to the node that asks
    /// ([`crate::session::seeds`]).
    pub seeds: Blob,
}

/// Some of the receipts that a node has given in a session: of each bidder's key the latest, in
/// ascending order of keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenReceipts {
    /// The receipts.
    pub receipts: Vec<GivenReceipt>,
    /// Whether there are more behind the last of them.
    pub more: bool,
}

/// The latest receipt that a node has given to a bidder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenReceipt {
    /// The name that the bid was made under.
    pub bidder: String,
    /// The bidder's key.
    pub key: PublicKey,
    /// The envelope's revision.
    pub revision: u32,
    /// When it came.
    pub received: Timestamp,
}

/// A node's answer to another that asks which bundle it has committed to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommittedBundle {
    /// Its digest; `None` before the node has committed.
    pub bundle: Option<Digest>,
}

/// A node's signature over the manifest of a bundle.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestSignature {
    /// The node that signs.
    pub node: NodeIndex,
    /// The manifest it derived, by digest.
    pub manifest: Digest,
    /// Its signature.
    pub signature: Signature,
}

/// The manifest with all its signatures, and the bundle it follows from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedManifest {
    /// The bundle.
    pub bundle: Bundle,
    /// The manifest.
    pub manifest: CoSigned<Manifest>,
}

/// Body of the coordinator's request to begin an attempt.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartAttempt {
    /// The session.
    pub session: SessionId,
    /// Attempt number, higher than any before.
    pub attempt: u32,
    /// Nodes that take part, at least 2t+1, or all where there are fewer.
    pub participants: NodeSet,
    /// Digest of the manifest.
    pub manifest: Digest,
    /// How rounds and bytes are spent, and what that is expected to take; the same at every node.
    #[serde(default)]
    pub plan: Plan,
}

/// How an attempt stands at a node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum AttemptState {
    /// It runs.
    Running {
        /// How far it is.
        progress: Progress,
    },
    /// It is done and the outcome on disk.
    Done {
        /// What the node computed.
        outcome: Box<Outcome>,
        /// Its signature.
        signature: Signature,
        /// What it took.
        cost: Cost,
    },
    /// It failed.
    Failed {
        /// What went wrong.
        failure: AttemptFailure,
    },
}

/// What an attempt cost one node.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Rounds of messages, keys included.
    pub rounds: u64,
    /// AND gates, counted for every position of a batch; on numbers, products.
    pub gates: u64,
    /// Payload bytes sent to other nodes.
    pub bytes_sent: u64,
    /// Wall time from the start of the attempt to the outcome, in seconds.
    pub seconds: f64,
    /// Part of it spent unsealing and laying out shares, in seconds.
    pub preparing_seconds: f64,
    /// Part of it spent computing, from the keys to the outcome, in seconds.
    #[serde(default)]
    pub computing_seconds: f64,
    /// Rounds that the plan predicted.
    #[serde(default)]
    pub predicted_rounds: u64,
    /// Bytes that the plan predicted.
    #[serde(default)]
    pub predicted_bytes_sent: u64,
    /// Seconds of computing that the plan predicted.
    #[serde(default)]
    pub predicted_seconds: f64,
    /// How the run went, stage by stage.
    #[serde(default)]
    pub course: Course,
}
