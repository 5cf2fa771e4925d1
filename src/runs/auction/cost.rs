//! What an auction costs: the cost model sits at the table where it is decided and adds up.

use std::convert::Infallible;

use futures_util::FutureExt as _;

use super::decide::Table;
use super::lots::{self, Ranking};
use super::weighed::{self, Weighing};
use super::workload::{Reserve, Weighed, Workload};
use crate::field::Mersenne127;
use crate::protocol::bits::maximum::Keep;
use crate::protocol::bracket::{Level, beaten, index_bits, is_one_group, levels};
use crate::protocol::numbers::NumberCosts;
use crate::protocol::tactics::BestBy;
use crate::protocol::{Context, Cost, CostModel, Tactics};
use crate::rules::auction::Sale;
use crate::rules::job::prime::over;
use crate::runs::cost::Predicted;
use crate::sharing::form::Form;
use crate::sharing::{NodeSet, Scheme};

/// What a run turned out to be, as far as it decides the cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The most expensive one: a bid wins that met an opponent at every level.
    Longest,
    /// No bid reached the reserve.
    Unsold,
    /// The bid with this position among those in range won the one lot.
    Sold(usize),
    /// So many bids won, of several lots.
    Lots(usize),
}

impl Ending {
    /// The ending of a run that came to these sales, by position among the bids in range.
    pub fn of(work: Workload, sales: &[Sale<usize>]) -> Self {
        match sales.first() {
            _ if work.quantity > 1 => Self::Lots(sales.len()),
            Some(sale) => Self::Sold(sale.entry),
            None => Self::Unsold,
        }
    }

    /// How many bids won, of so many that can.
    fn winners(self, lots: usize) -> usize {
        match self {
            Self::Longest => lots,
            Self::Unsold => 0,
            Self::Sold(_) => lots.min(1),
            Self::Lots(winners) => winners.min(lots),
        }
    }
}

/// What a run costs when all bids are in range, and the winner met an opponent at every level, or
/// all lots are won. With 2^k entries and a bid that wins one lot, this is exact; another run for
/// one lot costs less. For several lots a run with fewer bids in range may take a few rounds more:
/// what adds up some counts is deeper than for slightly larger ones. And a run with so few bids in
/// range that its batches get smaller blocks may take some more gates.
pub fn predict(
    scheme: Scheme,
    participants: NodeSet,
    work: Workload,
    tactics: &Tactics,
) -> Predicted {
    predict_ending(scheme, participants, work, tactics, work.bids, Ending::Longest)
}

/// What a run costs exactly, given what becomes public in it.
pub fn predict_ending(
    scheme: Scheme,
    participants: NodeSet,
    work: Workload,
    tactics: &Tactics,
    in_range: usize,
    ending: Ending,
) -> Predicted {
    let model = CostModel::new(scheme, participants).with_tactics(tactics);
    let model = model.with_security(work.security);
    let steps = match work.protocol {
        Form::Bits => Steps::Bits { model, tactics },
        Form::Numbers => Steps::Numbers(NumberCosts::new(participants)),
        // No auction is decided by adding; its terms are refused.
        Form::Sums => return Predicted::default(),
    };
    let mut cost = model.keys();
    if let (Some(field), true) = (work.secret_reserve, work.bids > 0) {
        cost = over!(field, F => model.to_bits_after::<F>(cost, work.bits as usize, 1));
    }
    let mut bill = Bill { steps, work, in_range, ending, cost };
    let reserve = match (work.reserve, work.secret_reserve) {
        (_, Some(_)) => Reserve::Secret,
        (true, None) => Reserve::Public(0),
        (false, None) => Reserve::None,
    };
    // No step of a bill waits for anything.
    let bids = Numbers(work.bids);
    let decided = if work.weighed.is_some() {
        weighed::decide(&mut bill, work, 0, bids, &|_| {}).now_or_never()
    } else {
        lots::decide(&mut bill, work, reserve, bids, &|_| {}).now_or_never()
    };
    debug_assert!(decided.is_some());
    Predicted::of(bill.cost).with_levels(bill.entries_by_level())
}

/// What the run at this context costs, as far as is known when so many bids are in range.
pub(super) fn expected(
    ctx: &Context,
    work: Workload,
    in_range: usize,
    ending: Ending,
) -> Predicted {
    let (scheme, participants) = (ctx.scheme(), ctx.participants());
    predict_ending(scheme, participants, work, ctx.tactics(), in_range, ending)
}

