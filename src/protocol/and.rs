//! The AND of shared bits.
//!
//! In: pairs of planes (x, y), shared. Out: the planes x & y, shared, with fresh randomness.
//! Who learns what: nothing. Rounds: one. Adversary: up to t curious nodes; a node that sends
//! different values to different nodes is noticed at the next opening, one that sends the same
//! wrong value to all is not.
//!
//! Three nodes, t = 1 (Araki, Furukawa, Lindell, Nof, Ohara 2016): node i holds the components
//! a = {i-1} and b = {i+1}, computes `z_i = x_a & (y_a ^ y_b) ^ x_b & y_a`, masked by a share of
//! zero, and sends it to node i+1. `z_i` is the new component {i-1}, which those two hold. One bit
//! sent per gate and node.
//!
//! Any n: `z_i` is the XOR of the products assigned to node i ([`super::assignment`]), a share of
//! zero, and i's part of a pseudorandom rho; it goes to all. d, the XOR of all `z_i`, is
//! (x & y) ^ rho; the result is rho's components, with d added to the designated one. n-1 bits
//! per gate and node.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use super::context::Claim;
use super::{Context, Opening, ProtocolError};
use crate::sharing::bits::{Buffer, zeroed};
use crate::sharing::planes::{WORD_BYTES, append_le, read_le, words, xor_into, xor_le};
use crate::sharing::{NodeIndex, NodeSet, Plane, ShapeError, SharedBits};

/// Words worked on at a time: every component's piece stays in the first-level cache.
const TILE: usize = 256;

/// x & y, number by number.
///
/// # Errors
/// When the shapes differ, or a node does not answer.
pub async fn and(
    ctx: &Context,
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
    ctx: &Context,
    len: usize,
    gates: &[(Plane<'_>, Plane<'_>)],
) -> Result<SharedBits, ProtocolError> {
    for plane in gates.iter().flat_map(|(x, y)| [x, y]) {
        let (expected, got) = (ctx.holding().components(), plane.holding().components());
        if expected != got {
            return Err(ShapeError { what: "components of a plane", expected, got }.into());
        }
        if plane.len() != len {
            let (expected, got) = (len, plane.len());
            return Err(ShapeError { what: "positions of a plane", expected, got }.into());
        }
    }
    let claim = ctx.claim()?;
    if gates.is_empty() || len == 0 {
        return Ok(SharedBits::zeros(ctx.holding(), gates.len(), len));
    }
    ctx.ledger().gates(gates.len() * len);
    let components = if ctx.scheme().nodes() == 3 {
        three_nodes(ctx, &claim, len, gates).await?
    } else {
        any_nodes(ctx, &claim, len, gates).await?
    };
    Ok(SharedBits::from_components(ctx.holding(), gates.len(), len, components)?)
}

/// Before and after a node in the ring 1, 2, 3.
pub(super) fn neighbours(me: NodeIndex) -> (NodeSet, NodeSet) {
    let at = me.get() - 1;
    let single = |position: u8| NodeSet::from_bits(1 << (position % 3));
    (single(at + 2), single(at + 1))
}

async fn three_nodes(
    ctx: &Context,
    claim: &Claim,
    len: usize,
    gates: &[(Plane<'_>, Plane<'_>)],
) -> Result<Vec<Buffer>, ProtocolError> {
    let (before, after) = neighbours(ctx.me());
    // The two components held, in ascending order of set: {before} and {after}.
    let (a, b) = if before < after { (0, 1) } else { (1, 0) };
    let stride = words(len);
    let mut own = zeroed(gates.len() * stride);
    for (z, (x, y)) in own.chunks_exact_mut(stride).zip(gates) {
        araki(z, x.component(a), x.component(b), y.component(a), y.component(b));
    }
    for key in ctx.keys().pairs() {
        key.xor_into(claim.start, &mut own);
    }
    let mut message = Vec::new();
    append_le(&mut message, &own);
    let expected = own.len() * WORD_BYTES;
    let outgoing = after.iter().map(|peer| (peer, Bytes::from(std::mem::take(&mut message))));
    let received = ctx.exchange(claim, outgoing.collect(), before, expected).await?;
    let mut theirs = zeroed(gates.len() * stride);
    for (_, message) in received {
        read_le(&mut theirs, &message);
    }
    Ok(if a == 0 { vec![own, theirs] } else { vec![theirs, own] })
}

