//! The links to coordinator and nodes, and who uses them.

use crate::client::Network;
use crate::client::state::BidderState;
use crate::identity::{Digest, KeyPair};
use crate::sharing::NodeIndex;

use crate::base::text::clean;
use crate::tui::state::model::Person;

/// A bidder's name, keys, and where its bids are kept.
#[derive(Clone)]
pub struct Me {
    /// The name to bid under.
    pub name: String,
    /// Its keys.
    pub keys: KeyPair,
    /// Where envelopes and receipts are kept.
    pub state: BidderState,
    /// Digests of the rosters that the bidder knows to be right.
    pub pinned: Vec<Digest>,
}

/// The links, and who uses them.
pub struct Connection {
    /// Connections to coordinator and nodes.
    pub network: Network,
    /// Whether they carry the coordinator's key.
    pub operator: bool,
    /// The node whose key they carry.
    pub node: Option<NodeIndex>,
    /// The bidder.
    pub bidder: Option<Me>,
}

impl Connection {
    /// The person, as screens know it.
    pub(in crate::tui) fn person(&self, before: &Person) -> Person {
        Person {
            operator: self.operator,
            node: self.node,
            bidder: self.bidder.as_ref().map(|me| clean(&me.name)),
            ..before.clone()
        }
    }
}
