//! The answer of a market: at which price it clears, and who trades how much.

use serde::{Deserialize, Serialize};

use super::question::{Question, Told};
use crate::sharing::seed::mask;

/// What a market decided.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer<E> {
    /// Where supply reaches demand; none where it never does, and without entries.
    pub clearing: Option<Clearing>,
    /// How much each participant trades, in the order of the entries: all of them, or none where
    /// nothing is traded.
    pub trades: Vec<Trade<E>>,
}

/// The price at which a market clears, and what all would trade there together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clearing {
    /// In smallest units of the currency.
    pub price: u64,
    /// What would be bought at this price, in smallest units: all of it is.
    pub demand: u64,
    /// What would be sold at this price, at least as much.
    pub supply: u64,
}

/// How much a participant trades. Entries are named by `E`, such as their position in the manifest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trade<E> {
    /// The participant's entry.
    pub entry: E,
    /// How much.
    pub quantity: Quantity,
}

/// What is told of a quantity.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// In smallest units: above 0 bought, below 0 sold.
    Open(i64),
    /// For the participant alone: under a mask that only it knows. See [`Quantity::unsealed`].
    Sealed(u64),
}

/// Which rule a market's answer breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AnswerError {
    /// A price without entries.
    #[error("the outcome has a price, although nobody takes part")]
    Nobody,
    /// A price that the market does not have.
    #[error("the outcome's price is none of the market's")]
    Price,
    /// A price at which supply does not reach demand.
    #[error("the outcome's price is one at which supply does not reach demand")]
    Short,
    /// Not one quantity for each that takes part.
    #[error("the outcome has {got} quantities where there are {expected}")]
    Trades {
        /// As many as there are entries, or none where nothing is traded.
        expected: usize,
        /// As it says.
        got: usize,
    },
    /// Quantities in another order than the entries.
    #[error("the outcome's quantities are not in the order of the entries")]
    Order,
    /// Told openly where each is to learn its own, or the other way round, or too large.
    #[error("the outcome tells quantities otherwise than the terms say")]
    Telling,
    /// What is bought is not what is sold.
    #[error("the outcome's quantities do not add up to what is bought and sold")]
    Sum,
}

impl Quantity {
    /// A quantity for its participant alone: `told` has as many bits as the question says, the
    /// highest of which is set for who sells, and the others the quantity.
    pub fn unsealed(told: u64, question: &Question) -> i64 {
        let bits = question.quantity_bits();
        let quantity = i64::try_from(told & mask(bits)).unwrap_or(i64::MAX);
        if told >> bits & 1 == 1 { -quantity } else { quantity }
    }

    /// What [`Quantity::unsealed`] reads.
    pub fn encoded(quantity: i64, question: &Question) -> u64 {
        quantity.unsigned_abs() | u64::from(quantity < 0) << question.quantity_bits()
    }
}

impl<E> Answer<E> {
    /// The same with entries named otherwise.
    pub fn map<F>(self, mut name: impl FnMut(E) -> F) -> Answer<F> {
        let named = |Trade { entry, quantity }| Trade { entry: name(entry), quantity };
        Answer { clearing: self.clearing, trades: self.trades.into_iter().map(named).collect() }
    }

    /// What the participant of one entry is told alone.
    pub fn sealed_for(&self, is_own: impl Fn(&E) -> bool) -> Option<u64> {
        match self.trades.iter().find(|trade| is_own(&trade.entry))?.quantity {
            Quantity::Sealed(told) => Some(told),
            Quantity::Open(_) => None,
        }
    }

    /// How much the participant of one entry trades, given what it was told alone, if it was;
    /// nothing where nothing is traded. None where neither says so.
    pub fn quantity_of(
        &self,
        question: &Question,
        told: Option<u64>,
        is_own: impl Fn(&E) -> bool,
    ) -> Option<i64> {
        if self.trades.is_empty() {
            return Some(0);
        }
        match self.trades.iter().find(|trade| is_own(&trade.entry))?.quantity {
            Quantity::Open(quantity) => Some(quantity),
            Quantity::Sealed(_) => told.map(|told| Quantity::unsealed(told, question)),
        }
    }

    /// How much each participant trades whose entry is named, given the mask of every entry. None where
    /// a mask is missing.
    pub fn quantities(
        &self,
        question: &Question,
        mut mask_of: impl FnMut(&E) -> Option<u64>,
    ) -> Option<Vec<(&E, i64)>> {
        let quantity = |trade: &'_ Trade<E>| match trade.quantity {
            Quantity::Open(quantity) => Some(quantity),
            Quantity::Sealed(told) => {
                let told = (told ^ mask_of(&trade.entry)?) & mask(question.reply_bits());
                Some(Quantity::unsealed(told, question))
            }
        };
        let quantities: Option<Vec<i64>> = self.trades.iter().map(quantity).collect();
        let entries = self.trades.iter().map(|trade| &trade.entry);
        Some(entries.zip(quantities?).collect())
    }

    /// Whether so much is bought, and as much sold, as changes hands.
    pub fn adds_up(&self, quantities: impl IntoIterator<Item = i64>) -> bool {
        let (mut bought, mut sold) = (0, 0);
        for quantity in quantities {
            let side = if quantity > 0 { &mut bought } else { &mut sold };
            *side += u128::from(quantity.unsigned_abs());
        }
        let traded = u128::from(self.traded());
        (bought, sold) == (traded, traded)
    }

    /// How much changes hands.
    pub fn traded(&self) -> u64 {
        self.clearing.map_or(0, |clearing| clearing.demand)
    }
}

impl Answer<usize> {
    /// Check that a market can have decided this, given how many entries took part in it.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self, question: &Question, in_range: usize) -> Result<(), AnswerError> {
        if let Some(clearing) = self.clearing {
            if in_range == 0 {
                return Err(AnswerError::Nobody);
            }
            if question.grid.number(clearing.price).is_none() {
                return Err(AnswerError::Price);
            }
            if clearing.supply < clearing.demand {
                return Err(AnswerError::Short);
            }
        }
        let expected = if self.traded() > 0 { in_range } else { 0 };
        let got = self.trades.len();
        if expected != got {
            return Err(AnswerError::Trades { expected, got });
        }
        if self.trades.windows(2).any(|pair| pair[0].entry >= pair[1].entry) {
            return Err(AnswerError::Order);
        }
        let mut open = Vec::new();
        for trade in &self.trades {
            match (trade.quantity, &question.quantities) {
                (Quantity::Open(quantity), Told::Everyone)
                    if quantity.unsigned_abs() <= mask(question.quantity_bits()) =>
                {
                    open.push(quantity);
                }
                (Quantity::Sealed(told), Told::Own | Told::Operator(_))
                    if told <= mask(question.reply_bits()) => {}
                _ => return Err(AnswerError::Telling),
            }
        }
        if question.quantities.is_everyone() && !self.adds_up(open) {
            return Err(AnswerError::Sum);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
