//! The question of an auction: what its terms say beyond what every session's terms do.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::reserve::{ReserveError, SecretReserve};
use super::scored::{Pays, Scored, ScoredError};
use crate::base::name::NameError;
use crate::rules::money::{AmountError, Currency};
use crate::sharing::form::Form;

/// Most bits of an amount.
pub const MAX_BITS: u32 = 63;

/// Most lots of an auction.
pub const MAX_QUANTITY: u32 = 10_000;

/// Equal lots, sold to or bought from those who bid best, one to a bidder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Who wins, and what price is paid.
    pub kind: Kind,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Worst admissible price: a lower bound, for reverse kinds an upper bound. Smallest units.
    pub reserve: Option<u64>,
    /// Largest admissible bid, in smallest units.
    pub maximum: u64,
    /// How many lots there are, 1 to [`MAX_QUANTITY`].
    pub quantity: u32,
    /// The reserve where it is secret; then `reserve` has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_reserve: Option<SecretReserve>,
    /// What scored auctions have besides; no other kind does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scored: Option<Scored>,
}

/// Why an auction cannot be held as it is written. Each says what to change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum QuestionError {
    /// An amount in the file is not one.
    #[error("{field}: {error}")]
    Amount {
        /// Which field.
        field: &'static str,
        /// What is wrong.
        error: AmountError,
    },
    /// A demo bidder's name that is not fit to show.
    #[error(transparent)]
    Text(#[from] NameError),
    /// Two demo bids under one name.
    #[error("two bids are by {0:?}; give each bidder one")]
    BidderTwice(String),
    /// Reserve above the maximum.
    #[error("the reserve {reserve} is above the maximum {maximum}; lower one or raise the other")]
    ReserveAboveMaximum {
        /// In units.
        reserve: String,
        /// In units.
        maximum: String,
    },
    /// A reserve that is a stored variable and cannot be.
    #[error(transparent)]
    Reserve(#[from] ReserveError),
    /// Scores that cannot be counted.
    #[error(transparent)]
    Scored(#[from] ScoredError),
    /// The maximum is 0 or too wide.
    #[error("the maximum must be at least 1 and below 2^{MAX_BITS} in the smallest unit")]
    Maximum,
    /// No lot, or too many.
    #[error("the quantity is 1 to {MAX_QUANTITY} lots, not {got}")]
    Quantity {
        /// As given.
        got: u32,
    },
    /// Several lots on numbers.
    #[error(
        "an auction of several lots runs on bits; leave out protocol = \"paper\", or sell one lot"
    )]
    SeveralOnNumbers,
    /// Too many decimals for a currency.
    #[error("decimals is 0 to 8, not {got}")]
    Decimals {
        /// What was asked for.
        got: u8,
    },
    /// A currency name that does not fit.
    #[error("currency is a short name such as \"EUR\" (at most 12 characters)")]
    Currency,
}

impl Question {
    /// Width of a bid in bits: that of the maximum, at least 1.
    pub fn bits(&self) -> u32 {
        (64 - self.maximum.leading_zeros()).max(1)
    }

    /// Check what a node must not take on trust.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self, form: Form) -> Result<(), QuestionError> {
        if !self.currency.decimals_fit() {
            return Err(QuestionError::Decimals { got: self.currency.decimals });
        }
        if !self.currency.code_fits() {
            return Err(QuestionError::Currency);
        }
        if self.maximum == 0 || self.bits() > MAX_BITS {
            return Err(QuestionError::Maximum);
        }
        self.check_scored(form)?;
        if !(1..=MAX_QUANTITY).contains(&self.quantity) {
            return Err(QuestionError::Quantity { got: self.quantity });
        }
        if self.quantity > 1 && form == Form::Numbers {
            return Err(QuestionError::SeveralOnNumbers);
        }
        if let Some(secret) = &self.secret_reserve {
            if self.reserve.is_some() {
                return Err(ReserveError::TwoReserves.into());
            }
            if form == Form::Numbers {
                return Err(ReserveError::SecretOnNumbers.into());
            }
            secret.check(self.maximum, self.bits())?;
        }
        match self.reserve {
            Some(reserve) if reserve > self.maximum => Err(QuestionError::ReserveAboveMaximum {
                reserve: self.currency.plain(reserve),
                maximum: self.currency.plain(self.maximum),
            }),
            _ => Ok(()),
        }
    }

    fn check_scored(&self, form: Form) -> Result<(), ScoredError> {
        let Some(Scored { scoring, .. }) = &self.scored else {
            return if self.kind == Kind::Scored { Err(ScoredError::NoScores) } else { Ok(()) };
        };
        if self.kind != Kind::Scored {
            return Err(ScoredError::Kind);
        }
        scoring.check()?;
        if self.reserve != Some(self.maximum) || self.secret_reserve.is_some() {
            return Err(ScoredError::Reserve);
        }
        if self.quantity != 1 {
            return Err(ScoredError::Quantity);
        }
        if form != Form::Bits {
            return Err(ScoredError::OnNumbers);
        }
        // A sum is found with one bit more than what is added up.
        if self.maximum.saturating_add(scoring.most()) >> (MAX_BITS - 1) != 0 {
            return Err(ScoredError::TooWide);
        }
        Ok(())
    }

    /// Whether nobody may win although there are bids in range: none may be as good as the reserve. In
    /// a scored auction all are.
    pub const fn may_stay_unsold(&self) -> bool {
        self.has_reserve() && self.scored.is_none()
    }

    /// The kind by whose steps it is computed, and that has its reserve and its words.
    pub const fn computed_as(&self) -> Kind {
        match &self.scored {
            Some(Scored { pays: Pays::Own, .. }) => Kind::ReverseFirstPrice,
            Some(Scored { pays: Pays::Threshold, .. }) => Kind::ReverseSecondPrice,
            None => self.kind,
        }
    }

    /// Whether there is a reserve, public or secret.
    pub const fn has_reserve(&self) -> bool {
        self.reserve.is_some() || self.secret_reserve.is_some()
    }

    /// How many bids win where `bids` can: one for each lot, as far as there are bids.
    pub fn lots_among(&self, bids: usize) -> usize {
        usize::try_from(self.quantity).map_or(bids, |quantity| quantity.min(bids))
    }

    /// Whether all winners pay the same price, that of the best bid that did not win.
    pub const fn is_uniform(&self) -> bool {
        self.computed_as().is_second_price()
    }

    /// The bound that a price breaks, with how it does, such as "below the reserve"; `None` for a
    /// price that honest nodes can arrive at.
    pub fn bound_broken_by(&self, price: u64) -> Option<(&'static str, u64)> {
        match self.reserve {
            _ if price > self.maximum => Some(("above the maximum", self.maximum)),
            Some(reserve) if self.kind.is_reverse() && price > reserve => {
                Some(("above the reserve", reserve))
            }
            Some(reserve) if !self.kind.is_reverse() && price < reserve => {
                Some(("below the reserve", reserve))
            }
            _ => None,
        }
    }
}
