//! Which scores a session counts, and what one is worth: a public part of the terms.
//!
//! A score is computed by two parties, signed by both, and handed in with the entry that it is for.
//! Here is what the terms say of it: of which model, of which owner, made with whose material, and
//! within which bounds. Numbers with a point are kept in millionths, so that everybody comes to the same
//! amounts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::money::Currency;
use crate::base::bytes;

/// Millionths in one.
const ONE: i128 = 1_000_000;

/// Decimals of a bound.
const DECIMALS: u8 = 6;

/// Largest bound either way, in millionths.
const LARGEST: i64 = 1_000_000_000_000;

/// Most bits that a score has after the point.
pub const MAX_FRACTION: u32 = 44;

/// A digest as people write it: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hex(pub [u8; 32]);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hex {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        bytes::from_hex(text).map(Self).ok_or("it has 64 digits, 0 to 9 and a to f")
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            bytes::fixed::serialize(&self.0, serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            bytes::fixed::deserialize(deserializer).map(Self)
        }
    }
}

/// Which scores count, and what one is worth.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoring {
    /// The model's id.
    pub model: Hex,
    /// The key of the model's owner, who signs every score with whom it is for.
    #[serde(with = "bytes::fixed")]
    pub owner: [u8; 32],
    /// Digest of the roster whose nodes make the material.
    pub roster: Hex,
    /// What a score of one is worth, in smallest units.
    pub weight: u64,
    /// The lowest score with which anybody may take part, in millionths.
    pub lowest: i64,
    /// The highest score that counts, in millionths; one above it counts as this.
    pub highest: i64,
}

/// Scores that cannot be counted as the terms say. Each says what to change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScoringError {
    /// No such digest or key.
    #[error("scores.{field}: {error}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        error: String,
    },
    /// A score is worth nothing.
    #[error("scores.weight is what a score of one is worth, at least one of the smallest unit")]
    Weight,
    /// Bounds that no score lies between, or too far out.
    #[error("scores.lowest is below scores.highest, and both lie between -1000000 and 1000000")]
    Bounds,
}

/// Why a score does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unplaced {
    /// Below the lowest.
    #[error("it is below the lowest with which anybody may take part")]
    Below,
    /// Too fine.
    #[error("it has more than {MAX_FRACTION} bits after the point")]
    Fraction,
}

impl Scoring {
    /// Check what a node must not take on trust.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub const fn check(&self) -> Result<(), ScoringError> {
        if self.weight == 0 {
            return Err(ScoringError::Weight);
        }
        let within = self.lowest >= -LARGEST && self.highest <= LARGEST;
        if self.lowest >= self.highest || !within {
            return Err(ScoringError::Bounds);
        }
        Ok(())
    }

    /// The handicap of a score: what it adds to a price, against the highest score. That is the weight
    /// times what it lacks of the highest, rounded down to the smallest unit. Lowest price plus
    /// handicap is the same order as lowest price less weight times score.
    ///
    /// # Errors
    /// When the score does not count.
    pub fn handicap(&self, value: i64, fraction: u32) -> Result<u64, Unplaced> {
        if fraction > MAX_FRACTION {
            return Err(Unplaced::Fraction);
        }
        // All in millionths, times 2^fraction: below 2^84.
        let one = ONE << fraction;
        let score = i128::from(value) * ONE;
        if score < i128::from(self.lowest) << fraction {
            return Err(Unplaced::Below);
        }
        let lacks = ((i128::from(self.highest) << fraction) - score).max(0).unsigned_abs();
        let (one, weight) = (one.unsigned_abs(), u128::from(self.weight));
        // The weight is below 2^63 and a rest below 2^64.
        let handicap = weight * (lacks / one) + weight * (lacks % one) / one;
        Ok(u64::try_from(handicap).unwrap_or(u64::MAX))
    }

    /// The largest handicap that there is, that of the lowest score.
    pub fn most(&self) -> u64 {
        let lacks = (i128::from(self.highest) - i128::from(self.lowest)).max(0).unsigned_abs();
        let most = u128::from(self.weight) * lacks / ONE.unsigned_abs();
        u64::try_from(most).unwrap_or(u64::MAX)
    }
}

/// A score as people read it: to six decimals, without zeros at its end.
pub fn shown(value: i64, fraction: u32) -> String {
    let millionths = (i128::from(value) * ONE) >> fraction.min(MAX_FRACTION);
    shown_millionths(millionths)
}

/// Millionths as people read them.
pub fn shown_millionths(millionths: i128) -> String {
    let (sign, amount) = (if millionths < 0 { "-" } else { "" }, millionths.unsigned_abs());
    let (whole, rest) = (amount / ONE.unsigned_abs(), amount % ONE.unsigned_abs());
    let decimals = format!("{rest:06}");
    match decimals.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        decimals => format!("{sign}{whole}.{decimals}"),
    }
}

