//! Which cells of a partition are withheld, computed on shares: the rule of
//! [`crate::rules::survey::withhold`], where nobody knows how many answers a cell has.
//!
//! In: for every cell the number of its answers, shared. Out: for every cell whether it is withheld,
//! shared; no bit more is opened. Who learns what: nothing. Rounds: those of comparing and ranking up
//! to sixteen numbers: 23 for numbers of ten bits. Adversary: as for AND.

use crate::protocol::bits::BitContext;
use crate::protocol::bits::and::and;
use crate::protocol::bits::beside::both;
use crate::protocol::bits::equal::public_equal;
use crate::protocol::bits::less_than::public_less_than;
use crate::protocol::bits::multiply::multiply;
use crate::protocol::bits::rank::rank;
use crate::protocol::bits::sum::sum;
use crate::protocol::{Cost, CostModel, ProtocolError};
use crate::rules::survey::withhold::Rule;
use crate::sharing::SharedBits;

/// Whether every cell is withheld; `counts` has a position for each. All together there are at least
/// as many answers as the rule asks of a cell.
///
/// # Errors
/// When a node does not answer.
pub(super) async fn withheld(
    ctx: &BitContext,
    rule: Rule,
    counts: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let least = rule.at_least;
    let mut small = public_less_than(&ctx.narrow("small"), least.saturating_sub(1), counts).await?;
    small.complement();
    if !has_company(rule) {
        return Ok(small);
    }
    let needed = |ctx: BitContext| {
        let small = small.clone();
        async move {
            // Of the small ones together whether they are too few, and whether there are any.
            let of_small = multiply(&ctx.narrow("of-small"), &small, counts).await?;
            let of_small = of_small.take_planes(0..counts.width())?;
            let together = sum(&ctx.narrow("together"), &of_small).await?;
            let few = |ctx: BitContext| async move {
                let mut few = public_less_than(&ctx, least - 1, &together).await?;
                few.complement();
                Ok(few)
            };
            let any = |ctx: BitContext| async move {
                let many = sum(&ctx.narrow("many"), &small).await?;
                let mut any = public_equal(&ctx.narrow("none"), 0, &many).await?;
                any.complement();
                Ok(any)
            };
            let (few, any) = both(&ctx.narrow("few"), few, any).await?;
            and(&ctx.narrow("needed"), &few, &any).await
        }
    };
    let next = |ctx: BitContext| {
        let small = small.clone();
        async move {
            // The smallest comes first, and the small ones last.
            let len = counts.len();
            let keys = counts.planes().chain(small.planes());
            let mut keys = SharedBits::stack(counts.holding(), len, keys)?;
            keys.complement();
            let ranks = rank(&ctx.narrow("rank"), &keys).await?;
            let first = public_equal(&ctx.narrow("first"), 0, &ranks).await?;
            let mut large = small;
            large.complement();
            and(&ctx.narrow("large"), &first, &large).await
        }
    };
    let (needed, next) = both(&ctx.narrow("company"), needed, next).await?;
    let company = and(&ctx.narrow("both"), &next, &needed.repeat(counts.len())?).await?;
    Ok(small.xor(&company)?)
}

/// Whether a cell may be withheld that is not small.
const fn has_company(rule: Rule) -> bool {
    rule.whole_known && rule.at_least > 1
}

/// What [`withheld`] costs for so many cells, whose counts have so many bits.
pub(super) fn cost(model: CostModel, rule: Rule, cells: usize, width: usize) -> Cost {
    let small = model.public_less_than(width, cells);
    if !has_company(rule) {
        return small;
    }
    let bits = |most: u128| (u128::BITS - most.leading_zeros()) as usize;
    let together = bits(((1 << width) - 1) * cells as u128);
    let many = bits(cells as u128);
    let of_small = model.multiply(1, width, cells) + model.sum(width, cells);
    let few = model.public_less_than(together, 1);
    let any = model.sum(1, cells) + model.equal(many, 1);
    let needed = of_small + Cost::beside([few, any]) + model.and(1, 1);
    let ranks = bits(cells as u128 - 1);
    let next = model.rank(width + 1, cells) + model.equal(ranks, cells) + model.and(1, cells);
    small + Cost::beside([needed, next]) + model.and(1, cells)
}
