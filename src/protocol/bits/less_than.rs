//! Comparing shared numbers.
//!
//! In: x and y, shared, of the same width. Out: the bit `[x < y]` at every position, shared.
//! Who learns what: nothing. Rounds: 1 + ceil(log2 width); 73 ANDs and 6 rounds for 32 bits.
//! Adversary: as for AND.
//!
//! Bit i generates (`g_i = !x_i & y_i`) or propagates (`p_i = !(x_i ^ y_i)`) what the bits below
//! decide; neighbours combine in a tree, higher over lower: (g, p) over (g', p') is
//! (g ^ p & g', p & p'). This is the carry-lookahead adder of Brent and Kung (1982), on shares as
//! in Damgård and others (2006). The lowest group's p is never needed and never computed.
//!
//! The tree's leaves are pairs of bits. What the lower bit decides, c, goes through the upper bit
//! as a carry goes through an adder: the majority of !x, y and c, which is one AND,
//! (!x ^ c) & (y ^ c) ^ c (Boyar, Peralta, Pochuev 2000), where g, and g over c, would be two. That
//! takes as many rounds and makes 73 ANDs of 32 bits where leaves of single bits make 89.

use super::BitContext;
use super::and::evaluate;
use super::gates::{Gates, Operand};
use super::lanes;
use super::stripes::Stripe;
use crate::protocol::ProtocolError;
use crate::sharing::{ShapeError, SharedBits};

/// `[x < y]` at every position.
///
/// # Errors
/// When the shapes differ, or a node does not answer.
pub async fn less_than(
    ctx: &BitContext,
    x: &SharedBits,
    y: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    x.check_like(y)?;
    less_than_on(ctx, x.width(), x, y).await
}

/// `[x < y]` at every position, looking only at the lowest `width` planes. Large batches go stripe
/// by stripe.
///
/// # Errors
/// When the shapes differ, or a node does not answer.
pub async fn less_than_on(
    ctx: &BitContext,
    width: usize,
    x: &SharedBits,
    y: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let (x, y, len) = (x.clone(), y.clone(), x.len());
    let steps = move |ctx: BitContext, stripe| {
        let (x, y) = (x.clone(), y.clone());
        async move { less_than_part(&ctx, width, &x, &y, stripe).await }
    };
    lanes::run(ctx, len, steps).await
}

/// `[x < y]` on one stripe.
pub(super) async fn less_than_part(
    ctx: &BitContext,
    width: usize,
    x: &SharedBits,
    y: &SharedBits,
    stripe: Stripe,
) -> Result<SharedBits, ProtocolError> {
    let bit = |numbers, index| bit_of(numbers, index, stripe);
    let propagate =
        |index| Ok::<_, ShapeError>(bit(x, index)?.xor(plane_of(y, index, stripe)?).not());
    let (blocks, full) = (width.div_ceil(2), width / 2);

    // What the low bit of every block decides; whether a block propagates.
    let mut gates = Gates::new(ctx.holding(), stripe.len, blocks + full);
    for block in 0..blocks {
        gates.push(bit(x, 2 * block)?.not(), bit(y, 2 * block)?, None);
    }
    for block in 1..full {
        gates.push(propagate(2 * block)?, propagate(2 * block + 1)?, None);
    }
    let low = evaluate(&ctx.narrow("generate"), &gates).await?;

    // What every block decides.
    let mut gates = Gates::new(ctx.holding(), stripe.len, full);
    for block in 0..full {
        let below = low.plane(block)?;
        let upper = 2 * block + 1;
        gates.push(bit(x, upper)?.not().xor(below), bit(y, upper)?.xor(below), Some(below));
    }
    let decided = evaluate(&ctx.narrow("carry"), &gates).await?;

    let mut groups = Vec::with_capacity(blocks);
    for block in 0..blocks {
        let generate = if block < full { At::Made(1, block) } else { At::Made(0, block) };
        let whole = block < full;
        let propagate =
            if whole { At::Made(0, blocks + block.max(1) - 1) } else { At::Leaf(2 * block) };
        groups.push((generate, (block > 0).then_some(propagate)));
    }
    fold(ctx, stripe.len, vec![low, decided], groups, propagate).await
}

fn plane_of(
    numbers: &SharedBits,
    index: usize,
    stripe: Stripe,
) -> Result<crate::sharing::Plane<'_>, ShapeError> {
    stripe.of(numbers.plane(index)?)
}

fn bit_of(numbers: &SharedBits, index: usize, stripe: Stripe) -> Result<Operand<'_>, ShapeError> {
    Ok(Operand::of(plane_of(numbers, index, stripe)?))
}

