//! The sum of two shared numbers.
//!
//! In: x and y, shared, of the same width b. Out: x + y, one bit wider, shared. Who learns what:
//! nothing. Rounds: 1 + ceil(log2 b). Gates: b for what every bit generates, then one or two at
//! each of the b/2 * ceil(log2 b) places of the tree: 161 for 32 bits; of each the bytes of an
//! AND. Where the context's tactics have comparisons of so many positions go through blocks of 16
//! bits or more, carries go through all bits one after the other: b rounds, and b gates. Adversary:
//! as for AND.
//!
//! Bit i generates (`g_i = x_i & y_i`) or passes on (`p_i = x_i ^ y_i`) a carry; runs of bits are
//! combined in a tree in which every run is doubled at once, (g, p) over (g', p') being
//! (g ^ p & g', p & p') (Sklansky, Conditional-sum addition logic, 1960). Whether a run that
//! begins at the lowest bit passes a carry on does not matter, and where no bit of the run below
//! generates one, as where only one of the two numbers has planes, nothing is computed for it.
//!
//! One after the other, a carry is the majority of two bits and the carry below, which is one AND,
//! (x ^ c) & (y ^ c) ^ c.

use super::BitContext;
use super::and::evaluate;
use super::columns::{Carries, Carrying, rippling};
use super::gates::{Gates, Operand};
use super::lanes;
use super::stripes::Stripe;
use crate::protocol::ProtocolError;
use crate::sharing::bits::batch::MAX_WIDTH;
use crate::sharing::{Plane, ShapeError, SharedBits};

/// x + y at every position. Large batches go stripe by stripe.
///
/// # Errors
/// When the shapes differ, the sum may need more than 64 bits, or a node does not answer.
pub async fn add(
    ctx: &BitContext,
    x: &SharedBits,
    y: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    x.check_like(y)?;
    fitting(x.width() + 1)?;
    let (x, y, len) = (x.clone(), y.clone(), x.len());
    let steps = move |ctx: BitContext, stripe: Stripe| {
        let (x, y) = (x.clone(), y.clone());
        async move {
            let column = |(x, y)| Ok::<_, ShapeError>(vec![stripe.of(x)?, stripe.of(y)?]);
            let columns = x.planes().zip(y.planes()).map(column).chain([Ok(Vec::new())]);
            let columns: Columns<'_> = columns.collect::<Result<_, _>>()?;
            one(add_columns(&ctx, stripe.len, &[columns], carrying(&ctx, stripe)).await?)
        }
    };
    lanes::run(ctx, len, steps).await
}

/// How carries are made in a stripe of a batch.
pub(super) fn carrying(ctx: &BitContext, stripe: Stripe) -> Carrying {
    Carrying::by_blocks_of(ctx.base().tactics().blocks().of(stripe.batch))
}

/// Planes by their weight: column k counts for 2^k.
pub(super) type Columns<'a> = Vec<Vec<Plane<'a>>>;

/// Check that a sum of this width fits the widest number there is.
pub(super) fn fitting(width: usize) -> Result<usize, ShapeError> {
    if width <= MAX_WIDTH {
        return Ok(width);
    }
    Err(ShapeError { what: "bits of a sum", expected: MAX_WIDTH, got: width })
}

/// The only result where one was asked for.
pub(super) fn one(mut results: Vec<SharedBits>) -> Result<SharedBits, ProtocolError> {
    let got = results.len();
    Ok(results.pop().ok_or(ShapeError { what: "results", expected: 1, got })?)
}

/// A bit of the tree.
#[derive(Clone, Copy)]
enum Bit {
    /// Nothing: a public zero.
    Zero,
    /// Whether a column passes a carry on: linear, and put together where it is used.
    Column,
    /// A plane of a batch made on the way.
    Made(usize, usize),
}

