//! Who won an auction, at what price.

use serde::{Deserialize, Serialize};

use super::question::Question;

/// What an auction decided. Empty when no bid reached the reserve, or there was none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer<E> {
    /// Who won, best bid first; at most one today.
    pub winners: Vec<Sale<E>>,
}

/// A bid that won. Entries are named by `E`, such as their position in the manifest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sale<E> {
    /// The winning entry.
    pub entry: E,
    /// Price in smallest units.
    pub price: u64,
}

/// Why this cannot be what an auction decided.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AnswerError {
    /// Nobody won although nothing stood in the way.
    #[error("the outcome has no winner, although the terms have no reserve and there are bids")]
    NoWinner,
    /// More winners than lots.
    #[error("the outcome has {got} winners for one lot")]
    Winners {
        /// As it says.
        got: usize,
    },
    /// A price that the terms do not allow.
    #[error("the outcome's price {price} is {relation} {bound}")]
    Price {
        /// In units.
        price: String,
        /// Such as "below the reserve".
        relation: &'static str,
        /// In units.
        bound: String,
    },
}

impl<E> Answer<E> {
    /// The same with entries named otherwise.
    pub fn map<F>(self, mut name: impl FnMut(E) -> F) -> Answer<F> {
        let named = |Sale { entry, price }| Sale { entry: name(entry), price };
        Answer { winners: self.winners.into_iter().map(named).collect() }
    }

    /// The one winner of one lot.
    pub fn winner(&self) -> Option<&Sale<E>> {
        self.winners.first()
    }

    /// Check that an auction can have decided this, given how many bids took part in it.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self, question: &Question, in_range: usize) -> Result<(), AnswerError> {
        if self.winners.is_empty() && question.reserve.is_none() && in_range > 0 {
            return Err(AnswerError::NoWinner);
        }
        if self.winners.len() > 1 {
            return Err(AnswerError::Winners { got: self.winners.len() });
        }
        for sale in &self.winners {
            if let Some((relation, bound)) = question.bound_broken_by(sale.price) {
                let price = question.currency.plain(sale.price);
                let bound = question.currency.plain(bound);
                return Err(AnswerError::Price { price, relation, bound });
            }
        }
        Ok(())
    }
}
