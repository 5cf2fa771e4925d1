//! What the session file says, checked.
//!
//! [`SessionFile`] is the TOML as written; [`Terms`] is what the nodes sign up to: every default
//! filled in, every amount in smallest units.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::Currency;
use super::auction::Kind;
use super::entries::{Field, Layout, LayoutError};
use super::money::AmountError;
use crate::base::text::{TextError, check_text};
use crate::base::{Timestamp, time};
use crate::sharing::form::Form;

/// Most bits of an amount.
pub const MAX_BITS: u32 = 63;

/// Who may bid.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Admission {
    /// Whoever reaches the coordinator may take a name that is free in this session.
    #[default]
    Open,
    /// Only the bidders whose name and key the coordinator's operator has entered.
    Listed,
    /// Only bidders with an account at the coordinator, by the account's name and key.
    Accounts,
}

/// The terms of an auction, as signed by the coordinator and held by every node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Terms {
    /// What is sold or bought.
    pub title: String,
    /// Kind of auction.
    pub kind: Kind,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Worst admissible price: a lower bound, for reverse kinds an upper bound. Smallest units.
    pub reserve: Option<u64>,
    /// Largest admissible bid, in smallest units.
    pub maximum: u64,
    /// When bidding ends.
    pub bids_until: Timestamp,
    /// Whether a bid may be replaced until then.
    pub replace_bids: bool,
    /// How bids are shared and compared.
    pub protocol: Form,
    /// Who may bid.
    pub admission: Admission,
}

impl Terms {
    /// Width of a bid in bits: that of the maximum, at least 1.
    pub fn bits(&self) -> u32 {
        (64 - self.maximum.leading_zeros()).max(1)
    }

    /// The fields of a bid: the amount alone.
    ///
    /// # Errors
    /// When the maximum is too large for a field, which [`Terms::check`] refuses.
    pub fn layout(&self) -> Result<Layout, LayoutError> {
        Layout::repeated(Field { bits: self.bits(), maximum: self.maximum }, 1)
    }

    /// Whether a bidder can hand in something above the maximum, so that every bid's range is
    /// checked in the protocol: any number of a field, or a pattern of [`Terms::bits`] bits.
    pub fn needs_range_check(&self) -> bool {
        match self.protocol {
            Form::Bits => self.maximum != crate::sharing::seed::mask(self.bits()),
            Form::Numbers => true,
        }
    }

    /// Check what a node must not take on trust: bounds and names.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self) -> Result<(), TermsError> {
        check_text("title", &self.title)?;
        if self.currency.decimals > 8 {
            return Err(TermsError::Decimals { got: self.currency.decimals });
        }
        if self.currency.code.chars().count() > 12
            || self.currency.code.chars().any(char::is_control)
        {
            return Err(TermsError::Currency);
        }
        if self.maximum == 0 || self.bits() > MAX_BITS {
            return Err(TermsError::Maximum);
        }
        match self.reserve {
            Some(reserve) if reserve > self.maximum => Err(TermsError::ReserveAboveMaximum {
                reserve: self.currency.plain(reserve),
                maximum: self.currency.plain(self.maximum),
            }),
            _ => Ok(()),
        }
    }
}

/// A session file as written.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionFile {
    /// What is sold or bought.
    pub title: String,
    /// Kind of auction.
    pub kind: Kind,
    /// Currency name.
    #[serde(default)]
    pub currency: String,
    /// Decimals of amounts.
    #[serde(default)]
    pub decimals: u8,
    /// Worst admissible price, in units.
    pub reserve: Option<String>,
    /// Largest admissible bid, in units.
    pub maximum: Option<String>,
    /// A duration from opening ("2m") or an RFC 3339 time.
    pub bids_until: String,
    /// Whether a bid may be replaced.
    #[serde(default)]
    pub replace_bids: bool,
    /// How bids are shared.
    #[serde(default)]
    pub protocol: Form,
    /// Who may bid.
    #[serde(default)]
    pub admission: Admission,
    /// For demo, tests and benches.
    pub roster: Option<DemoRoster>,
    /// For demo, tests and benches: who bids what.
    #[serde(default)]
    pub bids: Vec<DemoBid>,
}

/// How many nodes a demo starts.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoRoster {
    /// Number of nodes.
    pub nodes: u8,
    /// Threshold t.
    pub threshold: u8,
}

/// A bid that the demo plays. The amount stays as text until the bidder's client reads it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoBid {
    /// Bidder's name.
    pub bidder: String,
    /// Amount in units.
    pub amount: String,
}

