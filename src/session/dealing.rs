//! The papers of dealing: how much of a model's material its owner wants in stock, a client's request
//! for a batch, a dealer's word that its part of one is on its disk, and a party's request for its half.
//!
//! What a batch is promised to is in [`super::scoring`], as both parties need it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::scoring::{BatchId, BatchPromise};
use crate::base::Timestamp;
use crate::identity::{Digest, PublicKey, Roster, Signed, Statement};
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
    /// A digest of each component that the dealer holds, in the order of
    /// [`crate::sharing::Scheme::held_by`].
    pub components: Vec<Digest>,
}

impl Statement for InStock {
    const DOMAIN: &'static str = "gavel/v1/in-stock";
}

/// Why a batch that its makers say is on disk does not go into the books.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InStockError {
    /// A word that is not the dealer's, or of another batch.
    #[error(
        "what dealers {nodes} say is on their disks is not signed by them, or is another batch"
    )]
    Other {
        /// Who.
        nodes: NodeSet,
    },
    /// Holders of one component have different ones on disk.
    #[error("dealers {nodes} have other shares of the batch on disk than those who hold the same")]
    Differ {
        /// Those whose digest fewer than t+1 tell; all holders where nobody's digest has so many.
        nodes: NodeSet,
    },
}

impl InStockError {
    /// Whom it points at.
    pub const fn nodes(&self) -> NodeSet {
        match self {
            Self::Other { nodes } | Self::Differ { nodes } => *nodes,
        }
    }
}

/// Whether all makers of a batch have it on disk, and those who hold the same component have the same.
/// Of more than t dealers who agree one is honest, so the others are wrong.
///
/// # Errors
/// Names the dealers whose word does not count, or whose shares differ.
pub fn all_in_stock(
    roster: &Roster,
    batch: BatchId,
    model: Digest,
    makers: NodeSet,
    words: &[Signed<InStock>],
) -> Result<(), InStockError> {
    let scheme = roster.scheme;
    let sound = |word: &&Signed<InStock>| {
        let said = &word.body;
        let card = roster.node(said.node);
        card.is_some_and(|card| word.verify(&card.key).is_ok())
            && (said.batch, said.model, said.makers) == (batch, model, makers)
            && said.components.len() == scheme.held_by(said.node).len()
    };
    let heard: NodeSet = words.iter().filter(sound).map(|word| word.body.node).collect();
    if heard != makers {
        return Err(InStockError::Other { nodes: makers.difference(heard) });
    }
    let mut by_set: BTreeMap<usize, BTreeMap<Digest, NodeSet>> = BTreeMap::new();
    for word in words {
        let held = scheme.held_by(word.body.node);
        for (set, &digest) in held.into_iter().zip(&word.body.components) {
            by_set.entry(set).or_default().entry(digest).or_default().insert(word.body.node);
        }
    }
    let mut wrong = NodeSet::EMPTY;
    for told in by_set.into_values().filter(|told| told.len() > 1) {
        let more = |nodes: &NodeSet| nodes.len() > usize::from(scheme.threshold());
        let clear = told.values().filter(|nodes| more(nodes)).count() == 1;
        let doubted = told.into_values().filter(|nodes| !(clear && more(nodes)));
        wrong = doubted.fold(wrong, NodeSet::union);
    }
    if wrong.is_empty() { Ok(()) } else { Err(InStockError::Differ { nodes: wrong }) }
}

#[cfg(test)]
mod tests {
    use crate::session::dealing::*;
    use crate::session::fixtures::World;

    /// What each node says of a batch, where a node has something else of one of its components.
    fn words(world: &World, other: &[(u8, usize)]) -> Vec<Signed<InStock>> {
        let scheme = world.roster.body.scheme;
        let word = |node: NodeIndex| {
            let digest = |set: usize| {
                let differs = other.contains(&(node.get(), set));
                Digest([u8::try_from(set).unwrap() + if differs { 100 } else { 0 }; 32])
            };
            let components = scheme.held_by(node).into_iter().map(digest).collect();
            let (batch, model, makers) = (BatchId([1; 16]), Digest([2; 32]), scheme.all());
            let body = InStock { batch, model, node, makers, components };
            Signed::new(body, &world.keys[node.position()])
        };
        scheme.all().iter().map(word).collect()
    }

    fn judged(world: &World, words: &[Signed<InStock>]) -> Result<(), InStockError> {
        let all = world.roster.body.scheme.all();
        all_in_stock(&world.roster.body, BatchId([1; 16]), Digest([2; 32]), all, words)
    }

    #[test]
    fn who_has_something_else_on_disk_than_the_others_is_named_where_these_are_enough() {
        let world = World::new(5, 1);
        assert_eq!(judged(&world, &words(&world, &[])), Ok(()));
        let two = NodeIndex::new(2).unwrap();
        let differ = judged(&world, &words(&world, &[(2, 0)]));
        assert_eq!(differ, Err(InStockError::Differ { nodes: NodeSet::EMPTY.with(two) }));
        // Of three dealers two hold a component: one of them is wrong, and nobody knows which.
        let small = World::new(3, 1);
        let held: Vec<u8> = (1..=3)
            .filter(|&node| {
                let node = NodeIndex::new(node).unwrap();
                small.roster.body.scheme.held_by(node).contains(&0)
            })
            .collect();
        let nodes = held.iter().map(|&node| NodeIndex::new(node).unwrap()).collect();
        let differ = judged(&small, &words(&small, &[(held[0], 0)]));
        assert_eq!(differ, Err(InStockError::Differ { nodes }));
    }

    #[test]
    fn a_word_counts_only_with_its_dealers_signature_and_for_this_batch() {
        let world = World::new(3, 1);
        let mut all = words(&world, &[]);
        all[1].signature = all[0].signature;
        let two = NodeSet::EMPTY.with(NodeIndex::new(2).unwrap());
        assert_eq!(judged(&world, &all), Err(InStockError::Other { nodes: two }));
        assert_eq!(judged(&world, &words(&world, &[])[..2]).unwrap_err().nodes().len(), 1);
        let mut other = words(&world, &[])[2].body.clone();
        other.batch = BatchId([9; 16]);
        let mut all = words(&world, &[]);
        all[2] = Signed::new(other, &world.keys[2]);
        assert!(judged(&world, &all).is_err());
    }
}
