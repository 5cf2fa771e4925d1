//! What is heard of a session while it lives: who has bid, with receipts of which nodes, and how far
//! the computation is.
//!
//! Who has bid is read from what the nodes keep; events only tell it sooner.

use std::collections::{BTreeMap, HashMap};

use crate::base::Timestamp;
use crate::base::text::{Clean, clean};
use crate::identity::PublicKey;
use crate::session::progress::Progress;
use crate::sharing::{NodeIndex, NodeSet};
use crate::wire::coordinator_api::BidderReceipts;

/// A bidder's row in the grid of receipts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BidRow {
    /// The bidder.
    pub name: Clean,
    /// The bidder's key, once it is known.
    pub key: Option<PublicKey>,
    /// Latest revision seen; 0 when only the admission is known.
    pub revision: u32,
    /// Nodes that gave a receipt for it, as far as we heard.
    pub nodes: NodeSet,
    /// When the latest was heard.
    pub at: Option<Timestamp>,
}

/// What is heard of a session while it lives.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Live {
    /// Bidders in the order in which they were heard of.
    pub bids: Vec<BidRow>,
    by_name: HashMap<String, usize>,
    by_key: HashMap<PublicKey, usize>,
    /// Whether the nodes' receipts have been read.
    pub read: bool,
    /// Nodes whose receipts could not be read: what they have given is not known.
    pub unheard: NodeSet,
    /// Whether there are more bidders than are shown.
    pub more: bool,
    /// The attempt under way.
    pub attempt: u32,
    /// Nodes that take part in it.
    pub participants: NodeSet,
    /// When it began.
    pub began: Option<Timestamp>,
    /// How far each node is.
    pub progress: BTreeMap<NodeIndex, Progress>,
    /// When the first node was done.
    pub done: Option<Timestamp>,
}

impl Live {
    fn row(&mut self, bidder: &str) -> &mut BidRow {
        let next = self.bids.len();
        let at = *self.by_name.entry(bidder.to_owned()).or_insert(next);
        if at == next {
            self.add(bidder);
        }
        &mut self.bids[at]
    }

    fn add(&mut self, bidder: &str) {
        let name = clean(bidder);
        self.bids.push(BidRow { name, key: None, revision: 0, nodes: NodeSet::EMPTY, at: None });
    }

    /// A node gave a receipt.
    pub fn received(
        &mut self,
        bidder: &str,
        revision: u32,
        node: Option<NodeIndex>,
        at: Timestamp,
    ) {
        let nodes = node.into_iter().collect();
        took(self.row(bidder), revision, nodes, at);
    }

    /// What the nodes keep of a bidder. Who bids is the key: two keys under one name are two rows.
    pub fn stored(&mut self, line: &BidderReceipts) {
        let known = self.by_key.get(&line.key).copied();
        let named = self.by_name.get(&line.bidder).copied();
        let at = match (known, named) {
            (Some(at), _) => at,
            (None, Some(at)) if self.bids[at].key.is_none() => at,
            (None, _) => {
                let next = self.bids.len();
                self.by_name.entry(line.bidder.clone()).or_insert(next);
                self.add(&line.bidder);
                next
            }
        };
        self.by_key.insert(line.key, at);
        let row = &mut self.bids[at];
        row.key = Some(line.key);
        took(row, line.revision, line.nodes, line.received);
    }

    /// The coordinator admitted these bidders.
    pub fn admitted<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        for name in names {
            self.row(name);
        }
    }

    /// Whether another key has bid under the same name.
    pub fn is_twice(&self, row: &BidRow) -> bool {
        row.key.is_some_and(|key| {
            self.bids
                .iter()
                .any(|other| other.name == row.name && other.key.is_some_and(|other| other != key))
        })
    }

    /// The furthest of the nodes.
    pub fn furthest(&self) -> Option<&Progress> {
        self.progress.values().max_by_key(|progress| (progress.rounds, progress.level))
    }
}

/// Receipts of some nodes for a revision; of an earlier one than is known they say nothing.
fn took(row: &mut BidRow, revision: u32, nodes: NodeSet, at: Timestamp) {
    if revision > row.revision {
        row.revision = revision;
        row.nodes = NodeSet::EMPTY;
    }
    if revision == row.revision {
        row.nodes = row.nodes.union(nodes);
        row.at = row.at.max(Some(at));
    }
}
