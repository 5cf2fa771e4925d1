//! The manifest: the one list of envelopes that take part, the same on every node.
//!
//! It is a pure function of announcement and bundle ([`Manifest::derive`]): of each bidder the
//! highest revision that any closing node holds takes part, unless more than t nodes complained
//! about it or the bidder signed two envelopes of that revision. An envelope that a node could not get hold of
//! and at most t nodes list is as if it had not come, and the revision before it takes part. The
//! manifest counts with the signatures of 2t+1 nodes.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bundle::Bundle;
use super::exclusion::{self, ExclusionReason};
use super::{Announcement, SessionId};
use crate::base::Timestamp;
use crate::identity::{Digest, PublicKey, Roster, Signature, Statement};
use crate::rules::order;
use crate::sharing::{NodeIndex, NodeSet, Scheme};

/// An envelope that takes part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestEntry {
    /// The bidder's name.
    pub bidder: String,
    /// Which of the bidder's envelopes it is, counted from 1.
    pub revision: u32,
    /// The envelope's digest.
    pub envelope: Digest,
    /// Median of the receipt times that the nodes signed; with the digest it decides ties.
    pub received: Timestamp,
}

/// An envelope that does not take part, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// The bidder's name.
    pub bidder: String,
    /// The envelope's digest.
    pub envelope: Digest,
    /// What is wrong with it.
    pub reason: ExclusionReason,
    /// Nodes that said so; empty where all nodes see it alike.
    pub named_by: NodeSet,
}

/// The one list of envelopes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The session that closed.
    pub session: SessionId,
    /// Binds the list to the terms it was made under.
    pub announcement: Digest,
    /// Digest of the bundle it follows from.
    pub bundle: Digest,
    /// Envelopes that take part, in the order of the tie rule.
    pub entries: Vec<ManifestEntry>,
    /// Envelopes that do not, by bidder's name.
    pub excluded: Vec<Exclusion>,
}

impl Statement for Manifest {
    const DOMAIN: &'static str = "gavel/v1/manifest";
}

/// A statement with the signatures of several nodes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoSigned<T> {
    /// What is signed.
    pub body: T,
    /// By node. How many are needed depends on what is signed.
    pub signatures: BTreeMap<NodeIndex, Signature>,
}

impl<T: Statement> CoSigned<T> {
    /// The nodes of this roster whose signature is right.
    ///
    /// # Errors
    /// Names a node whose signature does not fit, or that the roster does not have.
    pub fn verify(
        &self,
        key_of: impl Fn(NodeIndex) -> Option<PublicKey>,
    ) -> Result<NodeSet, NodeIndex> {
        let digest = self.body.digest();
        let mut signers = NodeSet::EMPTY;
        for (&node, signature) in &self.signatures {
            let key = key_of(node).ok_or(node)?;
            key.verify(&digest, signature).map_err(|_| node)?;
            signers.insert(node);
        }
        Ok(signers)
    }
}

/// A node's signature that does not fit the statement, or a signer the roster does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the signature of node {node} does not fit")]
pub struct SignerError {
    /// The node whose signature it is said to be.
    pub node: NodeIndex,
}

impl<T: Statement> CoSigned<T> {
    /// The nodes of the roster that signed. One wrong signature spoils all: whoever put the
    /// statement together should have checked it.
    ///
    /// # Errors
    /// Names a node whose signature does not fit, or that the roster does not have.
    pub fn signers(&self, roster: &Roster) -> Result<NodeSet, SignerError> {
        self.verify(|node| roster.node(node).map(|card| card.key))
            .map_err(|node| SignerError { node })
    }
}

/// Why a co-signed manifest does not count.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ManifestError {
    /// A signature does not fit.
    #[error("the signature of node {} under the manifest does not fit", .0.node)]
    Signature(#[from] SignerError),
    /// Too few signatures.
    #[error("the manifest has {got} signatures; it takes {needed}")]
    TooFew {
        /// 2t+1.
        needed: usize,
        /// Signatures that fit.
        got: usize,
    },
    /// It is not the one that follows from the bundle.
    #[error("the manifest does not follow from inventories and verdicts: {what} differs")]
    NotDerived {
        /// The first part that differs.
        what: String,
    },
}

impl CoSigned<Manifest> {
    /// The nodes that signed, if they are enough: 2t+1.
    ///
    /// # Errors
    /// Names the node whose signature does not fit, or says how many are missing.
    pub fn check(&self, roster: &Roster) -> Result<NodeSet, ManifestError> {
        let signers = self.signers(roster)?;
        let needed = roster.scheme.quorum();
        if signers.len() < needed {
            return Err(ManifestError::TooFew { needed, got: signers.len() });
        }
        Ok(signers)
    }
}

