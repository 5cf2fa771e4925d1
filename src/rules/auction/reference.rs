//! The reference in the clear that the protocols are tested against: a few obvious lines.

use std::cmp::Reverse;

use super::answer::{Answer, Sale};
use super::kind::Kind;
use super::question::Question;
use crate::rules::money::Currency;

/// Decide an auction over bids in the order of the tie rule, all of them in range.
///
/// A bid that is worse than the reserve does not count; one equal to it does. The best bids win,
/// as many as there are lots. Where all pay the same, they pay the best losing bid or the reserve,
/// whichever is better; if there is neither, the worst winning bid, there being no other price.
pub fn answer(question: &Question, bids: &[u64]) -> Answer<usize> {
    answer_with(question, question.reserve, bids)
}

/// The same with what the reserve is, where that is secret.
pub fn answer_with(question: &Question, reserve: Option<u64>, bids: &[u64]) -> Answer<usize> {
    if question.scored.is_some() {
        return weighed(question, bids, &vec![0; bids.len()]);
    }
    let worth = |bid: u64| if question.kind.is_reverse() { u64::MAX - bid } else { bid };
    let counts = |bid| reserve.is_none_or(|reserve| worth(bid) >= worth(reserve));
    let mut ranked: Vec<usize> =
        (0..bids.len()).filter(|&position| counts(bids[position])).collect();
    ranked.sort_by_key(|&position| (Reverse(worth(bids[position])), position));
    let (winners, losers) = ranked.split_at(question.lots_among(ranked.len()));
    let sale = |entry, price| Sale { entry, price };
    if !question.is_uniform() {
        return Answer { winners: winners.iter().map(|&won| sale(won, bids[won])).collect() };
    }
    let worst = winners.last().map(|&last| bids[last]);
    let price = losers.first().map(|&best| bids[best]).or(reserve).or(worst);
    let mut winners = winners.to_vec();
    winners.sort_unstable();
    Answer {
        winners: price
            .iter()
            .flat_map(|&price| winners.iter().map(move |&won| sale(won, price)))
            .collect(),
    }
}

/// Decide a scored auction over bids in the order of the tie rule, all of them in range, with the
/// handicap of each. The lowest sum of both wins, of equal ones the earlier. The winner is paid its own
/// price, or the one at which it would still have won or tied with the next, at most the reserve.
pub fn weighed(question: &Question, bids: &[u64], handicaps: &[u64]) -> Answer<usize> {
    let sums: Vec<u64> = bids.iter().zip(handicaps).map(|(bid, handicap)| bid + handicap).collect();
    let Some(entry) = (0..sums.len()).min_by_key(|&at| sums[at]) else {
        return Answer { winners: Vec::new() };
    };
    let others = (0..sums.len()).filter(|&at| at != entry).map(|at| sums[at]);
    let next = others.min().map_or(question.maximum, |next| next - handicaps[entry]);
    let price = if question.is_uniform() { next.min(question.maximum) } else { bids[entry] };
    Answer { winners: vec![Sale { entry, price }] }
}

/// Decide an auction of one lot of a kind, by position in the order of bids.
pub fn decide(kind: Kind, reserve: Option<u64>, bids: &[u64]) -> Option<Sale<usize>> {
    let currency = Currency { code: String::new(), decimals: 0 };
    let question = Question {
        kind,
        currency,
        reserve,
        maximum: u64::MAX,
        quantity: 1,
        secret_reserve: None,
        scored: None,
    };
    answer(&question, bids).winners.first().copied()
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

    fn lots(kind: Kind, reserve: Option<u64>, quantity: u32, bids: &[u64]) -> Vec<(usize, u64)> {
        let currency = Currency { code: String::new(), decimals: 0 };
        let question = Question {
            kind,
            currency,
            reserve,
            maximum: 1 << 20,
            quantity,
            secret_reserve: None,
            scored: None,
        };
        let answer = answer(&question, bids);
        assert_eq!(answer.check(&question, bids.len()), Ok(()));
        answer.winners.iter().map(|sale| (sale.entry, sale.price)).collect()
    }

    #[test]
    fn the_best_win_as_many_as_there_are_lots() {
        use Kind::{FirstPrice, ReverseFirstPrice, ReverseSecondPrice, SecondPrice};
        let bids = [10, 30, 20, 30, 20];
        assert_eq!(lots(SecondPrice, None, 3, &bids), [(1, 20), (2, 20), (3, 20)]);
        assert_eq!(lots(FirstPrice, None, 3, &bids), [(1, 30), (3, 30), (2, 20)]);
        assert_eq!(lots(SecondPrice, None, 2, &bids), [(1, 20), (3, 20)]);
        assert_eq!(lots(SecondPrice, Some(25), 3, &bids), [(1, 25), (3, 25)]);
        assert_eq!(lots(SecondPrice, Some(31), 3, &bids), []);
        assert_eq!(lots(ReverseSecondPrice, None, 2, &bids), [(0, 20), (2, 20)]);
        assert_eq!(lots(ReverseFirstPrice, Some(20), 9, &bids), [(0, 10), (2, 20), (4, 20)]);
        // As many lots as bids, and no reserve: the worst of them is the only price there is.
        assert_eq!(lots(SecondPrice, None, 5, &bids[..2]), [(0, 10), (1, 10)]);
        assert_eq!(lots(SecondPrice, None, 2, &[]), []);
    }
}
