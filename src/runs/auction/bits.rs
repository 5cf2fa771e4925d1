//! An auction on replicated bits. Reverse kinds run on complemented bits, so that the lowest bid is
//! the largest number.

use super::cost::{Ending, expected, ranking};
use super::decide::{Table, check_index, check_price};
use super::lots::{self, Ranking};
use super::weighed::{self, Weighing};
use super::workload::{Reserve, Weighed, Workload};
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::bits::add::add;
use crate::protocol::bits::and::and;
use crate::protocol::bits::beside::both;
use crate::protocol::bits::best::Best;
use crate::protocol::bits::less_than::{less_than, public_less_than};
use crate::protocol::bits::maximum::{Keep, Maximum, maximum};
use crate::protocol::bits::open::{PublicBits, open, open_all};
use crate::protocol::bits::proportion::widened;
use crate::protocol::bits::range_check::range_check;
use crate::protocol::bits::rank::best_by_rank;
use crate::protocol::bits::search::best_by_search;
use crate::protocol::bits::second_price::second_price;
use crate::protocol::bits::select::select;
use crate::protocol::bracket::{beaten, levels};
use crate::protocol::tactics::BestBy;
use crate::rules::auction::{Question, Sale};
use crate::runs::computed::RunError;
use crate::runs::reporter::Reporter;
use crate::sharing::{ShapeError, SharedBits, seed::mask};

/// Decide the auction: the bids in range, and who of them won. A secret reserve comes as bits, and in a
/// scored auction every bid with its handicap.
pub(super) async fn run(
    ctx: &BitContext,
    question: &Question,
    work: Workload,
    (bids, secret, handicaps): (SharedBits, Option<SharedBits>, &[u64]),
    reporter: &Reporter<'_>,
) -> Result<(Vec<usize>, Vec<Sale<usize>>), RunError> {
    let (width, total) = (work.bits as usize, bids.len());
    if bids.width() != width {
        return Err(RunError::Width { expected: width, got: bids.width() });
    }
    let in_range = (0..total).collect();
    let mut table = Bits { ctx, question, work, reporter, in_range, secret: None, handicaps };
    table.secret = secret.map(|secret| table.turned(secret));
    let stage = |stage| reporter.stage(stage);
    let sales = if work.weighed.is_some() {
        weighed::decide(&mut table, work, question.maximum, bids, &stage).await?
    } else {
        lots::decide(&mut table, work, Reserve::of(question), bids, &stage).await?
    };
    Ok((table.in_range, sales))
}

struct Bits<'a> {
    ctx: &'a BitContext,
    question: &'a Question,
    work: Workload,
    reporter: &'a Reporter<'a>,
    /// Positions of the bids in range.
    in_range: Vec<usize>,
    /// A secret reserve, turned like the bids.
    secret: Option<SharedBits>,
    /// In a scored auction, the handicap of every bid, those out of range among them.
    handicaps: &'a [u64],
}

