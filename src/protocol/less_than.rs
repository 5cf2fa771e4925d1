//! Comparing shared numbers.
//!
//! In: x and y, shared, of the same width. Out: the bit [x < y] at every position, shared.
//! Who learns what: nothing. Rounds: 1 + ceil(log2 width); 89 ANDs and 6 rounds for 32 bits.
//! Adversary: as for AND.
//!
//! Bit i generates (`g_i = !x_i & y_i`) or propagates (`p_i = !(x_i ^ y_i)`) what the bits below
//! decide; neighbours combine in a tree, higher over lower: (g, p) over (g', p') is
//! (g ^ p & g', p & p'). This is the carry-lookahead adder of Brent and Kung (1982), on shares as
//! in Damgård and others (2006). The lowest group's p is never needed and never computed.

use super::and::and_planes;
use super::{Context, ProtocolError};
use crate::sharing::{Plane, ShapeError, SharedBits};

/// [x < y] at every position.
///
/// # Errors
/// When the shapes differ, or a node does not answer.
pub async fn less_than(
    ctx: &Context,
    x: &SharedBits,
    y: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    x.check_like(y)?;
    less_than_on(ctx, x.width(), x, y).await
}

/// [x < y] at every position, looking only at the lowest `width` planes.
///
/// # Errors
/// When the shapes differ, or a node does not answer.
pub async fn less_than_on(
    ctx: &Context,
    width: usize,
    x: &SharedBits,
    y: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let gates: Vec<_> = x.planes().zip(y.planes()).take(width).collect();
    let mut generate = and_planes(&ctx.narrow("generate"), x.len(), &gates).await?;
    // !x & y = (x & y) ^ y: no copy of x is needed.
    for (index, (_, y)) in gates.iter().enumerate() {
        generate.xor_plane(index, *y)?;
    }
    let low = 1.min(width)..width;
    let mut propagate = x.take_planes(low)?;
    for (index, (_, y)) in gates.iter().skip(1).enumerate() {
        propagate.xor_plane(index, *y)?;
    }
    propagate.complement();
    fold(ctx, generate, propagate).await
}

/// [c < y] at every position, for a public c. One round and `width` gates less.
///
/// # Errors
/// When a node does not answer.
pub async fn public_less_than(
    ctx: &Context,
    c: u64,
    y: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    // Where c has a 1, y generates nothing and propagates its own bit; where c has a 0, it
    // generates its own bit and propagates the negated one.
    let zeros = SharedBits::zeros(y.holding(), 1, y.len());
    let zero = zeros.plane(0)?;
    let one = |index: usize| c >> index & 1 == 1;
    let generate = y.planes().enumerate().map(|(index, y)| if one(index) { zero } else { y });
    let generate = SharedBits::stack(y.holding(), y.len(), generate)?;
    let mut propagate = y.take_planes(1.min(y.width())..y.width())?;
    for index in (1..y.width()).filter(|&index| !one(index)) {
        propagate.negate_plane(index - 1);
    }
    fold(ctx, generate, propagate).await
}

/// Combine all groups into one. `generate` has one plane per bit, `propagate` one per bit but the
/// lowest.
async fn fold(
    ctx: &Context,
    generate: SharedBits,
    propagate: SharedBits,
) -> Result<SharedBits, ProtocolError> {
    /// A plane of one of the batches made so far.
    #[derive(Clone, Copy)]
    struct At(usize, usize);

    let (holding, len, width) = (generate.holding(), generate.len(), generate.width());
    if width == 0 {
        return Err(ShapeError { what: "bits to compare", expected: 1, got: 0 }.into());
    }
    // Groups from the lowest up: where g lies, and where p lies; the lowest has none.
    let mut groups: Vec<(At, Option<At>)> =
        (0..width).map(|bit| (At(0, bit), bit.checked_sub(1).map(|below| At(1, below)))).collect();
    let mut made = vec![generate, propagate];
    let mut level = 0;
    while groups.len() > 1 {
        let plane = |At(batch, index): At| made[batch].plane(index);
        let mut gates: Vec<(Plane<'_>, Plane<'_>)> = Vec::with_capacity(groups.len());
        for pair in groups.as_chunks::<2>().0 {
            if let [(g, _), (_, Some(p))] = *pair {
                gates.push((plane(p)?, plane(g)?));
            }
        }
        for pair in groups.as_chunks::<2>().0 {
            if let [(_, Some(below)), (_, Some(p))] = *pair {
                gates.push((plane(p)?, plane(below)?));
            }
        }
        let mut result = and_planes(&ctx.narrow(level), len, &gates).await?;
        let (batch, pairs) = (made.len(), groups.len() / 2);
        let mut next = Vec::with_capacity(groups.len().div_ceil(2));
        for (at, pair) in groups.as_chunks::<2>().0.iter().enumerate() {
            result.xor_plane(at, plane(pair[1].0)?)?;
            let p = at.checked_sub(1).map(|before| At(batch, pairs + before));
            next.push((At(batch, at), p));
        }
        next.extend(groups.as_chunks::<2>().1);
        made.push(result);
        groups = next;
        level += 1;
    }
    let At(batch, index) = groups[0].0;
    Ok(SharedBits::stack(holding, len, [made[batch].plane(index)?])?)
}
