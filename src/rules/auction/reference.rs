//! The reference in the clear that the protocols are tested against: a few obvious lines.

use super::Kind;

/// What an auction decides, by position in the order of bids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decision {
    /// Position of the winning bid.
    pub winner: usize,
    /// Price in smallest units.
    pub price: u64,
}

/// Decide an auction over bids in the order of the tie rule.
///
/// A bid that is worse than the reserve does not count; one equal to it does. The second price is
/// the better of the runner-up and the reserve; a single bid without a reserve pays its own
/// amount, there being no other price.
pub fn decide(kind: Kind, reserve: Option<u64>, bids: &[u64]) -> Option<Decision> {
    let beats = |a: u64, b: u64| if kind.is_reverse() { a < b } else { a > b };
    let counts = |bid: u64| reserve.is_none_or(|reserve| !beats(reserve, bid));
    let best = |skip: Option<usize>| {
        let mut best: Option<usize> = None;
        for (position, &bid) in bids.iter().enumerate() {
            if Some(position) != skip && counts(bid) && best.is_none_or(|b| beats(bid, bids[b])) {
                best = Some(position);
            }
        }
        best
    };
    let winner = best(None)?;
    let price = if kind.is_second_price() {
        best(Some(winner)).map(|second| bids[second]).or(reserve).unwrap_or(bids[winner])
    } else {
        bids[winner]
    };
    Some(Decision { winner, price })
}

#[cfg(test)]
mod tests {
    use crate::rules::auction::reference::*;

    #[test]
    fn known_answers() {
        let decided = |winner, price| Some(Decision { winner, price });
        assert_eq!(decide(Kind::ReverseFirstPrice, None, &[6, 2, 2, 5]), decided(1, 2));
        assert_eq!(decide(Kind::SecondPrice, None, &[10, 10, 7]), decided(0, 10));
        assert_eq!(decide(Kind::SecondPrice, Some(500), &[1240]), decided(0, 500));
        assert_eq!(decide(Kind::SecondPrice, None, &[1240]), decided(0, 1240));
        assert_eq!(decide(Kind::SecondPrice, Some(500), &[499, 500, 3]), decided(1, 500));
        assert_eq!(decide(Kind::ReverseSecondPrice, Some(500), &[501, 480, 900]), decided(1, 500));
        assert_eq!(decide(Kind::ReverseSecondPrice, Some(500), &[490, 480, 900]), decided(1, 490));
        assert_eq!(decide(Kind::FirstPrice, Some(500), &[499]), None);
        assert_eq!(decide(Kind::FirstPrice, None, &[]), None);
    }
}
