//! Kinds of auction.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is decided and at what price.
///
/// Reverse kinds are computed on complemented bids: the lowest bid has the highest complement, so
/// one tournament serves all of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The highest bids win, as many as there are lots, and each pays its own amount.
    FirstPrice,
    /// The highest bids win and all pay the best losing bid: with one lot, the second-highest
    /// (Vickrey 1961).
    SecondPrice,
    /// The lowest bids win and each is paid its own amount.
    ReverseFirstPrice,
    /// The lowest bids win and all are paid the best losing bid.
    ReverseSecondPrice,
    /// The lowest price less weight times score wins ([`super::scored`]).
    Scored,
}

impl Kind {
    /// Every kind that goes by amounts alone, in the order they are documented.
    pub const ALL: [Self; 4] =
        [Self::FirstPrice, Self::SecondPrice, Self::ReverseFirstPrice, Self::ReverseSecondPrice];

    /// Whether the lowest bid wins.
    pub const fn is_reverse(self) -> bool {
        matches!(self, Self::ReverseFirstPrice | Self::ReverseSecondPrice | Self::Scored)
    }

    /// Whether winners pay (or are paid) the best losing bid instead of their own; of scored auctions
    /// the terms say it ([`super::Question::is_uniform`]).
    pub const fn is_second_price(self) -> bool {
        matches!(self, Self::SecondPrice | Self::ReverseSecondPrice)
    }

    /// The name in session files and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstPrice => "first-price",
            Self::SecondPrice => "second-price",
            Self::ReverseFirstPrice => "reverse-first-price",
            Self::ReverseSecondPrice => "reverse-second-price",
            Self::Scored => "scored",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
