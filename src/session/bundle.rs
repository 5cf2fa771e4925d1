//! Closing: from what each frozen node holds to one manifest.
//!
//! 1. Every node freezes and signs its [`Inventory`].
//! 2. The coordinator hands all inventories to every node; each fetches what it is missing,
//!    checks every envelope and its own sealed part, and signs its [`Verdict`].
//! 3. Inventories and verdicts together are the [`Bundle`]. It is on the coordinator's disk before
//!    any node sees it, and a node signs the manifest of one bundle only. The manifest follows from
//!    announcement and bundle alone ([`super::manifest`]), so all nodes sign the same one.
//!
//! Who bids is the key. An inventory names each envelope by its heading, which its digest is made of
//! ([`super::envelope::Heading`]): no node can list an envelope as another bidder's, or as another
//! revision, for then it lists one that nobody has.
//!
//! The checks here need no private key and no envelope: coordinator, nodes and whoever verifies a
//! record run the same ones. Each error names the node at fault.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

pub use super::bundle_error::BundleError;
use super::carried::{self, carries_score};
use super::envelope::Heading;
use super::exclusion::ExclusionReason;
use super::naming::AdmittedKey;
use super::scoring::SignedScore;
use super::{Announcement, SessionId};
use crate::base::Timestamp;
use crate::base::name::check_name;
use crate::identity::{Digest, PublicKey, Roster, Signed, Statement};
use crate::rules::{Limits, Terms};
use crate::sharing::{NodeIndex, NodeSet};

/// One envelope that a node holds: the key's latest revision there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InventoryEntry {
    /// The bidder's key.
    pub key: PublicKey,
    /// The bidder's name.
    pub bidder: String,
    /// Which of the key's envelopes, counted from 1.
    pub revision: u32,
    /// Digest of what the envelope holds but for the score; with the rest it makes the envelope's own.
    pub contents: Digest,
    /// When this node received it, as in its receipt.
    pub received: Timestamp,
    /// The score that it comes with, where the terms count scores.
    pub score: Option<Box<SignedScore>>,
}

carries_score!(InventoryEntry {
    key: PublicKey,
    bidder: String;
    revision;
    contents: Digest,
    received: Timestamp
});

/// What a node holds when it freezes, by bidder's key in ascending order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// The session that closes.
    pub session: SessionId,
    /// The node that signs.
    pub node: NodeIndex,
    /// The envelopes.
    pub entries: Vec<InventoryEntry>,
}

impl Statement for Inventory {
    const DOMAIN: &'static str = "gavel/v1/inventory";
}

/// A node's objection to an envelope's part that is sealed to it, or that it could not get.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Complaint {
    /// The envelope complained about, by digest.
    pub envelope: Digest,
    /// What is wrong with it.
    pub reason: ExclusionReason,
}

/// What a node says after it has seen all inventories and fetched what it was missing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The session that closes.
    pub session: SessionId,
    /// The node that signs.
    pub node: NodeIndex,
    /// Digest of the inventories it has seen, as [`Inventories`].
    pub inventories: Digest,
    /// Its complaints in ascending order; everything else is fine.
    pub complaints: Vec<Complaint>,
    /// Where the inventories list several keys under one name: the coordinator's admissions in the
    /// envelopes that this node holds, by name and key.
    pub admissions: Vec<AdmittedKey>,
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
    /// The session that closes.
    pub session: SessionId,
    /// What every closing node holds.
    pub inventories: Inventories,
    /// A verdict by every node that gave an inventory.
    pub verdicts: Vec<Signed<Verdict>>,
}

impl Statement for Bundle {
    const DOMAIN: &'static str = "gavel/v1/bundle";
}

impl InventoryEntry {
    /// The digest of the envelope in this session that the entry names.
    pub fn envelope(&self, session: SessionId) -> Digest {
        let Self { key, bidder, revision, contents, .. } = self;
        let contents = carried::bind(*contents, self.score.as_deref());
        let revision = *revision;
        Heading { session, key, bidder, revision, contents }.digest()
    }
}

