//! The field of 2^127-1 elements: two words each, no branches.

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, CtOption};
use zeroize::DefaultIsZeroes;

use super::{Field, Mersenne, mersenne, ops::operators};

const P: u128 = (1 << 127) - 1;

/// An element of the field of 2^127-1 elements; kept below the prime.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub struct Mersenne127(u128);

impl DefaultIsZeroes for Mersenne127 {}

/// A number of at most 2p-1, modulo p.
#[inline]
const fn reduce(sum: u128) -> u128 {
    let less = sum.wrapping_sub(P);
    // All ones where that went below 0.
    let borrow = 0_u128.wrapping_sub(less >> 127);
    less.wrapping_add(P & borrow)
}

/// The two words of a number.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the two halves")]
const fn words(value: u128) -> (u128, u128) {
    (value as u64 as u128, (value >> 64) as u64 as u128)
}

impl Mersenne127 {
    #[inline]
    const fn plus(self, other: Self) -> Self {
        Self(reduce(self.0 + other.0))
    }

    #[inline]
    const fn minus(self, other: Self) -> Self {
        let difference = self.0.wrapping_sub(other.0);
        let borrow = 0_u128.wrapping_sub(difference >> 127);
        Self(difference.wrapping_add(P & borrow))
    }

    #[inline]
    const fn negated(self) -> Self {
        Self(reduce(P - self.0))
    }

    #[inline]
    const fn times(self, other: Self) -> Self {
        let (a, b) = words(self.0);
        let (c, d) = words(other.0);
        Self::fold(a * c, a * d + b * c, b * d)
    }

    /// low + middle * 2^64 + high * 2^128, a product of two elements, modulo p. The middle is a
    /// sum of two products of a 64-bit and a 63-bit number and fits.
    #[inline]
    const fn fold(low: u128, middle: u128, high: u128) -> Self {
        let (lower, carry) = low.overflowing_add(middle << 64);
        let upper = high + (middle >> 64) + carry as u128;
        // 2^127 is 1: the upper 127 bits, at most p-1, go onto the lower 127, at most p.
        Self(reduce((lower & P) + (upper << 1 | lower >> 127)))
    }

    /// The number it stands for.
    pub const fn to_number(self) -> u128 {
        self.0
    }
}

operators!([] Mersenne127);

impl ConstantTimeEq for Mersenne127 {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl ConditionallySelectable for Mersenne127 {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self(u128::conditional_select(&a.0, &b.0, choice))
    }
}

impl Mersenne for Mersenne127 {}

impl Field for Mersenne127 {
    const NAME: &'static str = "2^127-1";
    const ZERO: Self = Self(0);
    const ONE: Self = Self(1);
    const BITS: u32 = 127;
    /// 127 bits, of which one pattern too many is 0: within 2^-127 of uniform.
    const STREAM_WORDS: usize = 2;
    type Bytes = [u8; 16];

    fn from_u64(value: u64) -> Self {
        Self(u128::from(value))
    }

    fn from_u128(value: u128) -> Self {
        Self(reduce((value & P) + (value >> 127)))
    }

    fn to_u128(self) -> Option<u128> {
        Some(self.0)
    }

    fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let value = u128::from_le_bytes(bytes.try_into().ok()?);
        (value < P).then_some(Self(value))
    }

    #[inline]
    fn from_stream(words: &[u64]) -> Self {
        match *words {
            [low, high] => Self(reduce((u128::from(high) << 64 | u128::from(low)) & P)),
            // Callers hand over STREAM_WORDS words.
            _ => unreachable!("an element of {} takes 2 words, not {}", Self::NAME, words.len()),
        }
    }

    #[inline]
    fn square(self) -> Self {
        let (a, b) = words(self.0);
        Self::fold(a * a, (a * b) << 1, b * b)
    }

    fn invert(self) -> CtOption<Self> {
        mersenne::invert(self)
    }

    fn sqrt(self) -> CtOption<Self> {
        mersenne::sqrt(self)
    }

    fn inverse_root(self) -> CtOption<Self> {
        mersenne::inverse_root(self)
    }

    fn inverse_roots(values: &mut [Self]) {
        mersenne::inverse_roots(values);
    }
}
