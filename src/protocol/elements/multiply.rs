//! Products of shared elements, and sums of products.
//!
//! In: x and y, shared. Out: x y, shared, with fresh randomness. Who learns what: nothing. Rounds:
//! one. Bytes: one element for each product or sum of products, to one other node with three nodes,
//! to all with more. Adversary: up to t nodes that do anything: what is wrong is found by the check
//! before the next opening ([`crate::protocol::proof`]), for which factors and what was sent are
//! kept. With passive security, up to t curious nodes.
//!
//! It is the AND of bits ([`crate::protocol::bits::and`]) with elements of a field for bits. Three
//! nodes, t = 1 (Araki, Furukawa, Lindell, Nof, Ohara 2016): node i holds the components a = {i-1}
//! and b = {i+1}, computes `z_i = x_a (y_a + y_b) + x_b y_a` plus a share of zero, and sends it to
//! node i+1. `z_i` is the new component {i-1}, which those two hold.
//!
//! Any n: `z_i` is the sum of the products assigned to node i, a share of zero, and i's part of a
//! pseudorandom rho; it goes to all. d, the sum of all `z_i`, is x y + rho; the result's components
//! are those of -rho, with d added to the designated one. Nothing goes over kings.
//!
//! Shares of zero come from keys of pairs, whose stream the lower node adds and the other subtracts;
//! in naming mode from keys of sets, where the first node outside a set subtracts what the others
//! add.

use std::ops::Range;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::stripes::{Cut, LANES, PRODUCTS};
use super::terms::Terms;
use crate::field::Field;
use crate::field::bulk::{add_encoded, add_into, append, sub_into};
use crate::protocol::bits::BitContext;
use crate::protocol::bits::and::neighbours;
use crate::protocol::bits::lanes::run_pieces;
use crate::protocol::bits::zeros;
use crate::protocol::context::Claim;
use crate::protocol::proof::record::{Arithmetic, Products, Record, Sent, Traffic};
use crate::protocol::{Opening, ProtocolError, Security};
use crate::sharing::elements::{Component, SharedElements};
use crate::sharing::numbers::pseudorandom::expand_at;
use crate::sharing::stream::{StreamKey, StreamStart};
use crate::sharing::{NodeIndex, ShapeError};

/// Elements worked on at a time.
const TILE: usize = 256;

/// First and second factors.
type Factors<F> = (SharedElements<F>, SharedElements<F>);

/// x y, place by place. Large batches go piece by piece, and each is checked by itself.
///
/// # Errors
/// When the lengths differ, or a node does not answer.
pub async fn multiply<F: Arithmetic>(
    ctx: &BitContext,
    x: &SharedElements<F>,
    y: &SharedElements<F>,
) -> Result<SharedElements<F>, ProtocolError> {
    inner_products(ctx, 1, x, y).await
}

/// The sum of the products of several pairs, place by place, for the cost of one product.
///
/// # Errors
/// When the lengths differ, or a node does not answer.
pub async fn sums_of_products<F: Arithmetic>(
    ctx: &BitContext,
    pairs: &[(&SharedElements<F>, &SharedElements<F>)],
) -> Result<SharedElements<F>, ProtocolError> {
    let len = pairs.first().map_or(0, |(x, _)| x.len());
    let pairs = pairs.iter().map(|&(x, y)| (x.clone(), y.clone())).collect();
    evaluate(ctx, Terms::new(ctx.holding(), len, 1, pairs)?).await
}

/// The sum of the products of each `size` places, for the cost of one product. Large batches go
/// piece by piece.
///
/// # Errors
/// When the lengths differ or cannot be divided so, or a node does not answer.
pub async fn inner_products<F: Arithmetic>(
    ctx: &BitContext,
    size: usize,
    x: &SharedElements<F>,
    y: &SharedElements<F>,
) -> Result<SharedElements<F>, ProtocolError> {
    let outputs = x.len().checked_div(size).unwrap_or(0);
    let (x, y) = (x.clone(), y.clone());
    // Whether all fits together.
    Terms::new(ctx.holding(), outputs, size, vec![(x.clone(), y.clone())])?;
    by_pieces(ctx, outputs, size, move |places| Ok((x.slice(places.clone())?, y.slice(places)?)))
        .await
}

