//! Comparing shared numbers.
//!
//! In: x and y, shared, of the same width. Out: the bit `[x < y]` at every position, shared.
//! Who learns what: nothing. Rounds and gates: by the size of blocks, below.
//! Adversary: as for AND.
//!
//! Bit i generates (`g_i = !x_i & y_i`) or propagates (`p_i = !(x_i ^ y_i)`) what the bits below
//! decide. Bits are taken together in blocks of 2, 4, 8 or more, as the context's tactics say for so
//! many positions. What a block's lowest bit decides, c, goes up through its other bits as a carry
//! goes through an adder: the majority of !x, y and c, which is one AND, (!x ^ c) & (y ^ c) ^ c
//! (Boyar, Peralta, Pochuev 2000). Beside the carry, in no further rounds, the block's p is made: the
//! AND of its bits' p, in a tree.
//!
//! Blocks combine in a tree, higher over lower: (g, p) over (g', p') is (g ^ p & g', p & p'). This is
//! the carry-lookahead adder of Brent and Kung (1982), on shares as in Damgård and others (2006). The
//! lowest block's p is never needed and never computed.
//!
//! A block's size trades rounds for gates. For 32 bits:
//!
//! | block | rounds | ANDs |
//! |---|---|---|
//! | 2 | 6 | 73 |
//! | 4 | 7 | 64 |
//! | 8 | 10 | 57 |
//! | 16 | 17 | 48 |
//! | 32 | 32 | 32 |
//!
//! With a public number what a bit generates is linear, which saves the lowest bit of every block its
//! AND and all of them a round.

use super::BitContext;
use super::and::evaluate;
use super::gates::{Gates, Operand};
use super::lanes;
use super::stripes::Stripe;
use crate::protocol::ProtocolError;
use crate::sharing::{Plane, ShapeError, SharedBits};

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
    by_blocks(ctx, width, stripe, Sides::Shared { x, y, stripe }).await
}

fn plane_of(numbers: &SharedBits, index: usize, stripe: Stripe) -> Result<Plane<'_>, ShapeError> {
    stripe.of(numbers.plane(index)?)
}

fn bit_of(numbers: &SharedBits, index: usize, stripe: Stripe) -> Result<Operand<'_>, ShapeError> {
    Ok(Operand::of(plane_of(numbers, index, stripe)?))
}

/// `[c < y]` at every position, for a public c. A round less, and a gate less in every block.
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
    let zeros = SharedBits::zeros(y.holding(), 1, stripe.len);
    by_blocks(ctx, y.width(), stripe, Sides::Public { c, y, zero: zeros.plane(0)?, stripe }).await
}

/// What is compared, bit by bit.
#[derive(Clone, Copy)]
enum Sides<'a> {
    /// Two shared numbers at every position.
    Shared { x: &'a SharedBits, y: &'a SharedBits, stripe: Stripe },
    /// A public number with a shared one. Where c has a 1, y generates nothing and propagates its own
    /// bit; where c has a 0, it generates its own bit and propagates the negated one.
    Public { c: u64, y: &'a SharedBits, zero: Plane<'a>, stripe: Stripe },
}

impl<'a> Sides<'a> {
    /// What a bit generates, where that is linear.
    fn linear(&self, index: usize) -> Result<Option<Plane<'a>>, ShapeError> {
        match *self {
            Self::Shared { .. } => Ok(None),
            Self::Public { c, zero, .. } if c >> index & 1 == 1 => Ok(Some(zero)),
            Self::Public { y, stripe, .. } => plane_of(y, index, stripe).map(Some),
        }
    }

    /// Whether a bit propagates.
    fn propagate(&self, index: usize) -> Result<Operand<'a>, ShapeError> {
        match *self {
            Self::Shared { x, y, stripe } => {
                Ok(bit_of(x, index, stripe)?.xor(plane_of(y, index, stripe)?).not())
            }
            Self::Public { c, y, stripe, .. } => {
                let bit = bit_of(y, index, stripe)?;
                Ok(if c >> index & 1 == 1 { bit } else { bit.not() })
            }
        }
    }

    /// The gate of what a bit decides, over what the bits below it in its block decide.
    fn decide<'g>(
        &self,
        gates: &mut Gates<'g>,
        index: usize,
        below: Option<Plane<'g>>,
    ) -> Result<(), ShapeError>
    where
        'a: 'g,
    {
        match (*self, below) {
            (Self::Shared { x, y, stripe }, None) => {
                gates.push(bit_of(x, index, stripe)?.not(), bit_of(y, index, stripe)?, None);
            }
            (Self::Shared { x, y, stripe }, Some(below)) => {
                let not_x = bit_of(x, index, stripe)?.not().xor(below);
                gates.push(not_x, bit_of(y, index, stripe)?.xor(below), Some(below));
            }
            (Self::Public { .. }, below) => {
                let below = below.map_or_else(Operand::zero, Operand::of);
                gates.push(self.propagate(index)?, below, self.linear(index)?);
            }
        }
        Ok(())
    }
}

/// Where a shared bit lies.
#[derive(Clone, Copy)]
enum At {
    /// A plane of one of the batches made so far.
    Made(usize, usize),
    /// What this bit of the numbers generates, where that is linear.
    Linear(usize),
    /// Whether this bit of the numbers propagates: linear, and put together where it is used.
    Leaf(usize),
}

/// Batches of gates made so far.
#[derive(Default)]
struct Made(Vec<Option<SharedBits>>);

