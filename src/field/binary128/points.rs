//! Sums of products of polynomials, at all points of the first step of a proof about bits.
//!
//! Where the values at the rows are bits, those at the further points, the elements 64 to 126, are
//! eight bits each, and each of these bits is the XOR of some of the rows. So 64 words are extended
//! to 63 times 8 words, for 64 polynomials at once, by XOR alone (see `extension`), and a
//! product of two such values takes 64 AND.
#![allow(
    clippy::inline_always,
    reason = "compiled into callers, with the instructions that those may use"
)]

use zeroize::{Zeroize, Zeroizing};

#[cfg(target_arch = "x86_64")]
use super::bytes::ByteSums;
use super::extension::{FOUR, HIGH, Tables, extend, fill};
#[cfg(target_arch = "x86_64")]
use super::instructions;
use super::small::{BITS, FURTHER, LANES, Lanes, ROWS, Rows, and, xor};
use super::unreduced::Unreduced;

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
    pub(super) form: Form,
}

/// How the values at further points are laid out.
pub(super) enum Form {
    /// Bit-sliced.
    Words(WordSums),
    /// A byte for each polynomial. Only where the processor has the instructions.
    #[cfg(target_arch = "x86_64")]
    Bytes(Box<ByteSums>),
}

impl Points {
    /// Sums of nothing.
    pub fn new() -> Self {
        #[cfg(target_arch = "x86_64")]
        if instructions::widest() {
            return Self { form: Form::Bytes(Box::new(ByteSums::new())) };
        }
        Self { form: Form::Words(WordSums::new()) }
    }

    /// Set all sums to 0.
    pub fn clear(&mut self) {
        match &mut self.form {
            Form::Words(sums) => sums.clear(),
            #[cfg(target_arch = "x86_64")]
            Form::Bytes(sums) => sums.clear(),
        }
    }
}

/// The sums, bit-sliced.
pub(super) struct WordSums {
    /// At the rows.
    rows: Box<Zeroizing<Rows>>,
    /// At the further points.
    further: Zeroizing<Vec<Products>>,
    tables: Box<Zeroizing<[Tables; 2]>>,
    /// At the further points with the same two lowest bits, by the four highest.
    values: Box<Zeroizing<[[[Lanes; BITS]; HIGH]; 2]>>,
}

impl WordSums {
    /// Sums of nothing.
    pub(super) fn new() -> Self {
        Self {
            rows: Box::new(Zeroizing::new([[0; LANES]; ROWS])),
            further: Zeroizing::new(vec![[[0; LANES]; 2 * BITS - 1]; FURTHER]),
            tables: Box::new(Zeroizing::new([[[[0; LANES]; 1 << FOUR]; HIGH]; 2])),
            values: Box::new(Zeroizing::new([[[[0; LANES]; BITS]; HIGH]; 2])),
        }
    }

    /// Set all sums to 0.
    fn clear(&mut self) {
        self.rows.fill([0; LANES]);
        self.further.fill([[0; LANES]; 2 * BITS - 1]);
    }

    /// The sums at the rows.
    pub(super) fn rows(&self) -> &Rows {
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
    /// Compiled into its callers, as [`WordSums::add`] is.
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
        let [x, y] = &mut **self.values;
        for low in 0..FOUR {
            extend(left, low, x);
            extend(right, low, y);
            let sums = self.further.iter_mut().skip(low).step_by(FOUR);
            for (sum, (x, y)) in sums.zip(x.iter().zip(&*y)) {
                add_products(sum, x, y);
            }
        }
    }
}

impl Default for Points {
    fn default() -> Self {
        Self::new()
    }
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
    use crate::field::binary128::Binary128;
    use crate::field::binary128::points::*;
    use crate::field::binary128::small::point;
    use crate::field::interpolation;

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
        let mut points = WordSums::new();
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