/// Finding who of so many bids is among the best and reaches the reserve, and the best of the
/// others if asked for.
pub(super) fn ranking(
    model: CostModel,
    tactics: &Tactics,
    work: Workload,
    bids: usize,
    lots: usize,
    next: bool,
) -> Cost {
    let width = work.bits as usize;
    let entries = bids + usize::from(next && work.reserve);
    let best = match tactics.best_by(work.bids) {
        BestBy::Rank => model.best_by_rank(width, entries, lots, next),
        BestBy::Search => model.best_by_search(width, entries, lots),
    };
    if !work.reserve {
        return best;
    }
    let reaching = if work.secret_reserve.is_some() {
        model.less_than(width, bids)
    } else {
        model.public_less_than(width, bids)
    };
    if lots == bids {
        return reaching;
    }
    // Side by side, and then both.
    let rounds = best.rounds.max(reaching.rounds);
    Cost { rounds, ..best + reaching } + model.and(1, bids)
}

/// So many numbers.
struct Numbers(usize);

/// Prices of the steps.
enum Steps<'a> {
    Bits { model: CostModel, tactics: &'a Tactics },
    Numbers(NumberCosts<Mersenne127>),
}

/// What has been spent, in a run with this ending.
struct Bill<'a> {
    steps: Steps<'a>,
    work: Workload,
    in_range: usize,
    ending: Ending,
    cost: Cost,
}

impl Bill<'_> {
    fn bracket(&self, entries: usize) -> Vec<Level> {
        match self.steps {
            Steps::Bits { tactics, .. } => levels(entries, &tactics.groups),
            Steps::Numbers(_) => levels(entries, &[]),
        }
    }

    /// How many enter each level of the tournament, and last how many remain. Several lots are found
    /// on one level.
    fn entries_by_level(&self) -> Vec<u64> {
        if self.work.quantity > 1 {
            let left = self.work.is_ranked(self.in_range).then(|| self.work.lots(self.in_range));
            return [self.in_range].into_iter().chain(left).map(|count| count as u64).collect();
        }
        let first = self.work.entries(self.in_range);
        let bracket = self.bracket(first);
        let left = bracket.last().map_or(first, |level| level.groups());
        bracket.iter().map(|level| level.entries).chain([left]).map(|count| count as u64).collect()
    }

    /// What a step costs that numbers do not have: on them there is one lot.
    fn on_bits(&mut self, cost: impl FnOnce(CostModel, &Tactics) -> Cost) {
        if let Steps::Bits { model, tactics } = self.steps {
            self.cost += cost(model, tactics);
        }
    }

    /// Open batches, each given by its width and positions; on numbers, as many as there are. What
    /// is not checked yet is checked before.
    fn open(&mut self, batches: &[(usize, usize)]) {
        self.cost = match &self.steps {
            Steps::Bits { model, .. } => model.opening(self.cost, batches),
            Steps::Numbers(model) => self.cost + model.open(batches.len()),
        };
    }

    /// Width of a bid.
    fn width(&self) -> usize {
        self.work.bits as usize
    }

    /// Width of what is compared.
    fn compared(&self) -> usize {
        self.work.compared() as usize
    }

    /// The winner as this ending has it: the reserve is the last entry.
    const fn winner(&self) -> usize {
        match self.ending {
            Ending::Longest | Ending::Lots(_) => 0,
            Ending::Unsold => self.in_range,
            Ending::Sold(winner) => winner,
        }
    }

    /// Width of an index among so many.
    fn index_width(&self, entries: usize) -> usize {
        index_bits(&self.bracket(entries)) as usize
    }
}

/// A finished tournament among so many.
struct Finished {
    entries: usize,
    /// Whether the best of the others was found with the best.
    second: bool,
}

