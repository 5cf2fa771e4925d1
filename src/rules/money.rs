//! Amounts in the smallest unit of a currency.
//!
//! Public amounts (a reserve, a maximum, a price) are a plain `u64` of smallest units. A bid's
//! amount is secret until the outcome says otherwise and lives only in the client, as
//! `client::BidAmount`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A currency's name and how many decimals its amounts have.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Currency {
    /// Name as shown behind an amount, such as "EUR".
    pub code: String,
    /// Decimals of an amount, 0..=8.
    pub decimals: u8,
}

/// Most decimals of a currency.
const MAX_DECIMALS: u8 = 8;

/// Most characters of a currency's name.
const MAX_CODE: usize = 12;

impl Currency {
    /// Whether there may be so many decimals.
    pub const fn decimals_fit(&self) -> bool {
        self.decimals <= MAX_DECIMALS
    }

    /// Whether the name is short and without control characters.
    pub fn code_fits(&self) -> bool {
        self.code.chars().count() <= MAX_CODE && !self.code.chars().any(char::is_control)
    }
}

/// Why a text is not an amount. Never carries the text: it may be a bid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AmountError {
    /// Not digits, grouped by spaces or not, with at most one decimal point.
    #[error(
        "an amount is written in digits, such as 1250, 1250.00 or 1 250.00, without commas or sign"
    )]
    Malformed,
    /// More decimals than the currency has.
    #[error("the amount has {got} decimals; the terms allow {allowed}")]
    Decimals {
        /// Decimals in the text.
        got: usize,
        /// Decimals that the terms allow.
        allowed: u8,
    },
    /// Does not fit 64 bits of smallest units.
    #[error("the amount is too large")]
    TooLarge,
}

impl Currency {
    /// Read an amount in units as smallest units: digits with at most one decimal point, and
    /// everything that [`Self::show`] prints. Thousands may be grouped by one kind of space, and
    /// the currency's name may stand behind, unless there are digits in it. Makes no copy of the
    /// text, which may be a bid.
    ///
    /// # Errors
    /// Says what to change, without repeating the text.
    pub fn parse(&self, text: &str) -> Result<u64, AmountError> {
        let text = text.trim();
        let text = match text.strip_suffix(self.code.as_str()) {
            Some(amount) if is_a_word(&self.code) => amount.trim_end(),
            _ => text,
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_grouped(whole) || !digits(fraction) || text.ends_with('.') {
            return Err(AmountError::Malformed);
        }
        if fraction.len() > usize::from(self.decimals) {
            return Err(AmountError::Decimals { got: fraction.len(), allowed: self.decimals });
        }
        let missing = usize::from(self.decimals) - fraction.len();
        let mut amount = 0_u64;
        let digits = whole.chars().chain(fraction.chars()).filter_map(|digit| digit.to_digit(10));
        for digit in digits.chain(std::iter::repeat_n(0, missing)) {
            amount = amount
                .checked_mul(10)
                .and_then(|amount| amount.checked_add(u64::from(digit)))
                .ok_or(AmountError::TooLarge)?;
        }
        Ok(amount)
    }

    /// An amount as people read it, without the currency's name: "1240.50".
    pub fn plain(&self, amount: u64) -> String {
        let scale = 10u64.checked_pow(u32::from(self.decimals)).unwrap_or(u64::MAX);
        if self.decimals == 0 {
            amount.to_string()
        } else {
            format!(
                "{}.{:0width$}",
                amount / scale,
                amount % scale,
                width = usize::from(self.decimals)
            )
        }
    }

    /// An amount with grouped thousands and the currency's name: "1 240.50 EUR".
    pub fn show(&self, amount: u64) -> Shown<'_> {
        Shown { currency: self, amount }
    }
}

/// Spaces that may group thousands: the common one, the thin one, and those that lines are not
/// broken at.
const SPACES: [char; 4] = [' ', '\u{2009}', '\u{a0}', '\u{202f}'];

/// Whether a currency's name cannot be taken for a part of the amount.
fn is_a_word(code: &str) -> bool {
    !code.is_empty() && !code.contains(|character: char| character.is_numeric() || character == '.')
}

/// Whether this is digits, or digits in groups of three with the same space between all.
fn is_grouped(whole: &str) -> bool {
    let Some(space) = whole.chars().find(|character| SPACES.contains(character)) else {
        return !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    };
    whole.split(space).enumerate().all(|(at, group)| {
        let long = if at == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
        long && group.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A public amount ready for a screen; see [`Currency::show`].
pub struct Shown<'a> {
    currency: &'a Currency,
    amount: u64,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.currency.plain(self.amount);
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let mut text = String::with_capacity(plain.len() + 8);
        for (position, digit) in whole.chars().enumerate() {
            if position > 0 && (whole.len() - position).is_multiple_of(3) {
                text.push(' ');
            }
            text.push(digit);
        }
        if !fraction.is_empty() {
            text.push('.');
            text.push_str(fraction);
        }
        if !self.currency.code.is_empty() {
            text.push(' ');
            text.push_str(&self.currency.code);
        }
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::money::*;

    fn euro() -> Currency {
        Currency { code: "EUR".into(), decimals: 2 }
    }

    #[test]
    fn amounts_are_read_in_units() {
        assert_eq!(euro().parse("1240"), Ok(124_000));
        assert_eq!(euro().parse("1240.5"), Ok(124_050));
        assert_eq!(euro().parse(" 0.01 "), Ok(1));
        assert_eq!(euro().parse("1.234"), Err(AmountError::Decimals { got: 3, allowed: 2 }));
        for bad in ["", "-1", "+1", "1.", ".5", "1,000", "1e3", "ten", "1.2.3"] {
            assert_eq!(euro().parse(bad), Err(AmountError::Malformed), "{bad}");
        }
        assert_eq!(euro().parse("99999999999999999999"), Err(AmountError::TooLarge));
        assert_eq!(euro().parse("184467440737095516.16"), Err(AmountError::TooLarge));
    }

    #[test]
    fn what_is_printed_is_read() {
        for amount in [0, 5, 99_999, 100_000, 124_050, 123_456_789, u64::MAX] {
            for currency in [euro(), Currency { code: String::new(), decimals: 8 }] {
                let shown = currency.show(amount).to_string();
                assert_eq!(currency.parse(&shown), Ok(amount), "{shown}");
                assert_eq!(currency.parse(&currency.plain(amount)), Ok(amount));
            }
        }
        for space in SPACES {
            let text = format!("1{space}234{space}567.5");
            assert_eq!(euro().parse(&text), Ok(123_456_750), "{text:?}");
        }
        let odd = Currency { code: "500".into(), decimals: 0 };
        assert_eq!(odd.parse("1 500"), Ok(1500));
        let bad = ["1 25", "1 2500", "1250 000", "1  250", "1 250\u{a0}000", "1.2 50", "1 250."];
        for bad in bad.into_iter().chain(["EUR", "12 USD", " 250 ,", "1'250", "1250 EUR EUR"]) {
            assert_eq!(euro().parse(bad), Err(AmountError::Malformed), "{bad}");
        }
    }

    #[test]
    fn amounts_are_shown_grouped() {
        assert_eq!(euro().show(124_050).to_string(), "1 240.50 EUR");
        assert_eq!(euro().show(5).to_string(), "0.05 EUR");
        let yen = Currency { code: "JPY".into(), decimals: 0 };
        assert_eq!(yen.show(1_234_567).to_string(), "1 234 567 JPY");
        assert_eq!(yen.parse("12.0"), Err(AmountError::Decimals { got: 1, allowed: 0 }));
    }
}
