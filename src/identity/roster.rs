//! Node cards and the roster: the signed list of nodes, their addresses and public keys, and the
//! threshold. Everything is pinned here; no certificate authority is involved.
//!
//! A roster may succeed another one: the same nodes, known by the same identity keys in the same
//! order, with the same threshold and coordinator, but other TLS certificates, sealing keys,
//! addresses or names. It names every roster that it succeeds, so that whoever holds it goes on with
//! the sessions that were opened under those.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Blob, Digest, PublicKey, Signed, Statement};
use crate::sharing::{NodeIndex, Scheme};

/// What an operator hands to the coordinator to enter a roster: everything public about a node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeCard {
    /// The organisation, as shown to people.
    pub name: String,
    /// Host and port under which the other nodes, bidders and the coordinator reach it.
    pub address: String,
    /// Identity key: signs receipts, manifests, outcomes and tokens.
    pub key: PublicKey,
    /// SHA-256 of the TLS certificate (DER).
    pub certificate: Digest,
    /// HPKE public key (X-Wing) that shares are sealed to.
    pub sealing_key: Blob,
}

/// A node card as it arrives: signed by the node itself, so that a card cannot be mixed up.
pub type SignedCard = Signed<NodeCard>;

impl Statement for NodeCard {
    const DOMAIN: &'static str = "gavel/v1/node-card";
}

/// The coordinator's place in a roster.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoordinatorCard {
    /// The organisation, as shown to people.
    pub name: String,
    /// Host and port.
    pub address: String,
    /// Identity key: signs the roster, session announcements and admissions.
    pub key: PublicKey,
    /// SHA-256 of the TLS certificate (DER).
    pub certificate: Digest,
}

/// Rosters that one roster may succeed: its list stays small enough to be sent around.
pub const MAX_SUCCEEDED: usize = 500;

/// The list of nodes. Node i is `nodes[i-1]`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// Number of nodes and threshold.
    pub scheme: Scheme,
    /// The coordinator.
    pub coordinator: CoordinatorCard,
    /// The nodes in order of their index.
    pub nodes: Vec<NodeCard>,
    /// Digests of the rosters that this one succeeds, the first one first and the one that it
    /// replaces last. Left out of the encoding where there is none, which is still unambiguous:
    /// nothing follows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub succeeds: Vec<Digest>,
}

impl Statement for Roster {
    const DOMAIN: &'static str = "gavel/v1/roster";
}

/// Why a roster cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RosterError {
    /// Number of cards and scheme differ.
    #[error("the roster is for {expected} nodes but lists {got}")]
    Count {
        /// As the scheme says.
        expected: u8,
        /// Cards in the list.
        got: usize,
    },
    /// Two nodes share a key, a name, a certificate or an address.
    #[error("nodes {first} and {second} have the same {what}; every node needs its own")]
    Twice {
        /// What they share.
        what: &'static str,
        /// Lower index.
        first: usize,
        /// Higher index.
        second: usize,
    },
    /// Not signed by the coordinator it names.
    #[error(
        "the roster is not signed by the coordinator it names; ask the coordinator for it again"
    )]
    Signature,
    /// A card's signature is not its own.
    #[error(
        "the node card of {name:?} is damaged: its signature does not fit; ask its operator for it again"
    )]
    Card {
        /// Name on the card.
        name: String,
    },
    /// A sealing key of the wrong length.
    #[error("the sealing key of {name:?} is malformed; ask its operator for the card again")]
    SealingKey {
        /// Name on the card.
        name: String,
    },
    /// A card of a node that the roster does not list.
    #[error(
        "the card of {name:?} is of a node that the roster does not list; a new node needs a new roster, made with `gavel roster make`"
    )]
    Stranger {
        /// Name on the card.
        name: String,
    },
    /// More predecessors than a roster may have, or one of them twice.
    #[error(
        "the roster's list of those it succeeds is too long or names one twice; make a new first roster with `gavel roster make --replace` once no session is open"
    )]
    Succession,
    /// Something differs that must stay the same from one roster to the next.
    #[error(
        "the roster says that it succeeds another one, but has another {what}; ask the coordinator for a roster of the same nodes"
    )]
    NoSuccessor {
        /// What differs.
        what: &'static str,
    },
    /// A name that does not belong on a screen.
    #[error(transparent)]
    Text(#[from] crate::auction::terms::TermsError),
    /// An address that is not host and port.
    #[error("{address:?} is not an address; write it as host:port")]
    Address {
        /// As written.
        address: String,
    },
}

