//! What a record says about a bidder's receipt: whether the node that signed it kept its promise.

use std::collections::{BTreeSet, HashSet};

use serde::Serialize;

use super::Record;
use crate::base::Timestamp;
use crate::identity::{Digest, Signed};
use crate::session::bundle::{Bundle, Inventory};
use crate::session::exclusion::ExclusionReason;
use crate::session::manifest::{Exclusion, Manifest};
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
    /// A later envelope of the same key stands in its place.
    Replaced {
        /// The later revision.
        revision: u32,
        /// Its envelopes: one, unless two were signed as the same revision.
        envelopes: Vec<Digest>,
    },
    /// It is listed as excluded, for what all nodes see or more than t vouch for.
    Excluded {
        /// What was wrong with it, as the manifest says.
        reason: ExclusionReason,
        /// Nodes that said so; empty where all nodes see it alike.
        named_by: NodeSet,
    },
    /// The node lists it, or a later one of the same key, and so few others do that it was left out
    /// when more than t nodes could not get it. Whether the node or the links to it failed, the
    /// record cannot tell.
    Withheld {
        /// The nodes that could not get it.
        named_by: NodeSet,
    },
    /// The node signed that it holds the envelope and can use its part, and then had it excluded
    /// for that part. Receipt and verdict together are the evidence.
    Retracted {
        /// The node.
        node: NodeIndex,
        /// What it says is wrong with its part.
        reason: ExclusionReason,
    },
    /// The session has no manifest yet.
    NotClosed,
    /// The node was away when the session closed, and no node that closed it held the envelope.
    NodeAway {
        /// The node.
        node: NodeIndex,
    },
    /// The node signed that it holds the envelope, and signed an inventory with neither it nor a
    /// later one of the same key: it broke its promise. Receipt and inventory together are the
    /// evidence.
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
    /// Whether all is as the bidder was promised: the bid takes part, or a later one of the same key
    /// does, or it is out for a reason that does not rest on the word of t nodes alone.
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
            Self::Replaced { revision, .. } => {
                write!(f, "the bid was replaced by revision {revision}, which the same key signed")
            }
            Self::Excluded { reason, named_by } => {
                write!(f, "the bid was excluded: {}", reason.explain())?;
                if named_by.is_empty() {
                    Ok(())
                } else {
                    write!(f, " (named by {})", Nodes(*named_by))
                }
            }
            Self::Withheld { named_by } => write!(
                f,
                "the bid does not take part: too few nodes list it or a later one of the same key, \
                 and {} could not get that from them",
                Nodes(*named_by)
            ),
            Self::Retracted { node, reason } => write!(
                f,
                "node {node} broke its promise: it signed this receipt and then had the bid \
                 excluded ({}); receipt and record are the evidence",
                reason.explain()
            ),
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
        let Receipt { session, node, envelope, .. } = receipt.body;
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
        let excluded: Vec<&Exclusion> = manifest.excluded.iter().chain(out_of_range).collect();
        let exclusion_of = |envelope| excluded.iter().find(|out| out.envelope == envelope);
        if let (None, Some((position, entry))) = (exclusion_of(envelope), manifest.entry(&envelope))
        {
            let (entry, received, of) = (position + 1, entry.received, manifest.entries.len());
            return ReceiptStanding::Counted { entry, of, received };
        }
        if let Some(replaced) = replaced(&receipt.body, bundle, manifest) {
            return replaced;
        }
        let passed_on = match bundle.inventories.of(node) {
            Some(inventory) => passed_on(&receipt.body, inventory),
            None => Some(envelope),
        };
        // It is not for a node to say what became of a bid that it did not pass on.
        let Some(passed_on) = passed_on else { return ReceiptStanding::Broken { node } };
        match exclusion_of(passed_on) {
            Some(excluded) => excluded_by(excluded, node),
            None => ReceiptStanding::NodeAway { node },
        }
    }
}

/// What a node lists in accord with its receipt: the envelope, or a later one of the same key.
fn passed_on(receipt: &Receipt, inventory: &Inventory) -> Option<Digest> {
    let listed = inventory.entries.iter().find(|entry| entry.key == receipt.key)?;
    let digest = listed.envelope(receipt.session);
    (digest == receipt.envelope || listed.revision > receipt.revision).then_some(digest)
}

/// Whether a later envelope of the same key stands in the place of a receipt's: it takes part, or
/// was there and did not count for what was wrong with it.
fn replaced(receipt: &Receipt, bundle: &Bundle, manifest: &Manifest) -> Option<ReceiptStanding> {
    let took_part = manifest.entries.iter().map(|entry| entry.envelope);
    let was_there = manifest
        .excluded
        .iter()
        .filter(|exclusion| exclusion.reason != ExclusionReason::Unavailable)
        .map(|exclusion| exclusion.envelope);
    let there: HashSet<Digest> = took_part.chain(was_there).collect();
    let entries = bundle.inventories.entries().map(|(_, entry)| entry);
    let later: BTreeSet<(u32, Digest)> = entries
        .filter(|entry| entry.key == receipt.key && entry.revision > receipt.revision)
        .map(|entry| (entry.revision, entry.envelope(receipt.session)))
        .filter(|(_, envelope)| there.contains(envelope))
        .collect();
    let (revision, _) = *later.last()?;
    let latest = later.iter().filter(|(of, _)| *of == revision);
    let envelopes = latest.map(|(_, envelope)| *envelope).collect();
    Some(ReceiptStanding::Replaced { revision, envelopes })
}

/// What an exclusion means to the holder of this node's receipt.
fn excluded_by(excluded: &Exclusion, node: NodeIndex) -> ReceiptStanding {
    let Exclusion { reason, named_by, .. } = *excluded;
    if reason == ExclusionReason::Unavailable {
        ReceiptStanding::Withheld { named_by }
    } else if named_by.contains(node) {
        ReceiptStanding::Retracted { node, reason }
    } else {
        ReceiptStanding::Excluded { reason, named_by }
    }
}

/// Nodes in a sentence.
struct Nodes(NodeSet);

impl std::fmt::Display for Nodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = if self.0.len() == 1 { "node" } else { "nodes" };
        write!(f, "{word} {}", self.0)
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