/// Sums of `size` products each, whose factors are asked for by the numbers of the products, piece
/// by piece.
pub(in crate::protocol) async fn by_pieces<F: Arithmetic>(
    ctx: &BitContext,
    outputs: usize,
    size: usize,
    factors: impl Fn(Range<usize>) -> Result<Factors<F>, ShapeError> + Clone + Send + 'static,
) -> Result<SharedElements<F>, ProtocolError> {
    let holding = ctx.holding();
    let pieces = Cut::new(outputs, size).pieces();
    let cut = pieces.clone();
    let parts = run_pieces(ctx, pieces.len(), LANES, move |ctx, number| {
        let piece = cut.get(number).map(|piece| (piece.outputs.len(), piece.places.clone()));
        let factors = factors.clone();
        async move {
            let Some((outputs, places)) = piece else {
                return Ok(SharedElements::zeros(holding, 0));
            };
            let size = places.len() / outputs.max(1);
            let pair = factors(places)?;
            evaluate(&ctx, Terms::new(holding, outputs, size, vec![pair])?).await
        }
    });
    let mut parts = parts.await?;
    if parts.len() == 1 {
        return Ok(parts.swap_remove(0));
    }
    if size <= PRODUCTS {
        return Ok(SharedElements::concat(holding, &parts)?);
    }
    // Several parts of one sum after the other.
    let mut sums: Vec<SharedElements<F>> = Vec::with_capacity(outputs);
    for (piece, part) in pieces.iter().zip(parts) {
        match sums.get_mut(piece.outputs.start) {
            Some(sum) => sum.add(&part)?,
            None => sums.push(part),
        }
    }
    Ok(SharedElements::concat(holding, &sums)?)
}

/// All sums of a round.
pub(super) async fn evaluate<F: Arithmetic>(
    ctx: &BitContext,
    terms: Terms<F>,
) -> Result<SharedElements<F>, ProtocolError> {
    let base = ctx.base();
    let claim = base.claim()?;
    if terms.outputs() == 0 {
        return Ok(SharedElements::zeros(ctx.holding(), 0));
    }
    base.ledger().gates(terms.outputs());
    let (components, mut passed) = if base.scheme().nodes() == 3 {
        three_nodes(ctx, &claim, &terms).await?
    } else {
        any_nodes(ctx, &claim, &terms).await?
    };
    let result = SharedElements::from_components(ctx.holding(), components)?;
    if base.security() == Security::Active {
        let sent = passed.sent(&result);
        let record = Record { step: claim.name, start: claim.start, gates: terms, sent };
        base.record::<Products<F>>(record, |traffic| passed.hash(traffic));
    }
    Ok(result)
}

/// What passed in a round, for the check.
struct Passed<F: Field> {
    /// To one other node.
    said: Vec<(NodeIndex, Bytes)>,
    /// From one other node, to this one alone.
    heard: Vec<(NodeIndex, Bytes)>,
    /// To all.
    to_all: Option<Bytes>,
    /// From each, to all.
    from_all: Vec<(NodeIndex, Bytes)>,
    /// The opened sum, unless everyone's part is kept.
    sum: Option<Component<F>>,
    /// The parts of all participants, in naming mode.
    parts: Vec<(NodeIndex, Bytes)>,
}

impl<F: Arithmetic> Passed<F> {
    const fn nothing() -> Self {
        Self {
            said: Vec::new(),
            heard: Vec::new(),
            to_all: None,
            from_all: Vec::new(),
            sum: None,
            parts: Vec::new(),
        }
    }

    fn hash(&self, traffic: &mut Traffic) {
        self.said.iter().for_each(|(to, message)| traffic.said(*to, message));
        self.heard.iter().for_each(|(from, message)| traffic.heard(*from, message));
        self.to_all.iter().for_each(|message| traffic.said_to_all(message));
        self.from_all.iter().for_each(|(from, message)| traffic.heard_by_all(*from, message));
    }

    fn sent(&mut self, result: &SharedElements<F>) -> Sent<Products<F>> {
        match self.sum.take() {
            Some(sum) => Sent::Sum(sum),
            None if self.parts.is_empty() => Sent::Ring(result.clone()),
            None => Sent::Each(std::mem::take(&mut self.parts)),
        }
    }
}

/// A stream that is added to a part, or subtracted from it.
struct Mask<'a> {
    key: &'a StreamKey,
    start: StreamStart,
    subtracted: bool,
}

impl Mask<'_> {
    fn put<F: Field>(&self, first: usize, parts: &mut [F], room: &mut [F]) {
        let room = &mut room[..parts.len()];
        expand_at(self.key, self.start, first, room);
        if self.subtracted { sub_into(parts, room) } else { add_into(parts, room) }
    }
}

/// What makes up this node's share of zero.
fn zero_masks<'a>(ctx: &'a BitContext, claim: &Claim) -> Vec<Mask<'a>> {
    let (base, me) = (ctx.base(), ctx.me());
    if base.scheme().nodes() == 3 || !base.tactics().naming {
        let links = base.keys().links();
        let mask = |(peer, key)| Mask { key, start: claim.start, subtracted: peer < me };
        return links.map(mask).collect();
    }
    let sets = base.scheme().sets();
    let held = base.scheme().held_by(me).into_iter().map(|set| sets[set]);
    let masks = held.zip(base.keys().sets()).flat_map(|(set, key)| {
        let subtracted = base.participants().difference(set).first() == Some(me);
        let holders = zeros::streams_of(set, base.participants(), me);
        let start = |holder| zeros::start_of(&claim.name, holder);
        let masks = holders.iter().map(start).map(|start| Mask { key, start, subtracted });
        masks.collect::<Vec<_>>()
    });
    masks.collect()
}

