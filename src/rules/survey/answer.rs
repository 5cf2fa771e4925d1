//! The answer of a survey: what was opened of whom, and what was withheld.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::statistic::Measure;

/// What was opened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Where membership is public: the position of each participant's cohort, in the order of the
    /// entries that take part. Empty elsewhere.
    pub members: Vec<u8>,
    /// A cell for each of [`super::Question::groups`].
    pub cells: Vec<Cell>,
}

/// What was opened of a group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// Nothing: too few answered, or others' too few could be had from it.
    Withheld,
    /// A value for each of [`super::Question::measures`]; none for a withheld bin of a histogram.
    Open(Vec<Option<Value>>),
}

/// A whole number as opened. Written as text, since squares add up to more than 64 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Value(pub u128);

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Value> for String {
    fn from(value: Value) -> Self {
        value.to_string()
    }
}

impl TryFrom<String> for Value {
    type Error = NotAValue;
    fn try_from(text: String) -> Result<Self, NotAValue> {
        let value = Self(text.parse().map_err(|_| NotAValue)?);
        // One text for each value: no sign, no zeros in front.
        if value.to_string() == text { Ok(value) } else { Err(NotAValue) }
    }
}

/// A text that is no whole number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a value of a survey is a whole number, written in digits")]
pub struct NotAValue;

impl Cell {
    /// What was opened; none where it is withheld.
    pub fn open(&self) -> Option<&[Option<Value>]> {
        match self {
            Self::Withheld => None,
            Self::Open(values) => Some(values),
        }
    }

    /// One of the values, given what they are; none where it is withheld.
    pub fn value(&self, measures: &[Measure], measure: Measure) -> Option<u128> {
        let at = measures.iter().position(|own| *own == measure)?;
        Some(self.open()?.get(at).copied()??.0)
    }
}
