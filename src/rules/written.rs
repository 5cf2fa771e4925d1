//! Numbers in session files: in quotes or bare, kept as the text that they were written as until
//! the unit is known that says how many decimals they may have.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A number as written; wiped when dropped, because it may be what somebody bids.
#[derive(Clone)]
pub struct Written(Zeroizing<String>);

impl Written {
    /// A number that is not in a file.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        amount(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

/// A number that may be left out.
pub(super) fn some_amount<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    amount(deserializer).map(Some)
}

/// A number as text, which is what it is in quotes; a bare one is as good.
pub(super) fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_any(AmountText)
}

struct AmountText;

impl Visitor<'_> for AmountText {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount such as 1250 or \"1250.00\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    /// The shortest text that is this number: what was written, without zeros at its end.
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<String, E> {
        if number.abs() >= EXACT {
            return Err(E::custom(
                "this amount is too large for a bare number; write it in quotes",
            ));
        }
        Ok(number.to_string())
    }
}

/// Below this, a number with decimals is told apart from its neighbours by two decimals and more.
const EXACT: f64 = 1e12;
