//! An auction on replicated bits. Reverse kinds run on complemented bits, so that the lowest bid is
//! the largest number.

use super::cost::{Ending, expected};
use super::decide::{Table, check_index, check_price, decide};
use super::workload::Workload;
use crate::protocol::bits::BitContext;
use crate::protocol::bits::maximum::{Keep, Maximum, maximum};
use crate::protocol::bits::open::{PublicBits, open, open_all};
use crate::protocol::bits::range_check::range_check;
use crate::protocol::bits::second_price::second_price;
use crate::protocol::bracket::{beaten, levels};
use crate::rules::auction::{Question, Sale};
use crate::runs::computed::RunError;
use crate::runs::reporter::Reporter;
use crate::sharing::{ShapeError, SharedBits, seed::mask};

/// Decide the auction: the bids in range, and who of them won.
pub(super) async fn run(
    ctx: &BitContext,
    question: &Question,
    work: Workload,
    bids: SharedBits,
    reporter: &Reporter<'_>,
) -> Result<(Vec<usize>, Vec<Sale<usize>>), RunError> {
    let (width, total) = (work.bits as usize, bids.len());
    if bids.width() != width {
        return Err(RunError::Width { expected: width, got: bids.width() });
    }
    let in_range = (0..total).collect();
    let mut table = Bits { ctx, question, work, reporter, in_range };
    let stage = |stage| reporter.stage(stage);
    let sales = decide(&mut table, work, question.reserve, bids, &stage).await?;
    Ok((table.in_range, sales))
}

struct Bits<'a> {
    ctx: &'a BitContext,
    question: &'a Question,
    work: Workload,
    reporter: &'a Reporter<'a>,
    /// Positions of the bids in range.
    in_range: Vec<usize>,
}

impl Bits<'_> {
    /// What complements an amount for reverse kinds, and leaves it alone for others.
    const fn flip(&self) -> u64 {
        if self.question.kind.is_reverse() { mask(self.work.bits) } else { 0 }
    }

    fn price_of(&self, opened: &PublicBits) -> Result<u64, RunError> {
        check_price(self.question, opened.value(0) ^ self.flip())
    }
}

fn winner_of(best: &Maximum, opened: &PublicBits) -> Result<usize, RunError> {
    check_index(opened.value(0).into(), best.count())
}

impl Table for Bits<'_> {
    type Batch = SharedBits;
    type Best = Maximum;
    type Error = RunError;

    fn len(batch: &SharedBits) -> usize {
        batch.len()
    }

    async fn in_range(&mut self, bids: SharedBits) -> Result<SharedBits, RunError> {
        let total = bids.len();
        let step = self.ctx.narrow("range-check");
        let fits = range_check(&step, &bids, self.question.maximum).await?;
        self.in_range.retain(|&position| fits[position]);
        let kept = self.in_range.len();
        self.reporter.compared(total);
        self.reporter.expect(&expected(self.ctx.base(), self.work, kept, Ending::Longest));
        Ok(if kept == total { bids } else { bids.gather(&self.in_range)? })
    }

    fn seat(&mut self, mut bids: SharedBits) -> Result<SharedBits, RunError> {
        if self.question.kind.is_reverse() {
            bids.complement();
        }
        let Some(reserve) = self.question.reserve else { return Ok(bids) };
        let (holding, width) = (bids.holding(), bids.width());
        let reserve = SharedBits::from_public(holding, width, &[reserve ^ self.flip()]);
        Ok(SharedBits::concat(holding, width, &[&bids, &reserve])?)
    }

    async fn tournament(&mut self, entries: SharedBits, keep: Keep) -> Result<Maximum, RunError> {
        let finished = |level, pairs| self.reporter.level(level, pairs);
        Ok(maximum(&self.ctx.narrow("tournament"), &entries, keep, &finished).await?)
    }

    fn best(&self, best: &Maximum) -> Result<SharedBits, RunError> {
        Ok(best.value()?)
    }

    async fn second(&mut self, best: &Maximum, winner: usize) -> Result<SharedBits, RunError> {
        let second = second_price(&self.ctx.narrow("second-price"), best, winner).await?;
        // Comparisons among those whom the winner met.
        let tactics = self.ctx.base().tactics();
        let met = beaten(&levels(best.count(), &tactics.groups), winner).len();
        let bracket = levels(met, &tactics.second_groups);
        self.reporter.compared(bracket.iter().map(|level| level.comparisons()).sum());
        Ok(second)
    }

    async fn open_winner(&mut self, best: &Maximum) -> Result<usize, RunError> {
        winner_of(best, &open(&self.ctx.narrow("winner"), &best.index()?).await?)
    }

    async fn open_winner_and_price(&mut self, best: &Maximum) -> Result<(usize, u64), RunError> {
        let (index, value) = (best.index()?, best.value()?);
        let opened = open_all(&self.ctx.narrow("winner-and-price"), &[&index, &value]).await?;
        match opened.as_slice() {
            [index, value] => Ok((winner_of(best, index)?, self.price_of(value)?)),
            other => {
                Err(ShapeError { what: "values opened", expected: 2, got: other.len() }.into())
            }
        }
    }

    async fn open_price(&mut self, price: &SharedBits) -> Result<u64, RunError> {
        self.price_of(&open(&self.ctx.narrow("price"), price).await?)
    }
}
