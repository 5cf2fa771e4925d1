//! Making sums of shared numbers public among nodes that only add.
//!
//! In: shared elements, each the sum of as many entries as one likes: adding takes no message. Out:
//! the elements, at every participant. Who learns what: all participants the elements and the
//! components that they fall into. Those tell no more: t nodes together lack one component of every
//! element, and what all come to says which it is.
//!
//! 1. Every node sends to all a hash of its components with a nonce.
//! 2. Once it has everybody's, it sends nonce and components, and a digest of all hashes it has got.
//!
//! Rounds: two, for each 8 MiB of components. Bytes: to each other participant 32, then 64 and the
//! elements of all components held.
//! Adversary: nodes that are curious and add what they should. With fewer than 2t+1 nodes a component
//! may be one node's alone, and nobody can tell whether that one adds rightly; but by the first round
//! nobody chooses a sum once the others' are known, and by the digest nobody promises different
//! things to different nodes. Of a component with several holders differing copies are noticed. The
//! keys of the attempt are used for nothing here but that they fit: then all nodes compute the same
//! attempt of the same session.

use std::collections::BTreeSet;

use bytes::Bytes;
use rand::{TryRng as _, rngs::SysRng};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::bits::open::proven;
use super::bits::sizes::DIGEST;
use super::context::Claim;
use super::{Context, Cost, CostModel, Opening, ProtocolError};
use crate::field::Field;
use crate::field::bulk::{Elements, add_encoded, append, zeros};
use crate::sharing::{NodeIndex, NodeSet, SharedElements};

/// Bytes of a nonce.
const NONCE: usize = 32;

/// A node's components as they go out: a digest of everybody's hashes, a nonce, the components.
const COMPONENTS_FROM: usize = DIGEST + NONCE;

/// Most bytes of components in a message, far below what a stream takes; more go piece by piece.
const PIECE: usize = 8 << 20;

/// How many elements are opened at a time by nodes that hold so many components.
const fn piece<F: Field>(held: usize) -> usize {
    match PIECE.checked_div(held * F::BYTES) {
        Some(0) | None => 1,
        Some(places) => places,
    }
}

/// Open shared elements.
///
/// # Errors
/// When a node does not answer, or sends something else than it promised.
pub async fn open<F: Field>(
    ctx: &Context,
    sums: &SharedElements<F>,
) -> Result<Elements<F>, ProtocolError> {
    let (all, most) = (sums.len(), piece::<F>(sums.holding().components()));
    if all <= most {
        return open_piece(ctx, sums).await;
    }
    let mut values = zeros(all);
    for (number, values) in values.chunks_mut(most).enumerate() {
        let first = number * most;
        let piece = sums.slice(first..first + values.len())?;
        values.copy_from_slice(&open_piece(&ctx.narrow(number), &piece).await?);
    }
    Ok(values)
}

async fn open_piece<F: Field>(
    ctx: &Context,
    sums: &SharedElements<F>,
) -> Result<Elements<F>, ProtocolError> {
    if sums.is_empty() {
        return Ok(zeros(0));
    }
    let (promise, claim) = (ctx.narrow("promise").claim()?, ctx.claim()?);
    ctx.confirm_keys().await?;
    let mut own = components_of(&claim, sums)?;
    let hash = hash_of(&promise, ctx.me(), &own);
    let promises = to_all(ctx, &promise, Bytes::copy_from_slice(&hash)).await?;
    let seen = digest_of(&promises);
    own[..DIGEST].copy_from_slice(&seen);
    let sent = to_all(ctx, &claim, Bytes::from_owner(own)).await?;

    let named = |wrong: &dyn Fn(&(NodeIndex, Bytes)) -> bool| -> NodeSet {
        sent.iter().filter(|message| wrong(message)).map(|&(node, _)| node).collect()
    };
    let nodes = named(&|(_, message)| message[..DIGEST] != seen);
    if !nodes.is_empty() {
        return Err(ProtocolError::Views { step: claim.name, nodes });
    }
    let promised = |node: NodeIndex| promises.iter().find(|(other, _)| *other == node);
    let nodes = named(&|(node, message)| {
        let hash = hash_of(&promise, *node, message);
        promised(*node).is_none_or(|(_, promised)| promised[..] != hash)
    });
    if let Some(node) = nodes.first() {
        return Err(ProtocolError::Broken { step: claim.name, node });
    }
    let values = combine(ctx, &claim, sums.len(), &sent)?;
    ctx.ledger().opened(Opening {
        step: claim.name,
        bits: sums.len() as u64 * u64::from(F::BITS),
        to: ctx.participants(),
        masked: false,
    });
    Ok(values)
}

