//! The subfield of 256 elements: what the first step of a proof about bits is made in.
//!
//! Its elements are the sums of 1, a, a^2 up to a^7 where a^8 = a^4 + a^3 + a^2 + 1; element number e
//! is the sum of those whose bits are set in e. A polynomial of degree 63 is given by its values at
//! the elements 0 to 63, the rows. Many polynomials are worked on at a time, bit-sliced; four words
//! stand side by side everywhere: a vector register.
#![allow(
    clippy::inline_always,
    reason = "compiled into callers, with the instructions that those may use"
)]

use super::element::Binary128;
use crate::field::interpolation::Points;

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

/// The first elements, as points of polynomials: 2^k of them, or one less. Differences from all others
/// are all elements but 0 then, in another order for each, so that one product does for all.
///
/// # Panics
/// For another number of elements.
#[expect(clippy::cast_possible_truncation, reason = "numbers of elements are below 256")]
pub fn points(count: usize) -> Points<Binary128> {
    let whole = count.next_power_of_two();
    assert!(whole - count <= 1 && whole <= 256, "{count} elements are no subspace");
    let product = (1..whole).fold(1, |product, place| times(product, place as u8));
    let all = inverse(product);
    let inverse = |place: usize| match whole - count {
        0 => all,
        // All but the last: the difference from that one is too much in the product.
        _ => times(all, (place ^ (whole - 1)) as u8),
    };
    let inverses = (0..count).map(|place| point(inverse(place).into()));
    Points::with_inverses((0..count).map(point).collect(), inverses.collect())
}

/// The product of two elements, by number.
pub(super) const fn times(a: u8, b: u8) -> u8 {
    let (mut product, mut power, mut at) = (0, a, 0);
    while at < BITS {
        product ^= (b >> at & 1) * power;
        power = (power << 1) ^ ((power >> 7) * 0x1d);
        at += 1;
    }
    product
}

/// a^254: the inverse.
pub(super) const fn inverse(a: u8) -> u8 {
    let (mut square, mut product, mut at) = (a, 1, 1);
    while at < BITS {
        square = times(square, square);
        product = times(product, square);
        at += 1;
    }
    product
}

/// The Lagrange coefficients g of the further points, as numbers of elements: that of row r at 64 + v is
/// g(v + r). Along the bits of the index from `first` on, a power of two, they are in powers of x + 1.
#[expect(clippy::cast_possible_truncation, reason = "numbers of elements are below 256")]
pub(super) const fn coefficients(first: usize) -> [u8; ROWS] {
    let (mut over, mut under, mut row) = (ROWS as u8, 1, 1);
    while row < ROWS {
        over = times(over, (ROWS + row) as u8);
        under = times(under, row as u8);
        row += 1;
    }
    let factor = times(over, inverse(under));
    let mut coefficients = [0; ROWS];
    let mut at = 0;
    while at < ROWS {
        coefficients[at] = times(factor, inverse((ROWS + at) as u8));
        at += 1;
    }
    let mut bit = first;
    while bit < ROWS {
        at = 0;
        while at < ROWS {
            if at & bit == 0 {
                coefficients[at] ^= coefficients[at | bit];
            }
            at += 1;
        }
        bit <<= 1;
    }
    coefficients
}

#[inline(always)]
pub(super) const fn xor(a: Lanes, b: Lanes) -> Lanes {
    [a[0] ^ b[0], a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]]
}

#[inline(always)]
pub(super) const fn and(a: Lanes, b: Lanes) -> Lanes {
    [a[0] & b[0], a[1] & b[1], a[2] & b[2], a[3] & b[3]]
}

#[cfg(test)]
mod tests {
    use crate::field::Field;
    use crate::field::binary128::small::*;

    #[test]
    fn points_are_those_that_are_worked_out_one_by_one() {
        for count in [1, 3, 4, 63, 64, 127] {
            let (known, plain) = (points(count), Points::new((0..count).map(point).collect()));
            let at = point(200) + Binary128::from_u64(1 << 40);
            let (known, plain) = (known.at(at), plain.at(at));
            assert_eq!((known.len(), plain.len()), (count, count));
            for (known, plain) in known.into_iter().zip(plain) {
                assert!(known.equals(plain), "{count}");
            }
        }
    }

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
}
