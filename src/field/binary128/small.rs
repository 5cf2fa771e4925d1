//! The subfield of 256 elements, bit-sliced: what the first step of a proof about bits is made in.
//!
//! Its elements are the sums of 1, a, a^2 up to a^7 where a^8 = a^4 + a^3 + a^2 + 1; element number e
//! is the sum of those whose bits are set in e. A polynomial of degree 63 is given by its values at
//! the elements 0 to 63, the rows; where those are bits, its values at the elements 64 to 126 are
//! eight bits each, and each of these bits is the XOR of some of the rows. So 64 words are extended
//! to 63 times 8 words, for 64 polynomials at once, by XOR alone, and a product of two such values
//! takes 64 AND. Four words stand side by side everywhere: a vector register.
#![allow(
    clippy::inline_always,
    reason = "compiled into callers, with the instructions that those may use"
)]

use zeroize::{Zeroize, Zeroizing};

use super::element::Binary128;
use super::unreduced::Unreduced;

/// Rows: values that a polynomial is given by.
pub const ROWS: usize = 64;

/// Further points: with the rows, enough for the product of two polynomials.
pub const FURTHER: usize = ROWS - 1;

/// Bits of an element.
pub const BITS: usize = 8;

/// Words side by side.
pub const LANES: usize = 4;

/// One bit each of 256 polynomials.
pub type Lanes = [u64; LANES];

/// The rows of 256 polynomials.
pub type Rows = [Lanes; ROWS];

/// 1, a, a^2 and so on in the large field.
pub const BASIS: [Binary128; BITS] = [
    Binary128::from_bits(1),
    Binary128::from_bits(0x053d_8555_a997_9a1c_a13f_e8ac_5560_ce0c),
    Binary128::from_bits(0x4cf4_b743_9cbf_bb84_ec77_59ca_3488_aee0),
    Binary128::from_bits(0x7c64_5259_4879_f35e_f287_b3c8_57d1_2645),
    Binary128::from_bits(0x0dcb_3646_40a2_22fe_6b83_3048_3c2e_9848),
    Binary128::from_bits(0x5c6e_a3f2_f3bd_6647_ef97_91c3_1255_d4f1),
    Binary128::from_bits(0x97be_246d_b011_860f_40df_9b6d_2d87_c98b),
    Binary128::from_bits(0xfae6_e08c_31e8_9f90_017e_b6dc_d4f3_3a26),
];

/// The element with this number in the large field.
pub fn point(number: usize) -> Binary128 {
    let chosen = BASIS.iter().enumerate().filter(|(bit, _)| number >> bit & 1 == 1);
    Binary128::from_bits(chosen.fold(0, |sum, (_, element)| sum ^ element.to_bits()))
}

/// The product of two elements, by number.
const fn times(a: u8, b: u8) -> u8 {
    let (mut product, mut power, mut at) = (0, a, 0);
    while at < BITS {
        product ^= (b >> at & 1) * power;
        power = (power << 1) ^ ((power >> 7) * 0x1d);
        at += 1;
    }
    product
}

/// a^254: the inverse.
const fn inverse(a: u8) -> u8 {
    let (mut square, mut product, mut at) = (a, 1, 1);
    while at < BITS {
        square = times(square, square);
        product = times(product, square);
        at += 1;
    }
    product
}

/// For every further point and bit of its value: which rows it is the sum of.
const EXTENSION: [[u64; BITS]; FURTHER] = extension();

/// The rows are closed under addition. So with s(p) the product of p + r over all rows r, and c
/// the product of all rows but 0, row r counts for s(p) / (c (p + r)) at the point p.
#[expect(clippy::cast_possible_truncation, reason = "numbers of elements are below 256")]
const fn extension() -> [[u64; BITS]; FURTHER] {
    let (mut product, mut row) = (1, 1);
    while row < ROWS {
        product = times(product, row as u8);
        row += 1;
    }
    let under = inverse(product);
    let mut masks = [[0; BITS]; FURTHER];
    let mut further = 0;
    while further < FURTHER {
        let point = (ROWS + further) as u8;
        let (mut over, mut row) = (1, 0);
        while row < ROWS {
            over = times(over, point ^ row as u8);
            row += 1;
        }
        let factor = times(over, under);
        row = 0;
        while row < ROWS {
            let coefficient = times(factor, inverse(point ^ row as u8));
            let mut bit = 0;
            while bit < BITS {
                masks[further][bit] |= ((coefficient >> bit & 1) as u64) << row;
                bit += 1;
            }
            row += 1;
        }
        further += 1;
    }
    masks
}

