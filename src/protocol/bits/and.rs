//! The AND of shared bits.
//!
//! In: pairs of planes (x, y), shared. Out: the planes x & y, shared, with fresh randomness.
//! Who learns what: nothing. Rounds: one; two over kings. Adversary: up to t nodes that do anything:
//! what is wrong is found by the check before the next opening ([`crate::protocol::proof`]), for
//! which gates and what was sent are kept. With passive security, up to t curious nodes: then one
//! that sends the same wrong value to all is not noticed.
//!
//! Three nodes, t = 1 (Araki, Furukawa, Lindell, Nof, Ohara 2016): node i holds the components
//! a = {i-1} and b = {i+1}, computes `z_i = x_a & (y_a ^ y_b) ^ x_b & y_a`, masked by a share of
//! zero, and sends it to node i+1. `z_i` is the new component {i-1}, which those two hold. One bit
//! sent per gate and node.
//!
//! Any n: `z_i` is the XOR of the products assigned to node i ([`super::assignment`]), a share of
//! zero, and i's part of a pseudorandom rho; it goes to all. d, the XOR of all `z_i`, is
//! (x & y) ^ rho; the result is rho's components with d added to the designated one. n-1 bits per
//! gate and node.
//!
//! Kings (Damgård, Nielsen 2007), for large batches: the row of all gates is cut into as many
//! pieces as there are participants; `z_i`'s k-th piece goes to the k-th participant, which XORs
//! what it gets and sends that piece of d to all. 2 (n-1)/n bits per gate and node.
//!
//! z is made tile by tile, masked in the cache by the streams of the keys, and written once to
//! where it is needed: the message and the result.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::BitContext;
use super::gates::{Gates, NARROW_TILE, Operand, WIDE_TILE};
use super::sizes::{self, MOST_NODES};
use super::zeros;
use crate::protocol::context::Claim;
use crate::protocol::proof::record::{Bits, Record, Sent, Traffic};
use crate::protocol::{Opening, ProtocolError, Security};
use crate::sharing::bits::batch::Buffer;
use crate::sharing::bits::planes::{WORD_BYTES, append_le, read_le, xor_into, xor_le};
use crate::sharing::stream::{StreamKey, StreamStart};
use crate::sharing::{NodeIndex, NodeSet, Plane, SharedBits};

/// Words of the opened d that are put together at a time.
const OPENED_TILE: usize = 512;

/// x & y, number by number.
///
/// # Errors
/// When the shapes differ, or a node does not answer.
pub async fn and(
    ctx: &BitContext,
    x: &SharedBits,
    y: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    x.check_like(y)?;
    let gates: Vec<_> = x.planes().zip(y.planes()).collect();
    and_planes(ctx, x.len(), &gates).await
}

/// The AND of each pair of planes, all in one round; plane k of the result belongs to pair k.
/// Operands are read where they lie.
///
/// # Errors
/// When the shapes differ, or a node does not answer.
pub async fn and_planes(
    ctx: &BitContext,
    len: usize,
    pairs: &[(Plane<'_>, Plane<'_>)],
) -> Result<SharedBits, ProtocolError> {
    let mut gates = Gates::new(ctx.holding(), len, pairs.len());
    for &(x, y) in pairs {
        gates.push(Operand::of(x), Operand::of(y), None);
    }
    evaluate(ctx, &gates).await
}

/// All gates of a round; plane k of the result belongs to gate k.
pub(super) async fn evaluate(
    ctx: &BitContext,
    gates: &Gates<'_>,
) -> Result<SharedBits, ProtocolError> {
    gates.check()?;
    let claim = ctx.base().claim()?;
    let (count, len) = (gates.count(), gates.len());
    if count == 0 || len == 0 {
        return Ok(SharedBits::zeros(ctx.holding(), count, len));
    }
    ctx.base().ledger().gates(count * len);
    let ring = ctx.base().scheme().nodes() == 3;
    let (components, mut heard) = if ring {
        three_nodes(ctx, &claim, gates).await?
    } else {
        any_nodes(ctx, &claim, gates).await?
    };
    let result = SharedBits::from_components(ctx.holding(), count, len, components)?;
    if ctx.base().security() == Security::Active {
        let gates = gates.keep();
        let sent = heard.sent(&result);
        let record = Record { step: claim.name, start: claim.start, gates, sent };
        ctx.base().record(record, |traffic| heard.hash(traffic));
    }
    Ok(result)
}

