//! One question of a survey: what it asks for, in which unit, and how much that may be.

use serde::{Deserialize, Serialize};

use crate::rules::entries::Field;
use crate::rules::money::{AmountError, Currency};

/// Most bits that tell an answer from the smallest one. The squares of a million answers add up to
/// less than 2^100 then.
pub const MAX_BITS: u32 = 40;

/// What the column of a form is called that holds the cohort; no question goes by that name.
pub const COHORT: &str = "cohort";

/// What is asked for. An answer is a number of smallest units from `minimum` to `maximum`; the
/// entry's field holds how far it is above the minimum.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What it goes by in forms and results.
    pub name: String,
    /// The question in full, where the name does not say it.
    pub text: Option<String>,
    /// What the answer is counted in, and its decimals.
    pub unit: Currency,
    /// The smallest answer, in smallest units.
    pub minimum: i64,
    /// The largest.
    pub maximum: i64,
}

impl Item {
    /// The field of an entry that holds the answer.
    pub const fn field(&self) -> Field {
        Field::up_to(self.span())
    }

    /// How far the largest answer is above the smallest.
    pub const fn span(&self) -> u64 {
        self.maximum.abs_diff(self.minimum)
    }

    /// How far an answer is above the smallest; none for what is no answer.
    pub fn above_minimum(&self, answer: i64) -> Option<u64> {
        let allowed = (self.minimum..=self.maximum).contains(&answer);
        allowed.then(|| answer.abs_diff(self.minimum))
    }

    /// What [`Item::above_minimum`] was made of.
    pub const fn answer(&self, above: u64) -> i128 {
        self.minimum as i128 + above as i128
    }
}

/// Why a text is no answer to a question. Never carries the text.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ItemError {
    /// Nothing.
    #[error("nothing is answered; 0 is written as 0")]
    Empty,
    /// A formula of a spreadsheet.
    #[error("this is a formula; put its value there")]
    Formula,
    /// No number, or one with too many decimals.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// No number, where one may be below 0.
    #[error("an amount is written in digits, such as 1250 or -12.50, without commas")]
    Signed,
    /// Below the smallest answer or above the largest.
    #[error("the answer is outside what the survey takes, {minimum} to {maximum}")]
    Outside {
        /// The smallest answer, as people read it.
        minimum: String,
        /// The largest.
        maximum: String,
    },
}

impl Item {
    /// Read an answer in units, such as "1250.50" or "-3": how far it is above the smallest one.
    ///
    /// # Errors
    /// Says what to change, without repeating the text.
    pub fn parse(&self, text: &str) -> Result<u64, ItemError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ItemError::Empty);
        }
        if text.starts_with('=') {
            return Err(ItemError::Formula);
        }
        let answer = parse_signed(&self.unit, text).map_err(|error| match error {
            AmountError::Malformed if self.minimum < 0 => ItemError::Signed,
            error => error.into(),
        })?;
        self.above_minimum(answer).ok_or_else(|| ItemError::Outside {
            minimum: self.show(self.minimum.into()),
            maximum: self.show(self.maximum.into()),
        })
    }

    /// An amount of this question's unit as people read it: "-1 250.50 EUR".
    pub fn show(&self, amount: i128) -> String {
        let (sign, size) = parts(amount);
        format!("{sign}{}", self.unit.show(size))
    }

    /// The same as scripts and spreadsheets read it: "-1250.50".
    pub fn plain(&self, amount: i128) -> String {
        let (sign, size) = parts(amount);
        format!("{sign}{}", self.unit.plain(size))
    }
}

fn parts(amount: i128) -> (&'static str, u64) {
    let sign = if amount < 0 { "-" } else { "" };
    (sign, u64::try_from(amount.unsigned_abs()).unwrap_or(u64::MAX))
}

/// An amount that may have a sign in front, in smallest units.
///
/// # Errors
/// As for [`Currency::parse`].
pub fn parse_signed(unit: &Currency, text: &str) -> Result<i64, AmountError> {
    let text = text.trim();
    let (negative, size) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(size) => (true, size),
        None => (false, text),
    };
    let size = i64::try_from(unit.parse(size)?).map_err(|_| AmountError::TooLarge)?;
    Ok(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use crate::rules::survey::fixtures::question;
    use crate::rules::survey::item::*;

    #[test]
    fn a_sign_is_named_where_one_may_stand() {
        let item = question().items.swap_remove(0);
        assert_eq!(item.parse("much"), Err(ItemError::Amount(AmountError::Malformed)));
        assert_eq!(
            item.parse("-5"),
            Err(ItemError::Outside { minimum: "0.00 EUR".into(), maximum: "999.99 EUR".into() })
        );
        let below = Item { minimum: -500, ..item };
        assert_eq!(below.parse("much"), Err(ItemError::Signed));
        assert_eq!(below.parse("-"), Err(ItemError::Signed));
        assert_eq!(below.parse("-5"), Ok(0));
    }
}