/// Why a session file or terms cannot be used. Each says what to change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TermsError {
    /// Not TOML of the expected shape.
    #[error("{0}")]
    Syntax(String),
    /// An amount in the file is not one.
    #[error("{field}: {error}")]
    Amount {
        /// Which field.
        field: &'static str,
        /// What is wrong.
        error: AmountError,
    },
    /// A demo bid's amount is not one.
    #[error("the bid of {bidder:?}: {error}")]
    BidAmount {
        /// Whose bid.
        bidder: String,
        /// What is wrong.
        error: AmountError,
    },
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
    /// The maximum is 0 or too wide.
    #[error("the maximum must be at least 1 and below 2^{MAX_BITS} in the smallest unit")]
    Maximum,
    /// Too many decimals for a currency.
    #[error("decimals is 0 to 8, not {got}")]
    Decimals {
        /// What was asked for.
        got: u8,
    },
    /// A currency name that does not fit.
    #[error("currency is a short name such as \"EUR\" (at most 12 characters)")]
    Currency,
    /// A title or name that is not fit to show.
    #[error(transparent)]
    Text(#[from] TextError),
    /// `bids_until` is neither a duration nor a time.
    #[error(
        "bids_until is a duration such as \"2m\" or a time such as \"2026-12-01T12:00:00Z\", not {0:?}"
    )]
    BidsUntil(String),
}

impl SessionFile {
    /// Read a session file.
    ///
    /// # Errors
    /// The TOML error with its line, or the first rule that is broken.
    pub fn parse(text: &str) -> Result<Self, TermsError> {
        let file: Self = toml::from_str(text)
            .map_err(|error| TermsError::Syntax(error.to_string().trim_end().to_owned()))?;
        file.terms(Timestamp::from_millis(0))?;
        let mut names = HashSet::new();
        for bid in &file.bids {
            check_text("a bidder's name", &bid.bidder)?;
            if !names.insert(bid.bidder.as_str()) {
                return Err(TermsError::BidderTwice(bid.bidder.clone()));
            }
        }
        Ok(file)
    }

    /// The terms, with a relative `bids_until` counted from `opened`.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn terms(&self, opened: Timestamp) -> Result<Terms, TermsError> {
        let currency = Currency { code: self.currency.clone(), decimals: self.decimals };
        if self.decimals > 8 {
            return Err(TermsError::Decimals { got: self.decimals });
        }
        let amount = |field: &'static str, text: &Option<String>| {
            text.as_deref()
                .map(|text| {
                    currency.parse(text).map_err(|error| TermsError::Amount { field, error })
                })
                .transpose()
        };
        let reserve = amount("reserve", &self.reserve)?;
        let maximum = amount("maximum", &self.maximum)?.unwrap_or(u64::from(u32::MAX));
        let bids_until = match time::parse_duration(&self.bids_until) {
            Some(millis) => opened.plus_millis(millis),
            None => Timestamp::parse(&self.bids_until)
                .map_err(|_| TermsError::BidsUntil(self.bids_until.clone()))?,
        };
        let terms = Terms {
            title: self.title.clone(),
            kind: self.kind,
            currency,
            reserve,
            maximum,
            bids_until,
            replace_bids: self.replace_bids,
            protocol: self.protocol,
            admission: self.admission,
        };
        terms.check()?;
        Ok(terms)
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::terms::*;

    const FILE: &str = r#"
        title = "Harbour view"
        kind = "second-price"
        currency = "EUR"
        decimals = 2
        reserve = "500"
        bids_until = "2m"
        [[bids]]
        bidder = "ada"
        amount = "1240"
    "#;

    fn error_of(from: &str, to: &str) -> String {
        match SessionFile::parse(&FILE.replace(from, to)) {
            Ok(_) => panic!("accepted {to}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_file_becomes_terms() {
        let terms = SessionFile::parse(FILE).unwrap().terms(Timestamp::from_millis(1000)).unwrap();
        assert_eq!(terms.reserve, Some(50_000));
        assert_eq!(terms.bits(), 32);
        assert!(!terms.needs_range_check());
        assert_eq!(terms.bids_until.millis(), 121_000);
    }

    #[test]
    fn wrong_files_get_one_clear_line() {
        assert!(error_of("second-price", "third-price").contains("reverse-second-price"));
        assert!(
            error_of("reserve = \"500\"", "reserve = \"500\"\nmaximum = \"400\"")
                .contains("above the maximum 400.00")
        );
        assert!(error_of("\"500\"", "\"500.123\"").contains("3 decimals"));
        assert!(error_of("\"2m\"", "\"soon\"").contains("bids_until is a duration"));
        assert!(error_of("title", "titel").contains("titel"));
        assert!(error_of("Harbour view", "Harbour\\u001b[2J").contains("control characters"));
    }
}