/// What passed in the gates of a round, for the check.
#[derive(Default)]
struct Passed {
    /// To one other node.
    said: Vec<(NodeIndex, Bytes)>,
    /// From one other node, to this one alone.
    heard: Vec<(NodeIndex, Bytes)>,
    /// To all, one after the other.
    to_all: Vec<Bytes>,
    /// From each, to all.
    from_all: Vec<(NodeIndex, Bytes)>,
    /// The opened sum, unless everyone's part is kept.
    sum: Option<Buffer>,
    /// The parts of all participants, in naming mode.
    parts: Vec<(NodeIndex, Bytes)>,
}

impl Passed {
    fn hash(&self, traffic: &mut Traffic) {
        self.said.iter().for_each(|(to, message)| traffic.said(*to, message));
        self.heard.iter().for_each(|(from, message)| traffic.heard(*from, message));
        self.to_all.iter().for_each(|message| traffic.said_to_all(message));
        self.from_all.iter().for_each(|(from, message)| traffic.heard_by_all(*from, message));
    }

    fn sent(&mut self, result: &SharedBits) -> Sent<Bits> {
        match self.sum.take() {
            Some(sum) => Sent::Sum(sum),
            None if self.parts.is_empty() => Sent::Ring(result.clone()),
            None => Sent::Each(std::mem::take(&mut self.parts)),
        }
    }
}

/// Before and after a node in the ring 1, 2, 3.
pub(in crate::protocol) fn neighbours(me: NodeIndex) -> (NodeSet, NodeSet) {
    let at = me.get() - 1;
    let single = |position: u8| NodeSet::from_bits(1 << (position % 3));
    (single(at + 2), single(at + 1))
}

async fn three_nodes(
    ctx: &BitContext,
    claim: &Claim,
    gates: &Gates<'_>,
) -> Result<(Vec<Buffer>, Passed), ProtocolError> {
    let (before, after) = neighbours(ctx.me());
    // The two components held, in ascending order of set: {before} and {after}.
    let (a, b) = if before < after { (0, 1) } else { (1, 0) };
    let (message, own) = ring_parts(ctx, claim, gates, (a, b));
    let expected = message.len();
    let outgoing: Vec<_> = after.iter().map(|peer| (peer, message.clone())).collect();
    drop(message);
    let mut passed = Passed::default();
    if ctx.base().security() == Security::Active {
        passed.said.clone_from(&outgoing);
    }
    let received = ctx.base().exchange(claim, outgoing, before, expected).await?;
    if ctx.base().security() == Security::Active {
        passed.heard.clone_from(&received);
    }
    let mut theirs = Buffer::with_room(gates.total());
    let mut tile = Zeroizing::new([0; NARROW_TILE]);
    for (_, message) in received {
        for (number, bytes) in message.chunks(NARROW_TILE * WORD_BYTES).enumerate() {
            let tile = &mut tile[..bytes.len() / WORD_BYTES];
            read_le(tile, bytes);
            gates.add(b, number * NARROW_TILE, tile);
            theirs.append(tile);
        }
    }
    Ok((if a == 0 { vec![own, theirs] } else { vec![theirs, own] }, passed))
}

/// This node's parts: masked, as they are sent, and as a component of the result.
fn ring_parts(
    ctx: &BitContext,
    claim: &Claim,
    gates: &Gates<'_>,
    (a, b): (usize, usize),
) -> (Bytes, Buffer) {
    let total = gates.total();
    let mut message = Vec::with_capacity(total * WORD_BYTES);
    let mut own = Buffer::with_room(total);
    let mut tile = Zeroizing::new([0; NARROW_TILE]);
    let mut scratch = crate::sharing::bits::batch::zeroed(4 * NARROW_TILE);
    for first in (0..total).step_by(NARROW_TILE) {
        let z = &mut tile[..NARROW_TILE.min(total - first)];
        gates.ring_part((a, b), first, z, &mut scratch);
        for key in ctx.base().keys().zeros() {
            key.xor_at(claim.start, first / 2, z);
        }
        append_le(&mut message, z);
        gates.add(a, first, z);
        own.append(z);
    }
    (message.into(), own)
}