impl Made {
    fn plane<'m>(&'m self, at: At, sides: &Sides<'m>) -> Result<Plane<'m>, ShapeError> {
        let none = ShapeError { what: "batches made", expected: self.0.len(), got: 0 };
        match at {
            At::Made(batch, index) => {
                self.0.get(batch).and_then(Option::as_ref).ok_or(none)?.plane(index)
            }
            At::Linear(bit) => sides.linear(bit)?.ok_or(none),
            At::Leaf(_) => Err(none),
        }
    }

    fn operand<'m>(&'m self, at: At, sides: &Sides<'m>) -> Result<Operand<'m>, ShapeError> {
        match at {
            At::Leaf(bit) => sides.propagate(bit),
            at => self.plane(at, sides).map(Operand::of),
        }
    }

    /// Add a batch, and give back the memory of those that nothing refers to any more.
    fn add(&mut self, batch: SharedBits, used: &(impl Iterator<Item = At> + Clone)) {
        self.0.push(Some(batch));
        for (number, batch) in self.0.iter_mut().enumerate() {
            if !used.clone().any(|at| matches!(at, At::Made(batch, _) if batch == number)) {
                *batch = None;
            }
        }
    }
}

/// Some of the bits of a block, from its lowest on.
struct Block {
    /// What they decide; nothing yet where that is not linear.
    decided: Option<At>,
    /// The operands left of the AND that says whether the whole block propagates; the lowest has none.
    propagate: Vec<At>,
}

impl Block {
    fn uses(&self) -> impl Iterator<Item = At> + Clone {
        self.decided.into_iter().chain(self.propagate.iter().copied())
    }
}

/// Compare in blocks, by carry, and combine what they decide.
async fn by_blocks(
    ctx: &BitContext,
    width: usize,
    stripe: Stripe,
    sides: Sides<'_>,
) -> Result<SharedBits, ProtocolError> {
    let size = ctx.base().tactics().blocks().of(stripe.batch);
    let mut made = Made::default();
    let mut blocks = Vec::with_capacity(width.div_ceil(size));
    for first in (0..width).step_by(size) {
        let decided = sides.linear(first)?.map(|_| At::Linear(first));
        let bits = if first == 0 { 0..0 } else { first..width.min(first + size) };
        blocks.push(Block { decided, propagate: bits.map(At::Leaf).collect() });
    }
    // Where the lowest bit of a block is linear, its second is the first to need a gate.
    let lowest = blocks.first().map_or(0, |block| usize::from(block.decided.is_some()));
    for bit in lowest..size.min(width) {
        let mut gates = Gates::new(ctx.holding(), stripe.len, width);
        // Only the highest block may have fewer bits.
        let carried = (width - bit).div_ceil(size);
        for (number, block) in blocks.iter().take(carried).enumerate() {
            let below = block.decided.map(|at| made.plane(at, &sides)).transpose()?;
            sides.decide(&mut gates, number * size + bit, below)?;
        }
        for block in &blocks {
            for &[a, b] in block.propagate.as_chunks::<2>().0 {
                gates.push(made.operand(a, &sides)?, made.operand(b, &sides)?, None);
            }
        }
        let result = evaluate(&ctx.narrow("carry").narrow(bit), &gates).await?;
        drop(gates);
        let batch = made.0.len();
        let mut planes = (0..).map(|plane| At::Made(batch, plane));
        for (block, decided) in blocks.iter_mut().zip(planes.by_ref().take(carried)) {
            block.decided = Some(decided);
        }
        for block in &mut blocks {
            let (pairs, rest) = block.propagate.as_chunks::<2>();
            block.propagate =
                planes.by_ref().take(pairs.len()).chain(rest.iter().copied()).collect();
        }
        made.add(result, &blocks.iter().flat_map(Block::uses));
    }
    let groups = blocks.into_iter().filter_map(|block| {
        block.decided.map(|decided| (decided, block.propagate.first().copied()))
    });
    fold(ctx, stripe.len, made, groups.collect(), sides).await
}

/// A group of bits: where its g is, and its p; the lowest group has none.
type Group = (At, Option<At>);

/// Combine all groups, given from the lowest up, into one.
async fn fold(
    ctx: &BitContext,
    len: usize,
    mut made: Made,
    mut groups: Vec<Group>,
    sides: Sides<'_>,
) -> Result<SharedBits, ProtocolError> {
    if groups.is_empty() {
        return Err(ShapeError { what: "bits to compare", expected: 1, got: 0 }.into());
    }
    let mut level = 0;
    while groups.len() > 1 {
        let mut gates = Gates::new(ctx.holding(), len, groups.len());
        let operand = |at: At| made.operand(at, &sides);
        for pair in groups.as_chunks::<2>().0 {
            if let [(below, _), (g, Some(p))] = *pair {
                gates.push(operand(p)?, operand(below)?, Some(made.plane(g, &sides)?));
            }
        }
        for pair in groups.as_chunks::<2>().0 {
            if let [(_, Some(below)), (_, Some(p))] = *pair {
                gates.push(operand(p)?, operand(below)?, None);
            }
        }
        let result = evaluate(&ctx.narrow(level), &gates).await?;
        drop(gates);
        let (batch, pairs) = (made.0.len(), groups.len() / 2);
        let mut next: Vec<Group> = Vec::with_capacity(groups.len().div_ceil(2));
        for at in 0..pairs {
            let p = at.checked_sub(1).map(|before| At::Made(batch, pairs + before));
            next.push((At::Made(batch, at), p));
        }
        next.extend(groups.as_chunks::<2>().1);
        groups = next;
        made.add(result, &groups.iter().flat_map(|&(g, p)| std::iter::once(g).chain(p)));
        level += 1;
    }
    let plane = made.plane(groups[0].0, &sides)?;
    Ok(SharedBits::stack(ctx.holding(), len, [plane])?)
}
