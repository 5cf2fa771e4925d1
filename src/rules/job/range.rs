//! Between which numbers a variable lies. It follows from what participants may hand in and from
//! the steps, so it is public.
//!
//! Two things rest on it. A number is compared or divided under a mask that is as wide as the
//! number may be, so a number without a bound cannot be. And what may pass the prime would come out
//! as another number, so it is refused where the terms are written, not found out afterwards.
//! Numbers without a bound are elements: they are added and multiplied modulo the prime.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::prime::Prime;

/// Most bits of what is followed to the number. Sums and products of two of them fit in 128 bits,
/// or are found not to.
const EXACT: u32 = 125;

/// Where a variable lies. In papers it is a text, such as "0..=255".
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Range {
    /// Any element of the field.
    Any,
    /// Below 2^bits, in either direction.
    Wide {
        /// More than 125, up to which ranges are followed to the number.
        bits: u32,
    },
    /// An integer between two, which both belong to it.
    Within {
        /// The least.
        low: i128,
        /// The largest.
        high: i128,
    },
}

/// A number that may reach the prime.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overflow {
    /// Bits that it may take.
    pub bits: u32,
}

const fn bits_of(value: i128) -> u32 {
    u128::BITS - value.unsigned_abs().leading_zeros()
}

impl Range {
    /// 0 or 1.
    pub const BIT: Self = Self::Within { low: 0, high: 1 };

    /// One number.
    pub const fn only(value: i128) -> Self {
        Self::Within { low: value, high: value }
    }

    /// Numbers of so many bits.
    pub const fn of_bits(bits: u32) -> Self {
        if bits <= EXACT {
            Self::Within { low: 0, high: (1 << bits) - 1 }
        } else {
            Self::Wide { bits }
        }
    }

    /// Bits that it may take; none where there is no bound.
    pub fn bits(self) -> Option<u32> {
        match self {
            Self::Any => None,
            Self::Wide { bits } => Some(bits),
            Self::Within { low, high } => Some(bits_of(low).max(bits_of(high))),
        }
    }

    /// Whether everything in it is 0 or 1.
    pub const fn is_bit(self) -> bool {
        matches!(self, Self::Within { low: 0.., high: ..=1 })
    }

    /// Whether everything in it is a number of so many bits.
    pub const fn is_of_bits(self, bits: u32) -> bool {
        match self {
            Self::Within { low, high } => low >= 0 && bits_of(high) <= bits,
            Self::Any | Self::Wide { .. } => false,
        }
    }

    /// The same, if it is one that steps can come to in the field. What is loaded says its range
    /// itself.
    pub fn sound(self, prime: Prime) -> Option<Self> {
        let sound = match self {
            Self::Any => true,
            Self::Wide { bits } => bits > EXACT,
            Self::Within { low, high } => low <= high && bits_of(low).max(bits_of(high)) <= EXACT,
        };
        self.checked(prime).ok().filter(|_| sound)
    }

    /// The same, if the field has room for it: every number in it is another element.
    fn checked(self, prime: Prime) -> Result<Self, Overflow> {
        let Some(bits) = self.bits() else { return Ok(self) };
        let fits = match self {
            // Both signs, so that twice as many numbers have to fit.
            Self::Within { low: ..0, .. } | Self::Wide { .. } => bits + 1 < prime.bits(),
            Self::Any | Self::Within { .. } => bits < prime.bits(),
        };
        if fits { Ok(self) } else { Err(Overflow { bits }) }
    }

    /// From two numbers, or from their bits where they are not followed.
    fn found(exact: Option<(i128, i128)>, bits: u32) -> Self {
        match exact {
            Some((low, high)) if bits_of(low).max(bits_of(high)) <= EXACT => {
                Self::Within { low, high }
            }
            _ => Self::Wide { bits },
        }
    }

    fn combined(
        self,
        other: Self,
        prime: Prime,
        bits: impl Fn(u32, u32) -> u32,
        exact: impl Fn((i128, i128), (i128, i128)) -> Option<(i128, i128)>,
    ) -> Result<Self, Overflow> {
        let (Some(own), Some(theirs)) = (self.bits(), other.bits()) else { return Ok(Self::Any) };
        let found = match (self, other) {
            (Self::Within { low, high }, Self::Within { low: least, high: most }) => {
                exact((low, high), (least, most))
            }
            _ => None,
        };
        Self::found(found, bits(own, theirs)).checked(prime)
    }

    /// Of a sum.
    ///
    /// # Errors
    /// When it may reach the prime.
    pub fn plus(self, other: Self, prime: Prime) -> Result<Self, Overflow> {
        self.combined(
            other,
            prime,
            |own, theirs| own.max(theirs) + 1,
            |own, theirs| Some((own.0.checked_add(theirs.0)?, own.1.checked_add(theirs.1)?)),
        )
    }

    /// Of a difference.
    ///
    /// # Errors
    /// When it may reach the prime.
    pub fn minus(self, other: Self, prime: Prime) -> Result<Self, Overflow> {
        self.combined(
            other,
            prime,
            |own, theirs| own.max(theirs) + 1,
            |own, theirs| Some((own.0.checked_sub(theirs.1)?, own.1.checked_sub(theirs.0)?)),
        )
    }