impl Bits<'_> {
    /// What complements an amount for reverse kinds, and leaves it alone for others.
    const fn flip(&self) -> u64 {
        if self.question.kind.is_reverse() { mask(self.work.bits) } else { 0 }
    }

    /// The public reserve, turned like the bids.
    fn reserve(&self) -> Option<u64> {
        Some(self.question.reserve? ^ self.flip())
    }

    /// The bids and the reserve, if there is one, as the last.
    fn with_reserve(&self, bids: SharedBits) -> Result<SharedBits, ShapeError> {
        let (holding, width) = (bids.holding(), bids.width());
        let public = || Some(SharedBits::from_public(holding, width, &[self.reserve()?]));
        let Some(reserve) = self.secret.clone().or_else(public) else { return Ok(bids) };
        SharedBits::concat(holding, width, &[&bids, &reserve])
    }

    /// Who of the bids is among the best and reaches the reserve, and the best of the others if
    /// asked for.
    async fn best_of(
        &self,
        bids: &SharedBits,
        lots: usize,
        next: bool,
    ) -> Result<Best, ProtocolError> {
        let ctx = self.ctx.narrow("ranking");
        let entries = if next { self.with_reserve(bids.clone())? } else { bids.clone() };
        let by = ctx.base().tactics().best_by(self.work.bids);
        let best = |ctx: BitContext| async move {
            match by {
                BestBy::Rank => best_by_rank(&ctx, &entries, lots, next).await,
                BestBy::Search => best_by_search(&ctx, &entries, lots).await,
            }
        };
        if !self.work.reserve {
            return best(ctx).await;
        }
        let reaching = |ctx: BitContext| self.reaching(ctx, bids);
        if lots == bids.len() {
            let members = reaching(ctx.narrow("reserve")).await?;
            return Ok(Best { members, next: None });
        }
        let (best, reaching) = both(&ctx, best, reaching).await?;
        let members = best.members.extract(0, bids.len())?;
        let members = and(&ctx.narrow("winners"), &members, &reaching).await?;
        Ok(Best { members, next: best.next })
    }

    /// Which bids are not worse than the reserve.
    async fn reaching(
        &self,
        ctx: BitContext,
        bids: &SharedBits,
    ) -> Result<SharedBits, ProtocolError> {
        let mut reaching = if let Some(secret) = &self.secret {
            let reserve = secret.gather(&vec![0; bids.len()])?;
            less_than(&ctx, bids, &reserve).await?
        } else {
            // A bid is worse than the reserve if it has the larger complement.
            let mut numbers = bids.clone();
            numbers.complement();
            let complement = self.reserve().unwrap_or_default() ^ mask(self.work.bits);
            public_less_than(&ctx, complement, &numbers).await?
        };
        reaching.complement();
        Ok(reaching)
    }

    /// The same, told of as it goes on.
    async fn ranked(&self, bids: &SharedBits, lots: usize, next: bool) -> Result<Best, RunError> {
        let best = self.reporter.follow(self.best_of(bids, lots, next)).await?;
        let (model, tactics) = (self.ctx.cost_model(), self.ctx.base().tactics());
        let cost = ranking(model, tactics, self.work, bids.len(), lots, next);
        self.reporter.level(1, usize::try_from(cost.comparisons).unwrap_or(usize::MAX));
        Ok(best)
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

    fn seat(&mut self, bids: SharedBits) -> Result<SharedBits, RunError> {
        Ok(self.with_reserve(self.turned(bids))?)
    }

    async fn tournament(&mut self, entries: SharedBits, keep: Keep) -> Result<Maximum, RunError> {
        let finished = |level, pairs| self.reporter.level(level, pairs);
        let step = self.ctx.narrow("tournament");
        let best = maximum(&step, &entries, keep, &finished);
        Ok(self.reporter.follow(best).await?)
    }

    fn best(&self, best: &Maximum) -> Result<SharedBits, RunError> {
        Ok(best.value()?)
    }

    fn second_found(&self, best: &Maximum) -> Result<Option<SharedBits>, RunError> {
        Ok(best.second().cloned())
    }

    async fn second(&mut self, best: &Maximum, winner: usize) -> Result<SharedBits, RunError> {
        let step = self.ctx.narrow("second-price");
        let second = self.reporter.follow(second_price(&step, best, winner)).await?;
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

    async fn open_winner_and_price(
        &mut self,
        best: &Maximum,
        price: &SharedBits,
    ) -> Result<(usize, u64), RunError> {
        let index = best.index()?;
        let opened = open_all(&self.ctx.narrow("winner-and-price"), &[&index, price]).await?;
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

/// No best of the others where there is one.
const NO_NEXT: ShapeError = ShapeError { what: "entries after the best", expected: 1, got: 0 };

impl Ranking for Bits<'_> {
    fn turned(&self, mut bids: SharedBits) -> SharedBits {
        if self.question.kind.is_reverse() {
            bids.complement();
        }
        bids
    }

    async fn winners(&mut self, bids: &SharedBits, lots: usize) -> Result<SharedBits, RunError> {
        Ok(self.ranked(bids, lots, false).await?.members)
    }

    async fn winners_and_next(
        &mut self,
        bids: &SharedBits,
        lots: usize,
    ) -> Result<(SharedBits, SharedBits), RunError> {
        let best = self.ranked(bids, lots, true).await?;
        Ok((best.members, best.next.ok_or(NO_NEXT)?))
    }

    fn secret_reserve(&self) -> Result<SharedBits, RunError> {
        self.secret.clone().ok_or(RunError::Stored)
    }

    async fn worst(&mut self, bids: &SharedBits) -> Result<SharedBits, RunError> {
        let mut numbers = bids.clone();
        numbers.complement();
        let finished = |_, pairs| self.reporter.compared(pairs);
        let step = self.ctx.narrow("worst");
        let worst = maximum(&step, &numbers, Keep::Value, &finished);
        let mut worst = self.reporter.follow(worst).await?.value()?;
        if numbers.len() > 1 {
            self.reporter.level(1, 0);
        }
        worst.complement();
        Ok(worst)
    }

    async fn open_winners(
        &mut self,
        winners: &SharedBits,
        lots: usize,
    ) -> Result<Vec<usize>, RunError> {
        let opened = open(&self.ctx.narrow("winners"), winners).await?;
        let winners: Vec<usize> = (0..opened.len()).filter(|&at| opened.value(at) == 1).collect();
        let got = winners.len();
        if got > lots || got < lots && !self.work.reserve {
            return Err(RunError::Winners { got, lots });
        }
        Ok(winners)
    }

    async fn open_amounts(
        &mut self,
        bids: &SharedBits,
        of: &[usize],
    ) -> Result<Vec<u64>, RunError> {
        let amounts = bids.gather(of)?;
        let opened = open(&self.ctx.narrow("prices"), &amounts).await?;
        let amounts = opened.values().into_iter();
        amounts.map(|amount| check_price(self.question, amount ^ self.flip())).collect()
    }
}

impl Bits<'_> {
    /// The handicap of a bid in range.
    fn handicap(&self, entry: usize) -> Result<u64, RunError> {
        let handicap = self.in_range.get(entry).and_then(|&at| self.handicaps.get(at));
        handicap.copied().ok_or(RunError::Handicaps)
    }

    /// The price of the winner, from the complement of a sum that was opened.
    fn price_less(&self, opened: u64, winner: usize) -> Result<u64, RunError> {
        let sum = opened ^ mask(self.work.compared());
        let price = sum.checked_sub(self.handicap(winner)?);
        check_price(self.question, price.ok_or(RunError::Price { got: sum })?)
    }
}

impl Weighing for Bits<'_> {
    async fn weigh(&mut self, bids: SharedBits) -> Result<SharedBits, RunError> {
        let Some(Weighed { operands, bits }) = self.work.weighed else {
            return Err(RunError::Handicaps);
        };
        let (operands, bits) = (operands as usize, bits as usize);
        let handicaps = (0..bids.len()).map(|entry| self.handicap(entry));
        let handicaps = handicaps.collect::<Result<Vec<_>, _>>()?;
        let handicaps = SharedBits::from_public(bids.holding(), operands, &handicaps);
        let prices = widened(&bids, operands)?;
        drop(bids);
        let sums = add(&self.ctx.narrow("handicaps"), &prices, &handicaps).await?;
        // The largest sum there is may have a bit less than a sum of such numbers has room for.
        let mut sums = sums.take_planes(0..bits)?;
        sums.complement();
        Ok(sums)
    }

    async fn capped(&mut self, next: SharedBits, winner: usize) -> Result<SharedBits, RunError> {
        let most = self.question.maximum.saturating_add(self.handicap(winner)?);
        let most = most ^ mask(self.work.compared());
        let ctx = self.ctx.narrow("reserve");
        // The better of the two has the larger complement.
        let better = public_less_than(&ctx.narrow("less-than"), most, &next).await?;
        let most = SharedBits::from_public(next.holding(), next.width(), &[most]);
        Ok(select(&ctx.narrow("select"), &better, &next, &most).await?)
    }

    async fn open_own(
        &mut self,
        best: &Maximum,
        counts_as: &SharedBits,
    ) -> Result<(usize, u64), RunError> {
        let index = best.index()?;
        let opened = open_all(&self.ctx.narrow("winner-and-price"), &[&index, counts_as]).await?;
        match opened.as_slice() {
            [index, sum] => {
                let winner = winner_of(best, index)?;
                Ok((winner, self.price_less(sum.value(0), winner)?))
            }
            other => {
                Err(ShapeError { what: "values opened", expected: 2, got: other.len() }.into())
            }
        }
    }

    async fn open_less(&mut self, sum: &SharedBits, winner: usize) -> Result<u64, RunError> {
        let opened = open(&self.ctx.narrow("price"), sum).await?;
        self.price_less(opened.value(0), winner)
    }
}
