//! What an auction costs: the cost model sits at the table where it is decided and adds up.

use std::convert::Infallible;

use futures_util::FutureExt as _;

use super::decide::{Table, decide};
use super::workload::Workload;
use crate::field::Mersenne127;
use crate::protocol::bits::maximum::Keep;
use crate::protocol::bracket::{Level, beaten, index_bits, levels};
use crate::protocol::numbers::NumberCosts;
use crate::protocol::{Context, Cost, CostModel, Tactics};
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
    /// The bid with this position among those in range won.
    Sold(usize),
}

/// What a run costs at most: all bids in range, and the winner met an opponent at every level.
/// With 2^k entries and a bid that wins, this is exact.
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
    let steps = match work.protocol {
        Form::Bits => Steps::Bits { model, tactics },
        Form::Numbers => Steps::Numbers(NumberCosts::new(participants)),
    };
    let mut bill = Bill { steps, work, in_range, ending, cost: model.keys() };
    let reserve = work.reserve.then_some(0);
    // No step of a bill waits for anything.
    let decided = decide(&mut bill, work, reserve, Numbers(work.bids), &|_| {}).now_or_never();
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

    /// How many enter each level of the tournament, and last how many remain.
    fn entries_by_level(&self) -> Vec<u64> {
        let first = self.work.entries(self.in_range);
        let bracket = self.bracket(first);
        let left = bracket.last().map_or(first, |level| level.groups());
        bracket.iter().map(|level| level.entries).chain([left]).map(|count| count as u64).collect()
    }

    fn width(&self) -> usize {
        self.work.bits as usize
    }

    /// The winner as this ending has it: the reserve is the last entry.
    const fn winner(&self) -> usize {
        match self.ending {
            Ending::Longest => 0,
            Ending::Unsold => self.in_range,
            Ending::Sold(winner) => winner,
        }
    }

    /// Width of an index among so many.
    fn index_width(&self, entries: usize) -> usize {
        index_bits(&self.bracket(entries)) as usize
    }
}

impl Table for Bill<'_> {
    type Batch = Numbers;
    type Best = Numbers;
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
        _: Keep,
    ) -> Result<Numbers, Infallible> {
        self.cost += match &self.steps {
            Steps::Bits { model, tactics } => {
                model.maximum(self.width(), entries, true, &tactics.groups)
            }
            Steps::Numbers(model) => model.maximum(self.work.bits, entries, true),
        };
        Ok(Numbers(entries))
    }

    fn best(&self, _: &Numbers) -> Result<Numbers, Infallible> {
        Ok(Numbers(1))
    }

    async fn second(
        &mut self,
        &Numbers(entries): &Numbers,
        winner: usize,
    ) -> Result<Numbers, Infallible> {
        let beaten = beaten(&self.bracket(entries), winner).len();
        self.cost += match &self.steps {
            Steps::Bits { model, tactics } => {
                model.maximum(self.width(), beaten, false, &tactics.second_groups)
            }
            Steps::Numbers(model) => model.maximum(self.work.bits, beaten, false),
        };
        Ok(Numbers(1))
    }

    async fn open_winner(&mut self, &Numbers(entries): &Numbers) -> Result<usize, Infallible> {
        self.cost += match &self.steps {
            Steps::Bits { model, .. } => model.open(&[(self.index_width(entries), 1)]),
            Steps::Numbers(model) => model.open(1),
        };
        Ok(self.winner())
    }

    async fn open_winner_and_price(
        &mut self,
        &Numbers(entries): &Numbers,
    ) -> Result<(usize, u64), Infallible> {
        self.cost += match &self.steps {
            Steps::Bits { model, .. } => {
                model.open(&[(self.index_width(entries), 1), (self.width(), 1)])
            }
            Steps::Numbers(model) => model.open(2),
        };
        Ok((self.winner(), 0))
    }

    async fn open_price(&mut self, _: &Numbers) -> Result<u64, Infallible> {
        self.cost += match &self.steps {
            Steps::Bits { model, .. } => model.open(&[(self.width(), 1)]),
            Steps::Numbers(model) => model.open(1),
        };
        Ok(0)
    }
}
