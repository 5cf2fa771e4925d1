//! Node cards and the roster: the signed list of nodes, their addresses and public keys, and the
//! threshold. Everything is pinned here; no certificate authority is involved.
//!
//! A roster may succeed another one: the same nodes, known by the same identity keys in the same
//! order, with the same threshold and coordinator, but other TLS certificates, sealing keys,
//! addresses or names. It names every roster that it succeeds, so that whoever holds it goes on
//! with the sessions that were opened under those. Every card bears its node's own signature and a
//! number that only goes up: the coordinator cannot put other keys in a node's place, nor bring
//! back earlier ones. It can invent nodes, though, keys and all: that a roster lists the nodes one
//! means is known by its whole digest and in no other way.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Blob, Digest, PublicKey, Signature, Signed, Statement};
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

/// A node's card as the node signs it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuedCard {
    /// The card.
    pub card: NodeCard,
    /// How often it has changed: 0 for the first one, and more for every later one.
    pub issue: u32,
}

/// A node card as it arrives: signed by the node itself.
pub type SignedCard = Signed<IssuedCard>;

impl Statement for IssuedCard {
    const DOMAIN: &'static str = "gavel/v1/node-card";
}

/// What a node signed of its [`IssuedCard`], beside the card itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endorsement {
    /// The card's number.
    pub issue: u32,
    /// The node's signature.
    pub signature: Signature,
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
    /// The one coordinator of this roster; it signs the roster.
    pub coordinator: CoordinatorCard,
    /// The nodes in order of their index.
    pub nodes: Vec<NodeCard>,
    /// What each of them signed of its card, in the same order.
    pub endorsements: Vec<Endorsement>,
    /// Digests of the rosters that it succeeds, the first one first and the one that it replaces
    /// last; none for a first roster.
    pub succeeds: Vec<Digest>,
    /// Digest of the roster whose nodes may hand over to those of this one what they store; none where
    /// there was no roster before. Whoever pins this one has pinned by it from whom stored values come. The
    /// last field, and not encoded where there is none, so that rosters without it are what they always
    /// were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<Digest>,
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
    /// A card that is not later than the one in the roster.
    #[error(
        "the card of {name:?} is not later than the one in the roster; ask its operator for the card that `gavel rotate` wrote last"
    )]
    OldCard {
        /// Name on the card.
        name: String,
    },
    /// Too many predecessors, or one of them twice.
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
    /// The coordinator serves under a roster that does not go on from the one that is known.
    #[error(
        "the coordinator serves under a roster of other nodes now, which does not say that it succeeds the \
         one that is here; what was opened under this one goes on under it. To take part in new sessions, \
         ask a node's operator whether {} is the right digest, and only then run `gavel roster fetch \
         {address} DIGEST --replace` with it",
        .digest.grouped()
    )]
    OtherNodes {
        /// Where the coordinator is reached.
        address: String,
        /// The other roster's digest.
        digest: Digest,
    },
    /// A name that does not belong on a screen.
    #[error(transparent)]
    Text(#[from] crate::base::name::NameError),
    /// An address that is not host and port.
    #[error("{address:?} is not host and port; write both, such as house.example:7000")]
    Address {
        /// As written.
        address: String,
    },
}

impl Roster {
    /// A first roster: these nodes, in this order. To be checked.
    pub fn first(scheme: Scheme, coordinator: CoordinatorCard, cards: Vec<SignedCard>) -> Self {
        let (nodes, endorsements) = cards
            .into_iter()
            .map(|Signed { body: IssuedCard { card, issue }, signature }| {
                (card, Endorsement { issue, signature })
            })
            .unzip();
        Self { scheme, coordinator, nodes, endorsements, succeeds: Vec::new(), follows: None }
    }

    /// The same in the place of an earlier roster, with other nodes or another threshold.
    #[must_use]
    pub fn following(self, before: Option<&Self>) -> Self {
        Self { follows: before.map(Self::digest), ..self }
    }

    /// Check what must hold of any roster.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self) -> Result<(), RosterError> {
        let count = |got: usize| {
            let expected = self.scheme.nodes();
            if got == usize::from(expected) {
                return Ok(());
            }
            Err(RosterError::Count { expected, got })
        };
        count(self.nodes.len())?;
        count(self.endorsements.len())?;
        for (card, Endorsement { issue, signature }) in self.nodes.iter().zip(&self.endorsements) {
            let issued = IssuedCard { card: card.clone(), issue: *issue };
            let wrong = |_| RosterError::Card { name: card.name.clone() };
            card.key.verify(&issued.digest(), signature).map_err(wrong)?;
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

    /// The digest of the first roster of those that it succeeds, or its own: the same for all versions
    /// of one roster, and for no other.
    pub fn line(&self) -> Digest {
        self.succeeds.first().copied().unwrap_or_else(|| self.digest())
    }

    /// How often a node's card has changed.
    pub fn issue(&self, node: NodeIndex) -> u32 {
        self.endorsements.get(node.position()).map_or(0, |endorsement| endorsement.issue)
    }

    /// Whether a session under the roster with this digest goes on under this one: it is this one,
    /// or one that this one succeeds.
    pub fn covers(&self, roster: &Digest) -> bool {
        self.digest() == *roster || self.succeeds.contains(roster)
    }

    /// Check that this roster succeeds another: that it names it and all that came before it, that
    /// coordinator, threshold and the nodes' identities are the same, and that every other card is
    /// a later one. Both must have been checked by themselves.
    ///
    /// # Errors
    /// Names what differs.
    pub fn check_succeeds(&self, earlier: &Self) -> Result<(), RosterError> {
        let mut line = earlier.succeeds.clone();
        line.push(earlier.digest());
        let renewed = (1..)
            .map_while(NodeIndex::new)
            .zip(self.nodes.iter().zip(&earlier.nodes))
            .all(|(node, (card, before))| card == before || self.issue(node) > earlier.issue(node));
        let keys = |roster: &Self| roster.nodes.iter().map(|card| card.key).collect::<Vec<_>>();
        let same = [
            ("coordinator", self.coordinator.key == earlier.coordinator.key),
            ("number of nodes or threshold", self.scheme == earlier.scheme),
            ("identity key of a node", keys(self) == keys(earlier)),
            ("line of earlier rosters", self.succeeds.starts_with(&line)),
            ("roster that it follows", self.follows == earlier.follows),
            ("card of a node, without a later signature of that node", renewed),
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
    /// Names a card whose node is not in this roster, or that is not a later one.
    pub fn successor(
        &self,
        coordinator: CoordinatorCard,
        cards: Vec<SignedCard>,
    ) -> Result<Self, RosterError> {
        let mut next = Self { coordinator, ..self.clone() };
        next.succeeds.push(self.digest());
        for Signed { body: IssuedCard { card, issue }, signature } in cards {
            let node = self.index_of(&card.key).map(NodeIndex::position);
            let place = node.and_then(|node| {
                Some((next.nodes.get_mut(node)?, next.endorsements.get_mut(node)?))
            });
            let Some((place, endorsement)) = place else {
                return Err(RosterError::Stranger { name: card.name });
            };
            if issue <= endorsement.issue {
                return Err(RosterError::OldCard { name: card.name });
            }
            *place = card;
            *endorsement = Endorsement { issue, signature };
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
    crate::base::name::check_name("a name in the roster", name)?;
    check_address(address)
}

/// Check that an address is a host and a port.
///
/// # Errors
/// When it is not.
pub fn check_address(address: &str) -> Result<(), RosterError> {
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
