//! What a participant wants, by steps, and the entry that it becomes.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use super::order_error::{MAX_STEPS, OrderError};
use super::question::Question;
use crate::rules::written::Written;

/// Whether somebody buys or sells.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Buys, and more of it the lower the price.
    Buy,
    /// Sells, and more of it the higher the price.
    Sell,
}

impl Side {
    /// The name in session files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Up to a quantity at a price or a better one: for a buyer lower, for a seller higher.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// In smallest units.
    pub quantity: u64,
    /// The number of the price, from 0 at the lowest.
    pub price: usize,
}

/// What a participant wants: one side, and at least one step. Wiped when dropped, never printed.
pub struct Order {
    side: Side,
    /// From the price at which the least is traded on: for a buyer the highest, for a seller the
    /// lowest. Quantities rise.
    steps: Zeroizing<Vec<(u64, usize)>>,
}

impl Order {
    /// An order by steps as written, each a quantity and a price, in any order.
    ///
    /// # Errors
    /// Names the first step that is wrong, and what to change.
    pub fn parse(
        question: &Question,
        side: Side,
        steps: &[(Written, Written)],
    ) -> Result<Self, OrderError> {
        let mut read = Zeroizing::new(Vec::with_capacity(steps.len()));
        for (number, (quantity, price)) in (1..).zip(steps) {
            let quantity = question.unit.parse(quantity.text());
            let quantity =
                quantity.map_err(|error| OrderError::Quantity { step: number, error })?;
            let price = question.currency.parse(price.text());
            let price = price.map_err(|error| OrderError::Amount { step: number, error })?;
            let price = question.grid.number_of(price, &question.currency);
            let price = price.map_err(|error| OrderError::Price { step: number, error })?;
            read.push((quantity, price));
        }
        Self::of(question, side, &read)
    }

    /// An order by steps in smallest units and numbers of prices.
    ///
    /// # Errors
    /// As for [`Order::parse`].
    pub fn new(question: &Question, side: Side, steps: &[Step]) -> Result<Self, OrderError> {
        let mut read = Zeroizing::new(Vec::with_capacity(steps.len()));
        for (number, step) in (1..).zip(steps) {
            let price = question.grid.price(step.price);
            let price = question.grid.number_of(price, &question.currency);
            let price = price.map_err(|error| OrderError::Price { step: number, error })?;
            read.push((step.quantity, price));
        }
        Self::of(question, side, &read)
    }

    /// An order by quantities and numbers of prices that the grid has.
    fn of(question: &Question, side: Side, steps: &[(u64, usize)]) -> Result<Self, OrderError> {
        if steps.is_empty() {
            return Err(OrderError::Empty);
        }
        if steps.len() > MAX_STEPS {
            return Err(OrderError::TooMany);
        }
        let maximum = question.maximum();
        for (step, &(quantity, _)) in (1..).zip(steps) {
            if quantity == 0 {
                return Err(OrderError::Zero { step });
            }
            if quantity > maximum {
                let maximum = question.show_quantity(maximum);
                return Err(OrderError::TooLarge { step, maximum });
            }
        }
        let mut by_price: Vec<usize> = (0..steps.len()).collect();
        by_price.sort_by_key(|&at| (steps[at].1, at));
        for pair in by_price.windows(2) {
            let [lower, higher] = [steps[pair[0]], steps[pair[1]]];
            let [low, high] = [pair[0] + 1, pair[1] + 1];
            if lower.1 == higher.1 {
                return Err(OrderError::SamePrice { first: low, second: high });
            }
            match side {
                Side::Buy if lower.0 <= higher.0 => {
                    return Err(OrderError::Falling { lower: low, higher: high });
                }
                Side::Sell if higher.0 <= lower.0 => {
                    return Err(OrderError::Rising { lower: low, higher: high });
                }
                Side::Buy | Side::Sell => {}
            }
        }
        if side == Side::Buy {
            by_price.reverse();
        }
        let mut sorted = Zeroizing::new(Vec::with_capacity(steps.len()));
        sorted.extend(by_price.into_iter().map(|at| steps[at]));
        Ok(Self { side, steps: sorted })
    }

    /// Whether it buys or sells.
    pub const fn side(&self) -> Side {
        self.side
    }

    /// Its steps, from the price at which the least is traded on.
    pub fn steps(&self) -> impl Iterator<Item = Step> {
        self.steps.iter().map(|&(quantity, price)| Step { quantity, price })
    }

    /// The fields of the entry that it becomes: see [`super::curve`].
    pub fn fields(&self, question: &Question) -> Zeroizing<Vec<u64>> {
        let prices = question.grid.prices();
        let mut fields = Zeroizing::new(vec![0; prices.saturating_add(1)]);
        let mut before = 0;
        for &(quantity, price) in self.steps.iter() {
            let more = quantity - before;
            before = quantity;
            let field = match self.side {
                Side::Buy => Some(price),
                // Sold at this price and not at the one below; at the lowest, always sold.
                Side::Sell => price.checked_sub(1),
            };
            if let Some(field) = field.and_then(|field| fields.get_mut(field)) {
                *field = more;
            }
        }
        if let (Side::Sell, Some(sold)) = (self.side, fields.last_mut()) {
            *sold = before;
        }
        fields
    }
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
