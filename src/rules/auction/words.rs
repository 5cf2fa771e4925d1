//! What an auction's terms mean for whoever bids, in words that screens and command line share.

use super::question::Question;
use super::scored::{Pays, Scored};
use crate::base::bytes::encode;
use crate::rules::scoring::shown_millionths;

/// Something to know of an amount before it is handed in: it is allowed, but rarely meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Remark {
    /// Worse than the reserve.
    CannotWin {
        /// The reserve, in smallest units.
        reserve: u64,
    },
    /// Nothing at all.
    Zero,
    /// As much as the terms allow.
    Maximum,
}

impl Question {
    /// What to remark of an amount, where anything is.
    pub fn remark(&self, amount: u64) -> Option<Remark> {
        match self.reserve {
            Some(reserve) if self.is_worse(amount, reserve) => Some(Remark::CannotWin { reserve }),
            _ if amount == 0 => Some(Remark::Zero),
            _ if amount == self.maximum => Some(Remark::Maximum),
            _ => None,
        }
    }

    /// A remark in words. They tell no more of the amount than that there is this remark.
    pub fn words(&self, remark: Remark) -> String {
        let reverse = self.kind.is_reverse();
        match remark {
            Remark::CannotWin { reserve } if reverse => {
                format!("above the ceiling of {}: it cannot win", self.currency.show(reserve))
            }
            Remark::CannotWin { reserve } => {
                format!("below the reserve of {}: it cannot win", self.currency.show(reserve))
            }
            Remark::Zero if reverse => "it asks for nothing; check what you typed".to_owned(),
            Remark::Zero => "it offers nothing; check what you typed".to_owned(),
            Remark::Maximum if reverse => {
                "it asks for the most that the terms allow; check what you typed".to_owned()
            }
            Remark::Maximum => {
                "it offers the most that the terms allow; check what you typed".to_owned()
            }
        }
    }

    fn is_worse(&self, amount: u64, reserve: u64) -> bool {
        if self.kind.is_reverse() { amount > reserve } else { amount < reserve }
    }

    /// What becomes public of the bids, in one line.
    pub const fn becomes_public(&self) -> &'static str {
        if let Some(scored) = &self.scored {
            return match scored.pays {
                Pays::Own => "every score, who wins, and the price that is paid; no other price",
                Pays::Threshold => {
                    "every score, who wins, and the price that is paid, which tells what the next bid counts as"
                }
            };
        }
        match (self.is_uniform(), self.quantity > 1) {
            (true, false) => "who wins, and the price; no other amount",
            (true, true) => "who wins, and the one price; no other amount",
            (false, false) => "who wins, and that bid; no other amount",
            (false, true) => "who wins, and each of these bids; no other amount",
        }
    }

    /// Which scores count and what one is worth, in lines with their names; nothing in other kinds.
    pub fn scores(&self) -> Vec<(&'static str, String)> {
        let Some(Scored { scoring, .. }) = &self.scored else { return Vec::new() };
        let bound = |millionths: i64| shown_millionths(millionths.into());
        let (lowest, highest) = (bound(scoring.lowest), bound(scoring.highest));
        let worth = self.currency.show(scoring.weight);
        vec![
            ("score", format!("one is worth {worth}; from {lowest}, and none more than {highest}")),
            ("of model", scoring.model.to_string()),
            ("owner", encode(&scoring.owner)),
            ("material", format!("by roster {}", scoring.roster)),
        ]
    }

    /// What a bid pays that no other bid competes with, where that is not what bidders expect of
    /// the kind, in one line.
    pub const fn lone_bid(&self) -> Option<&'static str> {
        if !self.is_uniform() {
            return None;
        }
        if self.secret_reserve.is_some() {
            return Some(if self.kind.is_reverse() {
                "is paid the ceiling, which is secret until then and becomes public"
            } else {
                "pays the reserve, which is secret until then and becomes public"
            });
        }
        Some(match (self.kind.is_reverse(), self.has_reserve(), self.quantity > 1) {
            (false, true, false) => "pays the reserve",
            (true, true, false) => "is paid the ceiling",
            (false, false, false) => "pays its own amount, which becomes public",
            (true, false, false) => "is paid its own amount, which becomes public",
            (false, true, true) => "pays the reserve, as do all if no bid is left over",
            (true, true, true) => "is paid the ceiling, as are all if no bid is left over",
            (false, false, true) => {
                "pays its own amount; if no bid is left over, all pay the lowest, which becomes \
                 public"
            }
            (true, false, true) => {
                "is paid its own amount; if no bid is left over, all are paid the highest, which \
                 becomes public"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::answer;
    use crate::rules::auction::Kind;
    use crate::rules::auction::words::*;
    use crate::rules::money::Currency;

    fn question(kind: Kind, reserve: Option<u64>, quantity: u32) -> Question {
        let currency = Currency { code: "EUR".into(), decimals: 2 };
        Question {
            kind,
            currency,
            reserve,
            maximum: 100_000,
            quantity,
            secret_reserve: None,
            scored: None,
        }
    }

    #[test]
    fn amounts_that_are_rarely_meant_are_remarked_upon() {
        let forward = question(Kind::SecondPrice, Some(500), 1);
        let found = |question: &Question, amount| question.remark(amount);
        assert_eq!(found(&forward, 499), Some(Remark::CannotWin { reserve: 500 }));
        assert_eq!([found(&forward, 500), found(&forward, 99_999)], [None, None]);
        assert_eq!(found(&forward, 100_000), Some(Remark::Maximum));
        let reverse = question(Kind::ReverseFirstPrice, Some(500), 1);
        assert_eq!(found(&reverse, 501), Some(Remark::CannotWin { reserve: 500 }));
        assert_eq!([found(&reverse, 500), found(&reverse, 0)], [None, Some(Remark::Zero)]);
        assert_eq!(found(&question(Kind::FirstPrice, None, 1), 0), Some(Remark::Zero));
        let words = reverse.words(Remark::CannotWin { reserve: 500 });
        assert_eq!(words, "above the ceiling of 5.00 EUR: it cannot win");
    }

    /// The words say what the reference does.
    #[test]
    fn what_a_lone_bid_pays_is_said() {
        let price = |question: &Question, bids: &[u64]| answer(question, bids).winners[0].price;
        for kind in Kind::ALL {
            for quantity in [1, 3] {
                let (bare, held) =
                    (question(kind, None, quantity), question(kind, Some(500), quantity));
                assert_eq!(price(&bare, &[400]), 400);
                if !kind.is_second_price() {
                    assert_eq!((bare.lone_bid(), held.lone_bid()), (None, None));
                    continue;
                }
                let lone = if kind.is_reverse() { 400 } else { 600 };
                assert_eq!(price(&held, &[lone]), 500);
                let own = bare.lone_bid().unwrap();
                assert!(own.contains("its own amount") && own.ends_with("becomes public"), "{own}");
                let bound = if kind.is_reverse() { "the ceiling" } else { "the reserve" };
                assert!(held.lone_bid().unwrap().contains(bound));
            }
        }
    }
}