/// This node's components behind a fresh nonce, with room for a digest in front.
fn components_of<F: Field>(
    claim: &Claim,
    sums: &SharedElements<F>,
) -> Result<Zeroizing<Vec<u8>>, ProtocolError> {
    let held = sums.holding().components();
    // Room for all at once: a list that grows leaves copies behind.
    let size = COMPONENTS_FROM + held * sums.len() * F::BYTES;
    let mut message = Zeroizing::new(Vec::with_capacity(size));
    message.resize(COMPONENTS_FROM, 0);
    SysRng
        .try_fill_bytes(&mut message[DIGEST..])
        .map_err(|_| ProtocolError::Randomness { step: claim.name.clone() })?;
    for component in 0..held {
        append(&mut message, sums.component(component));
    }
    Ok(message)
}

/// What a node promises to send.
fn hash_of(promise: &Claim, node: NodeIndex, message: &[u8]) -> [u8; DIGEST] {
    Sha256::new()
        .chain_update(b"gavel/v1/promised-sums\0")
        .chain_update(promise.id.0.to_le_bytes())
        .chain_update([node.get()])
        .chain_update(&message[DIGEST..])
        .finalize()
        .into()
}

/// Everybody's promises, this node's own among them, in ascending order of node.
fn digest_of(promises: &[(NodeIndex, Bytes)]) -> [u8; DIGEST] {
    let mut hash = Sha256::new_with_prefix(b"gavel/v1/promises\0");
    for (node, promise) in promises {
        hash.update([node.get()]);
        hash.update(promise);
    }
    hash.finalize().into()
}

/// Send the same to all participants, and take as much from each. All messages, this node's own
/// among them, in ascending order of node.
async fn to_all(
    ctx: &Context,
    claim: &Claim,
    message: Bytes,
) -> Result<Vec<(NodeIndex, Bytes)>, ProtocolError> {
    let outgoing = ctx.peers().iter().map(|peer| (peer, message.clone())).collect();
    let mut all = ctx.exchange(claim, outgoing, ctx.peers(), message.len()).await?;
    all.push((ctx.me(), message));
    all.sort_by_key(|&(node, _)| node);
    Ok(all)
}

/// Add up the components, each of which all its holders must have sent alike.
fn combine<F: Field>(
    ctx: &Context,
    claim: &Claim,
    len: usize,
    sent: &[(NodeIndex, Bytes)],
) -> Result<Elements<F>, ProtocolError> {
    let size = len * F::BYTES;
    let mut values = zeros(len);
    let mut conflicts = BTreeSet::new();
    for position in 0..ctx.scheme().sets().len() {
        let copy = |(node, message): &(NodeIndex, Bytes)| {
            let held = ctx.scheme().held_by(*node);
            let at = COMPONENTS_FROM + held.iter().position(|&own| own == position)? * size;
            Some((*node, message.slice(at..at + size)))
        };
        let copies: Vec<(NodeIndex, Bytes)> = sent.iter().filter_map(copy).collect();
        for (at, (node, copy)) in copies.iter().enumerate() {
            let other = copies[..at].iter().filter(|(_, theirs)| theirs != copy);
            conflicts.extend(other.map(|(other, _)| (*other, *node)));
        }
        // Any t+1 participants have a holder of every component among them.
        if let Some((node, copy)) = copies.first()
            && !add_encoded(&mut values, copy)
        {
            return Err(ProtocolError::Encoding { step: claim.name.clone(), node: *node });
        }
    }
    if conflicts.is_empty() {
        return Ok(values);
    }
    let suspects = conflicts.iter().flat_map(|&(a, b)| [a, b]).collect();
    let liars = proven(&conflicts, ctx.peers(), usize::from(ctx.scheme().threshold()));
    Err(ProtocolError::Disagreement { step: claim.name.clone(), liars, suspects })
}

impl CostModel {
    /// Opening so many sums of elements.
    pub fn opening_sums<F: Field>(self, len: usize) -> Cost {
        if len == 0 {
            return Cost::NONE;
        }
        // All nodes hold as many components.
        let held = self.scheme.all().first().map_or(0, |node| self.scheme.held_by(node).len());
        let pieces = len.div_ceil(piece::<F>(held));
        let bytes = pieces * (DIGEST + COMPONENTS_FROM) + held * len * F::BYTES;
        Cost { rounds: 2 * pieces as u64, bytes_sent: self.peers() * bytes as u64, ..Cost::NONE }
    }
}
