//! What the processor's own instructions are used for, where it has them; otherwise their portable
//! twins, which give the same values.
//!
//! The only place with `unsafe`: calling what needs instructions, after they were looked for.
#![allow(unsafe_code)]

use super::element::Binary128;
use super::fold::{COLUMNS, Prepared, RowFactors};
use super::points::{Form, Points, Weighed};
use super::portable;
use super::small::{LANES, Lanes, Rows};
use super::unreduced::Unreduced;
#[cfg(target_arch = "x86_64")]
use super::{x86, x86_512, x86_wide};

/// Call a function in the first of some modules that the processor has the instructions for, or
/// its portable twin.
macro_rules! best_of {
    ([$($module:ident),*] $name:ident $arguments:tt) => {{
        $(
            #[cfg(target_arch = "x86_64")]
            if $module::available() {
                // SAFETY: the processor has the instructions.
                return unsafe { $module::$name $arguments };
            }
        )*
        portable::$name $arguments
    }};
}

/// The product of two elements.
#[inline]
pub fn multiply(x: Binary128, y: Binary128) -> Binary128 {
    best_of!([x86] multiply(x, y))
}

/// The sum of the products of x and y, place by place.
#[inline]
pub fn dot(x: &[Binary128], y: &[Binary128]) -> Unreduced {
    best_of!([x86_512, x86_wide, x86] dot(x, y))
}

/// Add to every sum the words of its row, each as a polynomial below x^64, times a weight each.
#[inline]
pub fn weigh(rows: &[Lanes], weights: &[Binary128; LANES], sums: &mut [Unreduced]) {
    best_of!([x86_512, x86_wide, x86] weigh(rows, weights, sums));
}

/// Each value times a factor of its own.
#[inline]
pub fn scale(values: &mut [Binary128], factors: &[Binary128]) {
    best_of!([x86_512, x86_wide, x86] scale(values, factors));
}

/// At every place the sum of the rows' elements, each times its row's factor. Rows are as long as
/// the sums.
#[inline]
pub fn combine(rows: &[&[Binary128]], factors: &[Binary128], sums: &mut [Binary128]) {
    best_of!([x86_512, x86_wide, x86] combine(rows, factors, sums));
}

/// Add the products of the polynomials whose rows are given to their sums at all points.
#[inline]
pub fn add_points(points: &mut Points, x: &Rows, y: &Rows) {
    match &mut points.form {
        Form::Words(sums) => best_of!([x86] add_points(sums, x, y)),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: this form is there only where the processor has the instructions.
        Form::Bytes(sums) => unsafe { x86_512::add_points(sums, x, y) },
    }
}

/// Weigh, as [`weigh`] does, the sums at all points: those at the rows, and each bit of those at
/// further points.
#[inline]
pub fn weigh_points(points: &Points, weights: &[Binary128; LANES], sums: &mut Weighed) {
    match &points.form {
        Form::Words(points) => best_of!([x86_wide, x86] weigh_points(points, weights, sums)),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: this form is there only where the processor has the instructions.
        Form::Bytes(points) => unsafe { x86_512::weigh_points(points, weights, sums) },
    }
}