impl Signed<Inventory> {
    /// Check an inventory alone: its node's signature, session, names and order.
    ///
    /// # Errors
    /// Names the node and the first rule that is broken.
    pub fn check(&self, roster: &Roster, session: SessionId) -> Result<(), BundleError> {
        let node = self.body.node;
        check_signed(self, "inventory", "an inventory", node, roster)?;
        if self.body.session != session {
            return Err(BundleError::Session { what: "inventory", node });
        }
        let mut before: Option<&PublicKey> = None;
        for entry in &self.body.entries {
            check_name("a bidder's name", &entry.bidder)
                .map_err(|error| BundleError::Name { node, error })?;
            if before.is_some_and(|before| before >= &entry.key) {
                return Err(BundleError::Bidders { node, bidder: entry.bidder.clone() });
            }
            if entry.revision == 0 {
                return Err(BundleError::Revision { node, bidder: entry.bidder.clone() });
            }
            before = Some(&entry.key);
        }
        Ok(())
    }
}

impl Signed<Inventory> {
    /// Check that it lists what the terms allow: no more than so much, and every bid with a score
    /// that counts, where scores do.
    ///
    /// # Errors
    /// Names the node and the first rule that is broken.
    pub fn check_terms(&self, terms: &Terms) -> Result<(), BundleError> {
        self.check_limits(&terms.limits)?;
        self.check_scores(terms, &mut HashSet::new())
    }

    /// The same of scores alone, and of those that were not checked before.
    fn check_scores(
        &self,
        terms: &Terms,
        checked: &mut HashSet<Digest>,
    ) -> Result<(), BundleError> {
        let Inventory { session, node, entries } = &self.body;
        for entry in entries {
            let new = entry.score.is_none() || checked.insert(entry.envelope(*session));
            if new && let Err(error) = carried::check(terms, &entry.key, entry.score.as_deref()) {
                let (node, bidder) = (*node, entry.bidder.clone());
                return Err(BundleError::Score { node, bidder, error });
            }
        }
        Ok(())
    }

    /// Check that it lists no more than the terms allow.
    ///
    /// # Errors
    /// Names the node and the first limit that is broken.
    pub fn check_limits(&self, limits: &Limits) -> Result<(), BundleError> {
        let Inventory { node, entries, .. } = &self.body;
        let over = |what| Err(BundleError::Limits { node: *node, what });
        if entries.len() > limits.bids as usize {
            return over("more bids");
        }
        if entries.iter().any(|entry| entry.bidder.len() > limits.name_bytes as usize) {
            return over("a longer name");
        }
        if entries.iter().any(|entry| entry.revision > limits.revisions) {
            return over("a later revision");
        }
        Ok(())
    }
}

impl Inventories {
    /// What this node holds, if it is one of those that close.
    pub fn of(&self, node: NodeIndex) -> Option<&Inventory> {
        self.0.iter().map(|signed| &signed.body).find(|inventory| inventory.node == node)
    }

    /// Check that these inventories can close the session: at least 2t+1 nodes, or all where there
    /// are fewer, each alone sound.
    ///
    /// # Errors
    /// Names the node and the first rule that is broken.
    pub fn check(&self, roster: &Roster, session: SessionId) -> Result<(), BundleError> {
        check_order("inventory", self.0.iter().map(|signed| signed.body.node))?;
        let needed = roster.scheme.quorum();
        if self.0.len() < needed {
            return Err(BundleError::TooFew { needed, got: self.0.len() });
        }
        self.0.iter().try_for_each(|signed| signed.check(roster, session))
    }

    /// Check that everybody lists what the terms allow ([`Signed::<Inventory>::check_terms`]).
    ///
    /// # Errors
    /// Names the node and the first rule that is broken.
    pub fn check_terms(&self, terms: &Terms) -> Result<(), BundleError> {
        self.check_limits(&terms.limits)?;
        let mut checked = HashSet::new();
        self.0.iter().try_for_each(|signed| signed.check_scores(terms, &mut checked))
    }

    /// Check that nobody lists more than the terms allow.
    ///
    /// # Errors
    /// Names the node and the first limit that is broken.
    pub fn check_limits(&self, limits: &Limits) -> Result<(), BundleError> {
        self.0.iter().try_for_each(|signed| signed.check_limits(limits))
    }

    /// Every entry of every inventory, with its node.
    pub fn entries(&self) -> impl Iterator<Item = (NodeIndex, &InventoryEntry)> {
        self.0
            .iter()
            .flat_map(|signed| signed.body.entries.iter().map(|entry| (signed.body.node, entry)))
    }

