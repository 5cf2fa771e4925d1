//! What the processor's own instructions are used for, where it has them; otherwise their portable
//! twins, which give the same values.
//!
//! The only place with `unsafe`: calling what needs instructions, after they were looked for.
#![allow(unsafe_code)]

use super::element::Binary128;
use super::fold::{COLUMNS, RowFactors};
use super::portable;
use super::small::{LANES, Lanes, Points, Rows};
use super::unreduced::Unreduced;
#[cfg(target_arch = "x86_64")]
use super::x86;

/// Define a function by its two twins.
macro_rules! twins {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name($($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            if x86::available() {
                // SAFETY: the processor has the instructions.
                return unsafe { x86::$name($($argument),*) };
            }
            portable::$name($($argument),*)
        }
    )*};
}

twins! {
    /// The sum of the products of x and y, place by place.
    dot(x: &[Binary128], y: &[Binary128]) -> Unreduced;

    /// Add to every sum the words of its row, each as a polynomial below x^64, times a weight each.
    weigh(rows: &[Lanes], weights: &[Binary128; LANES], sums: &mut [Unreduced]);

    /// Each value times a factor of its own.
    scale(values: &mut [Binary128], factors: &[Binary128]);

    /// At every place the sum of the rows' elements, each times its row's factor. Rows are as long
    /// as the sums.
    combine(rows: &[&[Binary128]], factors: &[Binary128], sums: &mut [Binary128]);

    /// Add the products of the polynomials whose rows are given to their sums at all points.
    add_points(points: &mut Points, x: &Rows, y: &Rows);

    /// Fold rows of bits into columns: column 64 l + b is the sum of the factors of those rows that
    /// have bit b of word l.
    fold(rows: &Rows, factors: &RowFactors, columns: &mut [Binary128; COLUMNS]);
}

#[cfg(test)]
mod tests {
    use super::super::small::{BITS, FURTHER, ROWS};
    use super::super::unreduced::halves;
    use super::*;

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

    fn parts(sum: Unreduced) -> (u128, u128) {
        (sum.low, sum.high)
    }

    fn rows(from: &[Binary128]) -> Rows {
        let word = |at: usize| halves(from[at / 2].0 >> (at % 2 * 64)).0;
        std::array::from_fn(|row| std::array::from_fn(|lane| word(LANES * row + lane)))
    }

    #[test]
    fn products_have_no_carries() {
        for a in elements(40) {
            for b in elements(40) {
                let (a, b) = (halves(a.0).0, halves(b.0).1);
                assert_eq!(portable::product(a, b), plain(a, b));
            }
        }
    }

    #[test]
    fn the_instructions_and_their_twins_agree_on_elements() {
        let x = elements(77);
        let y: Vec<Binary128> = x.iter().rev().copied().collect();
        assert_eq!(parts(dot(&x, &y)), parts(portable::dot(&x, &y)));
        assert_eq!(parts(dot(&x, &y[..5])), parts(portable::dot(&x[..5], &y)));
        let (mut one, mut other) = (x.clone(), x.clone());
        scale(&mut one, &y);
        portable::scale(&mut other, &y);
        assert!(same(&one, &other));
        let rows = [&x[..], &y[..], &one[..]];
        let (mut first, mut second) = (x.clone(), y.clone());
        combine(&rows, &y[..3], &mut first);
        portable::combine(&rows, &y[..3], &mut second);
        assert!(same(&first, &second));
    }

    #[test]
    fn the_instructions_and_their_twins_agree_on_rows() {
        let all = elements(130);
        let (x, y) = (rows(&all), rows(&all[64..]));
        let weights = [all[3], all[130], all[131], all[132]];
        let (mut one, mut other) =
            ([Unreduced::default(); ROWS], [Unreduced::default(); ROWS]);
        for rows in [&x, &y] {
            weigh(rows, &weights, &mut one);
            portable::weigh(rows, &weights, &mut other);
        }
        assert_eq!(one.map(parts), other.map(parts));

        let (mut one, mut other) = (Points::new(), Points::new());
        for (x, y) in [(&x, &y), (&y, &y)] {
            add_points(&mut one, x, y);
            portable::add_points(&mut other, x, y);
        }
        assert_eq!(one.rows(), other.rows());
        let mut values = [[[[0; LANES]; BITS]; FURTHER]; 2];
        one.further(&mut values[0]);
        other.further(&mut values[1]);
        assert_eq!(values[0], values[1]);

        let factors = RowFactors::new(&all[40..40 + ROWS]);
        let (mut one, mut other) = ([all[0]; COLUMNS], [all[1]; COLUMNS]);
        fold(&x, &factors, &mut one);
        portable::fold(&x, &factors, &mut other);
        assert!(same(&one, &other));
        // Row 7 of column 200 is bit 8 of its last word.
        let set = |row: usize| x[row][3] >> 8 & 1 == 1;
        let chosen = (0..ROWS).filter(|&row| set(row)).map(|row| all[40 + row].0);
        assert_eq!(one[200].0, chosen.fold(0, |sum, factor| sum ^ factor));
    }
}