/// The sums of groups of columns, each of up to two planes but for the last, which may have any
/// number; the results have as many bits as there are columns. For carries that ripple all groups
/// have the same heights.
pub(super) async fn add_columns(
    ctx: &BitContext,
    len: usize,
    groups: &[Columns<'_>],
    carrying: Carrying,
) -> Result<Vec<SharedBits>, ProtocolError> {
    let heights = groups.first().map(|columns| columns.iter().map(Vec::len).collect::<Vec<_>>());
    let heights = heights.unwrap_or_default();
    match carrying {
        Carrying::Tree => add_by_tree(ctx, len, groups).await,
        Carrying::Ripple => add_by_ripple(ctx, len, groups, &heights).await,
    }
}

async fn add_by_ripple(
    ctx: &BitContext,
    len: usize,
    groups: &[Columns<'_>],
    heights: &[usize],
) -> Result<Vec<SharedBits>, ProtocolError> {
    let holding = ctx.holding();
    // By column, the carries that all groups get there.
    let mut carries: Vec<Option<SharedBits>> = vec![None; heights.len()];
    for column in rippling(heights) {
        let mut gates = Gates::new(holding, len, groups.len());
        for (group, columns) in groups.iter().enumerate() {
            let carry = carries[column].as_ref().map(|carries| carries.plane(group)).transpose()?;
            match (&columns[column][..], carry) {
                (&[a, b], Some(c)) => {
                    gates.push(Operand::of(a).xor(c), Operand::of(b).xor(c), Some(c));
                }
                (&[a, b], None) | (&[a], Some(b)) => {
                    gates.push(Operand::of(a), Operand::of(b), None);
                }
                _ => {}
            }
        }
        let next = evaluate(&ctx.narrow(column), &gates).await?;
        drop(gates);
        carries[column + 1] = Some(next);
    }
    let mut sums = Vec::with_capacity(groups.len());
    for (group, columns) in groups.iter().enumerate() {
        let mut planes = columns.clone();
        for (planes, carries) in planes.iter_mut().zip(&carries) {
            if let Some(carries) = carries {
                planes.push(carries.plane(group)?);
            }
        }
        sums.push(SharedBits::xor_planes(holding, len, &planes)?);
    }
    Ok(sums)
}

async fn add_by_tree(
    ctx: &BitContext,
    len: usize,
    groups: &[Columns<'_>],
) -> Result<Vec<SharedBits>, ProtocolError> {
    let holding = ctx.holding();
    let carries =
        |columns: &Columns<'_>| Carries::of(&columns.iter().map(Vec::len).collect::<Vec<_>>());
    let all: Vec<Carries> = groups.iter().map(carries).collect();

    // What every column generates.
    let mut gates = Gates::new(holding, len, all.iter().map(|carries| carries.made.len()).sum());
    let mut states: Vec<Vec<(Bit, Bit)>> = Vec::with_capacity(groups.len());
    for (columns, carries) in groups.iter().zip(&all) {
        let mut state = vec![(Bit::Zero, Bit::Column); columns.len()];
        for &column in &carries.made {
            state[column].0 = Bit::Made(0, gates.count());
            if let [a, b] = columns[column][..] {
                gates.push(Operand::of(a), Operand::of(b), None);
            }
        }
        states.push(state);
    }
    let mut made: Vec<SharedBits> = Vec::new();
    if gates.count() > 0 {
        made.push(evaluate(&ctx.narrow("generate"), &gates).await?);
    }

    let levels = all.iter().map(|carries| carries.levels.len()).max().unwrap_or(0);
    for number in 0..levels {
        let mut gates = Gates::new(holding, len, 2 * groups.len());
        for ((columns, carries), state) in groups.iter().zip(&all).zip(&mut states) {
            let Some(level) = carries.levels.get(number) else { continue };
            let passes = |bit: Bit, column: usize| match bit {
                Bit::Zero => Ok::<_, ShapeError>(Operand::zero()),
                Bit::Column => {
                    Ok(columns[column].iter().fold(Operand::zero(), |sum, &plane| sum.xor(plane)))
                }
                Bit::Made(batch, at) => Ok(Operand::of(made[batch].plane(at)?)),
            };
            for combine in level {
                let ((carry, pass), (below, pass_below)) =
                    (state[combine.at], state[combine.below]);
                if let (true, Bit::Made(batch, at)) = (combine.carries, below) {
                    let below = Operand::of(made[batch].plane(at)?);
                    let own = match carry {
                        Bit::Made(batch, at) => Some(made[batch].plane(at)?),
                        Bit::Zero | Bit::Column => None,
                    };
                    state[combine.at].0 = Bit::Made(made.len(), gates.count());
                    gates.push(passes(pass, combine.at)?, below, own);
                }
                if combine.passes {
                    state[combine.at].1 = Bit::Made(made.len(), gates.count());
                    let below = passes(pass_below, combine.below)?;
                    gates.push(passes(pass, combine.at)?, below, None);
                }
            }
        }
        let result = evaluate(&ctx.narrow(number), &gates).await?;
        drop(gates);
        made.push(result);
    }

    let mut sums = Vec::with_capacity(groups.len());
    for (columns, state) in groups.iter().zip(&states) {
        let mut planes = columns.clone();
        for (column, (carry, _)) in state.iter().enumerate().take(columns.len().saturating_sub(1)) {
            if let &Bit::Made(batch, at) = carry {
                planes[column + 1].push(made[batch].plane(at)?);
            }
        }
        sums.push(SharedBits::xor_planes(holding, len, &planes)?);
    }
    Ok(sums)
}
