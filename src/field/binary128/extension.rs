//! From the values of 64 polynomials' rows to those at their further points, bit-sliced.
//!
//! The rows are the elements 0 to 63, a group under addition, and the further points 64 + v are one
//! of its cosets. So the Lagrange coefficient of row r at 64 + v depends on v + r alone: with s the
//! product of 64 + r over all rows r, and c that of all rows but 0, it is g(v + r), where
//! g(w) = s / (c (64 + w)); and the values are a convolution over the group, the sum over r of
//! f(r) g(v + r). Along one bit of the index, such a convolution is a product modulo x^2 + 1, which
//! is (x + 1)^2: in powers of x + 1 it takes three products of half the size instead of four. That is
//! done for the four highest bits. What is left, four rows times four points, are lookups among the
//! XORs of all subsets of four rows.
#![allow(
    clippy::inline_always,
    reason = "compiled into callers, with the instructions that those may use"
)]

use super::small::{BITS, LANES, Lanes, ROWS, Rows, coefficients, xor};

/// Rows of which the XORs of all subsets are in one table, and points that are worked out of them.
pub(super) const FOUR: usize = 4;

/// Tables: one for each number that the four highest bits of a row make.
pub(super) const HIGH: usize = ROWS / FOUR;

/// The XORs of all subsets of four rows each.
pub(super) type Tables = [[Lanes; 1 << FOUR]; HIGH];

/// For the two lowest bits of a point and a bit of its value: which of four rows count, by what the
/// four highest bits of the row and the point differ in, in powers of x + 1. It is given as the
/// place of the XOR of these rows, in words of their table.
const CHOSEN: [[[u8; HIGH]; BITS]; FOUR] = chosen();

#[expect(clippy::cast_possible_truncation, reason = "numbers of elements are below 256")]
const fn chosen() -> [[[u8; HIGH]; BITS]; FOUR] {
    let coefficients = coefficients(FOUR);
    let mut chosen = [[[0; HIGH]; BITS]; FOUR];
    let mut at = 0;
    while at < HIGH * FOUR * FOUR * BITS {
        let (bit, low) = (at % BITS, at / BITS % FOUR);
        let (point, high) = (at / BITS / FOUR % FOUR, at / BITS / FOUR / FOUR);
        let counts = coefficients[high * FOUR + (low ^ point)] >> bit & 1;
        chosen[point][bit][high] |= (counts * LANES as u8) << low;
        at += 1;
    }
    chosen
}

/// Fill the tables with the XORs of subsets of rows, in powers of x + 1.
#[inline(always)]
pub(super) fn fill(tables: &mut Tables, rows: &Rows) {
    let mut rows = *rows;
    let mut bit = FOUR;
    while bit < ROWS {
        for at in 0..ROWS {
            if at & bit == 0 {
                rows[at] = xor(rows[at], rows[at | bit]);
            }
        }
        bit <<= 1;
    }
    for (sums, rows) in tables.iter_mut().zip(rows.as_chunks::<FOUR>().0) {
        for place in 1..sums.len() {
            let lowest = place.trailing_zeros() as usize;
            sums[place] = xor(sums[place & (place - 1)], rows[lowest]);
        }
    }
}

/// The values at the further points whose two lowest bits are given, by the four highest. Which
/// places are read is public.
#[inline(always)]
pub(super) fn extend(tables: &Tables, low: usize, values: &mut [[Lanes; BITS]; HIGH]) {
    for (bit, chosen) in CHOSEN[low].iter().enumerate() {
        let look_up = |high: usize, apart: usize| {
            let from = usize::from(chosen[apart]) & (LANES * ((1 << FOUR) - 1));
            let words = tables[high].as_flattened();
            [words[from], words[from + 1], words[from + 2], words[from + 3]]
        };
        let all = convolve_16(&look_up, 0, 0);
        for (values, value) in values.iter_mut().zip(all) {
            values[bit] = value;
        }
    }
}

/// A convolution of twice the size by three of half: in powers of x + 1, and the result back in
/// powers of x.
macro_rules! convolution {
    ($name:ident of $size:literal by $half:ident) => {
        #[inline(always)]
        fn $name(
            look_up: &impl Fn(usize, usize) -> Lanes,
            rows: usize,
            apart: usize,
        ) -> [Lanes; $size] {
            const HALF: usize = $size / 2;
            let low = $half(look_up, rows, apart);
            let one = $half(look_up, rows, apart + HALF);
            let other = $half(look_up, rows + HALF, apart);
            let mut all = [[0; 4]; $size];
            for at in 0..HALF {
                all[at + HALF] = xor(one[at], other[at]);
                all[at] = xor(low[at], all[at + HALF]);
            }
            all
        }
    };
}

#[inline(always)]
fn convolve_1(look_up: &impl Fn(usize, usize) -> Lanes, rows: usize, apart: usize) -> [Lanes; 1] {
    [look_up(rows, apart)]
}

convolution!(convolve_2 of 2 by convolve_1);
convolution!(convolve_4 of 4 by convolve_2);
convolution!(convolve_8 of 8 by convolve_4);
convolution!(convolve_16 of 16 by convolve_8);