async fn any_nodes(
    ctx: &BitContext,
    claim: &Claim,
    gates: &Gates<'_>,
) -> Result<(Vec<Buffer>, Passed), ProtocolError> {
    let total = gates.total();
    let (own, mut components) = masked_parts(ctx, claim, gates);
    let active = ctx.base().security() == Security::Active;
    let mut passed = Passed::default();
    let king_from = sizes::king_from(ctx.base().tactics());
    let opened = if sizes::over_kings(king_from, total * WORD_BYTES) {
        over_kings(ctx, claim, own, total, &mut passed).await?
    } else {
        let outgoing = ctx.base().peers().iter().map(|peer| (peer, own.clone())).collect();
        let received = ctx.base().exchange(claim, outgoing, ctx.base().peers(), own.len()).await?;
        if active {
            passed.to_all.push(own.clone());
            passed.from_all.clone_from(&received);
        }
        if active && ctx.base().tactics().naming {
            passed.parts.clone_from(&received);
            passed.parts.push((ctx.me(), own.clone()));
        }
        let mut parts: Vec<Bytes> = received.into_iter().map(|(_, message)| message).collect();
        parts.push(own);
        Opened::Sum(parts)
    };
    let mut sum = (active && passed.parts.is_empty()).then(|| Buffer::with_room(total));
    let mut designated = ctx.holding().designated().and_then(|at| components.get_mut(at));
    let mut hash = Sha256::new();
    opened.each_tile(total, |first, words, bytes| {
        if let Some(component) = &mut designated {
            xor_into(&mut component[first..first + words.len()], words);
        }
        if let Some(sum) = &mut sum {
            sum.append(words);
        }
        hash.update(bytes);
    });
    passed.sum = sum;
    ctx.base().saw(claim, hash.finalize().into());
    ctx.base().ledger().opened(Opening {
        step: claim.name.clone(),
        bits: (gates.count() * gates.len()) as u64,
        to: ctx.base().participants(),
        masked: true,
    });
    Ok((components, passed))
}

/// This node's masked parts, as they are sent, and the components of rho with what is added to the
/// results.
fn masked_parts(ctx: &BitContext, claim: &Claim, gates: &Gates<'_>) -> (Bytes, Vec<Buffer>) {
    let total = gates.total();
    let held = ctx.holding().components();
    let mut message = Vec::with_capacity((total + usize::from(MOST_NODES)) * WORD_BYTES);
    let mut components: Vec<Buffer> = (0..held).map(|_| Buffer::with_room(total)).collect();
    let zeros = if ctx.base().tactics().naming { witnessed_zeros(ctx, claim) } else { Vec::new() };
    let mut adds_mask = vec![false; held];
    for &mask in &ctx.duties().masks {
        adds_mask[mask] = true;
    }
    let mut tile = Zeroizing::new([0; WIDE_TILE]);
    let mut mask = Zeroizing::new([0; WIDE_TILE]);
    let mut scratch = crate::sharing::bits::batch::zeroed(2 * held * WIDE_TILE);
    for first in (0..total).step_by(WIDE_TILE) {
        let len = WIDE_TILE.min(total - first);
        let (z, mask) = (&mut tile[..len], &mut mask[..len]);
        gates.assigned_part(ctx.duties(), first, z, &mut scratch);
        if zeros.is_empty() {
            for key in ctx.base().keys().zeros() {
                key.xor_at(claim.start, first / 2, z);
            }
        }
        for &(key, start) in &zeros {
            key.xor_at(start, first / 2, z);
        }
        let keys = ctx.base().keys().sets();
        for (number, ((component, key), adds)) in
            components.iter_mut().zip(keys).zip(&adds_mask).enumerate()
        {
            key.write_at(claim.start, first / 2, mask);
            if *adds {
                xor_into(z, mask);
            }
            gates.add(number, first, mask);
            component.append(mask);
        }
        append_le(&mut message, z);
    }
    (message.into(), components)
}

