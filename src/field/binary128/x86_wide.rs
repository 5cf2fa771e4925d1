//! The same with products of two pairs of words side by side (VPCLMULQDQ), each of three products of
//! words (Karatsuba and Ofman 1962). What is left over goes one by one.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_xor_si128, _mm256_castsi256_si128, _mm256_clmulepi64_epi128,
    _mm256_extracti128_si256, _mm256_set_epi64x, _mm256_setzero_si256, _mm256_shuffle_epi32,
    _mm256_slli_si256, _mm256_srli_si256, _mm256_xor_si256,
};

use bytemuck::cast;

use super::element::Binary128;
use super::points::{Weighed, WordSums};
use super::small::{LANES, Lanes};
use super::unreduced::Unreduced;
use super::x86;

pub(super) use super::instructions::wider as available;

/// Two elements.
#[inline]
#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2")]
fn load(pair: &[Binary128; 2]) -> __m256i {
    cast([pair[0].0, pair[1].0])
}

/// Two sums of products: of low words, of both added up, of high words.
#[derive(Clone, Copy)]
struct Sums(__m256i, __m256i, __m256i);

#[inline]
#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2")]
fn nothing() -> Sums {
    Sums(_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256())
}

#[inline]
#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2")]
fn add(sums: Sums, x: __m256i, y: __m256i) -> Sums {
    /// The words of a pair in the other order.
    const TURNED: i32 = 0b0100_1110;
    let low = _mm256_clmulepi64_epi128::<0x00>(x, y);
    let high = _mm256_clmulepi64_epi128::<0x11>(x, y);
    let (a, b) = (
        _mm256_xor_si256(x, _mm256_shuffle_epi32::<TURNED>(x)),
        _mm256_xor_si256(y, _mm256_shuffle_epi32::<TURNED>(y)),
    );
    let both = _mm256_clmulepi64_epi128::<0x00>(a, b);
    Sums(
        _mm256_xor_si256(sums.0, low),
        _mm256_xor_si256(sums.1, both),
        _mm256_xor_si256(sums.2, high),
    )
}

/// The middle words of sums.
#[inline]
#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2")]
fn middle(sums: Sums) -> __m256i {
    _mm256_xor_si256(sums.1, _mm256_xor_si256(sums.0, sums.2))
}

/// The elements that sums are: x^128 is x^7 + x^2 + x + 1.
#[inline]
#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2")]
fn reduce(sums: Sums) -> [Binary128; 2] {
    let middle = middle(sums);
    let low = _mm256_xor_si256(sums.0, _mm256_slli_si256::<8>(middle));
    let high = _mm256_xor_si256(sums.2, _mm256_srli_si256::<8>(middle));
    let rest = _mm256_set_epi64x(0, 0x87, 0, 0x87);
    let over = _mm256_clmulepi64_epi128::<0x01>(high, rest);
    let low = _mm256_xor_si256(low, _mm256_slli_si256::<8>(over));
    let high = _mm256_xor_si256(high, _mm256_srli_si256::<8>(over));
    let low = _mm256_xor_si256(low, _mm256_clmulepi64_epi128::<0x00>(high, rest));
    let elements: [u128; 2] = cast(low);
    elements.map(Binary128)
}

/// Both halves added up.
#[inline]
#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2")]
fn halves_added(pair: __m256i) -> u128 {
    let halves: (__m128i, __m128i) =
        (_mm256_castsi256_si128(pair), _mm256_extracti128_si256::<1>(pair));
    cast(_mm_xor_si128(halves.0, halves.1))
}

#[inline]
#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2")]
fn join(low: __m256i, middle: __m256i, high: __m256i) -> Unreduced {
    let (low, middle, high) = (halves_added(low), halves_added(middle), halves_added(high));
    Unreduced { low: low ^ middle << 64, high: high ^ middle >> 64 }
}

#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2")]
pub(super) fn dot(x: &[Binary128], y: &[Binary128]) -> Unreduced {
    let len = x.len().min(y.len());
    let ((x, x_left), (y, y_left)) = (x[..len].as_chunks::<2>(), y[..len].as_chunks::<2>());
    let mut sums = nothing();
    for (x, y) in x.iter().zip(y) {
        sums = add(sums, load(x), load(y));
    }
    let mut sum = join(sums.0, middle(sums), sums.2);
    sum.add(x86::dot(x_left, y_left));
    sum
}

#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2")]
pub(super) fn weigh(rows: &[Lanes], weights: &[Binary128; LANES], sums: &mut [Unreduced]) {
    let [a, b, c, d] = *weights;
    let (even, odd) = (load(&[a, c]), load(&[b, d]));
    for (sum, row) in sums.iter_mut().zip(rows) {
        let words: __m256i = cast(*row);
        let low = _mm256_xor_si256(
            _mm256_clmulepi64_epi128::<0x00>(words, even),
            _mm256_clmulepi64_epi128::<0x01>(words, odd),
        );
        let middle = _mm256_xor_si256(
            _mm256_clmulepi64_epi128::<0x10>(words, even),
            _mm256_clmulepi64_epi128::<0x11>(words, odd),
        );
        sum.add(join(low, middle, _mm256_setzero_si256()));
    }
}

#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2")]
pub(super) fn weigh_points(points: &WordSums, weights: &[Binary128; LANES], sums: &mut Weighed) {
    points.weigh_into(sums, |rows, sums| weigh(rows, weights, sums));
}

#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2")]
pub(super) fn scale(values: &mut [Binary128], factors: &[Binary128]) {
    let len = values.len().min(factors.len());
    let (values, values_left) = values[..len].as_chunks_mut::<2>();
    let (factors, factors_left) = factors[..len].as_chunks::<2>();
    for (values, factors) in values.iter_mut().zip(factors) {
        *values = reduce(add(nothing(), load(values), load(factors)));
    }
    x86::scale(values_left, factors_left);
}

#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2")]
pub(super) fn combine(rows: &[&[Binary128]], factors: &[Binary128], sums: &mut [Binary128]) {
    let whole = sums.len() / 2 * 2;
    for (at, sums) in sums.as_chunks_mut::<2>().0.iter_mut().enumerate() {
        let mut products = nothing();
        for (row, &factor) in rows.iter().zip(factors) {
            let pair = [row[2 * at], row[2 * at + 1]];
            products = add(products, load(&pair), load(&[factor; 2]));
        }
        *sums = reduce(products);
    }
    for (at, sum) in sums.iter_mut().enumerate().skip(whole) {
        let mut products = Unreduced::default();
        for (row, factor) in rows.iter().zip(factors) {
            products.add(x86::dot(&row[at..=at], std::slice::from_ref(factor)));
        }
        *sum = products.reduce();
    }
}