/// Envelopes of one revision, with the times at which nodes received them.
type Listed = BTreeMap<Digest, Vec<Timestamp>>;

impl Manifest {
    /// The manifest that follows from a checked bundle ([`Bundle::check`]); the same for everyone.
    pub fn derive(announcement: &Announcement, scheme: Scheme, bundle: &Bundle) -> Self {
        // Of each bidder the revisions, highest first, with the times at which each envelope came.
        let mut listed: BTreeMap<&str, BTreeMap<Reverse<u32>, Listed>> = BTreeMap::new();
        for (_, entry) in bundle.inventories.entries() {
            let revisions = listed.entry(&entry.bidder).or_default();
            let envelopes = revisions.entry(Reverse(entry.revision)).or_default();
            envelopes.entry(entry.envelope).or_default().push(entry.received);
        }
        let mut complaints: BTreeMap<Digest, BTreeMap<ExclusionReason, NodeSet>> = BTreeMap::new();
        for verdict in &bundle.verdicts {
            for complaint in &verdict.body.complaints {
                let nodes = complaints.entry(complaint.envelope).or_default();
                nodes.entry(complaint.reason).or_default().insert(verdict.body.node);
            }
        }
        let mut entries = Vec::new();
        let mut excluded = Vec::new();
        let few = usize::from(scheme.threshold());
        for (bidder, revisions) in listed {
            for (Reverse(revision), mut envelopes) in revisions {
                // Of more than t nodes that list an envelope one at least is honest and holds it,
                // so it can be had; who cannot reach that node now must not cost the bidder the
                // bid. What t nodes say they hold and others cannot get counts as never come.
                envelopes.retain(|envelope, times| {
                    let missed = complaints
                        .get_mut(envelope)
                        .and_then(|reasons| reasons.remove(&ExclusionReason::Unavailable));
                    let Some(named_by) = missed.filter(|_| times.len() <= few) else { return true };
                    let (bidder, envelope) = (bidder.to_owned(), *envelope);
                    let reason = ExclusionReason::Unavailable;
                    excluded.push(Exclusion { bidder, envelope, reason, named_by });
                    false
                });
                let two = envelopes.len() > 1;
                let any = !envelopes.is_empty();
                for (envelope, times) in envelopes {
                    // Of several reasons the first in their order, so that all nodes say the same.
                    let reason = if two {
                        Some((ExclusionReason::TwoEnvelopes, NodeSet::EMPTY))
                    } else {
                        let complaints = complaints.remove(&envelope).unwrap_or_default();
                        exclusion::upheld(&complaints, scheme.threshold())
                    };
                    let bidder = bidder.to_owned();
                    match (reason, order::median(&times)) {
                        (Some((reason, named_by)), _) => {
                            excluded.push(Exclusion { bidder, envelope, reason, named_by });
                        }
                        (None, Some(received)) => {
                            entries.push(ManifestEntry { bidder, revision, envelope, received });
                        }
                        // Every envelope in the map came with a time.
                        (None, None) => {}
                    }
                }
                if any {
                    break;
                }
            }
        }
        entries.sort_by_key(|entry| (entry.received, entry.envelope));
        Self {
            session: announcement.session,
            announcement: announcement.digest(),
            bundle: bundle.digest(),
            entries,
            excluded,
        }
    }

    /// Check that this is the manifest that follows from a checked bundle.
    ///
    /// # Errors
    /// Names the first part that differs.
    pub fn check_derived(
        &self,
        announcement: &Announcement,
        scheme: Scheme,
        bundle: &Bundle,
    ) -> Result<(), ManifestError> {
        let right = Self::derive(announcement, scheme, bundle);
        if *self == right {
            return Ok(());
        }
        let what = if self.session != right.session {
            "the session".to_owned()
        } else if self.announcement != right.announcement {
            "the announcement's digest".to_owned()
        } else if self.bundle != right.bundle {
            "the bundle's digest".to_owned()
        } else if self.entries != right.entries {
            let position = self.entries.iter().zip(&right.entries).position(|(a, b)| a != b);
            let shorter = self.entries.len().min(right.entries.len());
            format!("entry {}", position.unwrap_or(shorter) + 1)
        } else {
            let position = self.excluded.iter().zip(&right.excluded).position(|(a, b)| a != b);
            let shorter = self.excluded.len().min(right.excluded.len());
            format!("exclusion {}", position.unwrap_or(shorter) + 1)
        };
        Err(ManifestError::NotDerived { what })
    }

    /// The entry of an envelope, with its position from 0.
    pub fn entry(&self, envelope: &Digest) -> Option<(usize, &ManifestEntry)> {
        self.entries.iter().enumerate().find(|(_, entry)| entry.envelope == *envelope)
    }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