#[inline(always)]
const fn xor(a: Lanes, b: Lanes) -> Lanes {
    [a[0] ^ b[0], a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]]
}

#[inline(always)]
const fn and(a: Lanes, b: Lanes) -> Lanes {
    [a[0] & b[0], a[1] & b[1], a[2] & b[2], a[3] & b[3]]
}

/// Rows of which the XORs of all subsets are in one table.
const FOUR: usize = 4;

/// The XORs of all subsets of four rows each.
type Table = [[Lanes; 1 << FOUR]; ROWS / FOUR];

/// A sum of products of elements, bit-sliced, that is not reduced yet: by power of a.
type Products = [Lanes; 2 * BITS - 1];

/// Weighed sums of products of polynomials at all points, not reduced yet.
#[derive(Clone)]
pub struct Weighed {
    /// At the rows.
    pub rows: [Unreduced; ROWS],
    /// At the further points, bit by bit.
    pub further: [[Unreduced; BITS]; FURTHER],
}

impl Weighed {
    /// Sums of nothing.
    pub fn new() -> Self {
        let none = Unreduced::default();
        Self { rows: [none; ROWS], further: [[none; BITS]; FURTHER] }
    }
}

impl Default for Weighed {
    fn default() -> Self {
        Self::new()
    }
}

impl Zeroize for Weighed {
    fn zeroize(&mut self) {
        self.rows.zeroize();
        self.further.zeroize();
    }
}

/// Sums of products of polynomials, at all points, and what they are worked out with.
pub struct Points {
    /// At the rows.
    rows: Box<Zeroizing<Rows>>,
    /// At the further points.
    further: Zeroizing<Vec<Products>>,
    tables: Box<Zeroizing<[Table; 2]>>,
}

impl Points {
    /// Sums of nothing.
    pub fn new() -> Self {
        Self {
            rows: Box::new(Zeroizing::new([[0; LANES]; ROWS])),
            further: Zeroizing::new(vec![[[0; LANES]; 2 * BITS - 1]; FURTHER]),
            tables: Box::new(Zeroizing::new([[[[0; LANES]; 1 << FOUR]; ROWS / FOUR]; 2])),
        }
    }

    /// Set all sums to 0.
    pub fn clear(&mut self) {
        self.rows.fill([0; LANES]);
        self.further.fill([[0; LANES]; 2 * BITS - 1]);
    }

    /// The sums at the rows.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The sums at a further point, bit by bit.
    #[inline(always)]
    pub(super) fn further(&self, at: usize) -> [Lanes; BITS] {
        // a^8 = a^4 + a^3 + a^2 + 1, from the highest power down.
        let mut powers = self.further[at];
        for power in (BITS..powers.len()).rev() {
            for lower in [0, 2, 3, 4] {
                let place = power - BITS + lower;
                powers[place] = xor(powers[place], powers[power]);
            }
        }
        std::array::from_fn(|bit| powers[bit])
    }

    /// Weigh the sums at all points: those at the rows, then each bit of those at further points.
    /// Compiled into its callers, as [`Points::add`] is.
    #[inline(always)]
    pub(super) fn weigh_into(
        &self,
        sums: &mut Weighed,
        weigh: impl Fn(&[Lanes], &mut [Unreduced]),
    ) {
        weigh(self.rows(), &mut sums.rows);
        for (at, sums) in sums.further.iter_mut().enumerate() {
            weigh(&self.further(at), sums);
        }
    }

    /// Add the products of the polynomials whose rows are given. Compiled into its callers, for the
    /// instructions that those may use.
    #[inline(always)]
    pub(super) fn add(&mut self, x: &Rows, y: &Rows) {
        for (sum, (&x, &y)) in self.rows.iter_mut().zip(x.iter().zip(y)) {
            *sum = xor(*sum, and(x, y));
        }
        let [left, right] = &mut **self.tables;
        fill(left, x);
        fill(right, y);
        for (sum, chosen) in self.further.iter_mut().zip(&EXTENSION) {
            add_products(sum, &extend(left, chosen), &extend(right, chosen));
        }
    }
}

