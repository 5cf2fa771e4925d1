//! What a record says about a bidder's receipt: whether the node that signed it kept its promise.

use serde::Serialize;

use super::Record;
use crate::base::Timestamp;
use crate::identity::{Digest, Signed};
use crate::session::exclusion::ExclusionReason;
use crate::session::{Receipt, SessionId};
use crate::sharing::{NodeIndex, NodeSet};

/// What became of the envelope that a receipt is for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "standing", rename_all = "kebab-case")]
pub enum ReceiptStanding {
    /// It takes part.
    Counted {
        /// Its place in the order of bids, from 1.
        entry: usize,
        /// Envelopes that take part.
        of: usize,
        /// The time that decides ties: the median of the nodes' receipts.
        received: Timestamp,
    },
    /// A later revision under the same name stands in its place.
    Replaced {
        /// The later revision.
        revision: u32,
        /// Its envelopes: one, unless two were signed as the same revision.
        envelopes: Vec<Digest>,
    },
    /// It is listed as excluded.
    Excluded {
        /// What was wrong with it, as the manifest says.
        reason: ExclusionReason,
        /// Nodes that said so; empty where all nodes see it alike.
        named_by: NodeSet,
    },
    /// The session has no manifest yet.
    NotClosed,
    /// The node was away when the session closed, and no node that closed it held the envelope.
    NodeAway {
        /// The node.
        node: NodeIndex,
    },
    /// The node signed that it holds the envelope, and signed an inventory without it: it broke
    /// its promise. Receipt and inventory together are the evidence.
    Broken {
        /// The node.
        node: NodeIndex,
    },
    /// The receipt is for another session.
    OtherSession {
        /// The session that the receipt names.
        session: SessionId,
    },
    /// The roster has no such node.
    UnknownNode {
        /// The node that the receipt names.
        node: NodeIndex,
    },
    /// The signature is not the node's: the receipt was altered or made up.
    Forged {
        /// The node it names.
        node: NodeIndex,
    },
}

impl ReceiptStanding {
    /// Whether all is as the bidder was promised.
    pub const fn kept(&self) -> bool {
        matches!(
            self,
            Self::Counted { .. } | Self::Replaced { .. } | Self::Excluded { .. } | Self::NotClosed
        )
    }
}

impl std::fmt::Display for ReceiptStanding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Counted { entry, of, received } => {
                write!(f, "the bid takes part: entry {entry} of {of}, received {received}")
            }
            Self::Replaced { revision, .. } => write!(
                f,
                "the bid was replaced by revision {revision}; if you did not sign that one, \
                 the coordinator has admitted someone else under your name"
            ),
            Self::Excluded { reason, named_by } => {
                write!(f, "the bid was excluded: {}", reason.explain())?;
                match named_by.len() {
                    0 => Ok(()),
                    1 => write!(f, " (named by node {named_by})"),
                    _ => write!(f, " (named by nodes {named_by})"),
                }
            }
            Self::NotClosed => f.write_str("the session has not been closed in this record"),
            Self::NodeAway { node } => write!(
                f,
                "the bid does not take part: node {node} was away at closing and no other node \
                 held it"
            ),
            Self::Broken { node } => write!(
                f,
                "node {node} broke its promise: it signed this receipt and then an inventory \
                 without the bid; receipt and record are the evidence"
            ),
            Self::OtherSession { session } => {
                write!(f, "the receipt is for another session ({session})")
            }
            Self::UnknownNode { node } => write!(f, "the roster has no node {node}"),
            Self::Forged { node } => write!(
                f,
                "the receipt's signature is not that of node {node}: it was altered or made up"
            ),
        }
    }
}

impl Record {
    /// What became of the envelope that a receipt is for. Only a record that was found right by
    /// [`Record::verify`] says anything.
    pub fn check_receipt(&self, receipt: &Signed<Receipt>) -> ReceiptStanding {
        let Receipt { session, node, ref bidder, revision, envelope, .. } = receipt.body;
        let Some(card) = self.roster.body.node(node) else {
            return ReceiptStanding::UnknownNode { node };
        };
        if receipt.verify(&card.key).is_err() {
            return ReceiptStanding::Forged { node };
        }
        if session != self.announcement.body.session {
            return ReceiptStanding::OtherSession { session };
        }
        let (Some(bundle), Some(manifest)) = (&self.bundle, &self.manifest) else {
            return ReceiptStanding::NotClosed;
        };
        let manifest = &manifest.body;
        let out_of_range = self.outcome.iter().flat_map(|outcome| &outcome.body.out_of_range);
        if let Some(excluded) =
            manifest.excluded.iter().chain(out_of_range).find(|e| e.envelope == envelope)
        {
            let (reason, named_by) = (excluded.reason, excluded.named_by);
            return ReceiptStanding::Excluded { reason, named_by };
        }
        if let Some((position, entry)) = manifest.entry(&envelope) {
            let received = entry.received;
            let of = manifest.entries.len();
            return ReceiptStanding::Counted { entry: position + 1, of, received };
        }
        let later = bundle.inventories.entries().map(|(_, entry)| entry);
        let later: Vec<_> =
            later.filter(|entry| entry.bidder == *bidder && entry.revision > revision).collect();
        if let Some(latest) = later.iter().map(|entry| entry.revision).max() {
            let mut envelopes: Vec<_> = later
                .iter()
                .filter(|entry| entry.revision == latest)
                .map(|entry| entry.envelope)
                .collect();
            envelopes.sort_unstable();
            envelopes.dedup();
            return ReceiptStanding::Replaced { revision: latest, envelopes };
        }
        if bundle.inventories.nodes().contains(node) {
            ReceiptStanding::Broken { node }
        } else {
            ReceiptStanding::NodeAway { node }
        }
    }
}
