//! A small market, for tests.

use super::grid::Grid;
use super::order::{Order, Side};
use super::question::{Question, Rationing, Told};
use crate::rules::money::Currency;
use crate::rules::written::Written;

/// Whole tonnes at eleven prices, from 20 to 30 EUR; everyone is told everything.
pub fn question() -> Question {
    Question {
        currency: Currency { code: "EUR".into(), decimals: 2 },
        grid: Grid { from: 2_000, to: 3_000, step: 100 },
        unit: Currency { code: "t".into(), decimals: 0 },
        bits: 16,
        rationing: Rationing::default(),
        quantities: Told::Everyone,
    }
}

/// The fields of an order.
pub fn entry(side: Side, steps: &[(&str, &str)]) -> Vec<u64> {
    let written = |(one, other): &(&str, &str)| (Written::new(one), Written::new(other));
    let steps: Vec<_> = steps.iter().map(written).collect();
    Order::parse(&question(), side, &steps).unwrap().fields(&question()).to_vec()
}