/// This node's parts, under its share of zero, tile by tile.
fn each_tile<F: Arithmetic>(
    ctx: &BitContext,
    claim: &Claim,
    terms: &Terms<F>,
    mut hand_out: impl FnMut(usize, &mut [F], &mut [F]),
) {
    let (mut tile, mut room) = (Component::zeros(TILE), Component::zeros(TILE));
    let masks = zero_masks(ctx, claim);
    for first in (0..terms.outputs()).step_by(TILE) {
        let parts = &mut tile[..TILE.min(terms.outputs() - first)];
        parts.fill(F::ZERO);
        terms.add_parts(ctx.duties(), first, parts);
        for mask in &masks {
            mask.put(first, parts, &mut room);
        }
        hand_out(first, parts, &mut room);
    }
}

async fn three_nodes<F: Arithmetic>(
    ctx: &BitContext,
    claim: &Claim,
    terms: &Terms<F>,
) -> Result<(Vec<Component<F>>, Passed<F>), ProtocolError> {
    let (before, after) = neighbours(ctx.me());
    let mut message = Vec::with_capacity(terms.outputs() * F::BYTES);
    let mut own = Component::with_room(terms.outputs());
    each_tile(ctx, claim, terms, |_, parts, _| {
        append(&mut message, parts);
        own.append(parts);
    });
    let message = Bytes::from(message);
    let expected = message.len();
    let outgoing: Vec<_> = after.iter().map(|peer| (peer, message.clone())).collect();
    drop(message);
    let mut passed = Passed::nothing();
    let active = ctx.base().security() == Security::Active;
    if active {
        passed.said.clone_from(&outgoing);
    }
    let received = ctx.base().exchange(claim, outgoing, before, expected).await?;
    let mut theirs = Component::zeros(terms.outputs());
    for (node, message) in &received {
        add_message(claim, *node, message, &mut theirs)?;
    }
    if active {
        passed.heard = received;
    }
    // The two components held, in ascending order of set: {before} and {after}.
    Ok((if before < after { vec![own, theirs] } else { vec![theirs, own] }, passed))
}

/// sums += the elements of a message.
fn add_message<F: Field>(
    claim: &Claim,
    node: NodeIndex,
    message: &[u8],
    sums: &mut [F],
) -> Result<(), ProtocolError> {
    if add_encoded(sums, message) {
        return Ok(());
    }
    Err(ProtocolError::Encoding { step: claim.name.clone(), node })
}

async fn any_nodes<F: Arithmetic>(
    ctx: &BitContext,
    claim: &Claim,
    terms: &Terms<F>,
) -> Result<(Vec<Component<F>>, Passed<F>), ProtocolError> {
    let base = ctx.base();
    let (own, mut components, mut sum) = masked_parts(ctx, claim, terms);
    let outgoing = base.peers().iter().map(|peer| (peer, own.clone())).collect();
    let received = base.exchange(claim, outgoing, base.peers(), own.len()).await?;
    for (node, message) in &received {
        add_message(claim, *node, message, &mut sum)?;
    }
    let mut hash = Sha256::new();
    let mut bytes = Vec::with_capacity(TILE * F::BYTES);
    for tile in sum.chunks(TILE) {
        bytes.clear();
        append(&mut bytes, tile);
        hash.update(&bytes);
    }
    base.saw(claim, hash.finalize().into());
    base.ledger().opened(Opening {
        step: claim.name.clone(),
        bits: terms.outputs() as u64 * u64::from(F::BITS),
        to: base.participants(),
        masked: true,
    });
    if let Some(designated) = ctx.holding().designated() {
        add_into(&mut components[designated], &sum);
    }
    let mut passed = Passed::nothing();
    if base.security() == Security::Active {
        if base.tactics().naming {
            passed.parts.clone_from(&received);
            passed.parts.push((ctx.me(), own.clone()));
        } else {
            passed.sum = Some(sum);
        }
        passed.to_all = Some(own);
        passed.from_all = received;
    }
    Ok((components, passed))
}

/// This node's masked parts, as they are sent and as elements, and the components of -rho.
fn masked_parts<F: Arithmetic>(
    ctx: &BitContext,
    claim: &Claim,
    terms: &Terms<F>,
) -> (Bytes, Vec<Component<F>>, Component<F>) {
    let (total, held) = (terms.outputs(), ctx.holding().components());
    let mut message = Vec::with_capacity(total * F::BYTES);
    let mut components: Vec<_> = (0..held).map(|_| Component::zeros(total)).collect();
    let mut own = Component::with_room(total);
    each_tile(ctx, claim, terms, |first, parts, room| {
        let room = &mut room[..parts.len()];
        let keys = ctx.base().keys().sets();
        for (number, (component, key)) in components.iter_mut().zip(keys).enumerate() {
            expand_at(key, claim.start, first, room);
            if ctx.duties().masks.contains(&number) {
                add_into(parts, room);
            }
            sub_into(&mut component[first..first + room.len()], room);
        }
        append(&mut message, parts);
        own.append(parts);
    });
    (message.into(), components, own)
}
