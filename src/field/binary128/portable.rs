//! What the processor's own instructions are for, on any processor: products of polynomials over
//! GF(2), two words or two pairs of words, without carries, and what is made of them.
//!
//! A product is made of integer products of numbers whose bits stand four apart, so that no carry
//! reaches a neighbour (Pornin, `BearSSL`). Everything takes the same time for all operands.

use super::element::Binary128;
use super::fold::COLUMNS;
use super::points::{Weighed, WordSums};
use super::small::{LANES, Lanes, ROWS, Rows};
use super::unreduced::{Unreduced, halves};

/// The coefficients below x^64 of the product of two words.
const fn low_half(a: u64, b: u64) -> u64 {
    /// Every fourth bit.
    const FOURTH: u64 = 0x1111_1111_1111_1111;
    let a = [a & FOURTH, a & FOURTH << 1, a & FOURTH << 2, a & FOURTH << 3];
    let b = [b & FOURTH, b & FOURTH << 1, b & FOURTH << 2, b & FOURTH << 3];
    let mut product = 0;
    let mut sum = 0;
    while sum < 4 {
        let mut part = 0;
        let mut at = 0;
        while at < 4 {
            part ^= a[at].wrapping_mul(b[(4 + sum - at) % 4]);
            at += 1;
        }
        product |= part & FOURTH << sum;
        sum += 1;
    }
    product
}

/// The product of two words.
pub(super) const fn product(a: u64, b: u64) -> u128 {
    let low = low_half(a, b);
    let high = low_half(a.reverse_bits(), b.reverse_bits()).reverse_bits() >> 1;
    (high as u128) << 64 | low as u128
}

/// The product of two pairs of words.
const fn wide(a: u128, b: u128) -> Unreduced {
    let ((a, c), (b, d)) = (halves(a), halves(b));
    let (low, high) = (product(a, b), product(c, d));
    let middle = product(a ^ c, b ^ d) ^ low ^ high;
    Unreduced { low: low ^ middle << 64, high: high ^ middle >> 64 }
}

/// The product of two elements.
pub(super) fn multiply(x: Binary128, y: Binary128) -> Binary128 {
    wide(x.0, y.0).reduce()
}

/// The sum of the products of x and y, place by place.
pub(super) fn dot(x: &[Binary128], y: &[Binary128]) -> Unreduced {
    let mut sum = Unreduced::default();
    for (x, y) in x.iter().zip(y) {
        sum.add(wide(x.0, y.0));
    }
    sum
}

/// To every sum the words of its row, as polynomials below x^64, times a weight each.
pub(super) fn weigh(rows: &[Lanes], weights: &[Binary128; LANES], sums: &mut [Unreduced]) {
    for (sum, row) in sums.iter_mut().zip(rows) {
        for (&word, weight) in row.iter().zip(weights) {
            let (a, b) = halves(weight.0);
            let (a, b) = (product(word, a), product(word, b));
            sum.add(Unreduced { low: a ^ b << 64, high: b >> 64 });
        }
    }
}

/// Each value times a factor of its own.
pub(super) fn scale(values: &mut [Binary128], factors: &[Binary128]) {
    for (value, factor) in values.iter_mut().zip(factors) {
        *value = wide(value.0, factor.0).reduce();
    }
}

/// At every place the sum of the rows' elements, each times its row's factor.
pub(super) fn combine(rows: &[&[Binary128]], factors: &[Binary128], sums: &mut [Binary128]) {
    for (at, sum) in sums.iter_mut().enumerate() {
        let mut products = Unreduced::default();
        for (row, factor) in rows.iter().zip(factors) {
            products.add(wide(row[at].0, factor.0));
        }
        *sum = products.reduce();
    }
}

/// Add products of polynomials to their sums at all points.
pub(super) fn add_points(points: &mut WordSums, x: &Rows, y: &Rows) {
    points.add(x, y);
}

/// Weigh the sums at all points.
pub(super) fn weigh_points(points: &WordSums, weights: &[Binary128; LANES], sums: &mut Weighed) {
    points.weigh_into(sums, |rows, sums| weigh(rows, weights, sums));
}

/// Fold rows of bits into columns.
pub(super) fn fold(rows: &Rows, factors: &[Binary128; ROWS], columns: &mut [Binary128; COLUMNS]) {
    columns.fill(Binary128::default());
    for (row, factor) in rows.iter().zip(factors) {
        for (columns, word) in columns.as_chunks_mut::<64>().0.iter_mut().zip(row) {
            for (bit, column) in columns.iter_mut().enumerate() {
                let chosen = u128::from(word >> bit & 1).wrapping_neg();
                column.0 ^= factor.0 & chosen;
            }
        }
    }
}
