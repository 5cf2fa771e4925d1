//! The subfield of 16 elements, bit-sliced: what the first step of a proof about bits is made in.
//!
//! Its elements are the sums of 1, a, a^2 and a^3 where a^4 = a + 1; element number e is the sum of
//! those whose bits are set in e. A polynomial of degree 7 is given by its values at the elements 0
//! to 7, the rows; where those are bits, its values at the elements 8 to 14 are four bits each, and
//! each of these bits is the XOR of some of the rows. So eight words are extended to 7 times 4
//! words, for 64 polynomials at once, by XOR alone, and a product of two such values takes nine AND.

use super::element::Binary128;

/// Rows: values that a polynomial is given by.
pub const ROWS: usize = 8;

/// Further points: with the rows, enough for the product of two polynomials.
pub const FURTHER: usize = ROWS - 1;

/// Bits of an element.
pub const BITS: usize = 4;

/// 1, a, a^2, a^3 in the large field.
pub const BASIS: [Binary128; BITS] = [
    Binary128::from_bits(1),
    Binary128::from_bits(0x8b49_8493_3933_4e30_987a_355c_bf0c_842b),
    Binary128::from_bits(SQUARE),
    Binary128::from_bits(CUBE),
];

const SQUARE: u128 = 0xa213_4422_cd40_54c9_ff10_99c3_1bbe_8f22;
const CUBE: u128 = 0x7959_d70c_e1ee_6942_53b8_5b64_02b1_e849;

/// The element with this number in the large field.
pub fn point(number: usize) -> Binary128 {
    let chosen = BASIS.iter().enumerate().filter(|(bit, _)| number >> bit & 1 == 1);
    Binary128::from_bits(chosen.fold(0, |sum, (_, element)| sum ^ element.to_bits()))
}

/// The product of two elements, by number.
const fn times(a: u8, b: u8) -> u8 {
    let (mut product, mut at) = (0, 0);
    while at < BITS {
        if b >> at & 1 == 1 {
            product ^= a << at;
        }
        at += 1;
    }
    let high = product >> BITS;
    (product & 15) ^ high ^ ((high << 1) & 15) ^ ((high >> 3) * 3)
}

/// a^14: the inverse.
const fn inverse(a: u8) -> u8 {
    let (mut power, mut at) = (1, 0);
    while at < 14 {
        power = times(power, a);
        at += 1;
    }
    power
}

/// For every further point and bit of its value: which rows it is the sum of.
const EXTENSION: [[u8; BITS]; FURTHER] = extension();

#[expect(clippy::cast_possible_truncation, reason = "numbers of elements are below 16")]
const fn extension() -> [[u8; BITS]; FURTHER] {
    let mut masks = [[0; BITS]; FURTHER];
    let mut further = 0;
    while further < FURTHER {
        let mut row = 0;
        while row < ROWS {
            let (mut over, mut under, mut other) = (1, 1, 0);
            while other < ROWS {
                if other != row {
                    over = times(over, (ROWS + further) as u8 ^ other as u8);
                    under = times(under, row as u8 ^ other as u8);
                }
                other += 1;
            }
            let coefficient = times(over, inverse(under));
            let mut bit = 0;
            while bit < BITS {
                masks[further][bit] |= (coefficient >> bit & 1) << row;
                bit += 1;
            }
            row += 1;
        }
        further += 1;
    }
    masks
}

/// Values at a further point of the polynomials whose rows are given: one bit per word and plane.
#[inline]
pub const fn extend<const POINT: usize>(rows: &[u64; ROWS]) -> [u64; BITS] {
    let mut values = [0; BITS];
    let mut bit = 0;
    while bit < BITS {
        let mut row = 0;
        while row < ROWS {
            // Public, and known when this is compiled.
            if EXTENSION[POINT][bit] >> row & 1 == 1 {
                values[bit] ^= rows[row];
            }
            row += 1;
        }
        bit += 1;
    }
    values
}

/// A sum of products of elements, bit-sliced, that is not reduced yet: by power of a.
pub type Products = [u64; 2 * BITS - 1];

/// Add the products of elements, bit-sliced.
#[inline]
pub const fn add_products(sum: &mut Products, x: [u64; BITS], y: [u64; BITS]) {
    let mut i = 0;
    while i < BITS {
        let mut j = 0;
        while j < BITS {
            sum[i + j] ^= x[i] & y[j];
            j += 1;
        }
        i += 1;
    }
}

/// The same at every further point, of polynomials whose rows are given.
pub const fn add_extended(sums: &mut [Products; FURTHER], x: &[u64; ROWS], y: &[u64; ROWS]) {
    add_products(&mut sums[0], extend::<0>(x), extend::<0>(y));
    add_products(&mut sums[1], extend::<1>(x), extend::<1>(y));
    add_products(&mut sums[2], extend::<2>(x), extend::<2>(y));
    add_products(&mut sums[3], extend::<3>(x), extend::<3>(y));
    add_products(&mut sums[4], extend::<4>(x), extend::<4>(y));
    add_products(&mut sums[5], extend::<5>(x), extend::<5>(y));
    add_products(&mut sums[6], extend::<6>(x), extend::<6>(y));
}

/// The elements that sums of products are.
#[inline]
pub const fn reduce(sum: Products) -> [u64; BITS] {
    let [a, b, c, d, e, f, g] = sum;
    [a ^ e, b ^ e ^ f, c ^ f ^ g, d ^ g]
}

#[cfg(test)]
mod tests {
    use crate::field::Field;
    use crate::field::binary128::small::*;
    use crate::field::interpolation::Points;

    fn bits(words: [u64; BITS]) -> usize {
        words.iter().enumerate().map(|(bit, word)| usize::from(word & 1 == 1) << bit).sum()
    }

    #[test]
    fn numbers_stand_for_a_subfield() {
        for a in 0..16 {
            for b in 0..16_u8 {
                let product = point(usize::from(times(a, b)));
                assert!(product.equals(point(usize::from(a)) * point(usize::from(b))));
                let mut sum = [0; 7];
                let sliced = |e: u8| std::array::from_fn(|bit| u64::from(e >> bit & 1));
                add_products(&mut sum, sliced(a), sliced(b));
                assert_eq!(bits(reduce(sum)), usize::from(times(a, b)));
            }
            assert!(a == 0 || times(a, inverse(a)) == 1);
        }
    }

    #[test]
    fn rows_of_bits_are_extended_as_in_the_large_field() {
        let points = Points::new((0..ROWS).map(point).collect());
        for rows in 0..=255_u64 {
            let words: [u64; ROWS] = std::array::from_fn(|row| rows >> row & 1);
            let extended = [
                extend::<0>(&words),
                extend::<1>(&words),
                extend::<2>(&words),
                extend::<3>(&words),
                extend::<4>(&words),
                extend::<5>(&words),
                extend::<6>(&words),
            ];
            for (further, extended) in extended.into_iter().enumerate() {
                let weights = points.at(point(ROWS + further));
                let chosen = weights.iter().enumerate().filter(|(row, _)| words[*row] == 1);
                let value = chosen.fold(Binary128::ZERO, |sum, (_, &weight)| sum + weight);
                assert!(value.equals(point(bits(extended))));
            }
        }
    }
}
