//! One question of a survey: what it asks for, in which unit, and how much that may be.

use serde::{Deserialize, Serialize};

use crate::rules::entries::Field;
use crate::rules::money::Currency;

/// Most bits that tell an answer from the smallest one. The squares of a million answers add up to
/// less than 2^100 then.
pub const MAX_BITS: u32 = 40;

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
