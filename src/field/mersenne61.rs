//! The field of 2^61-1 elements: a word each, products in two words, no branches.

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, CtOption};
use zeroize::DefaultIsZeroes;

use super::{Field, Mersenne, mersenne, ops::operators};

const P: u64 = (1 << 61) - 1;

/// An element of the field of 2^61-1 elements; kept below the prime.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub struct Mersenne61(u64);

impl DefaultIsZeroes for Mersenne61 {}

/// A number of at most 2p-1, modulo p.
#[inline]
const fn reduce(sum: u64) -> u64 {
    let less = sum.wrapping_sub(P);
    // All ones where that went below 0.
    let borrow = 0_u64.wrapping_sub(less >> 63);
    less.wrapping_add(P & borrow)
}

impl Mersenne61 {
    #[inline]
    const fn plus(self, other: Self) -> Self {
        Self(reduce(self.0 + other.0))
    }

    #[inline]
    const fn minus(self, other: Self) -> Self {
        let difference = self.0.wrapping_sub(other.0);
        let borrow = 0_u64.wrapping_sub(difference >> 63);
        Self(difference.wrapping_add(P & borrow))
    }

    #[inline]
    const fn negated(self) -> Self {
        Self(reduce(P - self.0))
    }

    #[inline]
    const fn times(self, other: Self) -> Self {
        let product = self.0 as u128 * other.0 as u128;
        // 2^61 is 1: the upper half, at most p-1, goes onto the lower, at most p.
        #[expect(clippy::cast_possible_truncation, reason = "the product has 122 bits")]
        Self(reduce((product as u64 & P) + (product >> 61) as u64))
    }

    /// The number it stands for.
    pub const fn to_u64(self) -> u64 {
        self.0
    }
}

operators!([] Mersenne61);

impl ConstantTimeEq for Mersenne61 {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl ConditionallySelectable for Mersenne61 {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self(u64::conditional_select(&a.0, &b.0, choice))
    }
}

impl Mersenne for Mersenne61 {}

impl Field for Mersenne61 {
    const NAME: &'static str = "2^61-1";
    const ZERO: Self = Self(0);
    const ONE: Self = Self(1);
    const BITS: u32 = 61;
    /// 128 bits modulo p: within 2^-67 of uniform.
    const STREAM_WORDS: usize = 2;
    type Bytes = [u8; 8];

    fn from_u64(value: u64) -> Self {
        Self(reduce((value & P) + (value >> 61)))
    }

    fn from_u128(value: u128) -> Self {
        const PIECE: u128 = P as u128;
        // Pieces of 61, 61 and 6 bits, each worth 1.
        let piece = |at: u32| (value >> at & PIECE) as u64;
        Self(reduce(reduce(piece(0) + piece(61)) + piece(122)))
    }

    fn to_u128(self) -> Option<u128> {
        Some(u128::from(self.0))
    }

    fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let value = u64::from_le_bytes(bytes.try_into().ok()?);
        (value < P).then_some(Self(value))
    }

    #[inline]
    fn from_stream(words: &[u64]) -> Self {
        match *words {
            [low, high] => Self::from_u128(u128::from(high) << 64 | u128::from(low)),
            // Callers hand over STREAM_WORDS words.
            _ => unreachable!("an element of {} takes 2 words, not {}", Self::NAME, words.len()),
        }
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