impl Roster {
    /// Check what must hold of any roster.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self) -> Result<(), RosterError> {
        if self.nodes.len() != usize::from(self.scheme.nodes()) {
            return Err(RosterError::Count {
                expected: self.scheme.nodes(),
                got: self.nodes.len(),
            });
        }
        let different: BTreeSet<&Digest> = self.succeeds.iter().collect();
        if self.succeeds.len() > MAX_SUCCEEDED || different.len() != self.succeeds.len() {
            return Err(RosterError::Succession);
        }
        check_place(&self.coordinator.name, &self.coordinator.address)?;
        for (position, card) in self.nodes.iter().enumerate() {
            check_place(&card.name, &card.address)?;
            if card.sealing_key.0.len() != super::sealing::PUBLIC_KEY_BYTES {
                return Err(RosterError::SealingKey { name: card.name.clone() });
            }
            for (earlier, other) in self.nodes[..position].iter().enumerate() {
                let same = [
                    ("key", card.key == other.key),
                    ("name", card.name == other.name),
                    ("certificate", card.certificate == other.certificate),
                    ("sealing key", card.sealing_key == other.sealing_key),
                    ("address", card.address == other.address),
                ];
                if let Some((what, _)) = same.into_iter().find(|(_, same)| *same) {
                    return Err(RosterError::Twice {
                        what,
                        first: earlier + 1,
                        second: position + 1,
                    });
                }
            }
        }
        Ok(())
    }

    /// How many rosters there have been, this one included.
    pub fn version(&self) -> usize {
        self.succeeds.len() + 1
    }

    /// Whether a session under the roster with this digest goes on under this one: it is this one,
    /// or one that this one succeeds.
    pub fn covers(&self, roster: &Digest) -> bool {
        self.digest() == *roster || self.succeeds.contains(roster)
    }

    /// Check that this roster succeeds another: that it names it and all that came before it, and
    /// that coordinator, threshold and the nodes' identities are the same.
    ///
    /// # Errors
    /// Names what differs.
    pub fn check_succeeds(&self, earlier: &Self) -> Result<(), RosterError> {
        let mut line = earlier.succeeds.clone();
        line.push(earlier.digest());
        let keys = |roster: &Self| roster.nodes.iter().map(|card| card.key).collect::<Vec<_>>();
        let same = [
            ("coordinator", self.coordinator.key == earlier.coordinator.key),
            ("number of nodes or threshold", self.scheme == earlier.scheme),
            ("identity key of a node", keys(self) == keys(earlier)),
            ("line of earlier rosters", self.succeeds.starts_with(&line)),
        ];
        match same.into_iter().find(|(_, same)| !same) {
            Some((what, _)) => Err(RosterError::NoSuccessor { what }),
            None => Ok(()),
        }
    }

    /// The roster that replaces this one: new cards of some of its nodes, and the coordinator's
    /// present card.
    ///
    /// # Errors
    /// Names a card whose node is not in this roster.
    pub fn successor(
        &self,
        coordinator: CoordinatorCard,
        cards: Vec<NodeCard>,
    ) -> Result<Self, RosterError> {
        let mut next = Self { coordinator, ..self.clone() };
        next.succeeds.push(self.digest());
        for card in cards {
            match next.nodes.iter_mut().find(|known| known.key == card.key) {
                Some(known) => *known = card,
                None => return Err(RosterError::Stranger { name: card.name }),
            }
        }
        next.check_succeeds(self)?;
        Ok(next)
    }

    /// A node's card.
    pub fn node(&self, node: NodeIndex) -> Option<&NodeCard> {
        self.nodes.get(node.position())
    }

    /// The index of the node with this key.
    pub fn index_of(&self, key: &PublicKey) -> Option<NodeIndex> {
        let position = self.nodes.iter().position(|card| card.key == *key)?;
        NodeIndex::new(u8::try_from(position + 1).ok()?)
    }
}

/// Check the name and the address on a card.
///
/// # Errors
/// Names the rule that is broken.
pub fn check_place(name: &str, address: &str) -> Result<(), RosterError> {
    crate::auction::terms::check_text("a name in the roster", name)?;
    let port = address
        .rsplit_once(':')
        .filter(|(host, _)| !host.is_empty())
        .and_then(|(_, port)| port.parse::<u16>().ok());
    match port {
        Some(1..) if !address.chars().any(|c| c.is_control() || c.is_whitespace() || c == '/') => {
            Ok(())
        }
        _ => Err(RosterError::Address { address: address.to_owned() }),
    }
}

/// A roster whose signature and rules have been checked.
impl Signed<Roster> {
    /// Check rules and signature.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn checked(self) -> Result<Self, RosterError> {
        self.body.check()?;
        self.verify(&self.body.coordinator.key).map_err(|_| RosterError::Signature)?;
        Ok(self)
    }
}

#[cfg(test)]
#[path = "roster_tests.rs"]
mod tests;
