//! Products of polynomials over GF(2): two words, or two pairs of words, without carries.
//!
//! The only place that uses a processor's own instruction (PCLMULQDQ on x86-64), and the only one
//! with `unsafe` in it: calling what needs the instruction, after it was looked for. The portable
//! twin gives the same values and takes the same time for all operands: integer products of
//! numbers whose bits stand four apart, so that no carry reaches a neighbour (Pornin, `BearSSL`).
#![allow(unsafe_code)]

use super::element::Binary128;

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

/// The product of two words, on any processor.
const fn portable(a: u64, b: u64) -> u128 {
    let low = low_half(a, b);
    let high = low_half(a.reverse_bits(), b.reverse_bits()).reverse_bits() >> 1;
    (high as u128) << 64 | low as u128
}

/// The two halves of a number.
#[expect(clippy::cast_possible_truncation, reason = "the two halves")]
const fn halves(value: u128) -> (u64, u64) {
    (value as u64, (value >> 64) as u64)
}

/// low + high * x^128 as an element: x^128 is x^7 + x^2 + x + 1.
#[inline]
pub(super) const fn reduce(low: u128, high: u128) -> u128 {
    const fn fold(value: u128) -> u128 {
        value ^ value << 1 ^ value << 2 ^ value << 7
    }
    let over = high >> 127 ^ high >> 126 ^ high >> 121;
    low ^ fold(high) ^ fold(over)
}

/// low + high * x^128, the product of two pairs of words, on any processor.
const fn wide(a: u128, b: u128) -> (u128, u128) {
    let ((a, c), (b, d)) = (halves(a), halves(b));
    let (low, high) = (portable(a, b), portable(c, d));
    let middle = portable(a ^ c, b ^ d) ^ low ^ high;
    (low ^ middle << 64, high ^ middle >> 64)
}

/// Sum of products of pairs of words, place by place: on any processor.
fn portable_dot(x: &[Binary128], y: &[Binary128]) -> (u128, u128) {
    x.iter().zip(y).fold((0, 0), |(low, high), (x, y)| {
        let product = wide(x.0, y.0);
        (low ^ product.0, high ^ product.1)
    })
}

/// Sum of products of words with pairs of words, place by place: on any processor.
fn portable_weigh(words: &[u64], weights: &[Binary128], stride: usize) -> (u128, u128) {
    words.iter().step_by(stride).zip(weights).fold((0, 0), |(low, high), (&word, weight)| {
        let (a, b) = halves(weight.0);
        let (a, b) = (portable(word, a), portable(word, b));
        (low ^ a ^ b << 64, high ^ b >> 64)
    })
}

/// low + high * x^128: the sum of the products of x and y, place by place.
pub(super) fn dot(x: &[Binary128], y: &[Binary128]) -> (u128, u128) {
    #[cfg(target_arch = "x86_64")]
    if x86::available() {
        // SAFETY: the processor has the instruction.
        return unsafe { x86::dot(x, y) };
    }
    portable_dot(x, y)
}

/// low + high * x^128: the sum of the products of every `stride`-th word with a weight each.
pub(super) fn weigh(words: &[u64], weights: &[Binary128], stride: usize) -> (u128, u128) {
    #[cfg(target_arch = "x86_64")]
    if x86::available() {
        // SAFETY: the processor has the instruction.
        return unsafe { x86::weigh(words, weights, stride) };
    }
    portable_weigh(words, weights, stride)
}

/// Each value times a factor of its own, on any processor.
fn portable_scale(values: &mut [Binary128], factors: &[Binary128]) {
    for (value, factor) in values.iter_mut().zip(factors) {
        let (low, high) = wide(value.0, factor.0);
        value.0 = reduce(low, high);
    }
}

/// Each value times a factor of its own.
pub(super) fn scale(values: &mut [Binary128], factors: &[Binary128]) {
    #[cfg(target_arch = "x86_64")]
    if x86::available() {
        // SAFETY: the processor has the instruction.
        return unsafe { x86::scale(values, factors) };
    }
    portable_scale(values, factors);
}

/// At every place the sum of the rows' elements, each times its row's factor: on any processor.
fn portable_combine(rows: &[&[Binary128]], factors: &[Binary128], sums: &mut [Binary128]) {
    for (at, sum) in sums.iter_mut().enumerate() {
        let products = rows.iter().zip(factors).map(|(row, factor)| wide(row[at].0, factor.0));
        let (low, high) = products.fold((0, 0), |sum, part| (sum.0 ^ part.0, sum.1 ^ part.1));
        sum.0 = reduce(low, high);
    }
}

