//! Numbers with a point at a fixed place: an integer, the number times a power of two.

/// Most bits of an integer that stands for a number.
pub const MAX_BITS: u32 = 60;

/// The integer next to a number with so many bits after the point; none for what is no number, or has
/// more than [`MAX_BITS`] bits.
pub fn fixed(number: f64, fraction: u32) -> Option<i64> {
    let scaled = (number * power(fraction)).round();
    #[expect(clippy::cast_possible_truncation, reason = "it is a whole number below 2^60")]
    (scaled.abs() < power(MAX_BITS)).then_some(scaled as i64)
}

/// The number that an integer with so many bits after the point stands for.
pub fn real(value: i64, fraction: u32) -> f64 {
    value as f64 / power(fraction)
}

/// 2^bits.
pub fn power(bits: u32) -> f64 {
    f64::from(bits).exp2()
}
