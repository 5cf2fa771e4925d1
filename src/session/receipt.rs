//! The receipt: a node's signature, given once the envelope is on its disk, and the time it came.

use serde::{Deserialize, Serialize};

use super::SessionId;
use crate::base::Timestamp;
use crate::identity::{Digest, PublicKey, Statement};
use crate::sharing::NodeIndex;

/// A node's promise that it holds an envelope and its share of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The session that the envelope was handed in to.
    pub session: SessionId,
    /// The node that signs.
    pub node: NodeIndex,
    /// The bidder's name.
    pub bidder: String,
    /// The bidder's key, which the envelope is signed by.
    pub key: PublicKey,
    /// Revision of the bid, from 1.
    pub revision: u32,
    /// The envelope's digest.
    pub envelope: Digest,
    /// When the node had it on disk, by its clock.
    pub received: Timestamp,
}

impl Statement for Receipt {
    const DOMAIN: &'static str = "gavel/v1/receipt";
}
