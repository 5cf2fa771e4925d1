//! An auction on numbers: Shamir shares over 2^127-1 and the comparison of the paper of 2008.
//!
//! Any number of the field can be handed in, so the range is checked whatever the terms say. Before
//! that, all bids together are checked for their degree. Shares that follow from committed seeds
//! pass whatever the bidder did; if they do not pass, a node holds or sends wrong ones.
//!
//! All random bits of the run are made in its first round: 127 for a bid's range check, and the
//! width of a bid for each comparison. They take 16 bytes each in memory, 2.5 kilobytes for each
//! bid of 32 bits.

use super::cost::{Ending, expected};
use super::decide::{Table, check_index, check_price, decide};
use super::workload::{Reserve, Workload};
use crate::field::{Field as _, Mersenne127};
use crate::protocol::Context;
use crate::protocol::bits::maximum::Keep;
use crate::protocol::bracket::{beaten, levels};
use crate::protocol::numbers::NumberContext;
use crate::protocol::numbers::degree_check::degree_check;
use crate::protocol::numbers::maximum::{Maximum, maximum, second_price};
use crate::protocol::numbers::open::open;
use crate::protocol::numbers::random_bits::BitPool;
use crate::protocol::numbers::range_check::range_check;
use crate::rules::auction::{Question, Sale};
use crate::runs::computed::RunError;
use crate::runs::reporter::Reporter;
use crate::sharing::{ShapeError, SharedNumbers};

type F = Mersenne127;

/// Decide the auction: the bids in range, and who of them won.
pub(super) async fn run(
    ctx: &Context,
    question: &Question,
    work: Workload,
    bids: SharedNumbers<F>,
    reporter: &Reporter<'_>,
) -> Result<(Vec<usize>, Vec<Sale<usize>>), RunError> {
    if work.quantity > 1 || work.secret_reserve.is_some() {
        return Err(RunError::Form);
    }
    let in_range = (0..bids.len()).collect();
    let shamir = NumberContext::<F>::new(ctx)?;
    let mut table = Numbers { ctx, shamir, question, work, reporter, in_range, pool: None };
    let stage = |stage| reporter.stage(stage);
    let sales = decide(&mut table, work, Reserve::of(question), bids, &stage).await?;
    Ok((table.in_range, sales))
}

struct Numbers<'a> {
    ctx: &'a Context,
    shamir: NumberContext<F>,
    question: &'a Question,
    work: Workload,
    reporter: &'a Reporter<'a>,
    /// Positions of the bids in range.
    in_range: Vec<usize>,
    /// Random bits of the run, once they are made.
    pool: Option<BitPool<F>>,
}

/// A finished tournament, and how many took part.
struct Best {
    tournament: Maximum<F>,
    entries: usize,
}

/// A step that comes before the random bits are made.
const NO_BITS: ShapeError = ShapeError { what: "random bits", expected: 1, got: 0 };

impl Numbers<'_> {
    fn price_of(&self, opened: &[F]) -> Result<u64, RunError> {
        let value = opened.first().copied().unwrap_or(F::ZERO);
        let reverse = self.question.kind.is_reverse();
        let value = if reverse { F::from_u64(self.question.maximum) - value } else { value };
        check_price(self.question, u64::try_from(value.to_number()).unwrap_or(u64::MAX))
    }
}

fn winner_of(best: &Best, opened: &[F]) -> Result<usize, RunError> {
    let got = opened.first().copied().unwrap_or(F::ZERO).to_number();
    check_index(got, best.entries)
}

impl Table for Numbers<'_> {
    type Batch = SharedNumbers<F>;
    type Best = Best;
    type Error = RunError;

    fn len(batch: &SharedNumbers<F>) -> usize {
        batch.len()
    }

    async fn in_range(&mut self, bids: SharedNumbers<F>) -> Result<SharedNumbers<F>, RunError> {
        let ctx = &self.shamir;
        degree_check(&ctx.narrow("degree-check"), &bids).await?;
        let needed = self.work.random_bits();
        let pool = BitPool::prepare(&ctx.narrow("random-bits"), needed).await?;
        let pool = self.pool.insert(pool);
        let step = ctx.narrow("range-check");
        let fits = range_check(&step, pool, &bids, self.question.maximum).await?;
        self.in_range.retain(|&position| fits[position]);
        self.reporter.compared(2 * bids.len());
        let kept = self.in_range.len();
        self.reporter.expect(&expected(self.ctx, self.work, kept, Ending::Longest));
        Ok(bids.gather(self.in_range.iter().copied())?)
    }

    fn seat(&mut self, bids: SharedNumbers<F>) -> Result<SharedNumbers<F>, RunError> {
        let mut entries = match self.question.reserve {
            Some(reserve) => {
                let reserve = SharedNumbers::from_public(&[F::from_u64(reserve)]);
                SharedNumbers::concat([&bids, &reserve])
            }
            None => bids,
        };
        // Reverse kinds are turned round at the maximum.
        if self.question.kind.is_reverse() {
            entries.subtract_from(F::from_u64(self.question.maximum));
        }
        Ok(entries)
    }

    async fn tournament(
        &mut self,
        numbers: SharedNumbers<F>,
        keep: Keep,
    ) -> Result<Best, RunError> {
        let finished = |level, pairs| self.reporter.level(level, pairs);
        let step = self.shamir.narrow("tournament");
        let pool = self.pool.as_mut().ok_or(NO_BITS)?;
        let comparing = self.work.comparing();
        let best = maximum(&step, pool, comparing, &numbers, keep, &finished);
        let tournament = self.reporter.follow(best).await?;
        Ok(Best { tournament, entries: numbers.len() })
    }

    fn best(&self, best: &Best) -> Result<SharedNumbers<F>, RunError> {
        Ok(best.tournament.value().clone())
    }

    fn second_found(&self, _: &Best) -> Result<Option<SharedNumbers<F>>, RunError> {
        Ok(None)
    }

    async fn second(&mut self, best: &Best, winner: usize) -> Result<SharedNumbers<F>, RunError> {
        let step = self.shamir.narrow("second-price");
        let pool = self.pool.as_mut().ok_or(NO_BITS)?;
        let comparing = self.work.comparing();
        let second = second_price(&step, pool, comparing, &best.tournament, winner);
        let second = self.reporter.follow(second).await?;
        // Comparisons among those whom the winner met.
        let met = beaten(&levels(best.entries, &[]), winner).len();
        self.reporter.compared(met.saturating_sub(1));
        Ok(second)
    }

    async fn open_winner(&mut self, best: &Best) -> Result<usize, RunError> {
        winner_of(best, &open(&self.shamir.narrow("winner"), best.tournament.index()).await?)
    }

    async fn open_winner_and_price(
        &mut self,
        best: &Best,
        price: &SharedNumbers<F>,
    ) -> Result<(usize, u64), RunError> {
        let both = SharedNumbers::concat([best.tournament.index(), price]);
        let opened = open(&self.shamir.narrow("winner-and-price"), &both).await?;
        let (index, value) = opened.split_at(1);
        Ok((winner_of(best, index)?, self.price_of(value)?))
    }

    async fn open_price(&mut self, price: &SharedNumbers<F>) -> Result<u64, RunError> {
        self.price_of(&open(&self.shamir.narrow("price"), price).await?)
    }
}
