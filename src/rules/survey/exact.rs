//! Numbers that whole numbers come to, without rounding: fractions, and square roots divided by a
//! whole number. Rounded only to be shown.

/// An exact number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exact {
    /// A whole number.
    Whole(i128),
    /// One whole number divided by another, above 0.
    Fraction {
        /// What is divided.
        numerator: i128,
        /// By what.
        denominator: u128,
    },
    /// The square root of a whole number below 2^122, divided by another, above 0.
    Root {
        /// Of what.
        radicand: u128,
        /// By what it is divided.
        denominator: u128,
    },
}

impl Exact {
    /// The number times 10^digits, rounded to a whole one, halves away from 0. None where that takes
    /// more than 126 bits.
    pub fn rounded(self, digits: u32) -> Option<i128> {
        match self {
            Self::Whole(number) => number.checked_mul(10_i128.checked_pow(digits)?),
            Self::Fraction { numerator, denominator } => {
                let size = divided(numerator.unsigned_abs(), denominator, digits)?;
                let size = i128::try_from(size).ok()?;
                Some(if numerator < 0 { -size } else { size })
            }
            Self::Root { radicand, denominator } => {
                // The root of four times the radicand is twice the root: so a half can be seen.
                let twice = root(radicand.checked_mul(4)?, digits)?.checked_div(denominator)?;
                i128::try_from(twice.div_ceil(2)).ok()
            }
        }
    }

    /// The nearest number that machines count with, or nearly.
    #[expect(clippy::cast_precision_loss, reason = "that is what it is for")]
    pub fn float(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Fraction { numerator, denominator } => numerator as f64 / denominator as f64,
            Self::Root { radicand, denominator } => (radicand as f64).sqrt() / denominator as f64,
        }
    }
}

/// A fraction times 10^digits, rounded, digit by digit.
fn divided(numerator: u128, denominator: u128, digits: u32) -> Option<u128> {
    let mut quotient = numerator.checked_div(denominator)?;
    let mut rest = numerator.checked_rem(denominator)?;
    for _ in 0..digits {
        rest = rest.checked_mul(10)?;
        quotient = quotient.checked_mul(10)?.checked_add(rest / denominator)?;
        rest %= denominator;
    }
    quotient.checked_add(u128::from(rest >= denominator - rest))
}

/// The square root of a number times 10^digits, rounded down, digit by digit.
fn root(number: u128, digits: u32) -> Option<u128> {
    let mut root = number.isqrt();
    let mut rest = number - root * root;
    for _ in 0..digits {
        // (10 r + d)^2 = 100 r^2 + (20 r + d) d.
        rest = rest.checked_mul(100)?;
        let twenty = root.checked_mul(20)?;
        let digit = (0..10_u128).rev().find(|digit| (twenty + digit) * digit <= rest)?;
        rest -= (twenty + digit) * digit;
        root = root.checked_mul(10)?.checked_add(digit)?;
    }
    Some(root)
}

#[cfg(test)]
mod tests {
    use crate::rules::survey::exact::*;

    #[test]
    fn fractions_are_rounded_to_the_nearest() {
        let of = |numerator, denominator| Exact::Fraction { numerator, denominator };
        assert_eq!(of(385, 10).rounded(2), Some(3850));
        assert_eq!(of(2, 3).rounded(2), Some(67));
        assert_eq!(of(1, 8).rounded(2), Some(13));
        assert_eq!(of(-1, 8).rounded(2), Some(-13));
        assert_eq!(of(-1, 3).rounded(0), Some(0));
        assert_eq!(of(1, 0).rounded(2), None);
        assert_eq!(Exact::Whole(-7).rounded(3), Some(-7000));
    }

    #[test]
    fn roots_are_rounded_to_the_nearest() {
        let of = |radicand, denominator| Exact::Root { radicand, denominator };
        assert_eq!(of(2, 1).rounded(6), Some(1_414_214));
        assert_eq!(of(9, 2).rounded(0), Some(2), "a half goes up");
        assert_eq!(of(8, 2).rounded(0), Some(1));
        assert_eq!(of(0, 5).rounded(4), Some(0));
        assert!((of(20_212, 10).float() - 14.2169).abs() < 1e-4);
        let large = (1_u128 << 122) - 1;
        let rounded = of(large, 1).rounded(4).unwrap();
        assert_eq!(rounded, (1_i128 << 61) * 10_000);
    }

    #[test]
    fn a_rounded_root_is_the_nearest_of_all() {
        for radicand in 0..400_u128 {
            for denominator in 1..12_u128 {
                let rounded = Exact::Root { radicand, denominator }.rounded(1).unwrap();
                let rounded = u128::try_from(rounded).unwrap();
                // |10 sqrt(r) / d - k| <= 1/2 is (2k - 1) d <= 20 sqrt(r) <= (2k + 1) d.
                let square = 400 * radicand;
                let low = (2 * rounded).saturating_sub(1) * denominator;
                let high = (2 * rounded + 1) * denominator;
                assert!(low * low <= square && square <= high * high, "{radicand} {denominator}");
            }
        }
    }
}
