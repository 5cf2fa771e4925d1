//! Making shared values public among the participants.
//!
//! In: batches of shared bits. Out: their values, at every participant. Who learns what: all
//! participants the values, nobody anything else. Rounds: one, after the three of a check of all
//! gates since the last one ([`crate::protocol::proof`]), if there were any: nothing that gates
//! led to is opened unchecked. Bytes: every component goes from
//! each of its participating holders to each participant that lacks it, and 32 bytes more from
//! each to each. Adversary: up to t nodes that send wrong components are noticed, since at least
//! one honest node sends each component as well.
//!
//! The 32 bytes are a digest of all components that sender and receiver both hold, and of
//! everything that all participants must have seen alike so far, so that a node whose own
//! components are not those of the others notices too. The keys of the attempt are checked before
//! anything is sent. No other protocol of the attempt may be under way during an opening.

use std::collections::BTreeSet;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::BitContext;
use super::sizes::{DIGEST, pieces};
use crate::protocol::context::Claim;
use crate::protocol::proof::check::check;
use crate::protocol::{Context, Opening, ProtocolError};
use crate::sharing::bits::planes::{WORD_BYTES, append_le, bit, clear_tail, words, xor_le};
use crate::sharing::{NodeIndex, NodeSet, SharedBits};

/// A batch of values that are public.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicBits {
    width: usize,
    len: usize,
    words: Vec<u64>,
}

impl PublicBits {
    /// How many positions were opened.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no positions.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All planes, one after the other.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The number at a position.
    pub fn value(&self, position: usize) -> u64 {
        let stride = words(self.len).max(1);
        self.words
            .chunks(stride)
            .take(self.width)
            .enumerate()
            .fold(0, |value, (index, plane)| value | u64::from(bit(plane, position)) << index)
    }

    /// The same of a number that may have more than 64 bits, up to 128.
    pub fn wide_value(&self, position: usize) -> u128 {
        let stride = words(self.len).max(1);
        self.words
            .chunks(stride)
            .take(self.width)
            .enumerate()
            .fold(0, |value, (index, plane)| value | u128::from(bit(plane, position)) << index)
    }

    /// The numbers at all positions.
    pub fn values(&self) -> Vec<u64> {
        (0..self.len).map(|position| self.value(position)).collect()
    }
}

/// Open one batch.
///
/// # Errors
/// When nodes disagree, or one does not answer.
pub async fn open(ctx: &BitContext, batch: &SharedBits) -> Result<PublicBits, ProtocolError> {
    let mut opened = open_all(ctx, &[batch]).await?;
    // One value per batch given, and one was given.
    Ok(opened.pop().unwrap_or(PublicBits { width: 0, len: 0, words: Vec::new() }))
}

/// Open several batches in one round.
///
/// # Errors
/// When nodes disagree, or one does not answer.
pub async fn open_all(
    ctx: &BitContext,
    batches: &[&SharedBits],
) -> Result<Vec<PublicBits>, ProtocolError> {
    check(&ctx.narrow("check")).await?;
    let held = ctx.holding().components();
    let ctx = ctx.base();
    let claim = ctx.claim()?;
    if !ctx.ledger().all_checked() {
        return Err(ProtocolError::Unchecked { step: claim.name });
    }
    ctx.confirm_keys().await?;
    let copies = (0..held).map(|at| encode(batches, at)).collect();
    let components = exchange_copies(ctx, &claim, copies).await?;
    Ok(combine(ctx, &claim, batches, &components))
}

/// Send every participant the components that it lacks, given this node's copies of those that it
/// holds; and take the others' copies of the rest, all of which must be alike. All components, this
/// node's own first.
pub(in crate::protocol) async fn exchange_copies(
    ctx: &Context,
    claim: &Claim,
    copies: Vec<Vec<u8>>,
) -> Result<Vec<Vec<u8>>, ProtocolError> {
    let piece = copies.first().map_or(0, Vec::len);
    let sets = ctx.scheme().sets();
    let held: Vec<NodeSet> =
        ctx.scheme().held_by(ctx.me()).into_iter().map(|position| sets[position]).collect();
    let views = ctx.views();
    let digest = |peer: NodeIndex| {
        let mut hash = Sha256::new()
            .chain_update(b"gavel/v1/view\0")
            .chain_update(claim.id.0.to_le_bytes())
            .chain_update((views.len() as u64).to_le_bytes());
        for (id, view) in &views {
            hash.update(id.0.to_le_bytes());
            hash.update(view);
        }
        for (_, copy) in held.iter().zip(&copies).filter(|(set, _)| !set.contains(peer)) {
            hash.update(copy);
        }
        <[u8; DIGEST]>::from(hash.finalize())
    };
    let outgoing = ctx.peers().iter().map(|peer| {
        let missing = held.iter().zip(&copies).filter(|(set, _)| set.contains(peer));
        let mut message: Vec<u8> = missing.flat_map(|(_, copy)| copy).copied().collect();
        message.extend(digest(peer));
        (peer, Bytes::from(message))
    });
    let outgoing = outgoing.collect();
    let pieces = pieces(ctx.scheme());
    let expected = pieces * piece + DIGEST;
    let received = ctx.exchange(claim, outgoing, ctx.peers(), expected).await?;

    let differing: NodeSet = received
        .iter()
        .filter(|(peer, message)| message[pieces * piece..] != digest(*peer))
        .map(|&(peer, _)| peer)
        .collect();
    if !differing.is_empty() {
        return Err(ProtocolError::Views { step: claim.name.clone(), nodes: differing });
    }
    let mut values = copies;
    values.extend(missing(ctx, claim, &sets, &received, piece)?);
    Ok(values)
}

