//! The manifest: the one list of envelopes that take part, the same on every node.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{SessionId, closing::ExclusionReason};
use crate::auction::Timestamp;
use crate::identity::{Digest, PublicKey, Signature, Statement};
use crate::sharing::{NodeIndex, NodeSet};

/// An envelope that takes part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestEntry {
    /// The bidder's name.
    pub bidder: String,
    /// Revision.
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
    /// Why.
    pub reason: ExclusionReason,
    /// Nodes that said so; empty where all nodes see it alike.
    pub named_by: NodeSet,
}

/// The one list of envelopes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The session.
    pub session: SessionId,
    /// Digest of the announcement.
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
    /// Signatures by node.
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
