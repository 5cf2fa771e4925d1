//! Made-up participants of a market, from a seed: the same seed makes the same ones.
//!
//! Every other one sells. What a participant can do without, or has to have, lies somewhere on the
//! grid, for buyers a little higher than for sellers; around it the order has one step or a few.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::order::{Order, OrderError, Side, Step};
use super::question::Question;

/// Most steps of a made-up order.
const STEPS: usize = 6;

/// Most that a step adds to a made-up order.
const MORE: u64 = 60;

/// So many orders.
///
/// # Errors
/// Never for a question that passed its check.
pub fn orders(question: &Question, seed: u64, count: u32) -> Result<Vec<Order>, OrderError> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..count)
        .map(|number| {
            let side = if number % 2 == 0 { Side::Buy } else { Side::Sell };
            order(question, &mut rng, side)
        })
        .collect()
}

fn order(question: &Question, rng: &mut StdRng, side: Side) -> Result<Order, OrderError> {
    let prices = question.grid.prices();
    let (low, high) = match side {
        Side::Buy => (prices * 2 / 10, prices * 9 / 10),
        Side::Sell => (prices / 10, prices * 8 / 10),
    };
    let spread = (prices / 20).max(1);
    let mut price = rng.random_range(low.min(prices - 1)..=high.min(prices - 1));
    let (mut quantity, mut steps) = (0, Vec::new());
    for _ in 0..rng.random_range(1..=STEPS) {
        quantity = (quantity + rng.random_range(1..=MORE)).min(question.maximum());
        steps.push(Step { quantity, price });
        let apart = rng.random_range(1..=spread);
        let next = match side {
            Side::Buy => price.checked_sub(apart),
            Side::Sell => price.checked_add(apart).filter(|&next| next < prices),
        };
        match next {
            Some(next) if quantity < question.maximum() => price = next,
            _ => break,
        }
    }
    Order::new(question, side, &steps)
}

#[cfg(test)]
mod tests {
    use crate::rules::market::invented::*;
    use crate::rules::market::question::{Rationing, Told};
    use crate::rules::market::{Grid, reference};
    use crate::rules::money::Currency;

    #[test]
    fn a_seed_makes_the_same_market_again_and_one_that_clears() {
        let unit = |code: &str| Currency { code: code.into(), decimals: 0 };
        for (prices, bits) in [(4000, 16), (1, 1), (2, 3), (50, 24)] {
            let grid = Grid { from: 1, to: prices, step: 1 };
            let question = Question {
                currency: unit("EUR"),
                grid,
                unit: unit("t"),
                bits,
                rationing: Rationing::default(),
                quantities: Told::Own,
            };
            let fields = |seed| -> Vec<_> {
                let orders = orders(&question, seed, 100).unwrap();
                orders.iter().map(|order| order.fields(&question).to_vec()).collect()
            };
            assert_eq!(fields(7), fields(7));
            if prices > 1 {
                assert_ne!(fields(7), fields(8));
            }
            let entries = fields(7);
            let entries: Vec<&[u64]> = entries.iter().map(Vec::as_slice).collect();
            assert!(reference::answer(&question, &entries).traded() > 0, "{prices} prices");
        }
    }
}
