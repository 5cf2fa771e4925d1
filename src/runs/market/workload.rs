//! What decides how much a market costs, and the cost.

use crate::protocol::{Cost, CostModel, Tactics};
use crate::rules::Terms;
use crate::rules::market::Question;
use crate::runs::blocks::Comparisons;
use crate::runs::cost::Predicted;
use crate::runs::line::{Line, king_from, lanes, seconds};
use crate::sharing::security::Security;
use crate::sharing::{NodeSet, Scheme};

/// What decides how much a run costs; all of it is public.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Workload {
    /// Which lies of nodes are found.
    pub security: Security,
    /// How many take part.
    pub entries: usize,
    /// How many prices there are.
    pub prices: usize,
    /// Bits of a field.
    pub bits: usize,
    /// Bits of what somebody trades at most.
    pub quantity_bits: usize,
    /// Whether everyone is told how much each trades.
    pub open: bool,
}

/// What a run turned out to be, as far as it decides the cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Supply never reaches demand.
    Unmet,
    /// A price, by its number, at which so much is bought, and so much offered.
    Cleared {
        /// The price's number.
        price: usize,
        /// What is bought.
        demand: u64,
        /// What is offered.
        supply: u64,
    },
}

impl Workload {
    /// The work that so many entries make.
    pub fn of(terms: &Terms, question: &Question, entries: usize) -> Self {
        Self {
            security: terms.security(),
            entries,
            prices: question.grid.prices(),
            bits: question.bits as usize,
            quantity_bits: question.quantity_bits() as usize,
            open: question.quantities.is_everyone(),
        }
    }

    /// What a run costs that clears at the lowest price, with the dearest totals.
    pub(in crate::runs) fn predict(
        self,
        scheme: Scheme,
        participants: NodeSet,
        tactics: &Tactics,
    ) -> Predicted {
        let bits = sum_bits(self.quantity_bits, self.entries);
        let supply = (1_u64 << bits) - 1;
        let dearest = Ending::Cleared { price: 0, demand: supply.saturating_sub(1), supply };
        self.predict_ending(scheme, participants, tactics, dearest)
    }

    /// What a run costs exactly, given what becomes public in it.
    pub fn predict_ending(
        self,
        scheme: Scheme,
        participants: NodeSet,
        tactics: &Tactics,
        ending: Ending,
    ) -> Predicted {
        let model = CostModel::new(scheme, participants).with_tactics(tactics);
        let model = model.with_security(self.security);
        let (prices, entries, width) = (self.prices, self.entries, self.quantity_bits);
        let mut cost = model.keys();
        if entries == 0 {
            return Predicted::of(cost);
        }
        let total = sum_bits(self.bits, entries);
        cost += model.totals(self.bits, entries, prices + 1)
            + model.prefix_sums(total, prices)
            + model.less_than(sum_bits(total, prices), prices);
        cost = model.opening(cost, &[(1, prices)]);
        let Ending::Cleared { price, demand, supply } = ending else {
            return Predicted::of(cost);
        };
        cost += model.totals(self.bits, prices - price, entries)
            + model.less_than(width, entries)
            + model.and(width, entries)
            + model.combine(&[(width, 1), (width, 1), (1, 1)], width, entries)
            + model.and(width, entries)
            + model.sum(width, entries)
            + model.sum(width, entries);
        let volume = (sum_bits(width, entries), 1);
        cost = model.opening(cost, &[volume, volume]);
        if demand == 0 {
            return Predicted::of(cost);
        }
        cost += model.in_proportion(width, entries, demand, supply);
        let told = if self.open { vec![(width, entries); 2] } else { vec![(width + 1, entries)] };
        Predicted::of(model.opening(cost, &told))
    }

    /// The tactics that are expected to take the least time.
    pub(in crate::runs) fn tactics(
        self,
        scheme: Scheme,
        participants: NodeSet,
        line: Line,
    ) -> Tactics {
        let king_from = king_from(scheme, participants, line);
        let lanes = lanes(scheme, self.prices.max(self.entries), line, 2);
        let (security, width, count) = (self.security, self.quantity_bits, self.prices);
        let comparisons = Comparisons { scheme, participants, security, width, count, line };
        let tactics = Tactics { king_from, lanes, ..Tactics::default() };
        comparisons.fastest(tactics, |tactics| {
            let cost: Cost = self.predict(scheme, participants, &tactics).cost();
            (seconds(scheme, line, cost), tactics)
        })
    }
}

/// Bits of the sum of so many numbers of so many bits each.
const fn sum_bits(bits: usize, count: usize) -> usize {
    let most = ((1_u128 << bits) - 1) * count as u128;
    (u128::BITS - most.leading_zeros()) as usize
}