/// This node's copy of a component of all batches, with nothing past the last positions.
fn encode(batches: &[&SharedBits], component: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for batch in batches {
        for plane in batch.planes() {
            let mut plane = plane.component(component).to_vec();
            clear_tail(&mut plane, batch.len());
            append_le(&mut bytes, &plane);
        }
    }
    bytes
}

/// The components this node lacks, each compared among all that sent it.
fn missing(
    ctx: &Context,
    claim: &Claim,
    sets: &[NodeSet],
    received: &[(NodeIndex, Bytes)],
    piece: usize,
) -> Result<Vec<Vec<u8>>, ProtocolError> {
    let mut found = Vec::new();
    let mut conflicts = BTreeSet::new();
    let mut next = vec![0; received.len()];
    for set in sets.iter().filter(|set| set.contains(ctx.me())) {
        let mut copies: Vec<(NodeIndex, &[u8])> = Vec::new();
        for ((peer, message), next) in received.iter().zip(&mut next) {
            if !set.contains(*peer) {
                copies.push((*peer, &message[*next * piece..(*next + 1) * piece]));
                *next += 1;
            }
        }
        for (at, (node, copy)) in copies.iter().enumerate() {
            for (other, theirs) in &copies[..at] {
                if copy != theirs {
                    conflicts.insert((*other, *node));
                }
            }
        }
        found.extend(copies.first().map(|(_, copy)| copy.to_vec()));
    }
    if conflicts.is_empty() {
        return Ok(found);
    }
    let suspects = conflicts.iter().flat_map(|&(a, b)| [a, b]).collect();
    let liars = proven(&conflicts, ctx.peers(), usize::from(ctx.scheme().threshold()));
    Err(ProtocolError::Disagreement { step: claim.name.clone(), liars, suspects })
}

/// The nodes that are wrong in every explanation by at most t wrong nodes: of two nodes whose
/// copies differ, at least one is wrong.
pub(in crate::protocol) fn proven(
    conflicts: &BTreeSet<(NodeIndex, NodeIndex)>,
    peers: NodeSet,
    t: usize,
) -> NodeSet {
    let explanations = (0..=peers.bits())
        .map(NodeSet::from_bits)
        .filter(|wrong| wrong.is_subset_of(peers) && wrong.len() <= t)
        .filter(|wrong| conflicts.iter().all(|&(a, b)| wrong.contains(a) || wrong.contains(b)));
    explanations.reduce(NodeSet::intersection).unwrap_or(NodeSet::EMPTY)
}

fn combine(
    ctx: &Context,
    claim: &Claim,
    batches: &[&SharedBits],
    components: &[Vec<u8>],
) -> Vec<PublicBits> {
    let mut at = 0;
    let mut opened = Vec::new();
    for batch in batches {
        let (width, len) = (batch.width(), batch.len());
        let mut values = vec![0; width * words(len)];
        let bytes = values.len() * WORD_BYTES;
        for component in components {
            xor_le(&mut values, &component[at..at + bytes]);
        }
        at += bytes;
        ctx.ledger().opened(Opening {
            step: claim.name.clone(),
            bits: (width * len) as u64,
            to: ctx.participants(),
            masked: false,
        });
        opened.push(PublicBits { width, len, words: values });
    }
    opened
}

#[cfg(test)]
mod tests {
    use crate::protocol::bits::open::*;

    fn node(index: u8) -> NodeIndex {
        NodeIndex::new(index).unwrap()
    }

    #[test]
    fn blame_falls_only_where_it_is_certain() {
        let peers = NodeSet::all(5).without(node(1));
        let pairs = |pairs: &[(u8, u8)]| pairs.iter().map(|&(a, b)| (node(a), node(b))).collect();
        // Node 3 against three others: two wrong nodes can't explain it unless 3 is one of them.
        assert_eq!(
            proven(&pairs(&[(2, 3), (3, 4), (3, 5)]), peers, 2),
            NodeSet::EMPTY.with(node(3))
        );
        assert_eq!(proven(&pairs(&[(2, 3)]), peers, 2), NodeSet::EMPTY);
        assert_eq!(proven(&pairs(&[(2, 3)]), peers, 1), NodeSet::EMPTY);
        // More wrong nodes than t: nothing is certain.
        assert_eq!(proven(&pairs(&[(2, 3), (4, 5)]), peers, 1), NodeSet::EMPTY);
    }
}
