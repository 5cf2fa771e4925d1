//! The prices of a market: public, equally far from one another.

use serde::{Deserialize, Serialize};

use crate::rules::money::Currency;

/// Most prices of a grid; an entry has a field for each and one more.
pub const MAX_PRICES: usize = 16_000;

/// The prices from the lowest to the highest, in smallest units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// The lowest price.
    pub from: u64,
    /// The highest price.
    pub to: u64,
    /// Between two prices.
    pub step: u64,
}

/// Which rule a grid breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GridError {
    /// No distance between the prices.
    #[error("step is above 0: it is what lies between two prices")]
    Step,
    /// Upside down.
    #[error("from is the lowest price and to the highest; exchange them")]
    Order,
    /// The highest price is none of those that the step leads to.
    #[error("no number of steps leads from the lowest price to the highest; change to or step")]
    Uneven,
    /// More prices than an entry has fields.
    #[error("a market has at most {MAX_PRICES} prices; raise step, or bring from and to nearer")]
    TooMany,
}

/// Why a price is not one of a grid. Never carries the price: it may be somebody's order.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PriceError {
    /// Below the lowest or above the highest.
    #[error("the price is outside the market's, which go from {from} to {to}")]
    Outside {
        /// The lowest price, as people read it.
        from: String,
        /// The highest price.
        to: String,
    },
    /// Between two prices of the grid.
    #[error("the price lies between two of the market's, which go in steps of {step} from {from}")]
    Between {
        /// The lowest price, as people read it.
        from: String,
        /// Between two prices.
        step: String,
    },
}

impl Grid {
    /// How many prices there are, on a grid that passed [`Grid::check`].
    pub fn prices(&self) -> usize {
        let steps = self.to.saturating_sub(self.from).checked_div(self.step).unwrap_or(0);
        usize::try_from(steps).map_or(usize::MAX, |steps| steps.saturating_add(1))
    }

    /// The price with this number, counted from 0 at the lowest.
    pub const fn price(&self, number: usize) -> u64 {
        self.from.saturating_add(self.step.saturating_mul(number as u64))
    }

    /// The number of a price, if it is one of the grid.
    pub fn number(&self, price: u64) -> Option<usize> {
        let above = price.checked_sub(self.from).filter(|_| price <= self.to)?;
        let even = above.checked_rem(self.step)? == 0;
        even.then(|| usize::try_from(above / self.step).ok())?
    }

    /// The number of a price that somebody gave.
    ///
    /// # Errors
    /// When it is none of the grid; says which ones are.
    pub fn number_of(&self, price: u64, currency: &Currency) -> Result<usize, PriceError> {
        let shown = |price| currency.show(price).to_string();
        if price < self.from || price > self.to {
            return Err(PriceError::Outside { from: shown(self.from), to: shown(self.to) });
        }
        let between = || PriceError::Between { from: shown(self.from), step: shown(self.step) };
        self.number(price).ok_or_else(between)
    }

    /// Check what a node must not take on trust.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self) -> Result<(), GridError> {
        if self.step == 0 {
            return Err(GridError::Step);
        }
        let Some(span) = self.to.checked_sub(self.from) else { return Err(GridError::Order) };
        if !span.is_multiple_of(self.step) {
            return Err(GridError::Uneven);
        }
        if self.prices() > MAX_PRICES { Err(GridError::TooMany) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::market::grid::*;

    #[test]
    fn a_grid_has_its_prices_and_no_others() {
        let grid = Grid { from: 1000, to: 1300, step: 100 };
        assert_eq!((grid.check(), grid.prices()), (Ok(()), 4));
        let numbers: Vec<_> = (900..=1400).step_by(50).map(|price| grid.number(price)).collect();
        let expected =
            [None, None, Some(0), None, Some(1), None, Some(2), None, Some(3), None, None];
        assert_eq!(numbers, expected);
        assert!((0..4).all(|number| grid.number(grid.price(number)) == Some(number)));
        assert_eq!(Grid { from: 7, to: 7, step: 1 }.prices(), 1);
    }

    #[test]
    fn a_wrong_grid_and_a_wrong_price_say_what_to_change() {
        let check = |from, to, step| Grid { from, to, step }.check();
        assert_eq!(check(1, 2, 0), Err(GridError::Step));
        assert_eq!(check(2, 1, 1), Err(GridError::Order));
        assert_eq!(check(0, 10, 3), Err(GridError::Uneven));
        assert_eq!(check(1, 16_000, 1), Ok(()));
        assert_eq!(check(0, 16_000, 1), Err(GridError::TooMany));
        assert_eq!(check(0, u64::MAX, 1), Err(GridError::TooMany));
        let (grid, currency) = (
            Grid { from: 1000, to: 1300, step: 100 },
            Currency { code: "EUR".into(), decimals: 2 },
        );
        let said = |price| grid.number_of(price, &currency).unwrap_err().to_string();
        assert_eq!(
            said(1400),
            "the price is outside the market's, which go from 10.00 EUR to 13.00 EUR"
        );
        assert_eq!(
            said(1050),
            "the price lies between two of the market's, which go in steps of 1.00 EUR from 10.00 EUR"
        );
    }
}
