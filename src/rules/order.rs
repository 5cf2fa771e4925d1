//! The order of bids that decides ties: the median of the receipt times that the nodes signed,
//! then the envelope's digest. Bids enter the tournament in this order, and the left one stays on
//! a tie.

use crate::base::Timestamp;

/// The lower median of the times at which nodes received an envelope; `None` without any.
/// With at most t of at least 2t+1 times wrong, it lies between two right ones.
pub fn median(times: &[Timestamp]) -> Option<Timestamp> {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use crate::rules::order::*;

    #[test]
    fn the_median_ignores_outliers() {
        let times = |millis: &[i64]| -> Vec<_> {
            millis.iter().map(|&ms| Timestamp::from_millis(ms)).collect()
        };
        assert_eq!(median(&[]), None);
        assert_eq!(median(&times(&[7])), Some(Timestamp::from_millis(7)));
        assert_eq!(median(&times(&[9, 1])), Some(Timestamp::from_millis(1)));
        assert_eq!(median(&times(&[900_000, 5, 6])), Some(Timestamp::from_millis(6)));
    }
}
