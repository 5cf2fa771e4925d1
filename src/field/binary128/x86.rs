//! The same with the instructions of x86-64: products without carries (PCLMULQDQ), and vectors of
//! 256 bits (AVX2). Functions may be called where the processor has both.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_clmulepi64_si128, _mm_cvtsi64_si128, _mm_setzero_si128, _mm_slli_si128,
    _mm_srli_si128, _mm_xor_si128, _mm256_and_si256, _mm256_broadcastsi128_si256,
    _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_permute2x128_si256, _mm256_set1_epi8,
    _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi64,
    _mm256_srli_epi16, _mm256_srli_epi64, _mm256_unpackhi_epi8, _mm256_unpackhi_epi16,
    _mm256_unpackhi_epi32, _mm256_unpacklo_epi8, _mm256_unpacklo_epi16, _mm256_unpacklo_epi32,
    _mm256_xor_si256,
};

use bytemuck::cast;

use super::element::Binary128;
use super::fold::{BYTES, COLUMNS, Tables};
use super::points::{Weighed, WordSums};
use super::small::{LANES, Lanes, ROWS, Rows};
use super::unreduced::Unreduced;

pub(super) use super::instructions::wide as available;

/// The sum of products, in three parts that overlap.
#[derive(Clone, Copy)]
struct Sum(__m128i, __m128i, __m128i);

#[inline]
#[target_feature(enable = "pclmulqdq,avx2")]
fn add(sum: Sum, x: Binary128, y: Binary128) -> Sum {
    let (x, y): (__m128i, __m128i) = (cast(x.0), cast(y.0));
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
#[target_feature(enable = "pclmulqdq,avx2")]
fn nothing() -> Sum {
    Sum(_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128())
}

#[inline]
#[target_feature(enable = "pclmulqdq,avx2")]
fn join(sum: Sum) -> Unreduced {
    let (low, middle, high): (u128, u128, u128) = (cast(sum.0), cast(sum.1), cast(sum.2));
    Unreduced { low: low ^ middle << 64, high: high ^ middle >> 64 }
}

/// The element that a sum is: x^128 is x^7 + x^2 + x + 1.
#[inline]
#[target_feature(enable = "pclmulqdq,avx2")]
fn reduce(sum: Sum) -> Binary128 {
    let low = _mm_xor_si128(sum.0, _mm_slli_si128::<8>(sum.1));
    let high = _mm_xor_si128(sum.2, _mm_srli_si128::<8>(sum.1));
    let rest = _mm_cvtsi64_si128(0x87);
    let over = _mm_clmulepi64_si128::<0x01>(high, rest);
    let low = _mm_xor_si128(low, _mm_slli_si128::<8>(over));
    let high = _mm_xor_si128(high, _mm_srli_si128::<8>(over));
    Binary128(cast(_mm_xor_si128(low, _mm_clmulepi64_si128::<0x00>(high, rest))))
}

#[target_feature(enable = "pclmulqdq,avx2")]
pub(super) fn multiply(x: Binary128, y: Binary128) -> Binary128 {
    reduce(add(nothing(), x, y))
}

#[target_feature(enable = "pclmulqdq,avx2")]
pub(super) fn dot(x: &[Binary128], y: &[Binary128]) -> Unreduced {
    let mut sum = nothing();
    for (&x, &y) in x.iter().zip(y) {
        sum = add(sum, x, y);
    }
    join(sum)
}

#[target_feature(enable = "pclmulqdq,avx2")]
pub(super) fn weigh(rows: &[Lanes], weights: &[Binary128; LANES], sums: &mut [Unreduced]) {
    let weights: [__m128i; LANES] = weights.map(|weight| cast(weight.0));
    for (sum, row) in sums.iter_mut().zip(rows) {
        let mut parts = nothing();
        for (words, [one, other]) in row.as_chunks::<2>().0.iter().zip(weights.as_chunks().0) {
            let words: __m128i = cast(*words);
            let low = _mm_clmulepi64_si128::<0x00>(words, *one);
            let high = _mm_clmulepi64_si128::<0x10>(words, *one);
            parts.0 = _mm_xor_si128(parts.0, low);
            parts.1 = _mm_xor_si128(parts.1, high);
            let low = _mm_clmulepi64_si128::<0x01>(words, *other);
            let high = _mm_clmulepi64_si128::<0x11>(words, *other);
            parts.0 = _mm_xor_si128(parts.0, low);
            parts.1 = _mm_xor_si128(parts.1, high);
        }
        sum.add(join(parts));
    }
}

#[target_feature(enable = "pclmulqdq,avx2")]
pub(super) fn weigh_points(points: &WordSums, weights: &[Binary128; LANES], sums: &mut Weighed) {
    points.weigh_into(sums, |rows, sums| weigh(rows, weights, sums));
}

#[target_feature(enable = "pclmulqdq,avx2")]
pub(super) fn scale(values: &mut [Binary128], factors: &[Binary128]) {
    for (value, &factor) in values.iter_mut().zip(factors) {
        *value = reduce(add(nothing(), *value, factor));
    }
}

#[target_feature(enable = "pclmulqdq,avx2")]
pub(super) fn combine(rows: &[&[Binary128]], factors: &[Binary128], sums: &mut [Binary128]) {
    for (at, sum) in sums.iter_mut().enumerate() {
        let mut products = nothing();
        for (row, &factor) in rows.iter().zip(factors) {
            products = add(products, row[at], factor);
        }
        *sum = reduce(products);
    }
}

#[target_feature(enable = "pclmulqdq,avx2")]
pub(super) fn add_points(points: &mut WordSums, x: &Rows, y: &Rows) {
    points.add(x, y);
}

/// Fold rows of bits into columns: the bits of eight rows are brought together in bytes, and four of
/// them at a time pick a byte of the sum from a table in a register.
#[target_feature(enable = "pclmulqdq,avx2")]
pub(super) fn fold(rows: &Rows, tables: &Tables, columns: &mut [Binary128; COLUMNS]) {
    /// Columns worked on together.
    const WIDE: usize = 32;
    let mut planes = [[_mm256_setzero_si256(); 8]; ROWS / 8];
    for (plane, rows) in planes.iter_mut().zip(rows.as_chunks::<8>().0) {
        *plane = gather(rows);
    }
    let low = _mm256_set1_epi8(15);
    for (block, columns) in columns.as_chunks_mut::<WIDE>().0.iter_mut().enumerate() {
        let mut fours = [_mm256_setzero_si256(); ROWS / 4];
        for (fours, plane) in fours.as_chunks_mut::<2>().0.iter_mut().zip(&planes) {
            let bytes = plane[block];
            *fours = [
                _mm256_and_si256(bytes, low),
                _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), low),
            ];
        }
        let mut bytes = [_mm256_setzero_si256(); BYTES];
        for (bytes, tables) in bytes.iter_mut().zip(tables) {
            for (table, &four) in tables.iter().zip(&fours) {
                let table = _mm256_broadcastsi128_si256(cast(*table));
                *bytes = _mm256_xor_si256(*bytes, _mm256_shuffle_epi8(table, four));
            }
        }
        for _ in 0..4 {
            bytes = riffle(&bytes);
        }
        let (first, second) = columns.split_at_mut(WIDE / 2);
        for (bytes, (first, second)) in bytes.into_iter().zip(first.iter_mut().zip(second)) {
            first.0 = cast(_mm256_castsi256_si128(bytes));
            second.0 = cast(_mm256_extracti128_si256::<1>(bytes));
        }
    }
}

