//! The field of 2^128 elements, as polynomials over GF(2) modulo x^128 + x^7 + x^2 + x + 1: what
//! proofs about bits are made in. Bit i of an element's number is the coefficient of x^i.
//!
//! - `element`: the type
//! - `unreduced`: sums of many products, reduced once
//! - [`small`]: the subfield of 256 elements
//! - [`points`], `extension`: products of polynomials over it that are given by bits
//! - [`mod@fold`]: from rows of bits to elements
//! - `bytes`: the same products, for processors that multiply bytes
//! - `portable`, `x86`, `x86_wide`, `x86_512`, `processor`: all that takes time, on any processor, with
//!   the instructions of x86-64, with those of newer ones, with those of the newest, and whichever
//!   there is (`instructions`)
//!
//! Adding and subtracting are XOR. Everything takes the same time for all elements.

#[cfg(target_arch = "x86_64")]
mod bytes;
mod element;
mod extension;
pub mod fold;
#[cfg(target_arch = "x86_64")]
mod instructions;
pub mod points;
mod portable;
mod processor;
pub mod small;
mod unreduced;
#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "x86_64")]
mod x86_512;
#[cfg(target_arch = "x86_64")]
mod x86_wide;

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, CtOption};

use super::{Field, ops::operators};
pub use element::Binary128;
pub use processor::{add_points, combine, dot, fold, scale, weigh, weigh_points};
pub use unreduced::Unreduced;

impl Binary128 {
    #[inline]
    const fn plus(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }

    #[inline]
    const fn minus(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }

    #[inline]
    const fn negated(self) -> Self {
        self
    }

    #[inline]
    fn times(self, other: Self) -> Self {
        processor::multiply(self, other)
    }
}

operators!([] Binary128);

impl ConstantTimeEq for Binary128 {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl ConditionallySelectable for Binary128 {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self(u128::conditional_select(&a.0, &b.0, choice))
    }
}

impl Field for Binary128 {
    const NAME: &'static str = "2^128";
    const ZERO: Self = Self(0);
    const ONE: Self = Self(1);
    /// Bits of an element; there is no prime.
    const BITS: u32 = 128;
    /// Every pattern of 128 bits is an element: uniform.
    const STREAM_WORDS: usize = 2;
    type Bytes = [u8; 16];

    /// The element with these coefficients; every number stands for one.
    fn from_u128(value: u128) -> Self {
        Self(value)
    }

    fn to_u128(self) -> Option<u128> {
        Some(self.0)
    }

    fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(u128::from_le_bytes(bytes.try_into().ok()?)))
    }

    fn from_stream(words: &[u64]) -> Self {
        match *words {
            [low, high] => Self(u128::from(high) << 64 | u128::from(low)),
            // Callers hand over STREAM_WORDS words.
            _ => unreachable!("an element of {} takes 2 words, not {}", Self::NAME, words.len()),
        }
    }

    /// a^(2^128 - 2), the square of a^(2^127 - 1). With e(k) = a^(2^k - 1), e(j + k) is e(j) squared k
    /// times, times e(k) (Itoh, Tsujii 1988).
    fn invert(self) -> CtOption<Self> {
        let joined = |one: Self, other: Self, times: u32| {
            (0..times).fold(one, |power, _| power.square()) * other
        };
        let of_3 = joined(joined(self, self, 1), self, 1);
        let of_6 = joined(of_3, of_3, 3);
        let of_12 = joined(of_6, of_6, 6);
        let of_24 = joined(of_12, of_12, 12);
        let of_48 = joined(of_24, of_24, 24);
        let of_96 = joined(of_48, of_48, 48);
        let of_126 = joined(joined(of_96, of_24, 24), of_6, 6);
        let inverse = joined(of_126, self, 1).square();
        CtOption::new(inverse, !self.ct_eq(&Self::ZERO))
    }

    /// a^(2^127): every element has exactly one root.
    fn sqrt(self) -> CtOption<Self> {
        let root = (1..128).fold(self, |power, _| power.square());
        CtOption::new(root, Choice::from(1))
    }
}

#[cfg(test)]
mod tests;
