//! The run on numbers: Shamir shares over 2^127-1 and the comparison of the paper of 2008.
//!
//! In: shares of the bids in the order of the tie rule, and the public terms. Out, at every node:
//! the same as [`super::bits`] says. Who learns what: all nodes exactly that. What is opened in the
//! clear:
//!
//! - one number per bid, 1 or 0: in range or not. Any number of the field can be handed in, so this
//!   is checked whatever the terms say;
//! - the winner's index, once the tournament is done;
//! - the price, unless nobody reached the reserve, or it is the reserve because the only bid
//!   pays it.
//!
//! Before that, all bids together are checked for their degree. Shares that follow from committed
//! seeds pass whatever the bidder did; if they do not pass, a node holds or sends wrong ones.
//!
//! All random bits of the run are made in its first round: 127 for a bid's range check, and the
//! width of a bid for each comparison. They take 16 bytes each in memory, 2.5 kilobytes for each
//! bid of 32 bits.

use super::bits::{Computed, Ending, Reporter, RunError, Workload, check_price, finish};
use crate::field::{Field as _, Mersenne127};
use crate::protocol::bits::maximum::Keep;
use crate::protocol::bracket::{beaten, levels};
use crate::protocol::numbers::degree_check::degree_check;
use crate::protocol::numbers::maximum::{self as tournament, maximum, second_price};
use crate::protocol::numbers::open::open;
use crate::protocol::numbers::random_bits::BitPool;
use crate::protocol::numbers::range_check::{self, range_check};
use crate::protocol::numbers::{NumberContext, NumberCosts};
use crate::protocol::{Context, Cost};
use crate::rules::Terms;
use crate::session::progress::Stage;
use crate::sharing::{NodeSet, SharedNumbers};

type F = Mersenne127;

/// Random bits that a run takes at most.
fn bits_needed(work: Workload) -> usize {
    let entries = work.bids + usize::from(work.reserve);
    let second = if work.kind.is_second_price() { levels(entries, &[]).len() } else { 0 };
    range_check::bits_needed::<F>(work.bids)
        + tournament::bits_needed(work.bits, entries)
        + tournament::bits_needed(work.bits, second)
}

/// What a run costs besides the keys of the attempt, given how many entries were left after the
/// range check.
pub(super) fn cost(participants: NodeSet, work: Workload, entries: usize, ending: Ending) -> Cost {
    let model = NumberCosts::<F>::new(participants);
    if work.bids == 0 {
        return Cost::default();
    }
    let mut cost = model.degree_check(work.bids)
        + model.random_bits(bits_needed(work))
        + model.range_check(work.bids);
    if entries == 1 {
        cost += model.open(1);
    } else if entries > 1 {
        cost += model.maximum(work.bits, entries, true) + ending_cost(model, work, entries, ending);
    }
    cost
}

fn ending_cost(model: NumberCosts<F>, work: Workload, entries: usize, ending: Ending) -> Cost {
    let one = model.open(1);
    let winner = match ending {
        _ if !work.kind.is_second_price() && !work.reserve => return model.open(2),
        Ending::Unsold => return one,
        Ending::Sold(winner) => winner,
        Ending::Longest => 0,
    };
    if !work.kind.is_second_price() {
        one + one
    } else if work.reserve && entries == 2 {
        one
    } else {
        let beaten = beaten(&levels(entries, &[]), winner).len();
        one + model.maximum(work.bits, beaten, false) + one
    }
}

/// Decide the auction.
pub(super) async fn run_paper(
    ctx: &Context,
    terms: &Terms,
    bids: SharedNumbers<F>,
    reporter: &Reporter<'_>,
) -> Result<Computed, RunError> {
    let total = bids.len();
    if total == 0 {
        return Ok(finish(0, &[], None, reporter));
    }
    let ctx = NumberContext::<F>::new(ctx)?;
    reporter.stage(Stage::RangeCheck);
    degree_check(&ctx.narrow("degree-check"), &bids).await?;
    let needed = bits_needed(Workload::of(terms, total));
    let mut pool = BitPool::prepare(&ctx.narrow("random-bits"), needed).await?;
    let check = ctx.narrow("range-check");
    let fits = range_check(&check, &mut pool, &bids, terms.maximum).await?;
    let in_range: Vec<usize> = (0..total).filter(|&position| fits[position]).collect();
    reporter.compared(2 * total, in_range.len());
    let decided = if in_range.is_empty() {
        None
    } else {
        let bids = bids.gather(in_range.iter().copied())?;
        decide(&ctx, &mut pool, terms, bids, reporter).await?
    };
    Ok(finish(total, &in_range, decided, reporter))
}

