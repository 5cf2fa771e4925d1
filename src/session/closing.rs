//! Closing: from what each frozen node holds to one manifest.
//!
//! 1. Every node freezes and signs its [`Inventory`].
//! 2. The coordinator hands all inventories to every node; each fetches what it is missing,
//!    checks every envelope and its own sealed part, and signs its [`Verdict`].
//! 3. Inventories and verdicts together are the [`Bundle`]. It is on the coordinator's disk before
//!    any node sees it, and a node signs the manifest of one bundle only. The manifest is a pure
//!    function of the bundle and the envelopes (`manifest.rs`), so all nodes sign the same one.

use serde::{Deserialize, Serialize};

use super::SessionId;
use crate::auction::Timestamp;
use crate::identity::{Digest, Signed, Statement};
use crate::sharing::{NodeIndex, NodeSet};

/// One envelope that a node holds: the bidder's latest revision there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InventoryEntry {
    /// The bidder's name.
    pub bidder: String,
    /// Revision.
    pub revision: u32,
    /// The envelope's digest.
    pub envelope: Digest,
    /// When this node received it, as in its receipt.
    pub received: Timestamp,
}

/// What a node holds when it freezes, by bidder's name in ascending order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// The session.
    pub session: SessionId,
    /// The node that signs.
    pub node: NodeIndex,
    /// The envelopes.
    pub entries: Vec<InventoryEntry>,
}

impl Statement for Inventory {
    const DOMAIN: &'static str = "gavel/v1/inventory";
}

/// Why an envelope does not take part.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExclusionReason {
    /// A node's sealed part cannot be unsealed.
    PartUnreadable,
    /// A node's seeds do not fit the commitments.
    SeedsDoNotFit,
    /// The bidder signed two envelopes of one revision.
    TwoEnvelopes,
    /// A node named it in its inventory but could not deliver it.
    Unavailable,
    /// The amount is above the maximum; found by the protocol, the amount stays hidden.
    OutOfRange,
}

impl ExclusionReason {
    /// The reason in words a bidder understands.
    pub const fn explain(self) -> &'static str {
        match self {
            Self::PartUnreadable => "the part sealed to a node cannot be opened by it",
            Self::SeedsDoNotFit => "the seeds sealed to a node do not fit the commitments",
            Self::TwoEnvelopes => "two different envelopes were signed as the same revision",
            Self::Unavailable => "only a node that has gone away holds the envelope",
            Self::OutOfRange => "the amount is above the maximum (it stays hidden)",
        }
    }
}

/// A node's objection to an envelope's part that is sealed to it, or that it could not get.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Complaint {
    /// The envelope.
    pub envelope: Digest,
    /// What is wrong with it.
    pub reason: ExclusionReason,
}

/// What a node says after it has seen all inventories and fetched what it was missing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The session.
    pub session: SessionId,
    /// The node that signs.
    pub node: NodeIndex,
    /// Digest of the inventories it has seen, as [`Inventories`].
    pub inventories: Digest,
    /// Its complaints in ascending order; everything else is fine.
    pub complaints: Vec<Complaint>,
}

impl Statement for Verdict {
    const DOMAIN: &'static str = "gavel/v1/verdict";
}

/// The inventories of the nodes that close the session, in ascending order of node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Inventories(pub Vec<Signed<Inventory>>);

impl Statement for Inventories {
    const DOMAIN: &'static str = "gavel/v1/inventories";
}

impl Inventories {
    /// The nodes whose inventories these are.
    pub fn nodes(&self) -> NodeSet {
        self.0.iter().map(|signed| signed.body.node).collect()
    }
}

/// Everything the manifest follows from, in ascending order of node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The session.
    pub session: SessionId,
    /// The inventories.
    pub inventories: Inventories,
    /// A verdict by every node that gave an inventory.
    pub verdicts: Vec<Signed<Verdict>>,
}

impl Statement for Bundle {
    const DOMAIN: &'static str = "gavel/v1/bundle";
}