/// The streams that make up this node's share of zero in naming mode.
fn witnessed_zeros<'a>(ctx: &'a BitContext, claim: &Claim) -> Vec<(&'a StreamKey, StreamStart)> {
    let (base, me) = (ctx.base(), ctx.me());
    let sets = base.scheme().sets();
    let held = base.scheme().held_by(me).into_iter().map(|set| sets[set]);
    let streams = held.zip(base.keys().sets()).flat_map(|(set, key)| {
        let holders = zeros::streams_of(set, base.participants(), me);
        holders.iter().map(move |holder| (key, zeros::start_of(&claim.name, holder)))
    });
    streams.collect()
}

/// A masked value that everyone has now.
enum Opened {
    /// As the parts of all participants.
    Sum(Vec<Bytes>),
    /// As pieces, one after the other.
    Pieces(Vec<Bytes>),
}

impl Opened {
    /// Hand out the first `total` words tile by tile: where a tile begins, its words, and the same
    /// as bytes.
    fn each_tile(self, total: usize, mut hand_out: impl FnMut(usize, &[u64], &[u8])) {
        let mut words = [0; OPENED_TILE];
        match self {
            Self::Sum(parts) => {
                let mut bytes = Vec::with_capacity(OPENED_TILE * WORD_BYTES);
                for first in (0..total).step_by(OPENED_TILE) {
                    let words = &mut words[..OPENED_TILE.min(total - first)];
                    let range = first * WORD_BYTES..(first + words.len()) * WORD_BYTES;
                    words.fill(0);
                    for part in &parts {
                        xor_le(words, &part[range.clone()]);
                    }
                    bytes.clear();
                    append_le(&mut bytes, words);
                    hand_out(first, words, &bytes);
                }
            }
            Self::Pieces(pieces) => {
                let mut first = 0;
                for bytes in pieces.iter().flat_map(|piece| piece.chunks(OPENED_TILE * WORD_BYTES))
                {
                    // The last piece is padded.
                    let len = (bytes.len() / WORD_BYTES).min(total - first);
                    let words = &mut words[..len];
                    read_le(words, bytes);
                    hand_out(first, words, &bytes[..len * WORD_BYTES]);
                    first += len;
                }
            }
        }
    }
}

/// Open the XOR of everybody's parts over kings: one piece each.
async fn over_kings(
    ctx: &BitContext,
    claim: &Claim,
    own: Bytes,
    total: usize,
    passed: &mut Passed,
) -> Result<Opened, ProtocolError> {
    let active = ctx.base().security() == Security::Active;
    let participants = ctx.base().participants();
    let size = sizes::king_piece(participants.len(), total);
    let mut padded = Vec::from(own);
    padded.resize(participants.len() * size, 0);
    let own = Bytes::from(padded);
    let piece = |place: usize| own.slice(place * size..(place + 1) * size);
    let places = || participants.iter().enumerate();
    let outgoing = places().filter(|(_, peer)| *peer != ctx.me());
    let outgoing: Vec<_> = outgoing.map(|(place, peer)| (peer, piece(place))).collect();
    if active {
        passed.said.clone_from(&outgoing);
    }
    let received = ctx.base().exchange(claim, outgoing, ctx.base().peers(), size).await?;
    if active {
        passed.heard.clone_from(&received);
    }
    let mine = places().find(|(_, node)| *node == ctx.me());
    let mut parts: Vec<Bytes> = received.into_iter().map(|(_, message)| message).collect();
    parts.extend(mine.map(|(place, _)| piece(place)));
    let mut sum = Vec::with_capacity(size);
    Opened::Sum(parts).each_tile(size / WORD_BYTES, |_, _, bytes| sum.extend_from_slice(bytes));
    let sum = Bytes::from(sum);

    let claim = ctx.base().narrow("kings").claim()?;
    let outgoing = ctx.base().peers().iter().map(|peer| (peer, sum.clone())).collect();
    let received = ctx.base().exchange(&claim, outgoing, ctx.base().peers(), size).await?;
    if active {
        passed.to_all.push(sum.clone());
        passed.from_all.clone_from(&received);
    }
    let mut pieces: Vec<(NodeIndex, Bytes)> = received;
    pieces.push((ctx.me(), sum));
    pieces.sort_unstable_by_key(|(node, _)| *node);
    Ok(Opened::Pieces(pieces.into_iter().map(|(_, piece)| piece).collect()))
}
