//! The answer of an auction: who won and at what price.

use serde::{Deserialize, Serialize};

use super::question::Question;

/// What an auction decided. Empty when no bid reached the reserve, or there was none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer<E> {
    /// Who won. Where each pays its own amount, the best bid comes first; where all pay the same,
    /// which of them bid more is nobody's business, and they stand in the order of the entries.
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

/// Which rule an auction's answer breaks.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AnswerError {
    /// Nobody won although nothing stood in the way.
    #[error("the outcome has no winner, although the terms have no reserve and there are bids")]
    NoWinner,
    /// More winners than lots or bids, or fewer although nothing stood in the way.
    #[error("the outcome has {got} winners where {expected} lots can be had")]
    Winners {
        /// As many as there can be.
        expected: usize,
        /// As it says.
        got: usize,
    },
    /// Winners in another order than the rule says.
    #[error("the outcome's winners are not in the order of {order}")]
    Order {
        /// What decides it.
        order: &'static str,
    },
    /// Winners who pay different prices where all pay the same.
    #[error("the outcome's winners pay different prices where all pay the same")]
    Prices,
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

    /// What every lot went for, where all go for the same; one lot always does.
    pub fn price(&self, question: &Question) -> Option<u64> {
        let same = question.quantity == 1 || question.is_uniform();
        self.winners.first().filter(|_| same).map(|sale| sale.price)
    }

    /// The one winner of one lot.
    pub fn winner(&self) -> Option<&Sale<E>> {
        self.winners.first()
    }
}

impl Answer<usize> {
    /// Check that an auction can have decided this, given how many bids took part in it.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self, question: &Question, in_range: usize) -> Result<(), AnswerError> {
        let (expected, got) = (question.lots_among(in_range), self.winners.len());
        let sold = !question.may_stay_unsold();
        if got == 0 && sold && in_range > 0 {
            return Err(AnswerError::NoWinner);
        }
        if got > expected || got < expected && sold {
            return Err(AnswerError::Winners { expected, got });
        }
        self.check_order(question)?;
        for sale in &self.winners {
            if let Some((relation, bound)) = question.bound_broken_by(sale.price) {
                let price = question.currency.plain(sale.price);
                let bound = question.currency.plain(bound);
                return Err(AnswerError::Price { price, relation, bound });
            }
        }
        Ok(())
    }

    fn check_order(&self, question: &Question) -> Result<(), AnswerError> {
        let mut neighbours = self.winners.windows(2).map(|pair| (pair[0], pair[1]));
        if question.is_uniform() {
            return neighbours.try_for_each(|(one, next)| match () {
                () if one.price != next.price => Err(AnswerError::Prices),
                () if one.entry >= next.entry => Err(AnswerError::Order { order: "the entries" }),
                () => Ok(()),
            });
        }
        let reverse = question.kind.is_reverse();
        let better = |one: Sale<usize>, next: Sale<usize>| {
            if reverse { one.price < next.price } else { one.price > next.price }
        };
        let in_order = neighbours.all(|(one, next)| {
            better(one, next) || one.price == next.price && one.entry < next.entry
        });
        if in_order { Ok(()) } else { Err(AnswerError::Order { order: "their prices" }) }
    }
}
