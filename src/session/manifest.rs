//! The manifest: the one list of envelopes that take part, the same on every node.
//!
//! It is a pure function of announcement and bundle ([`Manifest::derive`]). Who bids is the key: of
//! each key the highest revision that any closing node holds takes part, unless more than t nodes
//! complained about it or the key signed two envelopes of that revision. Where the terms allow no
//! replacing, a key that signed two envelopes has none that counts. Nobody else's envelope ever
//! stands in the place of a bid: where the coordinator gave one name to two keys, both take part,
//! and the proof of it is in the manifest.
//!
//! An envelope is left out as one that cannot be had only if more than t nodes could not get it, so
//! that one honest node could not, and at most t list it. What at most t nodes say they miss stays
//! in: some honest node that closes the session holds it. The revision before one that is left out
//! so takes part.
//!
//! Where the terms count scores, every one was checked with the bundle ([`super::carried`]).
//!
//! Where nodes can only add ([`Scheme::compares`]) all of them close the session and are taken at
//! their word: an envelope is left out as soon as one of them has no use for its part, since nobody
//! else may hold that node's components. None is left out as one that cannot be had: before a node
//! says what is wrong with any, it has all of them.
//!
//! The manifest counts with the signatures of [`Scheme::manifest_quorum`] nodes, any two such
//! groups of which share an honest node; an honest node signs one manifest. So there is one
//! manifest.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bundle::Bundle;
use super::carried::{self, carries_score};
use super::exclusion::{self, ExclusionReason};
use super::naming::SharedName;
use super::scoring::SignedScore;
use super::{Announcement, SessionId};
use crate::base::Timestamp;
use crate::identity::{Digest, PublicKey, Roster, Signature, Statement};
use crate::rules::{Terms, order};
use crate::sharing::{NodeIndex, NodeSet, Scheme};

/// An envelope that takes part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ManifestEntry {
    /// The bidder's name.
    pub bidder: String,
    /// The bidder's key; no other entry has the same.
    pub key: PublicKey,
    /// Which of the key's envelopes it is, counted from 1.
    pub revision: u32,
    /// The envelope's digest.
    pub envelope: Digest,
    /// Median of the receipt times that the nodes signed; with the digest it decides ties.
    pub received: Timestamp,
    /// The score that it comes with, where the terms count scores.
    pub score: Option<Box<SignedScore>>,
}

carries_score!(ManifestEntry {
    bidder: String,
    key: PublicKey;
    revision;
    envelope: Digest,
    received: Timestamp
});

/// An envelope that does not take part, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// The bidder's name.
    pub bidder: String,
    /// The bidder's key.
    pub key: PublicKey,
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
    /// Names that the coordinator gave to several keys, with the proof.
    pub shared_names: Vec<SharedName>,
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
        /// [`Scheme::manifest_quorum`].
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
    /// The nodes that signed, if they are enough: [`Scheme::manifest_quorum`].
    ///
    /// # Errors
    /// Names the node whose signature does not fit, or says how many are missing.
    pub fn check(&self, roster: &Roster) -> Result<NodeSet, ManifestError> {
        let signers = self.signers(roster)?;
        let needed = roster.scheme.manifest_quorum();
        if signers.len() < needed {
            return Err(ManifestError::TooFew { needed, got: signers.len() });
        }
        Ok(signers)
    }
}

/// An envelope that inventories list.
struct Listed<'a> {
    key: PublicKey,
    bidder: &'a str,
    revision: u32,
    envelope: Digest,
    score: Option<&'a SignedScore>,
    /// When each node that lists it received it.
    times: Vec<Timestamp>,
}

/// What the nodes complained of, by envelope.
struct Complaints(BTreeMap<Digest, BTreeMap<ExclusionReason, NodeSet>>);

impl Complaints {
    fn of(bundle: &Bundle) -> Self {
        let mut complaints: BTreeMap<Digest, BTreeMap<ExclusionReason, NodeSet>> = BTreeMap::new();
        for verdict in &bundle.verdicts {
            for complaint in &verdict.body.complaints {
                let nodes = complaints.entry(complaint.envelope).or_default();
                nodes.entry(complaint.reason).or_default().insert(verdict.body.node);
            }
        }
        Self(complaints)
    }

    /// The nodes that could not get it, if it counts as never come: more than t of them, so that
    /// one at least is honest, and at most t that list it. Who got it and found its part unfit is
    /// as one that could not: it cannot pass seeds on.
    fn absent(&self, listed: &Listed<'_>, scheme: Scheme) -> Option<NodeSet> {
        let few = usize::from(scheme.doubted());
        let reasons = self.0.get(&listed.envelope)?;
        reasons.get(&ExclusionReason::Unavailable)?;
        if self.about(&listed.envelope, scheme).is_some() {
            return None;
        }
        let missed = reasons.values().fold(NodeSet::EMPTY, |all, nodes| all.union(*nodes));
        (missed.len() > few && listed.times.len() <= few).then_some(missed)
    }