/// z = xa & (ya ^ yb) ^ xb & ya.
fn araki(z: &mut [u64], xa: &[u64], xb: &[u64], ya: &[u64], yb: &[u64]) {
    let len = z.len();
    let (xa, xb, ya, yb) = (&xa[..len], &xb[..len], &ya[..len], &yb[..len]);
    for at in 0..len {
        z[at] = xa[at] & (ya[at] ^ yb[at]) ^ xb[at] & ya[at];
    }
}

async fn any_nodes(
    ctx: &Context,
    claim: &Claim,
    len: usize,
    gates: &[(Plane<'_>, Plane<'_>)],
) -> Result<Vec<Buffer>, ProtocolError> {
    let stride = words(len);
    let size = gates.len() * stride;
    let mut sum = zeroed(size);
    products(ctx, &mut sum, stride, gates);
    for key in ctx.keys().pairs() {
        key.xor_into(claim.start, &mut sum);
    }
    let mut components = Vec::with_capacity(ctx.holding().components());
    for key in ctx.keys().sets() {
        let mut mask = zeroed(size);
        key.xor_into(claim.start, &mut mask);
        components.push(mask);
    }
    for &mask in &ctx.duties().masks {
        xor_into(&mut sum, &components[mask]);
    }
    let mut message = Vec::new();
    append_le(&mut message, &sum);
    let message = Bytes::from(message);
    let outgoing = ctx.peers().iter().map(|peer| (peer, message.clone())).collect();
    let received = ctx.exchange(claim, outgoing, ctx.peers(), size * WORD_BYTES).await?;
    for (_, message) in received {
        xor_le(&mut sum, &message);
    }
    ctx.saw(claim, digest(&sum));
    ctx.ledger().opened(Opening {
        step: claim.name.clone(),
        bits: (gates.len() * len) as u64,
        to: ctx.participants(),
        masked: true,
    });
    if let Some(designated) = ctx.holding().designated() {
        xor_into(&mut components[designated], &sum);
    }
    Ok(components)
}

/// sum = the XOR of the products assigned to this node.
fn products(ctx: &Context, sum: &mut [u64], stride: usize, gates: &[(Plane<'_>, Plane<'_>)]) {
    let duties = ctx.duties();
    let mut tile = Zeroizing::new([0; TILE]);
    let mut used = 0;
    for (z, (x, y)) in sum.chunks_exact_mut(stride).zip(gates) {
        for (number, z) in z.chunks_mut(TILE).enumerate() {
            let piece = number * TILE..number * TILE + z.len();
            let tile = &mut tile[..z.len()];
            used = used.max(z.len());
            for (left, rights) in &duties.products {
                let mut rights = rights.iter().map(|&right| &y.component(right)[piece.clone()]);
                let Some(first) = rights.next() else { continue };
                tile.copy_from_slice(first);
                for right in rights {
                    xor_into(tile, right);
                }
                and_xor_into(z, &x.component(*left)[piece.clone()], tile);
            }
        }
    }
    tile[..used].zeroize();
}

/// z ^= x & y.
fn and_xor_into(z: &mut [u64], x: &[u64], y: &[u64]) {
    for ((z, x), y) in z.iter_mut().zip(x).zip(y) {
        *z ^= x & y;
    }
}

/// SHA-256 of words in little-endian order.
fn digest(values: &[u64]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut bytes = Vec::with_capacity(TILE * WORD_BYTES);
    for values in values.chunks(TILE) {
        bytes.clear();
        append_le(&mut bytes, values);
        hash.update(&bytes);
    }
    hash.finalize().into()
}