/// `[c < y]` at every position, for a public c. One round and `width` gates less.
///
/// # Errors
/// When a node does not answer.
pub async fn public_less_than(
    ctx: &BitContext,
    c: u64,
    y: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let (y, len) = (y.clone(), y.len());
    let steps = move |ctx: BitContext, stripe| {
        let y = y.clone();
        async move { public_less_than_part(&ctx, c, &y, stripe).await }
    };
    lanes::run(ctx, len, steps).await
}

async fn public_less_than_part(
    ctx: &BitContext,
    c: u64,
    y: &SharedBits,
    stripe: Stripe,
) -> Result<SharedBits, ProtocolError> {
    // Where c has a 1, y generates nothing and propagates its own bit; where c has a 0, it
    // generates its own bit and propagates the negated one.
    let one = |index: usize| c >> index & 1 == 1;
    let zeros = SharedBits::zeros(y.holding(), 1, stripe.len);
    let planes = (0..y.width())
        .map(|index| if one(index) { zeros.plane(0) } else { plane_of(y, index, stripe) });
    let planes = planes.collect::<Result<Vec<_>, _>>()?;
    let generate = SharedBits::stack(y.holding(), stripe.len, planes)?;
    let propagate = |index| {
        let bit = bit_of(y, index, stripe)?;
        Ok::<_, ShapeError>(if one(index) { bit } else { bit.not() })
    };
    let groups = (0..y.width())
        .map(|index| (At::Made(0, index), (index > 0).then_some(At::Leaf(index))))
        .collect();
    fold(ctx, stripe.len, vec![generate], groups, propagate).await
}

/// Where a shared bit of the tree lies.
#[derive(Clone, Copy)]
enum At {
    /// A plane of one of the batches made so far.
    Made(usize, usize),
    /// Whether this bit of the numbers propagates: linear, and put together where it is used.
    Leaf(usize),
}

/// A group of bits: where its g is, always made, and its p; the lowest group has none.
type Group = (At, Option<At>);

/// Combine all groups, given from the lowest up, into one.
async fn fold<'a>(
    ctx: &BitContext,
    len: usize,
    made: Vec<SharedBits>,
    mut groups: Vec<Group>,
    leaf: impl Fn(usize) -> Result<Operand<'a>, ShapeError>,
) -> Result<SharedBits, ProtocolError> {
    if groups.is_empty() {
        return Err(ShapeError { what: "bits to compare", expected: 1, got: 0 }.into());
    }
    let mut made: Vec<Option<SharedBits>> = made.into_iter().map(Some).collect();
    let mut level = 0;
    while groups.len() > 1 {
        let mut gates = Gates::new(ctx.holding(), len, groups.len());
        let operand = |at: At| match at {
            At::Made(..) => Ok(Operand::of(plane_in(&made, at)?)),
            At::Leaf(bit) => leaf(bit),
        };
        for pair in groups.as_chunks::<2>().0 {
            if let [(below, _), (g, Some(p))] = *pair {
                gates.push(operand(p)?, operand(below)?, Some(plane_in(&made, g)?));
            }
        }
        for pair in groups.as_chunks::<2>().0 {
            if let [(_, Some(below)), (_, Some(p))] = *pair {
                gates.push(operand(p)?, operand(below)?, None);
            }
        }
        let result = evaluate(&ctx.narrow(level), &gates).await?;
        drop(gates);
        let (batch, pairs) = (made.len(), groups.len() / 2);
        let mut next: Vec<Group> = Vec::with_capacity(groups.len().div_ceil(2));
        for at in 0..pairs {
            let p = at.checked_sub(1).map(|before| At::Made(batch, pairs + before));
            next.push((At::Made(batch, at), p));
        }
        next.extend(groups.as_chunks::<2>().1);
        made.push(Some(result));
        groups = next;
        level += 1;
        // What no group refers to any more gives its memory back.
        for (number, batch) in made.iter_mut().enumerate() {
            let in_it = |at: At| matches!(at, At::Made(batch, _) if batch == number);
            if !groups.iter().any(|&(g, p)| in_it(g) || p.is_some_and(in_it)) {
                *batch = None;
            }
        }
    }
    let plane = plane_in(&made, groups[0].0)?;
    Ok(SharedBits::stack(ctx.holding(), len, [plane])?)
}

fn plane_in(made: &[Option<SharedBits>], at: At) -> Result<crate::sharing::Plane<'_>, ShapeError> {
    if let At::Made(batch, index) = at
        && let Some(Some(batch)) = made.get(batch)
    {
        return batch.plane(index);
    }
    Err(ShapeError { what: "batches made", expected: made.len(), got: 0 })
}
