//! Numbers of up to 256 bits, in decimal digits and as elements of a field.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use zeroize::DefaultIsZeroes;

use crate::field::Field;

const WORDS: usize = 4;
const WORD_BITS: u32 = u64::BITS;

/// Digits that a word of any value has at least room for.
const CHUNK_DIGITS: usize = 19;

/// 10 to that power.
const CHUNK: u64 = 10_000_000_000_000_000_000;

/// A number from 0 to 2^256 - 1. Written, in JSON too, in decimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Number([u64; WORDS]);

impl DefaultIsZeroes for Number {}

/// Why a text is not a number. Never carries the text: it may be what somebody hands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NumberError {
    /// Something else than digits.
    #[error("a number is written in decimal digits, such as 12345, without sign or point")]
    Malformed,
    /// 2^256 or more.
    #[error("the number is too large; numbers have at most 256 bits")]
    TooLarge,
}

impl Number {
    /// 0.
    pub const ZERO: Self = Self([0; WORDS]);

    /// From its words, the lowest first.
    pub const fn from_words(words: [u64; WORDS]) -> Self {
        Self(words)
    }

    /// Its words, the lowest first.
    pub const fn words(&self) -> &[u64; WORDS] {
        &self.0
    }

    /// Read decimal digits.
    ///
    /// # Errors
    /// When there are none, when there is anything else, or when they are too large.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NumberError::Malformed);
        }
        let mut number = Self::ZERO;
        for digit in text.bytes() {
            if !digit.is_ascii_digit() {
                return Err(NumberError::Malformed);
            }
            let mut carry = u128::from(digit - b'0');
            for word in &mut number.0 {
                let wide = u128::from(*word) * 10 + carry;
                (*word, carry) = (low(wide), wide >> WORD_BITS);
            }
            if carry > 0 {
                return Err(NumberError::TooLarge);
            }
        }
        Ok(number)
    }

    /// How many bits it takes: 0 for 0.
    pub fn bits(&self) -> u32 {
        let used = (1..).zip(&self.0).filter(|(_, word)| **word > 0).last();
        used.map_or(0, |(words, word)| words * WORD_BITS - word.leading_zeros())
    }

    /// As a signed number, where it has at most 126 bits.
    pub fn small(&self) -> Option<i128> {
        if self.bits() > 126 {
            return None;
        }
        i128::try_from(u128::from(self.0[1]) << WORD_BITS | u128::from(self.0[0])).ok()
    }

    /// The element that it stands for, modulo the prime.
    pub fn element<F: Field>(&self) -> F {
        let base = F::from_u128(1 << WORD_BITS);
        let words = self.0.iter().rev();
        words.fold(F::ZERO, |sum, &word| sum * base + F::from_u64(word))
    }

    /// The smallest number that an element stands for.
    pub fn of_element<F: Field>(element: F) -> Self {
        let mut words = [0; WORDS];
        let bytes = element.to_bytes();
        for (word, bytes) in words.iter_mut().zip(bytes.as_ref().chunks(8)) {
            let mut own = [0; 8];
            own.iter_mut().zip(bytes).for_each(|(own, &byte)| *own = byte);
            *word = u64::from_le_bytes(own);
        }
        Self(words)
    }

    /// The quotient by 10^19, and the rest.
    fn divided(mut self) -> (Self, u64) {
        let mut rest = 0;
        for word in self.0.iter_mut().rev() {
            let wide = u128::from(rest) << WORD_BITS | u128::from(*word);
            (*word, rest) = (low(wide / u128::from(CHUNK)), low(wide % u128::from(CHUNK)));
        }
        (self, rest)
    }
}

/// The lower half.
#[expect(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
const fn low(wide: u128) -> u64 {
    wide as u64
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self([value, 0, 0, 0])
    }
}

impl From<u128> for Number {
    fn from(value: u128) -> Self {
        Self([low(value), low(value >> WORD_BITS), 0, 0])
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chunks = Vec::new();
        let mut left = *self;
        loop {
            let (quotient, rest) = left.divided();
            chunks.push(rest);
            if quotient == Self::ZERO {
                break;
            }
            left = quotient;
        }
        let mut text = String::new();
        for (at, chunk) in chunks.iter().rev().enumerate() {
            let width = if at == 0 { 1 } else { CHUNK_DIGITS };
            write!(text, "{chunk:0width$}")?;
        }
        f.pad(&text)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Number> for String {
    fn from(number: Number) -> Self {
        number.to_string()
    }
}

impl TryFrom<String> for Number {
    type Error = NumberError;
    fn try_from(text: String) -> Result<Self, NumberError> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use crate::field::{Mersenne61, Mersenne127, Prime256};
    use crate::rules::job::number::*;

    #[test]
    fn numbers_are_read_and_written_in_digits() {
        for text in [
            "0",
            "7",
            "18446744073709551615",
            "18446744073709551616",
            "10000000000000000000",
            "340282366920938463463374607431768211456",
            "115792089237316195423570985008687907853269984665640564039457584007913129639935",
        ] {
            assert_eq!(Number::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Number::parse(" 007 "), Ok(Number::from(7_u64)));
        let large =
            "115792089237316195423570985008687907853269984665640564039457584007913129639936";
        assert_eq!(Number::parse(large), Err(NumberError::TooLarge));
        for text in ["", "-1", "1.5", "1e3", "0x10", "1 000"] {
            assert_eq!(Number::parse(text), Err(NumberError::Malformed), "{text}");
        }
    }

    #[test]
    fn numbers_compare_and_count_their_bits() {
        let number = |text| Number::parse(text).unwrap();
        assert!(number("18446744073709551616") > number("18446744073709551615"));
        assert_eq!(number("0").bits(), 0);
        assert_eq!(number("1").bits(), 1);
        assert_eq!(number("18446744073709551616").bits(), 65);
        assert_eq!(number("18446744073709551616").small(), Some(1 << 64));
        assert_eq!(number("85070591730234615865843651857942052864").small(), None);
    }

    fn there_and_back<F: Field>(prime: &str) {
        let prime = Number::parse(prime).unwrap();
        assert!(prime.element::<F>().is_zero(), "{}", F::NAME);
        for value in [0, 1, 12_345, u64::MAX >> 4] {
            let number = Number::from(value);
            assert_eq!(Number::of_element(number.element::<F>()), number);
        }
        let mut largest = *prime.words();
        largest[0] -= 1;
        let largest = Number::from_words(largest);
        assert_eq!(Number::of_element(largest.element::<F>()), largest);
        assert!((largest.element::<F>() + F::ONE).is_zero());
    }

    #[test]
    fn elements_stand_for_numbers() {
        there_and_back::<Mersenne61>("2305843009213693951");
        there_and_back::<Mersenne127>("170141183460469231731687303715884105727");
        there_and_back::<Prime256>(
            "115792089237316195423570985008687907852837564279074904382605163141518161494337",
        );
    }
}
