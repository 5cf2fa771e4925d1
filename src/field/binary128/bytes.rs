//! Sums of products of polynomials at all points, as [`super::points`] has them, for processors with
//! products of bytes in a field of 256 elements (GFNI): the further points' values are bytes, one for
//! each polynomial, and not bit-sliced.
//!
//! The instructions know the field in which z^8 = z^4 + z^3 + z + 1. Values are brought there by the
//! isomorphism that takes a to one of its roots, and back before they are weighed. The extension from
//! rows to further points is the convolution of `extension`, with eight rows times eight points at the
//! end instead of four times four: eight rows' bits are a byte, and what they add to a value is a
//! matrix times that byte.

use zeroize::Zeroizing;

use super::small::{self, LANES, ROWS, Rows};

/// Rows whose bits make a byte.
pub(super) const EIGHT: usize = 8;

/// Bytes of eight rows each, by the three highest bits of a row's number.
pub(super) const HIGH: usize = ROWS / EIGHT;

/// Words of 256 bytes, one for each polynomial.
pub(super) type Bytes = [[u64; 8]; LANES];

/// Sums of products at all points.
pub(super) struct ByteSums {
    /// At the rows, bit by bit.
    pub(super) rows: Zeroizing<Rows>,
    /// At the points 64 to 127; the last one is worked out with the others and not used.
    pub(super) further: Zeroizing<[Bytes; ROWS]>,
    /// The rows of both factors, eight to a byte.
    pub(super) planes: Zeroizing<[[Bytes; HIGH]; 2]>,
}

impl ByteSums {
    /// Sums of nothing.
    pub(super) fn new() -> Self {
        Self {
            rows: Zeroizing::new([[0; LANES]; ROWS]),
            further: Zeroizing::new([[[0; 8]; LANES]; ROWS]),
            planes: Zeroizing::new([[[[0; 8]; LANES]; HIGH]; 2]),
        }
    }

    /// Set all sums to 0.
    pub(super) fn clear(&mut self) {
        self.rows.fill([0; LANES]);
        self.further.fill([[0; 8]; LANES]);
    }
}

/// The product of two elements of the field that the instructions know, by number.
const fn times_there(a: u8, b: u8) -> u8 {
    let (mut product, mut power, mut at) = (0, a, 0);
    while at < 8 {
        product ^= (b >> at & 1) * power;
        power = (power << 1) ^ ((power >> 7) * 0x1b);
        at += 1;
    }
    product
}

/// The powers of an element of that field which is a root of x^8 + x^4 + x^3 + x^2 + 1, as a is in
/// this one.
const POWERS: [u8; 8] = powers();

const fn powers() -> [u8; 8] {
    let mut root = 2;
    loop {
        let mut powers = [1; 9];
        let mut at = 1;
        while at < powers.len() {
            powers[at] = times_there(powers[at - 1], root);
            at += 1;
        }
        if powers[8] ^ powers[4] ^ powers[3] ^ powers[2] ^ 1 == 0 {
            let [one, a, b, c, d, e, f, g, _] = powers;
            return [one, a, b, c, d, e, f, g];
        }
        root += 1;
    }
}

/// An element as the other field has it.
const fn there(element: u8) -> u8 {
    let (mut sum, mut at) = (0, 0);
    while at < 8 {
        sum ^= (element >> at & 1) * POWERS[at];
        at += 1;
    }
    sum
}

/// A matrix as the instructions take it, by what each bit of a byte adds to the sum.
pub(super) const fn matrix(columns: [u8; 8]) -> u64 {
    /// Squares of bits that change places, from those of one bit to those of sixteen.
    const STEPS: [(u32, u64); 3] =
        [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0x0000_0000_f0f0_f0f0)];
    let (mut square, mut at) = (u64::from_le_bytes(columns), 0);
    while at < STEPS.len() {
        let (step, mask) = STEPS[at];
        let swap = (square ^ square >> step) & mask;
        square ^= swap ^ swap << step;
        at += 1;
    }
    // The instructions want the highest bit's row first.
    square.swap_bytes()
}

/// From the other field back to this one.
pub(super) const BACK: u64 = back();

const fn back() -> u64 {
    let (mut columns, mut element) = ([0; 8], 1_u8);
    while element != 0 {
        let image = there(element);
        if image.is_power_of_two() {
            columns[image.trailing_zeros() as usize] = element;
        }
        element = element.wrapping_add(1);
    }
    matrix(columns)
}

/// For the three lowest bits of a further point: what eight rows add to its value, by what the three
/// highest bits of the rows and the point differ in, in powers of x + 1.
pub(super) const COEFFICIENTS: [[u64; HIGH]; EIGHT] = coefficients();

const fn coefficients() -> [[u64; HIGH]; EIGHT] {
    let mut coefficients = small::coefficients(EIGHT);
    let mut at = 0;
    while at < ROWS {
        coefficients[at] = there(coefficients[at]);
        at += 1;
    }
    let mut matrices = [[0; HIGH]; EIGHT];
    let mut low = 0;
    while low < EIGHT {
        let mut high = 0;
        while high < HIGH {
            let mut columns = [0; 8];
            at = 0;
            while at < EIGHT {
                columns[at] = coefficients[high * EIGHT + (at ^ low)];
                at += 1;
            }
            matrices[low][high] = matrix(columns);
            high += 1;
        }
        low += 1;
    }
    matrices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::binary128::small::times;

    #[test]
    fn the_other_field_is_the_same_one() {
        for a in 0..=255_u8 {
            for b in 0..=255_u8 {
                assert_eq!(there(times(a, b)), times_there(there(a), there(b)));
            }
        }
    }
}
