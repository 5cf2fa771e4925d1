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

/// Why a text is not an amount. Never carries the text: it may be a bid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AmountError {
    /// Not digits with at most one decimal point.
    #[error("an amount is written in digits, such as 1250 or 1250.00, without separators or sign")]
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
    /// Read an amount in units ("1240" or "1240.50") as smallest units.
    ///
    /// # Errors
    /// Says what to change, without repeating the text.
    pub fn parse(&self, text: &str) -> Result<u64, AmountError> {
        let text = text.trim();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || text.ends_with('.') {
            return Err(AmountError::Malformed);
        }
        if fraction.len() > usize::from(self.decimals) {
            return Err(AmountError::Decimals { got: fraction.len(), allowed: self.decimals });
        }
        let scale = 10u64.checked_pow(u32::from(self.decimals)).ok_or(AmountError::TooLarge)?;
        let whole: u64 = whole.parse().map_err(|_| AmountError::TooLarge)?;
        let padded = format!("{fraction:0<width$}", width = usize::from(self.decimals));
        let fraction: u64 = if padded.is_empty() {
            0
        } else {
            padded.parse().map_err(|_| AmountError::TooLarge)?
        };
        whole
            .checked_mul(scale)
            .and_then(|units| units.checked_add(fraction))
            .ok_or(AmountError::TooLarge)
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
    fn amounts_are_shown_grouped() {
        assert_eq!(euro().show(124_050).to_string(), "1 240.50 EUR");
        assert_eq!(euro().show(5).to_string(), "0.05 EUR");
        let yen = Currency { code: "JPY".into(), decimals: 0 };
        assert_eq!(yen.show(1_234_567).to_string(), "1 234 567 JPY");
        assert_eq!(yen.parse("12.0"), Err(AmountError::Decimals { got: 1, allowed: 0 }));
    }
}
