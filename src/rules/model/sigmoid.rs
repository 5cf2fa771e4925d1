//! The sigmoid by pieces: lines between points on it, flat outside.
//!
//! A function of lines is the sum, over the places where it bends, of the change of slope times how far
//! a value lies beyond that place, and 0 where it does not. So it takes a comparison for each place and
//! no product besides.

use super::fixed::power;

/// Beyond 2 to this power, in size, the sigmoid is taken to be flat.
pub const REACH: u32 = 3;

/// Pieces between the bends of a unit.
const PIECES: i32 = 2;

/// Bits after the point of slopes.
pub const SLOPE_BITS: u32 = 12;

/// How far the lines are from the sigmoid, at most.
pub const ERROR: f64 = 0.0036;

/// A place where the lines bend.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bend {
    /// Where.
    pub at: f64,
    /// By how much the slope changes, with [`SLOPE_BITS`] after the point.
    pub change: i64,
}

/// 1 / (1 + e^-x).
pub fn exact(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The bends, from the lowest. The changes add up to 0: the last piece is flat.
pub fn bends() -> Vec<Bend> {
    #[expect(clippy::cast_possible_truncation, reason = "a small whole number")]
    let reach = power(REACH) as i32;
    let knot = |at: i32| f64::from(at) / f64::from(PIECES);
    let slope = |at: i32| {
        let rise = (exact(knot(at + 1)) - exact(knot(at))) * f64::from(PIECES);
        #[expect(clippy::cast_possible_truncation, reason = "at most a quarter of 2^12")]
        let slope = (rise * power(SLOPE_BITS)).round() as i64;
        slope
    };
    let (first, last) = (-reach * PIECES, reach * PIECES);
    let slope_after = |at: i32| if (first..last).contains(&at) { slope(at) } else { 0 };
    let bend = |at| Bend { at: knot(at), change: slope_after(at) - slope_after(at - 1) };
    (first..=last).map(bend).collect()
}

/// What the lines begin with, before the first bend.
pub fn lowest() -> f64 {
    exact(-power(REACH))
}

/// The sigmoid by pieces, of a real number.
pub fn by_pieces(x: f64) -> f64 {
    let bends = bends();
    let parts =
        bends.iter().map(|bend| bend.change as f64 / power(SLOPE_BITS) * (x - bend.at).max(0.0));
    lowest() + parts.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_are_as_close_as_is_said() {
        let worst = (-12_000..=12_000).map(|at| f64::from(at) / 1000.0);
        let worst = worst.map(|x| (by_pieces(x) - exact(x)).abs()).fold(0.0, f64::max);
        assert!(worst < ERROR && worst > ERROR / 2.0, "{worst}");
        assert_eq!(bends().iter().map(|bend| bend.change).sum::<i64>(), 0);
        assert_eq!(bends().len(), 33);
    }
}