/// A bound as it is written, in millionths.
///
/// # Errors
/// Says what is not a number in it, or that it is too large.
pub fn millionths(field: &'static str, text: &str) -> Result<i64, ScoringError> {
    let text = text.trim();
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let plain = Currency { code: String::new(), decimals: DECIMALS };
    let amount = plain.parse(digits).map_err(|error| {
        let error = error.to_string();
        ScoringError::Field { field, error }
    })?;
    let amount = i64::try_from(amount).map_err(|_| ScoringError::Bounds)?;
    Ok(if negative { -amount } else { amount })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::rules::scoring::*;

    fn scoring(weight: u64, lowest: i64, highest: i64) -> Scoring {
        let (model, owner, roster) = (Hex([1; 32]), [2; 32], Hex([3; 32]));
        Scoring { model, owner, roster, weight, lowest, highest }
    }

    #[test]
    fn a_score_is_worth_what_it_has_of_the_highest() {
        // 2000.00 for a score of one, from 0 to 1.
        let rule = scoring(200_000, 0, 1_000_000);
        assert_eq!(rule.handicap(1 << 10, 10), Ok(0));
        assert_eq!(rule.handicap(1 << 9, 10), Ok(100_000));
        assert_eq!(rule.handicap(0, 10), Ok(200_000));
        assert_eq!((rule.most(), rule.check()), (200_000, Ok(())));
        // Above the highest it counts as the highest, below the lowest not at all.
        assert_eq!(rule.handicap(i64::MAX, 10), Ok(0));
        assert_eq!(rule.handicap(-1, 44), Err(Unplaced::Below));
        assert_eq!(rule.handicap(0, 45), Err(Unplaced::Fraction));
        // Rounded down: a third of a score of one.
        assert_eq!(scoring(10, 0, 1_000_000).handicap(683, 10), Ok(3));
        let largest = scoring((1 << 63) - 1, -LARGEST, LARGEST);
        assert_eq!(largest.handicap(i64::MIN, 10), Err(Unplaced::Below));
        assert_eq!((largest.handicap(0, 44), largest.most()), (Ok(u64::MAX), u64::MAX));
    }

    #[test]
    fn rules_that_no_score_can_keep_are_refused() {
        assert_eq!(scoring(0, 0, 1).check(), Err(ScoringError::Weight));
        assert_eq!(scoring(1, 5, 5).check(), Err(ScoringError::Bounds));
        assert_eq!(scoring(1, 0, LARGEST + 1).check(), Err(ScoringError::Bounds));
        assert_eq!(scoring(1, -LARGEST, LARGEST).check(), Ok(()));
    }

    #[test]
    fn bounds_and_scores_are_read_and_shown_as_decimals() {
        for (text, value) in
            [("0", 0), ("1", 1_000_000), ("-0.25", -250_000), ("12.000001", 12_000_001)]
        {
            assert_eq!(millionths("lowest", text), Ok(value));
            assert_eq!(shown_millionths(value.into()), text);
        }
        assert!(millionths("lowest", "0.0000001").is_err() && millionths("lowest", "--1").is_err());
        assert_eq!([shown(3, 2), shown(-3, 1), shown(1, 20)], ["0.75", "-1.5", "0"]);
        let id = Hex([0xa7; 32]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("a7".parse::<Hex>().is_err() && "A7".repeat(32).parse::<Hex>().is_err());
    }

    proptest! {
        /// The handicap is the weight times what the score lacks of the highest, rounded down.
        #[test]
        fn handicaps_are_what_weight_times_score_says(
            weight in 1..1_000_000_000_u64,
            lowest in -5_000_000..0_i64,
            highest in 1..5_000_000_i64,
            fraction in 0..45_u32,
            place in -10..1_200_i128,
        ) {
            let rule = scoring(weight, lowest, highest);
            let fine = |bound: i64| i128::from(bound) << fraction;
            let score = fine(lowest) + (fine(highest) - fine(lowest)) * place / 1_000;
            let value = i64::try_from(score.div_euclid(ONE)).unwrap();
            let lacks = fine(highest) - i128::from(value) * ONE;
            let handicap = rule.handicap(value, fraction);
            if lacks > fine(highest) - fine(lowest) {
                prop_assert_eq!(handicap, Err(Unplaced::Below));
                return Ok(());
            }
            let handicap = handicap.unwrap();
            // Whole, it takes up to 117 bits.
            let whole = i128::from(weight) * lacks.max(0);
            prop_assert_eq!(i128::from(handicap), whole / (ONE << fraction));
            prop_assert!(handicap <= rule.most());
            prop_assert!(rule.handicap(value + 1, fraction).unwrap() <= handicap);
        }
    }
}
