//! The same with vectors of 512 bits (AVX-512): products of four pairs of words side by side
//! (VPCLMULQDQ), and products of bytes in a field of 256 elements and of bytes with matrices of bits
//! (GFNI). What is left over goes two by two.

use std::arch::x86_64::{
    __m128i, __m512i, _mm512_broadcast_i32x4, _mm512_bslli_epi128, _mm512_bsrli_epi128,
    _mm512_clmulepi64_epi128, _mm512_gf2p8affine_epi64_epi8, _mm512_gf2p8mul_epi8,
    _mm512_permutex2var_epi64, _mm512_permutexvar_epi8, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_shuffle_epi32, _mm512_shuffle_i64x2, _mm512_unpackhi_epi8, _mm512_unpacklo_epi8,
    _mm512_xor_si512,
};

use bytemuck::{cast, cast_ref};

use super::bytes::{BACK, ByteSums, Bytes, COEFFICIENTS, EIGHT, HIGH};
use super::element::Binary128;
use super::fold::{BYTES, COLUMNS, Matrices};
use super::points::Weighed;
use super::small::{LANES, Lanes, Rows};
use super::unreduced::Unreduced;
use super::x86_wide;

/// Elements side by side.
const FOUR: usize = 4;

pub(super) use super::instructions::widest as available;

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
fn load(elements: &[Binary128; FOUR]) -> __m512i {
    cast(elements.map(|element| element.0))
}

/// One element, four times.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
fn everywhere(element: Binary128) -> __m512i {
    let element: __m128i = cast(element.0);
    _mm512_broadcast_i32x4(element)
}

/// Four sums of products: of low words, of both added up, of high words (Karatsuba and Ofman 1962).
#[derive(Clone, Copy)]
struct Sums(__m512i, __m512i, __m512i);

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
fn nothing() -> Sums {
    Sums(_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512())
}

/// Both words of each element added up, in both places.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
fn words_added(x: __m512i) -> __m512i {
    /// The words of a pair in the other order.
    const TURNED: i32 = 0b0100_1110;
    _mm512_xor_si512(x, _mm512_shuffle_epi32::<TURNED>(x))
}

/// With x, y and the words of y added up.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
fn add(sums: Sums, x: __m512i, y: __m512i, y_added: __m512i) -> Sums {
    let low = _mm512_clmulepi64_epi128::<0x00>(x, y);
    let high = _mm512_clmulepi64_epi128::<0x11>(x, y);
    let both = _mm512_clmulepi64_epi128::<0x00>(words_added(x), y_added);
    Sums(
        _mm512_xor_si512(sums.0, low),
        _mm512_xor_si512(sums.1, both),
        _mm512_xor_si512(sums.2, high),
    )
}

/// The middle words of sums.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
fn middle(sums: Sums) -> __m512i {
    _mm512_xor_si512(sums.1, _mm512_xor_si512(sums.0, sums.2))
}