impl Table for Bill<'_> {
    type Batch = Numbers;
    type Best = Finished;
    type Error = Infallible;

    fn len(batch: &Numbers) -> usize {
        batch.0
    }

    async fn in_range(&mut self, Numbers(bids): Numbers) -> Result<Numbers, Infallible> {
        self.cost += match &self.steps {
            Steps::Bits { model, .. } => model.range_check(self.width(), bids),
            Steps::Numbers(model) => {
                model.degree_check(bids)
                    + model.random_bits(self.work.random_bits())
                    + model.range_check(bids)
            }
        };
        Ok(Numbers(self.in_range))
    }

    fn seat(&mut self, Numbers(bids): Numbers) -> Result<Numbers, Infallible> {
        Ok(Numbers(self.work.entries(bids)))
    }

    async fn tournament(
        &mut self,
        Numbers(entries): Numbers,
        keep: Keep,
    ) -> Result<Finished, Infallible> {
        self.cost += match &self.steps {
            Steps::Bits { model, tactics } => {
                model.maximum(self.compared(), entries, keep, &tactics.groups)
            }
            Steps::Numbers(model) => model.maximum(self.work.bits, entries, true),
        };
        let second = keep == Keep::Levels && is_one_group(&self.bracket(entries));
        Ok(Finished { entries, second })
    }

    fn best(&self, _: &Finished) -> Result<Numbers, Infallible> {
        Ok(Numbers(1))
    }

    fn second_found(&self, best: &Finished) -> Result<Option<Numbers>, Infallible> {
        Ok(best.second.then_some(Numbers(1)))
    }

    async fn second(
        &mut self,
        &Finished { entries, .. }: &Finished,
        winner: usize,
    ) -> Result<Numbers, Infallible> {
        let beaten = beaten(&self.bracket(entries), winner).len();
        self.cost += match &self.steps {
            Steps::Bits { model, tactics } => {
                model.maximum(self.compared(), beaten, Keep::Value, &tactics.second_groups)
            }
            Steps::Numbers(model) => model.maximum(self.work.bits, beaten, false),
        };
        Ok(Numbers(1))
    }

    async fn open_winner(&mut self, best: &Finished) -> Result<usize, Infallible> {
        self.open(&[(self.index_width(best.entries), 1)]);
        Ok(self.winner())
    }

    async fn open_winner_and_price(
        &mut self,
        best: &Finished,
        _: &Numbers,
    ) -> Result<(usize, u64), Infallible> {
        self.open(&[(self.index_width(best.entries), 1), (self.width(), 1)]);
        Ok((self.winner(), 0))
    }

    async fn open_price(&mut self, _: &Numbers) -> Result<u64, Infallible> {
        self.open(&[(self.width(), 1)]);
        Ok(0)
    }
}

impl Ranking for Bill<'_> {
    fn turned(&self, bids: Numbers) -> Numbers {
        bids
    }

    async fn winners(&mut self, bids: &Numbers, lots: usize) -> Result<Numbers, Infallible> {
        let (work, bids) = (self.work, bids.0);
        self.on_bits(|model, tactics| ranking(model, tactics, work, bids, lots, false));
        Ok(Numbers(bids))
    }

    async fn winners_and_next(
        &mut self,
        bids: &Numbers,
        lots: usize,
    ) -> Result<(Numbers, Numbers), Infallible> {
        let (work, bids) = (self.work, bids.0);
        self.on_bits(|model, tactics| ranking(model, tactics, work, bids, lots, true));
        Ok((Numbers(bids), Numbers(1)))
    }

    fn secret_reserve(&self) -> Result<Numbers, Infallible> {
        Ok(Numbers(1))
    }

    async fn worst(&mut self, &Numbers(bids): &Numbers) -> Result<Numbers, Infallible> {
        let width = self.width();
        self.on_bits(|model, tactics| model.maximum(width, bids, Keep::Value, &tactics.groups));
        Ok(Numbers(1))
    }

    async fn open_winners(
        &mut self,
        &Numbers(bids): &Numbers,
        lots: usize,
    ) -> Result<Vec<usize>, Infallible> {
        self.open(&[(1, bids)]);
        Ok((0..self.ending.winners(lots)).collect())
    }

    async fn open_amounts(&mut self, _: &Numbers, of: &[usize]) -> Result<Vec<u64>, Infallible> {
        self.open(&[(self.width(), of.len())]);
        Ok(vec![0; of.len()])
    }
}

impl Weighing for Bill<'_> {
    async fn weigh(&mut self, Numbers(bids): Numbers) -> Result<Numbers, Infallible> {
        if let Some(Weighed { operands, .. }) = self.work.weighed {
            self.on_bits(|model, _| model.add(operands as usize, bids));
        }
        Ok(Numbers(bids))
    }

    async fn capped(&mut self, next: Numbers, _: usize) -> Result<Numbers, Infallible> {
        let width = self.compared();
        self.on_bits(|model, _| model.public_less_than(width, 1) + model.select(width, 1));
        Ok(next)
    }

    async fn open_own(&mut self, best: &Finished, _: &Numbers) -> Result<(usize, u64), Infallible> {
        self.open(&[(self.index_width(best.entries), 1), (self.compared(), 1)]);
        Ok((self.winner(), 0))
    }

    async fn open_less(&mut self, _: &Numbers, _: usize) -> Result<u64, Infallible> {
        self.open(&[(self.compared(), 1)]);
        Ok(0)
    }
}
