//! Sums of products, before they are reduced.

use super::element::Binary128;

/// A sum of products that is not reduced yet: low + high * x^128.
#[derive(Clone, Copy, Default)]
pub struct Unreduced {
    pub(super) low: u128,
    pub(super) high: u128,
}

impl zeroize::DefaultIsZeroes for Unreduced {}

impl Unreduced {
    /// Add another sum.
    #[inline]
    pub const fn add(&mut self, other: Self) {
        self.low ^= other.low;
        self.high ^= other.high;
    }

    /// The element that it is: x^128 is x^7 + x^2 + x + 1.
    #[inline]
    pub const fn reduce(self) -> Binary128 {
        const fn fold(value: u128) -> u128 {
            value ^ value << 1 ^ value << 2 ^ value << 7
        }
        let over = self.high >> 127 ^ self.high >> 126 ^ self.high >> 121;
        Binary128(self.low ^ fold(self.high) ^ fold(over))
    }
}

/// The two halves of a number.
#[expect(clippy::cast_possible_truncation, reason = "the two halves")]
pub(super) const fn halves(value: u128) -> (u64, u64) {
    (value as u64, (value >> 64) as u64)
}