    /// What is wrong with it, if more than t nodes say so, and who they are.
    fn about(&self, envelope: &Digest, scheme: Scheme) -> Option<(ExclusionReason, NodeSet)> {
        let mut reasons = self.0.get(envelope)?.clone();
        reasons.remove(&ExclusionReason::Unavailable);
        exclusion::upheld(&reasons, scheme.doubted())
    }
}

/// Every listed envelope once, by key, the highest revision first, then by digest.
fn listed(bundle: &Bundle) -> impl Iterator<Item = Listed<'_>> {
    let mut listed: BTreeMap<(PublicKey, Reverse<u32>, Digest), Listed<'_>> = BTreeMap::new();
    for (_, entry) in bundle.inventories.entries() {
        let (key, revision, envelope) = (entry.key, entry.revision, entry.envelope(bundle.session));
        let (bidder, score) = (&entry.bidder, entry.score.as_deref());
        let new = || Listed { key, bidder, revision, envelope, score, times: Vec::new() };
        let known = listed.entry((key, Reverse(revision), envelope)).or_insert_with(new);
        known.times.push(entry.received);
    }
    listed.into_values()
}

impl Listed<'_> {
    fn excluded(&self, reason: ExclusionReason, named_by: NodeSet) -> Exclusion {
        let (bidder, key, envelope) = (self.bidder.to_owned(), self.key, self.envelope);
        Exclusion { bidder, key, envelope, reason, named_by }
    }

    /// How it takes part; every listed envelope came with a time.
    fn entry(&self) -> Option<ManifestEntry> {
        let received = order::median(&self.times)?;
        let (bidder, key, envelope) = (self.bidder.to_owned(), self.key, self.envelope);
        let (revision, score) = (self.revision, self.score.cloned().map(Box::new));
        Some(ManifestEntry { bidder, key, revision, envelope, received, score })
    }
}

impl Manifest {
    /// The manifest that follows from a checked bundle ([`Bundle::check`]); the same for everyone.
    pub fn derive(announcement: &Announcement, scheme: Scheme, bundle: &Bundle) -> Self {
        let complaints = Complaints::of(bundle);
        let mut excluded = Vec::new();
        // Of each key, what it may take part with: every envelope of its highest revision, or all
        // it has signed where it may sign only one.
        let mut bids: BTreeMap<PublicKey, Vec<Listed<'_>>> = BTreeMap::new();
        for envelope in listed(bundle) {
            if let Some(named_by) = complaints.absent(&envelope, scheme) {
                excluded.push(envelope.excluded(ExclusionReason::Unavailable, named_by));
                continue;
            }
            let bid = bids.entry(envelope.key).or_default();
            let later = bid.first().is_some_and(|latest| latest.revision > envelope.revision);
            if !(later && announcement.terms.replace_bids) {
                bid.push(envelope);
            }
        }
        let mut entries = Vec::new();
        for bid in bids.values() {
            let revisions = bid.first().zip(bid.last());
            let two = revisions.filter(|_| bid.len() > 1).map(|(first, last)| {
                let same = first.revision == last.revision;
                let reason = if same {
                    ExclusionReason::TwoEnvelopes
                } else {
                    ExclusionReason::ReplacingForbidden
                };
                (reason, NodeSet::EMPTY)
            });
            for envelope in bid {
                match two.or_else(|| complaints.about(&envelope.envelope, scheme)) {
                    Some((reason, named_by)) => excluded.push(envelope.excluded(reason, named_by)),
                    None => entries.extend(envelope.entry()),
                }
            }
        }
        entries.sort_by_key(|entry: &ManifestEntry| (entry.received, entry.envelope));
        excluded.sort_by(|a, b| (&a.bidder, a.envelope).cmp(&(&b.bidder, b.envelope)));
        let admissions = bundle.verdicts.iter().flat_map(|verdict| &verdict.body.admissions);
        Self {
            session: announcement.session,
            announcement: announcement.digest(),
            bundle: bundle.digest(),
            entries,
            excluded,
            shared_names: SharedName::among(admissions),
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
        } else if self.shared_names != right.shared_names {
            "the list of names with several keys".to_owned()
        } else {
            let position = self.excluded.iter().zip(&right.excluded).position(|(a, b)| a != b);
            let shorter = self.excluded.len().min(right.excluded.len());
            format!("exclusion {}", position.unwrap_or(shorter) + 1)
        };
        Err(ManifestError::NotDerived { what })
    }

    /// The handicap of each entry's score, in their order, where the terms count scores; else nothing.
    pub fn handicaps(&self, terms: &Terms) -> Vec<u64> {
        let Some(scoring) = terms.scoring() else { return Vec::new() };
        let scores = self.entries.iter().filter_map(|entry| entry.score.as_deref());
        scores.filter_map(|signed| carried::handicap(scoring, &signed.score).ok()).collect()
    }

    /// The entry of an envelope, with its position from 0.
    pub fn entry(&self, envelope: &Digest) -> Option<(usize, &ManifestEntry)> {
        self.entries.iter().enumerate().find(|(_, entry)| entry.envelope == *envelope)
    }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
