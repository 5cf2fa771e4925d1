//! The reference in the clear that the protocols are tested against: a few obvious lines.

use super::answer::{Answer, Sale};
use super::kind::Kind;
use super::question::Question;

/// Decide an auction over bids in the order of the tie rule, all of them in range.
pub fn answer(question: &Question, bids: &[u64]) -> Answer<usize> {
    Answer { winners: decide(question.kind, question.reserve, bids).into_iter().collect() }
}

/// Decide an auction of a kind, by position in the order of bids.
///
/// A bid that is worse than the reserve does not count; one equal to it does. The second price is
/// the better of the runner-up and the reserve; a single bid without a reserve pays its own
/// amount, there being no other price.
pub fn decide(kind: Kind, reserve: Option<u64>, bids: &[u64]) -> Option<Sale<usize>> {
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
    Some(Sale { entry: winner, price })
}

#[cfg(test)]
mod tests {
    use crate::rules::auction::reference::*;

    #[test]
    fn known_answers() {
        let decided = |entry, price| Some(Sale { entry, price });
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