/// The elements that sums are: x^128 is x^7 + x^2 + x + 1.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
fn reduce(sums: Sums) -> [Binary128; FOUR] {
    let middle = middle(sums);
    let low = _mm512_xor_si512(sums.0, _mm512_bslli_epi128::<8>(middle));
    let high = _mm512_xor_si512(sums.2, _mm512_bsrli_epi128::<8>(middle));
    let rest = _mm512_set1_epi64(0x87);
    let over = _mm512_clmulepi64_epi128::<0x01>(high, rest);
    let low = _mm512_xor_si512(low, _mm512_bslli_epi128::<8>(over));
    let high = _mm512_xor_si512(high, _mm512_bsrli_epi128::<8>(over));
    let low = _mm512_xor_si512(low, _mm512_clmulepi64_epi128::<0x00>(high, rest));
    let elements: [u128; FOUR] = cast(low);
    elements.map(Binary128)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
pub(super) fn dot(x: &[Binary128], y: &[Binary128]) -> Unreduced {
    let len = x.len().min(y.len());
    let ((x, x_left), (y, y_left)) = (x[..len].as_chunks::<FOUR>(), y[..len].as_chunks::<FOUR>());
    let mut sums = nothing();
    for (x, y) in x.iter().zip(y) {
        let y = load(y);
        sums = add(sums, load(x), y, words_added(y));
    }
    let all = |parts: __m512i| {
        let parts: [u128; FOUR] = cast(parts);
        parts.iter().fold(0, |sum, part| sum ^ part)
    };
    let (low, middle, high) = (all(sums.0), all(middle(sums)), all(sums.2));
    let mut sum = Unreduced { low: low ^ middle << 64, high: high ^ middle >> 64 };
    sum.add(x86_wide::dot(x_left, y_left));
    sum
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
pub(super) fn weigh(rows: &[Lanes], weights: &[Binary128; LANES], sums: &mut [Unreduced]) {
    let [a, b, c, d] = *weights;
    let (even, odd) = (load(&[a, c, a, c]), load(&[b, d, b, d]));
    let len = rows.len().min(sums.len());
    let (rows, rows_left) = rows[..len].as_chunks::<2>();
    let (sums, sums_left) = sums[..len].as_chunks_mut::<2>();
    for (sums, rows) in sums.iter_mut().zip(rows) {
        let words: __m512i = cast(*rows);
        let low = _mm512_xor_si512(
            _mm512_clmulepi64_epi128::<0x00>(words, even),
            _mm512_clmulepi64_epi128::<0x01>(words, odd),
        );
        let middle = _mm512_xor_si512(
            _mm512_clmulepi64_epi128::<0x10>(words, even),
            _mm512_clmulepi64_epi128::<0x11>(words, odd),
        );
        let low_too = _mm512_xor_si512(low, _mm512_bslli_epi128::<8>(middle));
        let (low, high): ([u128; 4], [u128; 4]) =
            (cast(low_too), cast(_mm512_bsrli_epi128::<8>(middle)));
        for (row, sum) in sums.iter_mut().enumerate() {
            let (low, high) = (low[2 * row] ^ low[2 * row + 1], high[2 * row] ^ high[2 * row + 1]);
            sum.add(Unreduced { low, high });
        }
    }
    x86_wide::weigh(rows_left, weights, sums_left);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
pub(super) fn scale(values: &mut [Binary128], factors: &[Binary128]) {
    let len = values.len().min(factors.len());
    let (values, values_left) = values[..len].as_chunks_mut::<FOUR>();
    let (factors, factors_left) = factors[..len].as_chunks::<FOUR>();
    for (values, factors) in values.iter_mut().zip(factors) {
        let factors = load(factors);
        *values = reduce(add(nothing(), load(values), factors, words_added(factors)));
    }
    x86_wide::scale(values_left, factors_left);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
pub(super) fn combine(rows: &[&[Binary128]], factors: &[Binary128], sums: &mut [Binary128]) {
    /// Rows that are combined here; there are hardly ever more.
    const MOST: usize = 8;
    if rows.len() > MOST {
        x86_wide::combine(rows, factors, sums);
        return;
    }
    let mut by = [[_mm512_setzero_si512(); 2]; MOST];
    for (by, &factor) in by.iter_mut().zip(factors) {
        let factor = everywhere(factor);
        *by = [factor, words_added(factor)];
    }
    let whole = sums.len() / FOUR * FOUR;
    let (sums, sums_left) = sums.split_at_mut(whole);
    for (at, sums) in sums.as_chunks_mut::<FOUR>().0.iter_mut().enumerate() {
        let mut products = nothing();
        for (row, [factor, added]) in rows.iter().zip(&by) {
            let at = FOUR * at;
            let four = [row[at], row[at + 1], row[at + 2], row[at + 3]];
            products = add(products, load(&four), *factor, *added);
        }
        *sums = reduce(products);
    }
    if !sums_left.is_empty() {
        let mut left: [&[Binary128]; MOST] = [&[]; MOST];
        for (left, row) in left.iter_mut().zip(rows) {
            *left = &row[whole..];
        }
        x86_wide::combine(&left[..rows.len()], factors, sums_left);
    }
}

/// In every square of eight times eight bytes the place of each byte: by columns instead of rows, and
/// the rows from the last one on where `FLIPPED`.
const fn square<const FLIPPED: bool>() -> [u8; 64] {
    let mut places = [0; 64];
    let mut at = 0_u8;
    while at < 64 {
        let (column, row) = (at / 8, at % 8);
        places[at as usize] = 8 * (if FLIPPED { 7 - row } else { row }) + column;
        at += 1;
    }
    places
}

/// Each word's bytes from the last one on.
const fn turned() -> [u8; 64] {
    let mut places = [0; 64];
    let mut at = 0_u8;
    while at < 64 {
        places[at as usize] = at ^ 7;
        at += 1;
    }
    places
}

const SQUARE: [u8; 64] = square::<false>();
const SQUARE_FLIPPED: [u8; 64] = square::<true>();
const TURNED: [u8; 64] = turned();

/// Every square of eight times eight bits by columns instead of rows; its rows are given from the last
/// one on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
fn transposed(squares: __m512i) -> __m512i {
    /// One bit in every byte.
    const ONE: i64 = i64::from_le_bytes([1, 2, 4, 8, 16, 32, 64, 128]);
    _mm512_gf2p8affine_epi64_epi8::<0>(_mm512_set1_epi64(ONE), squares)
}

/// The bits of eight rows, brought together: byte c has bit c of each.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
fn gather(rows: &[Lanes; EIGHT]) -> [__m512i; LANES] {
    let pairs: &[[u64; 8]; 4] = cast_ref(rows);
    let [a, b, c, d]: [__m512i; 4] = pairs.map(cast);
    // The words 0 and 1, or 2 and 3, of four rows.
    let first: __m512i = cast([0_u64, 4, 8, 12, 1, 5, 9, 13]);
    let second: __m512i = cast([2_u64, 6, 10, 14, 3, 7, 11, 15]);
    let (ab, cd) = (_mm512_permutex2var_epi64(a, first, b), _mm512_permutex2var_epi64(c, first, d));
    let (ab_too, cd_too) =
        (_mm512_permutex2var_epi64(a, second, b), _mm512_permutex2var_epi64(c, second, d));
    // One word of all eight rows.
    let words = [
        _mm512_shuffle_i64x2::<0b01_00_01_00>(ab, cd),
        _mm512_shuffle_i64x2::<0b11_10_11_10>(ab, cd),
        _mm512_shuffle_i64x2::<0b01_00_01_00>(ab_too, cd_too),
        _mm512_shuffle_i64x2::<0b11_10_11_10>(ab_too, cd_too),
    ];
    let square: __m512i = cast(SQUARE_FLIPPED);
    let mut bytes = [_mm512_setzero_si512(); LANES];
    for (bytes, words) in bytes.iter_mut().zip(words) {
        *bytes = transposed(_mm512_permutexvar_epi8(square, words));
    }
    bytes
}

/// The rows, eight to a byte, in powers of x + 1.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
fn spread(rows: &Rows, planes: &mut [Bytes; HIGH]) {
    let mut all = [[_mm512_setzero_si512(); LANES]; HIGH];
    for (plane, rows) in all.iter_mut().zip(rows.as_chunks::<EIGHT>().0) {
        *plane = gather(rows);
    }
    for bit in [1, 2, 4] {
        for at in 0..HIGH {
            if at & bit == 0 {
                let other = all[at | bit];
                for (sum, other) in all[at].iter_mut().zip(other) {
                    *sum = _mm512_xor_si512(*sum, other);
                }
            }
        }
    }
    for (plane, all) in planes.iter_mut().zip(all) {
        *plane = all.map(cast);
    }
}

/// The values at eight further points with the same three lowest bits, of 64 polynomials.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
fn extend(planes: &[__m512i; HIGH], matrices: &[u64; HIGH]) -> [__m512i; HIGH] {
    let mut sums = [_mm512_setzero_si512(); HIGH];
    // (x + 1)^2 is 0: only powers of different factors make a product.
    for (at, sum) in sums.iter_mut().enumerate() {
        for (rows, &plane) in planes.iter().enumerate() {
            if rows & !at == 0 {
                let matrix = _mm512_set1_epi64(matrices[at ^ rows].cast_signed());
                let part = _mm512_gf2p8affine_epi64_epi8::<0>(plane, matrix);
                *sum = _mm512_xor_si512(*sum, part);
            }
        }
    }
    for bit in [1, 2, 4] {
        for at in 0..HIGH {
            if at & bit == 0 {
                sums[at] = _mm512_xor_si512(sums[at], sums[at | bit]);
            }
        }
    }
    sums
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
pub(super) fn add_points(points: &mut ByteSums, x: &Rows, y: &Rows) {
    for (sum, (x, y)) in points.rows.iter_mut().zip(x.iter().zip(y)) {
        for (sum, (x, y)) in sum.iter_mut().zip(x.iter().zip(y)) {
            *sum ^= x & y;
        }
    }
    let [left, right] = &mut *points.planes;
    spread(x, left);
    spread(y, right);
    for lane in 0..LANES {
        let (mut x, mut y) = ([_mm512_setzero_si512(); HIGH], [_mm512_setzero_si512(); HIGH]);
        for high in 0..HIGH {
            (x[high], y[high]) = (cast(left[high][lane]), cast(right[high][lane]));
        }
        for (low, matrices) in COEFFICIENTS.iter().enumerate() {
            let (x, y) = (extend(&x, matrices), extend(&y, matrices));
            for (high, (x, y)) in x.into_iter().zip(y).enumerate() {
                let sum = &mut points.further[EIGHT * high + low][lane];
                *sum = cast(_mm512_xor_si512(cast(*sum), _mm512_gf2p8mul_epi8(x, y)));
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
pub(super) fn weigh_points(points: &ByteSums, weights: &[Binary128; LANES], sums: &mut Weighed) {
    weigh(&*points.rows, weights, &mut sums.rows);
    let mut by = [_mm512_setzero_si512(); LANES];
    for (by, &weight) in by.iter_mut().zip(weights) {
        *by = everywhere(weight);
    }
    let (turned, square): (__m512i, __m512i) = (cast(TURNED), cast(SQUARE));
    let back = _mm512_set1_epi64(BACK.cast_signed());
    for (bytes, sums) in points.further.iter().zip(&mut sums.further) {
        let mut parts = [_mm512_setzero_si512(); 4];
        for (bytes, &weight) in bytes.iter().zip(&by) {
            // One word for each bit.
            let bytes = _mm512_gf2p8affine_epi64_epi8::<0>(cast(*bytes), back);
            let squares = transposed(_mm512_permutexvar_epi8(turned, bytes));
            let words = _mm512_permutexvar_epi8(square, squares);
            let products = [
                _mm512_clmulepi64_epi128::<0x00>(words, weight),
                _mm512_clmulepi64_epi128::<0x10>(words, weight),
                _mm512_clmulepi64_epi128::<0x01>(words, weight),
                _mm512_clmulepi64_epi128::<0x11>(words, weight),
            ];
            for (part, product) in parts.iter_mut().zip(products) {
                *part = _mm512_xor_si512(*part, product);
            }
        }
        for (odd, [low, middle]) in parts.as_chunks::<2>().0.iter().enumerate() {
            let low = _mm512_xor_si512(*low, _mm512_bslli_epi128::<8>(*middle));
            let (low, high): ([u128; 4], [u128; 4]) =
                (cast(low), cast(_mm512_bsrli_epi128::<8>(*middle)));
            for (at, (low, high)) in low.into_iter().zip(high).enumerate() {
                sums[2 * at + odd].add(Unreduced { low, high });
            }
        }
    }
}

/// Fold rows of bits into columns: the bits of eight rows are a byte, and what they add to a byte of
/// the column is a matrix times that byte.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
pub(super) fn fold(rows: &Rows, matrices: &Matrices, columns: &mut [Binary128; COLUMNS]) {
    let mut planes = [[_mm512_setzero_si512(); LANES]; HIGH];
    for (plane, rows) in planes.iter_mut().zip(rows.as_chunks::<EIGHT>().0) {
        *plane = gather(rows);
    }
    for (lane, columns) in columns.as_chunks_mut::<64>().0.iter_mut().enumerate() {
        let mut bytes = [_mm512_setzero_si512(); BYTES];
        for (bytes, matrices) in bytes.iter_mut().zip(matrices) {
            for (plane, &matrix) in planes.iter().zip(matrices) {
                let matrix = _mm512_set1_epi64(matrix.cast_signed());
                let part = _mm512_gf2p8affine_epi64_epi8::<0>(plane[lane], matrix);
                *bytes = _mm512_xor_si512(*bytes, part);
            }
        }
        for _ in 0..4 {
            bytes = riffle(&bytes);
        }
        // Each vector has a column of every sixteen.
        for (at, bytes) in bytes.into_iter().enumerate() {
            let elements: [u128; FOUR] = cast(bytes);
            for (sixteen, element) in elements.into_iter().enumerate() {
                columns[BYTES * sixteen + at].0 = element;
            }
        }
    }
}

/// One of four steps that turn byte p of 64 columns into 16 bytes of a column each.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq,pclmulqdq,avx2")]
fn riffle(bytes: &[__m512i; BYTES]) -> [__m512i; BYTES] {
    let mut mixed = [_mm512_setzero_si512(); BYTES];
    for at in 0..BYTES / 2 {
        mixed[2 * at] = _mm512_unpacklo_epi8(bytes[at], bytes[at + BYTES / 2]);
        mixed[2 * at + 1] = _mm512_unpackhi_epi8(bytes[at], bytes[at + BYTES / 2]);
    }
    mixed
}