    /// The names under which several keys are listed.
    pub fn shared_names(&self) -> BTreeSet<&str> {
        let mut first: HashMap<&str, &PublicKey> = HashMap::new();
        let entries = self.entries().map(|(_, entry)| entry);
        let other =
            entries.filter(|entry| *first.entry(&entry.bidder).or_insert(&entry.key) != &entry.key);
        other.map(|entry| entry.bidder.as_str()).collect()
    }
}

impl Signed<Verdict> {
    /// Check a verdict about these inventories.
    ///
    /// # Errors
    /// Names the node and the first rule that is broken.
    pub fn check(
        &self,
        roster: &Roster,
        session: SessionId,
        inventories: &Inventories,
    ) -> Result<(), BundleError> {
        self.check_about(roster, session, inventories, inventories.digest())
    }

    /// The same with the digest of the inventories, which takes its time where there are many bids.
    fn check_about(
        &self,
        roster: &Roster,
        session: SessionId,
        inventories: &Inventories,
        digest: Digest,
    ) -> Result<(), BundleError> {
        let node = self.body.node;
        check_signed(self, "verdict", "a verdict", node, roster)?;
        if self.body.session != session {
            return Err(BundleError::Session { what: "verdict", node });
        }
        if self.body.inventories != digest {
            return Err(BundleError::OtherInventories { node });
        }
        if !self.body.complaints.is_sorted_by(|a, b| a < b) {
            return Err(BundleError::Complaints { node });
        }
        self.check_admissions(&roster.coordinator.key)?;
        if self.body.complaints.is_empty() {
            return Ok(());
        }
        let listed: HashSet<Digest> =
            inventories.entries().map(|(_, entry)| entry.envelope(session)).collect();
        for complaint in &self.body.complaints {
            if !complaint.reason.is_complaint() {
                return Err(BundleError::Reason { node, reason: complaint.reason });
            }
            if !listed.contains(&complaint.envelope) {
                return Err(BundleError::Unlisted { node, envelope: complaint.envelope });
            }
        }
        Ok(())
    }

    fn check_admissions(&self, coordinator: &PublicKey) -> Result<(), BundleError> {
        let Verdict { session, node, admissions, .. } = &self.body;
        let (session, node) = (*session, *node);
        if !admissions.is_sorted_by(|a, b| (&a.bidder, a.key) < (&b.bidder, b.key)) {
            return Err(BundleError::Admissions { node });
        }
        match admissions.iter().find(|admission| !admission.is_of(session, coordinator)) {
            Some(wrong) => Err(BundleError::Admission { node, bidder: wrong.bidder.clone() }),
            None => Ok(()),
        }
    }
}

impl Bundle {
    /// Check everything that the manifest rests on: signatures, order, and that every node that
    /// gave an inventory gave its verdict over exactly these inventories.
    ///
    /// # Errors
    /// Names the node and the first rule that is broken.
    pub fn check(&self, roster: &Roster, announcement: &Announcement) -> Result<(), BundleError> {
        let session = announcement.session;
        if self.session != session {
            return Err(BundleError::BundleSession { got: self.session });
        }
        self.inventories.check(roster, session)?;
        self.inventories.check_terms(&announcement.terms)?;
        check_order("verdict", self.verdicts.iter().map(|signed| signed.body.node))?;
        let judged: NodeSet = self.verdicts.iter().map(|signed| signed.body.node).collect();
        let listed = self.inventories.nodes();
        if let Some(node) = judged.difference(listed).union(listed.difference(judged)).first() {
            return Err(BundleError::Unpaired { node });
        }
        let digest = self.inventories.digest();
        for verdict in &self.verdicts {
            verdict.check_about(roster, session, &self.inventories, digest)?;
        }
        Ok(())
    }
}

fn check_signed<T: Statement>(
    signed: &Signed<T>,
    what: &'static str,
    one: &'static str,
    node: NodeIndex,
    roster: &Roster,
) -> Result<(), BundleError> {
    let card = roster.node(node).ok_or(BundleError::Stranger { what: one, node })?;
    signed.verify(&card.key).map_err(|_| BundleError::Signature { what, node })?;
    Ok(())
}

fn check_order(
    what: &'static str,
    nodes: impl Iterator<Item = NodeIndex>,
) -> Result<(), BundleError> {
    let mut before = None;
    for node in nodes {
        if before >= Some(node) {
            return Err(BundleError::Order { what, node });
        }
        before = Some(node);
    }
    Ok(())
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
