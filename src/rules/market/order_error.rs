//! Why steps are not an order, in words that say what to change.

use super::grid::PriceError;
use crate::rules::money::AmountError;

/// Most steps of an order.
pub const MAX_STEPS: usize = 1_000;

/// Why steps are not an order. Never carries a price or a quantity of them; steps are counted from
/// 1 in the order in which they were given.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OrderError {
    /// No step at all.
    #[error("an order has at least one step, such as 40@30: up to 40 at a price of 30 or better")]
    Empty,
    /// Very many steps.
    #[error("an order has at most {MAX_STEPS} steps")]
    TooMany,
    /// A quantity that is no number.
    #[error("the quantity of step {step}: {error}")]
    Quantity {
        /// Which step.
        step: usize,
        /// What is wrong.
        error: AmountError,
    },
    /// Nothing.
    #[error("the quantity of step {step} is 0; leave the step out")]
    Zero {
        /// Which step.
        step: usize,
    },
    /// More than the terms allow.
    #[error("the quantity of step {step} is above the largest of this market, {maximum}")]
    TooLarge {
        /// Which step.
        step: usize,
        /// The largest quantity with its unit.
        maximum: String,
    },
    /// A price that is no number.
    #[error("the price of step {step}: {error}")]
    Amount {
        /// Which step.
        step: usize,
        /// What is wrong.
        error: AmountError,
    },
    /// A price that the market does not have.
    #[error("step {step}: {error}")]
    Price {
        /// Which step.
        step: usize,
        /// What is wrong.
        error: PriceError,
    },
    /// Two steps at one price.
    #[error("steps {first} and {second} have the same price; give each price one quantity")]
    SamePrice {
        /// One of them.
        first: usize,
        /// The other.
        second: usize,
    },
    /// A buyer who would buy less at a lower price.
    #[error(
        "who buys takes more the lower the price: step {lower} has the lower price and must have a \
         larger quantity than step {higher}"
    )]
    Falling {
        /// The step with the lower price.
        lower: usize,
        /// The step with the higher price.
        higher: usize,
    },
    /// A seller who would sell less at a higher price.
    #[error(
        "who sells gives more the higher the price: step {higher} has the higher price and must \
         have a larger quantity than step {lower}"
    )]
    Rising {
        /// The step with the lower price.
        lower: usize,
        /// The step with the higher price.
        higher: usize,
    },
}