    /// Of a product.
    ///
    /// # Errors
    /// When it may reach the prime.
    pub fn times(self, other: Self, prime: Prime) -> Result<Self, Overflow> {
        let corners = |own: (i128, i128), theirs: (i128, i128)| {
            let product = |x: i128, y: i128| x.checked_mul(y);
            let all = [
                product(own.0, theirs.0)?,
                product(own.0, theirs.1)?,
                product(own.1, theirs.0)?,
                product(own.1, theirs.1)?,
            ];
            Some((all.into_iter().min()?, all.into_iter().max()?))
        };
        self.combined(other, prime, |own, theirs| own + theirs, corners)
    }

    /// Of one or the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let (Some(own), Some(theirs)) = (self.bits(), other.bits()) else { return Self::Any };
        match (self, other) {
            (Self::Within { low, high }, Self::Within { low: least, high: most }) => {
                Self::Within { low: low.min(least), high: high.max(most) }
            }
            _ => Self::Wide { bits: own.max(theirs) },
        }
    }

    /// How two numbers are compared: the least that either may be, and the bits of how far either
    /// may lie above it. None where one of them has no bound.
    pub fn compared(self, other: Self) -> Option<(i128, u32)> {
        match self.or(other) {
            Self::Within { low, high } => Some((low, bits_of(high - low).max(1))),
            Self::Any | Self::Wide { .. } => None,
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Wide { bits } => write!(f, "{bits} bits"),
            Self::Within { low, high } => write!(f, "{low}..={high}"),
        }
    }
}

impl From<Range> for String {
    fn from(range: Range) -> Self {
        range.to_string()
    }
}

impl TryFrom<String> for Range {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let within = |(low, high): (&str, &str)| {
            Some(Self::Within { low: low.parse().ok()?, high: high.parse().ok()? })
        };
        let wide = |bits: &str| Some(Self::Wide { bits: bits.parse().ok()? });
        let range = match &text[..] {
            "any" => Some(Self::Any),
            text => match text.strip_suffix(" bits") {
                Some(bits) => wide(bits),
                None => text.split_once("..=").and_then(within),
            },
        };
        // There is one text for each.
        range
            .filter(|range| range.to_string() == text)
            .ok_or("a range is \"any\", a number of bits such as \"130 bits\", or \"0..=255\"")
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::job::range::*;

    const fn within(low: i128, high: i128) -> Range {
        Range::Within { low, high }
    }

    #[test]
    fn ranges_have_one_text_each() {
        for range in [Range::Any, Range::Wide { bits: 130 }, within(-3, 5), Range::of_bits(125)] {
            assert_eq!(Range::try_from(range.to_string()), Ok(range));
        }
        for text in ["", "any ", "+1..=2", "1..2", "01..=2", "1..=", "bits", "x bits", "2"] {
            assert!(Range::try_from(text.to_owned()).is_err(), "{text}");
        }
        let prime = Prime::Mersenne61;
        assert!(within(-3, 5).sound(prime).is_some() && Range::Any.sound(prime).is_some());
        assert!(within(5, -3).sound(prime).is_none() && Range::of_bits(61).sound(prime).is_none());
        assert!(Range::Wide { bits: 7 }.sound(Prime::Secp256k1).is_none());
        assert!(within(i128::MIN, i128::MAX).sound(Prime::Secp256k1).is_none());
    }

    #[test]
    fn ranges_follow_the_steps() {
        let (small, prime) = (Prime::Mersenne61, Prime::Mersenne61);
        let (x, y) = (within(-3, 5), within(2, 7));
        assert_eq!(x.plus(y, prime), Ok(within(-1, 12)));
        assert_eq!(x.minus(y, prime), Ok(within(-10, 3)));
        assert_eq!(x.times(y, prime), Ok(within(-21, 35)));
        assert_eq!(x.or(y), within(-3, 7));
        assert_eq!(x.compared(y), Some((-3, 4)));
        assert_eq!(within(4, 4).compared(within(4, 4)), Some((4, 1)));
        assert_eq!(x.times(Range::Any, prime), Ok(Range::Any));
        assert!(Range::BIT.is_bit() && !x.is_bit() && !within(0, 2).is_bit());
        assert!(within(0, 255).is_of_bits(8) && !within(0, 256).is_of_bits(8));
        assert!(!x.is_of_bits(8) && !Range::Any.is_of_bits(8));
        assert_eq!(Range::of_bits(60).checked(small), Ok(Range::of_bits(60)));
        assert_eq!(Range::of_bits(61).checked(small), Err(Overflow { bits: 61 }));
    }

    #[test]
    fn what_may_reach_the_prime_is_found() {
        let wide = Range::of_bits(32);
        assert_eq!(wide.times(wide, Prime::Mersenne61), Err(Overflow { bits: 64 }));
        assert!(wide.times(wide, Prime::Mersenne127).is_ok());
        let (mut power, mut steps) = (wide, 0);
        while let Ok(next) = power.times(wide, Prime::Secp256k1) {
            (power, steps) = (next, steps + 1);
        }
        // 2^224 and no more: 7 factors of 32 bits.
        assert_eq!((power, steps), (Range::Wide { bits: 224 }, 6));
        let (one, negative) = (within(0, 1 << 60), within(-(1 << 60), 0));
        assert!(one.minus(one, Prime::Mersenne61).is_err());
        assert!(negative.checked(Prime::Mersenne61).is_err());
        assert_eq!(Range::Wide { bits: 200 }.compared(one), None);
    }
}
