//! What a coordinator takes and answers about sessions, admissions and its health.

use serde::{Deserialize, Serialize};

use super::node_api::{Cost, NodeHealth};
use super::reason::{AttemptTrouble, Explained, Reason};
use crate::base::Timestamp;
use crate::identity::{Digest, PublicKey, Signature, Signed};
use crate::rules::{Answer, Terms};
use crate::session::announcement::AdmissionSignature;
use crate::session::manifest::CoSigned;
use crate::session::naming::SharedName;
use crate::session::outcome::Entrant;
use crate::session::{Announcement, Outcome, Phase, SessionId, Shortage};
use crate::sharing::{NodeIndex, NodeSet};

/// A coordinator's health and its view of the nodes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CoordinatorHealth {
    /// The program's version.
    pub version: String,
    /// Digest of the roster.
    pub roster: Digest,
    /// The coordinator's clock.
    pub now: Timestamp,
    /// Every node of the roster.
    pub nodes: Vec<NodeStatus>,
    /// Why no session could be settled at present, if so: too few nodes are there, or reach each
    /// other.
    #[serde(default)]
    pub shortage: Option<Explained<Shortage>>,
    /// Earlier rosters, of other nodes, under which sessions go on that were open when the roster was
    /// changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierRoster>,
}

/// An earlier roster under which sessions go on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EarlierRoster {
    /// Its digest.
    pub roster: Digest,
    /// The sessions that are not decided.
    pub sessions: Vec<SessionId>,
    /// Names of its nodes that the present roster does not list: they may be switched off once those
    /// are decided.
    pub leaving: Vec<String>,
    /// Every node of it.
    pub nodes: Vec<NodeStatus>,
    /// Why none of them could be settled at present, if so.
    #[serde(default)]
    pub shortage: Option<Explained<Shortage>>,
}

/// A node as the coordinator sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Its index in the roster.
    pub node: NodeIndex,
    /// Its name in the roster.
    pub name: String,
    /// Its address in the roster.
    pub address: String,
    /// Its own report, when it answered.
    pub health: Option<NodeHealth>,
    /// Why it did not answer, or what is wrong with its answer. Neither this nor a report: the
    /// coordinator has just started, and has not heard yet.
    pub trouble: Option<String>,
    /// Round trip of the last answer in microseconds.
    pub round_trip_micros: Option<u64>,
    /// When it last answered.
    pub last_seen: Option<Timestamp>,
    /// Its clock minus the coordinator's, in milliseconds.
    pub clock_difference_millis: Option<i64>,
}

/// Write a new session.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// The session file's text, without bids. Relative times count from opening.
    pub file: String,
    /// Open it at once.
    #[serde(default)]
    pub open: bool,
    /// Bidders that may take part when the terms say `admission = "listed"`, and, whatever the terms
    /// say of admission, the cohorts that the operator assigns them.
    #[serde(default)]
    pub bidders: Vec<Bidder>,
}

/// Write other terms into a draft.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditSession {
    /// The whole session file's text, in place of the one before.
    pub file: String,
}

/// Why a session is paused, or goes on.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// In the operator's words, for everybody to read.
    // Without a default of its own, an object may leave it out, and an empty list is no object.
    pub reason: Option<String>,
}

/// A bidder's name and key, and the cohort that its operator assigns.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bidder {
    /// Name, unique in a session.
    pub name: String,
    /// Public key.
    pub key: PublicKey,
    /// The cohort that the operator assigns, by name, where the operator does. Who asks for
    /// admission leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
}

/// A session in a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionSummary {
    /// Its id.
    pub session: SessionId,
    /// Title, kind and the rest.
    pub terms: Terms,
    /// How far it has come.
    pub phase: Phase,
    /// Bidders admitted; only for operators.
    pub bidders: Option<u64>,
    /// When it was written.
    pub created: Timestamp,
    /// What was decided, once settled.
    pub result: Option<Answer<Entrant>>,
}