impl Default for Points {
    fn default() -> Self {
        Self::new()
    }
}

#[inline(always)]
fn fill(table: &mut Table, rows: &Rows) {
    for (sums, rows) in table.iter_mut().zip(rows.as_chunks::<FOUR>().0) {
        for place in 1..sums.len() {
            let lowest = place.trailing_zeros() as usize;
            sums[place] = xor(sums[place & (place - 1)], rows[lowest]);
        }
    }
}

/// Values at a further point. Which places are read is public.
#[inline(always)]
fn extend(table: &Table, chosen: &[u64; BITS]) -> [Lanes; BITS] {
    let mut values = [[0; LANES]; BITS];
    for (value, chosen) in values.iter_mut().zip(chosen) {
        let mut chosen = *chosen;
        for sums in table {
            *value = xor(*value, sums[(chosen & 15) as usize]);
            chosen >>= FOUR;
        }
    }
    values
}

/// Add products of elements, half by half, so that the sums of a step stay in registers.
#[inline(always)]
fn add_products(sum: &mut Products, x: &[Lanes; BITS], y: &[Lanes; BITS]) {
    const HALF: usize = BITS / 2;
    for (i, j) in [(0, 0), (0, HALF), (HALF, 0), (HALF, HALF)] {
        let sum = &mut sum[i + j..i + j + 2 * HALF - 1];
        let mut sums = [[0; LANES]; 2 * HALF - 1];
        sums.copy_from_slice(sum);
        for (a, &x) in x[i..i + HALF].iter().enumerate() {
            for (b, &y) in y[j..j + HALF].iter().enumerate() {
                sums[a + b] = xor(sums[a + b], and(x, y));
            }
        }
        sum.copy_from_slice(&sums);
    }
}

#[cfg(test)]
mod tests {
    use crate::field::Field;
    use crate::field::binary128::small::*;
    use crate::field::interpolation;

    #[test]
    fn numbers_stand_for_a_subfield() {
        for a in 0..=255_u8 {
            for b in 0..=255_u8 {
                let product = point(usize::from(times(a, b)));
                assert!(product.equals(point(usize::from(a)) * point(usize::from(b))));
            }
            assert!(a == 0 || times(a, inverse(a)) == 1);
        }
    }

    /// Rows where polynomial p has the bits of a number.
    fn rows(number: impl Fn(usize) -> u64) -> Rows {
        std::array::from_fn(|row| {
            std::array::from_fn(|lane| {
                (0..64).map(|bit| (number(64 * lane + bit) >> row & 1) << bit).sum()
            })
        })
    }

    #[test]
    fn products_are_those_in_the_large_field() {
        let x = |p: usize| (p as u64 + 3).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let y = |p: usize| (p as u64 + 7).wrapping_mul(0xc2b2_ae3d_27d4_eb4f) ^ 0x5555;
        let mut points = Points::new();
        points.add(&rows(x), &rows(y));
        points.add(&rows(y), &rows(y));
        let further: [_; FURTHER] = std::array::from_fn(|at| points.further(at));
        let interpolation = interpolation::Points::new((0..ROWS).map(point).collect());
        for p in [0, 1, 63, 64, 100, 255] {
            let bit = |lanes: &Lanes| lanes[p / 64] >> (p % 64) & 1;
            for (row, lanes) in points.rows().iter().enumerate() {
                assert_eq!(bit(lanes), (x(p) & y(p) ^ y(p)) >> row & 1);
            }
            for (at, bits) in further.iter().enumerate() {
                let weights = interpolation.at(point(ROWS + at));
                let value = |number: u64| {
                    let chosen = weights.iter().enumerate();
                    let chosen = chosen.filter(|(row, _)| number >> row & 1 == 1);
                    chosen.fold(Binary128::ZERO, |sum, (_, &weight)| sum + weight)
                };
                let number = bits.iter().enumerate();
                let number = number.map(|(at, lanes)| usize::from(bit(lanes) == 1) << at).sum();
                let expected = value(x(p)) * value(y(p)) + value(y(p)) * value(y(p));
                assert!(point(number).equals(expected), "{p} {at}");
            }
        }
    }
}