/// Winner (among the bids given) and price, of at least one bid.
async fn decide(
    ctx: &NumberContext<F>,
    pool: &mut BitPool<F>,
    terms: &Terms,
    bids: SharedNumbers<F>,
    reporter: &Reporter<'_>,
) -> Result<Option<(usize, u64)>, RunError> {
    let width = terms.bits();
    let bid_count = bids.len();
    let entries = entries_of(terms, bids);
    let count = entries.len();
    if count == 1 {
        reporter.stage(Stage::Opening);
        let price = open(&ctx.narrow("price"), &entries).await?;
        return Ok(Some((0, price_of(terms, &price)?)));
    }

    reporter.stage(Stage::Tournament);
    let keep = if terms.kind.is_second_price() { Keep::Levels } else { Keep::Index };
    let finished = |level, pairs| reporter.level(level, pairs);
    let step = ctx.narrow("tournament");
    let best = maximum(&step, pool, width, &entries, keep, &finished).await?;
    drop(entries);
    reporter.stage(Stage::Opening);
    if !terms.kind.is_second_price() && terms.reserve.is_none() {
        // Somebody wins for certain, so that both can be opened at once.
        let both = SharedNumbers::concat([best.index(), best.value()]);
        let opened = open(&ctx.narrow("winner-and-price"), &both).await?;
        let (index, value) = opened.split_at(1);
        return Ok(Some((index_of(index, count)?, price_of(terms, value)?)));
    }
    let winner = index_of(&open(&ctx.narrow("winner"), best.index()).await?, count)?;
    if winner >= bid_count {
        return Ok(None);
    }
    let price = if !terms.kind.is_second_price() {
        best.value().clone()
    } else if let (1, Some(reserve)) = (bid_count, terms.reserve) {
        return Ok(Some((winner, reserve)));
    } else {
        reporter.stage(Stage::SecondPrice);
        let step = ctx.narrow("second-price");
        let second = second_price(&step, pool, width, &best, winner).await?;
        reporter.compared_more(beaten(&levels(count, &[]), winner).len() - 1);
        second
    };
    reporter.stage(Stage::Opening);
    let price = open(&ctx.narrow("price"), &price).await?;
    Ok(Some((winner, price_of(terms, &price)?)))
}

/// The bids, with the reserve as last entry if there is one, so that the best is the largest:
/// reverse kinds are turned round at the maximum.
fn entries_of(terms: &Terms, bids: SharedNumbers<F>) -> SharedNumbers<F> {
    let mut entries = match terms.reserve {
        Some(reserve) => {
            let reserve = SharedNumbers::from_public(&[F::from_u64(reserve)]);
            SharedNumbers::concat([&bids, &reserve])
        }
        None => bids,
    };
    if terms.kind.is_reverse() {
        entries.subtract_from(F::from_u64(terms.maximum));
    }
    entries
}

fn price_of(terms: &Terms, opened: &[F]) -> Result<u64, RunError> {
    let value = opened.first().copied().unwrap_or(F::ZERO);
    let value = if terms.kind.is_reverse() { F::from_u64(terms.maximum) - value } else { value };
    check_price(terms, u64::try_from(value.to_number()).unwrap_or(u64::MAX))
}

fn index_of(opened: &[F], entries: usize) -> Result<usize, RunError> {
    let got = opened.first().copied().unwrap_or(F::ZERO).to_number();
    let index = usize::try_from(got).ok().filter(|&index| index < entries);
    let got = u64::try_from(got).unwrap_or(u64::MAX);
    index.ok_or(RunError::Index { got, entries })
}
