//! What makers say of a batch, put together and checked: each portion is what more than t of them say
//! alike, so one who is honest says it too. And whether a dealer has sent something else.

use std::collections::BTreeMap;

use super::choice::{Choice, ChoiceError};
use crate::identity::{Digest, Roster, Signed, Statement as _};
use crate::session::dealing::{Altered, Given, InStock};
use crate::session::scoring::{BatchId, BatchPromise, PortionDigests, Vouched, givers};
use crate::sharing::pair::Party;
use crate::sharing::{NodeIndex, NodeSet};

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
    /// Holders of one portion have different ones on disk.
    #[error("dealers {nodes} have other shares of the batch on disk than those who hold the same")]
    Differ {
        /// Those whose digests fewer than t+1 tell; all holders where nobody's digests have so many.
        nodes: NodeSet,
    },
    /// These makers cannot give one out.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
}

impl InStockError {
    /// Whom it points at.
    pub const fn nodes(&self) -> NodeSet {
        match self {
            Self::Other { nodes } | Self::Differ { nodes } => *nodes,
            Self::Choice(_) => NodeSet::EMPTY,
        }
    }
}

/// Why a promise, or what is said of a dealer, does not count.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum VouchError {
    /// Other dealers than the rule says.
    #[error("the promise names other dealers than those of the roster who give this batch out")]
    Givers,
    /// Not all makers have signed for the batch as the promise has it.
    #[error("what the promise says of the batch is not signed by dealers {nodes}, who made it")]
    Unsigned {
        /// Whose signatures are wrong or missing.
        nodes: NodeSet,
    },
    /// Not the dealer's signature, or of another promise.
    #[error("what a dealer is said to have sent is not signed by it, or not for this promise")]
    Given,
    /// The dealer has sent what it signed for.
    #[error("what the dealer has sent is what it had signed for when the batch was made")]
    Same,
}

/// Who gives a batch out, and in what portions.
///
/// # Errors
/// When the makers are too few.
pub fn choice_of(roster: &Roster, batch: BatchId, makers: NodeSet) -> Result<Choice, ChoiceError> {
    let scheme = roster.scheme;
    Choice::new(scheme, makers, givers(batch, makers, scheme.threshold()))
}

/// Whether all makers of a batch have it on disk, and those who hold the same portion have the same. Gives
/// what they say, with their signatures. Of more than t dealers who agree one is honest, so the others are
/// wrong.
///
/// # Errors
/// Names the dealers whose word does not count, or whose shares differ.
pub fn all_in_stock(
    roster: &Roster,
    batch: BatchId,
    model: Digest,
    makers: NodeSet,
    words: &[Signed<InStock>],
) -> Result<Vouched, InStockError> {
    let choice = choice_of(roster, batch, makers)?;
    let sound = |word: &&Signed<InStock>| {
        let said = &word.body;
        let card = roster.node(said.node);
        card.is_some_and(|card| word.verify(&card.key).is_ok())
            && (said.batch, said.model, said.makers) == (batch, model, makers)
            && said.portions.len() == choice.held_by(said.node).len()
    };
    let heard: BTreeMap<NodeIndex, &Signed<InStock>> =
        words.iter().filter(sound).map(|word| (word.body.node, word)).collect();
    let nodes = makers.difference(heard.keys().copied().collect());
    if !nodes.is_empty() {
        return Err(InStockError::Other { nodes });
    }
    let mut told = vec![BTreeMap::<[Digest; 2], NodeSet>::new(); choice.portions().len()];
    for (&node, word) in &heard {
        for (at, said) in choice.held_by(node).into_iter().zip(&word.body.portions) {
            told[at].entry([said.client, said.owner]).or_default().insert(node);
        }
    }
    let more = |nodes: &NodeSet| nodes.len() > usize::from(roster.scheme.threshold());
    let mut wrong = NodeSet::EMPTY;
    for told in told.iter().filter(|told| told.len() > 1) {
        let clear = told.values().filter(|nodes| more(nodes)).count() == 1;
        let doubted = told.values().filter(|nodes| !(clear && more(nodes)));
        wrong = doubted.fold(wrong, |all, nodes| all.union(*nodes));
    }
    if !wrong.is_empty() {
        return Err(InStockError::Differ { nodes: wrong });
    }
    let portions = told.iter().filter_map(|told| told.keys().next());
    let portions = portions.map(|&[client, owner]| PortionDigests { client, owner }).collect();
    Ok(Vouched { portions, signatures: heard.values().map(|word| word.signature).collect() })
}

/// Check what a promise says of its batch: that its dealers are those who give it out, and that all makers
/// have signed what each portion is.
///
/// # Errors
/// Says what is wrong.
pub fn check(roster: &Roster, promise: &BatchPromise) -> Result<Choice, VouchError> {
    let BatchPromise { batch, model, makers, vouched, .. } = promise;
    let choice = choice_of(roster, *batch, *makers).map_err(|_| VouchError::Givers)?;
    if choice.dealers() != promise.chosen {
        return Err(VouchError::Givers);
    }
    let whole = vouched.portions.len() == choice.portions().len()
        && vouched.signatures.len() == makers.len();
    if !whole {
        return Err(VouchError::Unsigned { nodes: *makers });
    }
    let unsigned = |&(node, signature): &(NodeIndex, &_)| {
        let portions = choice.held_by(node).into_iter().map(|at| vouched.portions[at]).collect();
        let word = InStock { batch: *batch, model: *model, node, makers: *makers, portions };
        roster.node(node).is_none_or(|card| card.key.verify(&word.digest(), signature).is_err())
    };
    let nodes: NodeSet =
        makers.iter().zip(&vouched.signatures).filter(unsigned).map(|(node, _)| node).collect();
    if nodes.is_empty() { Ok(choice) } else { Err(VouchError::Unsigned { nodes }) }
}

/// What a dealer had signed that a party gets of it, in the order of its portions.
pub fn signed_for(
    vouched: &Vouched,
    choice: &Choice,
    dealer: NodeIndex,
    party: Party,
) -> Vec<Digest> {
    let own = choice.given_by(dealer).into_iter().filter_map(|at| vouched.portions.get(at));
    let of = |portion: &PortionDigests| match party {
        Party::Client => portion.client,
        Party::Owner => portion.owner,
    };
    own.map(of).collect()
}

/// The dealer that has sent a party something else than it had signed for, by its own two signatures.
///
/// # Errors
/// When they do not show that.
pub fn altered(roster: &Roster, shown: &Altered) -> Result<NodeIndex, VouchError> {
    let promise = &shown.promise.body;
    let choice = check(roster, promise)?;
    let Given { dealer, party, portions, .. } = &shown.given.body;
    let card = roster.node(*dealer).filter(|_| choice.dealers().contains(*dealer));
    let signed = card.is_some_and(|card| shown.given.verify(&card.key).is_ok());
    if !signed || shown.given.body.promise != promise.digest() {
        return Err(VouchError::Given);
    }
    let same = *portions == signed_for(&promise.vouched, &choice, *dealer, *party);
    if same { Err(VouchError::Same) } else { Ok(*dealer) }
}

#[cfg(test)]
#[path = "vouch_tests.rs"]
mod tests;