/// Fold rows of bits into columns: column 64 l + b is the sum of the factors of those rows that
/// have bit b of word l.
#[inline]
pub fn fold(rows: &Rows, factors: &RowFactors, columns: &mut [Binary128; COLUMNS]) {
    match &factors.prepared {
        #[cfg(not(target_arch = "x86_64"))]
        Prepared::Plain => portable::fold(rows, &factors.factors, columns),
        #[cfg(target_arch = "x86_64")]
        Prepared::Tables(_) if !x86::available() => {
            portable::fold(rows, &factors.factors, columns);
        }
        // SAFETY: the processor has the instructions.
        #[cfg(target_arch = "x86_64")]
        Prepared::Tables(tables) => unsafe { x86::fold(rows, tables, columns) },
        // SAFETY: these are there only where the processor has the instructions.
        #[cfg(target_arch = "x86_64")]
        Prepared::Matrices(matrices) => unsafe { x86_512::fold(rows, matrices, columns) },
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "x86_64")]
    use super::super::fold::{matrices, tables};
    use super::super::points::WordSums;
    use super::super::small::ROWS;
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

    fn rows_of(from: &[Binary128]) -> Rows {
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

    /// The functions on elements of a module that is there for this processor.
    macro_rules! agrees_on_elements {
        ($module:ident) => {{
            let x = elements(77);
            let y: Vec<Binary128> = x.iter().rev().copied().collect();
            // SAFETY: the processor has the instructions, as was asked before.
            #[allow(unused_unsafe)]
            let dot = |x: &[Binary128], y: &[Binary128]| unsafe { $module::dot(x, y) };
            assert_eq!(parts(dot(&x, &y)), parts(portable::dot(&x, &y)));
            assert_eq!(parts(dot(&x, &y[..5])), parts(portable::dot(&x[..5], &y)));
            let (mut one, mut other) = (x.clone(), x.clone());
            // SAFETY: as above.
            #[allow(unused_unsafe)]
            unsafe {
                $module::scale(&mut one, &y);
            }
            portable::scale(&mut other, &y);
            assert!(same(&one, &other));
            let rows = [&x[..], &y[..], &one[..]];
            let (mut first, mut second) = (x.clone(), y.clone());
            // SAFETY: as above.
            #[allow(unused_unsafe)]
            unsafe {
                $module::combine(&rows, &y[..3], &mut first);
            }
            portable::combine(&rows, &y[..3], &mut second);
            assert!(same(&first, &second));
            let all = elements(260);
            let weights = [all[3], all[260], all[261], all[262]];
            let (mut one, mut other) = ([Unreduced::default(); ROWS], [Unreduced::default(); ROWS]);
            for rows in [rows_of(&all), rows_of(&all[128..])] {
                // SAFETY: as above.
                #[allow(unused_unsafe)]
                unsafe {
                    $module::weigh(&rows, &weights, &mut one);
                }
                portable::weigh(&rows, &weights, &mut other);
            }
            assert_eq!(one.map(parts), other.map(parts));
        }};
    }

    #[test]
    fn the_instructions_and_their_twins_agree_on_elements() {
        #[cfg(target_arch = "x86_64")]
        if x86::available() {
            agrees_on_elements!(x86);
        }
        #[cfg(target_arch = "x86_64")]
        if x86_wide::available() {
            agrees_on_elements!(x86_wide);
        }
        #[cfg(target_arch = "x86_64")]
        if x86_512::available() {
            agrees_on_elements!(x86_512);
        }
    }

    #[test]
    fn products_of_two_are_those_of_the_twin() {
        for x in elements(30) {
            for y in elements(30) {
                assert_eq!(multiply(x, y).0, portable::multiply(x, y).0);
            }
        }
    }

    /// All forms of factors that this processor can fold with.
    #[cfg(target_arch = "x86_64")]
    fn forms(factors: &[Binary128; ROWS]) -> Vec<Prepared> {
        let mut forms = vec![Prepared::Tables(tables(factors))];
        if x86_512::available() {
            forms.push(Prepared::Matrices(matrices(factors)));
        }
        forms
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn forms(_factors: &[Binary128; ROWS]) -> Vec<Prepared> {
        vec![Prepared::Plain]
    }

    #[test]
    fn the_instructions_and_their_twins_agree_on_rows() {
        let all = elements(260);
        let (x, y) = (rows_of(&all), rows_of(&all[128..]));
        let mut other = WordSums::new();
        for (x, y) in [(&x, &y), (&y, &y)] {
            portable::add_points(&mut other, x, y);
        }
        let weights = [all[3], all[260], all[261], all[262]];
        let mut expected = Weighed::new();
        portable::weigh_points(&other, &weights, &mut expected);
        let rows = |sums: &Weighed| sums.rows.map(parts);
        let further = |sums: &Weighed| sums.further.map(|sums| sums.map(parts));
        for mut points in [Points::new(), Points { form: Form::Words(WordSums::new()) }] {
            add_points(&mut points, &x, &x);
            points.clear();
            add_points(&mut points, &x, &y);
            add_points(&mut points, &y, &y);
            let mut sums = Weighed::new();
            weigh_points(&points, &weights, &mut sums);
            assert!(rows(&sums) == rows(&expected) && further(&sums) == further(&expected));
        }

        let factors: [Binary128; ROWS] = std::array::from_fn(|row| all[40 + row]);
        let mut one = [all[1]; COLUMNS];
        portable::fold(&x, &factors, &mut one);
        for prepared in forms(&factors) {
            let mut other = [all[0]; COLUMNS];
            fold(&x, &RowFactors { factors, prepared }, &mut other);
            assert!(same(&one, &other));
        }
        // Row 7 of column 200 is bit 8 of its last word.
        let set = |row: usize| x[row][3] >> 8 & 1 == 1;
        let chosen = (0..ROWS).filter(|&row| set(row)).map(|row| all[40 + row].0);
        assert_eq!(one[200].0, chosen.fold(0, |sum, factor| sum ^ factor));
    }
}
