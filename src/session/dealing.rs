//! The papers of dealing: how much of a model's material its owner wants in stock, a client's request
//! for a batch, a dealer's word that its part of one is on its disk, a party's request for its half, and what a
//! dealer signs that it sent.
//!
//! What a batch is promised to is in [`super::scoring`], as both parties need it.

use serde::{Deserialize, Serialize};

use super::scoring::{BatchId, BatchPromise, PortionDigests};
use crate::base::Timestamp;
use crate::identity::{Digest, PublicKey, Signed, Statement};
use crate::sharing::pair::Party;
use crate::sharing::{NodeIndex, NodeSet};

/// Most batches that are kept in stock for a model.
pub const MOST_STOCK: u32 = 1_000;

/// How far a batch has come in the coordinator's books.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BookState {
    /// Being made.
    Making,
    /// On the disks of all its makers.
    Ready,
    /// For one client.
    Promised,
    /// Both halves have left.
    Given,
    /// Not to be used.
    Withdrawn,
}

impl BookState {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Making, Self::Ready, Self::Promised, Self::Given, Self::Withdrawn];

    /// As it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Making => "making",
            Self::Ready => "ready",
            Self::Promised => "promised",
            Self::Given => "given",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// How many batches of a model its owner wants in stock. A later order counts in place of an earlier
/// one; one for 0 takes the model back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockOrder {
    /// The model.
    pub model: Digest,
    /// Batches, at most [`MOST_STOCK`].
    pub stock: u32,
    /// When it was signed.
    pub at: Timestamp,
}

impl Statement for StockOrder {
    const DOMAIN: &'static str = "gavel/v1/stock-order";
}

/// A client's request for a batch. The same one again is answered with the same batch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskBatch {
    /// The model.
    pub model: Digest,
    /// Whose half comes from seeds, and who signs this.
    pub client: PublicKey,
    /// When it was signed.
    pub at: Timestamp,
    /// Tells two requests of one moment apart.
    pub nonce: BatchId,
}

impl Statement for AskBatch {
    const DOMAIN: &'static str = "gavel/v1/ask-batch";
}

/// A party's request for its half, signed by that party: good at one dealer and for one promise.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskHalf {
    /// The coordinator's word that the batch is for these parties.
    pub promise: Signed<BatchPromise>,
    /// The dealer that is asked.
    pub dealer: PublicKey,
}

impl Statement for AskHalf {
    const DOMAIN: &'static str = "gavel/v1/ask-half";
}

/// A dealer's word that its shares of a batch are on its disk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InStock {
    /// The batch.
    pub batch: BatchId,
    /// The model that it was made for.
    pub model: Digest,
    /// The dealer.
    pub node: NodeIndex,
    /// Who made it.
    pub makers: NodeSet,
    /// What both parties get of each portion that the dealer holds whole, in their order.
    pub portions: Vec<PortionDigests>,
}

impl Statement for InStock {
    const DOMAIN: &'static str = "gavel/v1/in-stock";
}

/// A dealer's signature under what it has sent a party of a batch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The digest of the promise that it gave them by.
    pub promise: Digest,
    /// The dealer.
    pub dealer: NodeIndex,
    /// Whose half.
    pub party: Party,
    /// A digest of each portion that it gives, in their order.
    pub portions: Vec<Digest>,
}

impl Statement for Given {
    const DOMAIN: &'static str = "gavel/v1/given";
}

/// That a dealer has sent a party something else of a batch than it had signed for when it was made: its own
/// signatures under both.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Altered {
    /// The promise, with the makers' words.
    pub promise: Signed<BatchPromise>,
    /// The dealer's signature under what it sent.
    pub given: Signed<Given>,
}