/// At every place the sum of the rows' elements, each times its row's factor.
pub(super) fn combine(rows: &[&[Binary128]], factors: &[Binary128], sums: &mut [Binary128]) {
    #[cfg(target_arch = "x86_64")]
    if x86::available() {
        // SAFETY: the processor has the instruction.
        return unsafe { x86::combine(rows, factors, sums) };
    }
    portable_combine(rows, factors, sums);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m128i, _mm_clmulepi64_si128, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_set_epi64x,
        _mm_setzero_si128, _mm_unpackhi_epi64, _mm_xor_si128,
    };

    use super::{Binary128, halves, reduce};

    #[inline]
    pub(super) fn available() -> bool {
        std::arch::is_x86_feature_detected!("pclmulqdq")
    }

    #[inline]
    #[target_feature(enable = "pclmulqdq")]
    fn load(value: Binary128) -> __m128i {
        let (low, high) = halves(value.0);
        _mm_set_epi64x(high.cast_signed(), low.cast_signed())
    }

    #[inline]
    #[target_feature(enable = "pclmulqdq")]
    fn store(value: __m128i) -> u128 {
        let low = _mm_cvtsi128_si64(value).cast_unsigned();
        let high = _mm_cvtsi128_si64(_mm_unpackhi_epi64(value, value)).cast_unsigned();
        u128::from(high) << 64 | u128::from(low)
    }

    /// The sum of products, in three parts that overlap.
    #[derive(Clone, Copy)]
    struct Sum(__m128i, __m128i, __m128i);

    #[inline]
    #[target_feature(enable = "pclmulqdq")]
    fn add(sum: Sum, x: __m128i, y: __m128i) -> Sum {
        let low = _mm_clmulepi64_si128::<0x00>(x, y);
        let high = _mm_clmulepi64_si128::<0x11>(x, y);
        let (a, b) = (_mm_clmulepi64_si128::<0x01>(x, y), _mm_clmulepi64_si128::<0x10>(x, y));
        Sum(
            _mm_xor_si128(sum.0, low),
            _mm_xor_si128(sum.1, _mm_xor_si128(a, b)),
            _mm_xor_si128(sum.2, high),
        )
    }

    #[inline]
    #[target_feature(enable = "pclmulqdq")]
    fn nothing() -> Sum {
        Sum(_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128())
    }

    #[inline]
    #[target_feature(enable = "pclmulqdq")]
    fn join(sum: Sum) -> (u128, u128) {
        let (low, middle, high) = (store(sum.0), store(sum.1), store(sum.2));
        (low ^ middle << 64, high ^ middle >> 64)
    }

    #[target_feature(enable = "pclmulqdq")]
    pub(super) fn dot(x: &[Binary128], y: &[Binary128]) -> (u128, u128) {
        let mut sum = nothing();
        for (&x, &y) in x.iter().zip(y) {
            sum = add(sum, load(x), load(y));
        }
        join(sum)
    }

    #[target_feature(enable = "pclmulqdq")]
    pub(super) fn weigh(words: &[u64], weights: &[Binary128], stride: usize) -> (u128, u128) {
        let mut sum = nothing();
        for (&word, &weight) in words.iter().step_by(stride).zip(weights) {
            let (word, weight) = (_mm_cvtsi64_si128(word.cast_signed()), load(weight));
            sum.0 = _mm_xor_si128(sum.0, _mm_clmulepi64_si128::<0x00>(word, weight));
            sum.1 = _mm_xor_si128(sum.1, _mm_clmulepi64_si128::<0x10>(word, weight));
        }
        join(sum)
    }

    #[target_feature(enable = "pclmulqdq")]
    pub(super) fn scale(values: &mut [Binary128], factors: &[Binary128]) {
        for (value, &factor) in values.iter_mut().zip(factors) {
            let (low, high) = join(add(nothing(), load(*value), load(factor)));
            value.0 = reduce(low, high);
        }
    }

    #[target_feature(enable = "pclmulqdq")]
    pub(super) fn combine(rows: &[&[Binary128]], factors: &[Binary128], sums: &mut [Binary128]) {
        for (at, sum) in sums.iter_mut().enumerate() {
            let mut products = nothing();
            for (row, &factor) in rows.iter().zip(factors) {
                products = add(products, load(row[at]), load(factor));
            }
            let (low, high) = join(products);
            sum.0 = reduce(low, high);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::field::binary128::carryless::*;

    /// Bit by bit.
    fn plain(a: u64, b: u64) -> u128 {
        (0..64).filter(|at| b >> at & 1 == 1).fold(0, |sum, at| sum ^ u128::from(a) << at)
    }

    fn elements(count: usize) -> Vec<Binary128> {
        let mut state = 1_u128;
        let step = |_| {
            state = state.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(1);
            state ^ state >> 67
        };
        (0..count).map(step).chain([0, 1, u128::MAX, 1 << 127]).map(Binary128).collect()
    }

    fn same(x: &[Binary128], y: &[Binary128]) -> bool {
        x.len() == y.len() && x.iter().zip(y).all(|(x, y)| x.0 == y.0)
    }

    #[test]
    fn products_have_no_carries() {
        for a in elements(40) {
            for b in elements(40) {
                let (a, b) = (halves(a.0).0, halves(b.0).1);
                assert_eq!(portable(a, b), plain(a, b));
            }
        }
    }

    #[test]
    fn the_instruction_and_its_twin_agree() {
        let x = elements(77);
        let y: Vec<Binary128> = x.iter().rev().copied().collect();
        assert_eq!(dot(&x, &y), portable_dot(&x, &y));
        assert_eq!(dot(&x, &y[..5]), portable_dot(&x[..5], &y));
        let words: Vec<u64> = x.iter().map(|x| halves(x.0).0).collect();
        for stride in [1, 8] {
            assert_eq!(weigh(&words, &y, stride), portable_weigh(&words, &y, stride));
        }
        let (mut one, mut other) = (x.clone(), x.clone());
        scale(&mut one, &y);
        portable_scale(&mut other, &y);
        assert!(same(&one, &other));
        let rows = [&x[..], &y[..], &one[..]];
        let (mut first, mut second) = (x.clone(), y.clone());
        combine(&rows, &y[..3], &mut first);
        portable_combine(&rows, &y[..3], &mut second);
        assert!(same(&first, &second));
    }
}