/// One of four steps that turn byte p of 32 columns into 16 bytes of a column each.
#[inline]
#[target_feature(enable = "pclmulqdq,avx2")]
fn riffle(bytes: &[__m256i; BYTES]) -> [__m256i; BYTES] {
    let mut mixed = [_mm256_setzero_si256(); BYTES];
    for at in 0..BYTES / 2 {
        mixed[2 * at] = _mm256_unpacklo_epi8(bytes[at], bytes[at + BYTES / 2]);
        mixed[2 * at + 1] = _mm256_unpackhi_epi8(bytes[at], bytes[at + BYTES / 2]);
    }
    mixed
}

/// The bits of eight rows, brought together: byte c has bit c of each. 32 bytes in a vector.
#[inline]
#[target_feature(enable = "pclmulqdq,avx2")]
fn gather(rows: &[Lanes; 8]) -> [__m256i; 8] {
    let r: [__m256i; 8] = rows.map(cast);
    // Bytes at one place in all rows side by side: squares of eight times eight bits.
    let mut pairs = [_mm256_setzero_si256(); 8];
    let mut fours = pairs;
    let mut squares = pairs;
    for at in 0..4 {
        pairs[at] = _mm256_unpacklo_epi8(r[2 * at], r[2 * at + 1]);
        pairs[at + 4] = _mm256_unpackhi_epi8(r[2 * at], r[2 * at + 1]);
    }
    for at in 0..4 {
        let [one, other] = [pairs[2 * at], pairs[2 * at + 1]];
        fours[2 * at] = _mm256_unpacklo_epi16(one, other);
        fours[2 * at + 1] = _mm256_unpackhi_epi16(one, other);
    }
    for (half, fours) in fours.as_chunks::<4>().0.iter().enumerate() {
        for at in 0..2 {
            let [one, other] = [fours[at], fours[at + 2]];
            squares[4 * half + 2 * at] = _mm256_unpacklo_epi32(one, other);
            squares[4 * half + 2 * at + 1] = _mm256_unpackhi_epi32(one, other);
        }
    }
    for square in &mut squares {
        *square = transposed::<28>(transposed::<14>(transposed::<7>(*square)));
    }
    // The first half of each vector belongs to the first half of the columns.
    let mut bytes = [_mm256_setzero_si256(); 8];
    for at in 0..4 {
        let [one, other] = [squares[2 * at], squares[2 * at + 1]];
        bytes[at] = _mm256_permute2x128_si256::<0x20>(one, other);
        bytes[at + 4] = _mm256_permute2x128_si256::<0x31>(one, other);
    }
    bytes
}

/// A step of transposing squares of eight times eight bits, one in each word.
#[inline]
#[target_feature(enable = "pclmulqdq,avx2")]
fn transposed<const STEP: i32>(squares: __m256i) -> __m256i {
    let mask = match STEP {
        7 => 0x00aa_00aa_00aa_00aa,
        14 => 0x0000_cccc_0000_cccc,
        _ => 0x0000_0000_f0f0_f0f0,
    };
    let mask = _mm256_set1_epi64x(mask);
    let swap = _mm256_xor_si256(squares, _mm256_srli_epi64::<STEP>(squares));
    let swap = _mm256_and_si256(swap, mask);
    _mm256_xor_si256(squares, _mm256_xor_si256(swap, _mm256_slli_epi64::<STEP>(swap)))
}
