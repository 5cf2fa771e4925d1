//! Sums of many products, which are reduced once.

use super::carryless;
use super::element::Binary128;

/// A sum of products that is not reduced yet.
#[derive(Clone, Copy, Default)]
pub struct Unreduced {
    low: u128,
    high: u128,
}

impl zeroize::DefaultIsZeroes for Unreduced {}

impl Unreduced {
    /// Add another sum.
    #[inline]
    pub const fn add(&mut self, other: Self) {
        self.low ^= other.low;
        self.high ^= other.high;
    }

    /// The element that it is.
    #[inline]
    pub const fn reduce(self) -> Binary128 {
        Binary128(carryless::reduce(self.low, self.high))
    }
}

/// The product of two elements.
#[inline]
pub(super) fn product(a: Binary128, b: Binary128) -> Binary128 {
    dot(&[a], &[b]).reduce()
}

/// The sum of the products of x and y, place by place.
#[inline]
pub fn dot(x: &[Binary128], y: &[Binary128]) -> Unreduced {
    let (low, high) = carryless::dot(x, y);
    Unreduced { low, high }
}

/// The sum over every `stride`-th word, from the first on, of the word, as a polynomial below
/// x^64, times a weight each.
#[inline]
pub fn weigh(words: &[u64], weights: &[Binary128], stride: usize) -> Unreduced {
    let (low, high) = carryless::weigh(words, weights, stride);
    Unreduced { low, high }
}

/// Each value times a factor of its own.
#[inline]
pub fn scale_by(values: &mut [Binary128], factors: &[Binary128]) {
    carryless::scale(values, factors);
}

/// At every place the sum of the rows' elements, each times its row's factor. Rows are as long as
/// the sums.
#[inline]
pub fn combine(rows: &[&[Binary128]], factors: &[Binary128], sums: &mut [Binary128]) {
    carryless::combine(rows, factors, sums);
}