/// Everything about a session.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SessionDetail {
    /// As in the list.
    #[serde(flatten)]
    pub summary: SessionSummary,
    /// What bidders and nodes check; `None` for a draft.
    pub announcement: Option<Signed<Announcement>>,
    /// The session file as it is kept; only of a draft.
    #[serde(default)]
    pub file: Option<String>,
    /// Why it failed, waits or was cancelled.
    pub reason: Option<Explained<Reason>>,
    /// Phases entered, with times.
    pub timeline: Vec<(Phase, Timestamp)>,
    /// Nodes that have acknowledged the announcement.
    pub acknowledged: NodeSet,
    /// Nodes for which the coordinator waits; empty while it goes on.
    pub waiting_for: NodeSet,
    /// Fewer nodes than are needed are there and reach each other; in every phase from draft until
    /// it is decided, and only as long as it is so.
    #[serde(default)]
    pub shortage: Option<Explained<Shortage>>,
    /// Digest of the manifest and how many envelopes it holds, once signed.
    pub manifest: Option<ManifestLine>,
    /// The latest attempts, at most 50.
    pub attempts: Vec<AttemptLine>,
    /// The outcome, once settled.
    pub outcome: Option<CoSigned<Outcome>>,
}

/// A signed manifest, for screens.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ManifestLine {
    /// Its digest.
    pub digest: Digest,
    /// Envelopes that take part.
    pub bids: u64,
    /// Envelopes that do not.
    pub excluded: Vec<crate::session::manifest::Exclusion>,
    /// Nodes that signed it.
    pub signed_by: NodeSet,
    /// Names that the coordinator gave to several keys.
    #[serde(default)]
    pub shared_names: Vec<SharedName>,
    /// The scores of the first envelopes and of the winners', where the terms count scores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<ScoreLine>,
}

/// The score that an envelope came with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScoreLine {
    /// The envelope.
    pub envelope: Digest,
    /// Whose it is.
    pub bidder: String,
    /// Whose key.
    pub key: PublicKey,
    /// The score, as people read it.
    pub score: String,
    /// What it adds to the price, in smallest units.
    pub handicap: u64,
}

/// An attempt as operators see it: who took part, when, how it ended, what it cost.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AttemptLine {
    /// Number, from 1.
    pub attempt: u32,
    /// Nodes that took part.
    pub participants: NodeSet,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Why there is no outcome, where it failed.
    pub trouble: Option<Explained<AttemptTrouble>>,
    /// What those did that took part and did not sign the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsigned: Option<Explained<AttemptTrouble>>,
    /// What it cost each node, once done.
    pub cost: Vec<(NodeIndex, Cost)>,
}

/// A bidder asks to be admitted to a session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskAdmission {
    /// Name and key.
    pub bidder: Bidder,
    /// The bidder's signature over the [`crate::session::announcement::AdmissionTicket`], which
    /// proves that the key is the bidder's own.
    pub signature: Signature,
}

/// The coordinator's signature over the [`crate::session::announcement::AdmissionTicket`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admitted {
    /// The signature that goes into the envelope, with the cohort that it assigns, where it does.
    pub signature: AdmissionSignature,
}

/// Some of the bidders to whom nodes have given receipts, in ascending order of their keys.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ReceiptsPage {
    /// The bidders.
    pub bidders: Vec<BidderReceipts>,
    /// The last bidder of this page, where there are more.
    pub next: Option<PublicKey>,
    /// Nodes that did not answer: what they have given is not known.
    pub unheard: NodeSet,
}

/// Which nodes have given a bidder a receipt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BidderReceipts {
    /// The name that the bid was made under.
    pub bidder: String,
    /// The bidder's key.
    pub key: PublicKey,
    /// The latest revision that any node has given a receipt for.
    pub revision: u32,
    /// The nodes that have given a receipt for that revision.
    pub nodes: NodeSet,
    /// When the first of them received it.
    pub received: Timestamp,
}
