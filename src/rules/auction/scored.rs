//! Scored auctions: the lowest price less weight times score wins. Prices are sealed, scores are public
//! and signed ([`crate::rules::scoring`]).
//!
//! A bid counts as its price plus the handicap of its score. There is one lot, and the highest price
//! that is paid, the reserve, is the largest that anybody can hand in.

use serde::{Deserialize, Serialize};

use crate::base::bytes::decode;
use crate::rules::money::Currency;
use crate::rules::scoring::{Hex, Scoring, ScoringError, millionths};
use crate::rules::written;

/// What the winner is paid.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pays {
    /// Its own price.
    #[default]
    Own,
    /// The price at which it would still have won, or tied with the next: what the next bid counts as,
    /// less the winner's own handicap; at most the reserve, which is paid where nobody else bids.
    Threshold,
}

impl Pays {
    /// The name in session files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Threshold => "threshold",
        }
    }
}

/// What the terms of a scored auction have besides.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scored {
    /// What the winner is paid.
    pub pays: Pays,
    /// Which scores count, and what one is worth.
    pub scoring: Scoring,
}

/// Why a scored auction cannot be held as it is written. Each says what to change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScoredError {
    /// Scores without their kind, or the other way round.
    #[error("kind = \"scored\" has a table [scores], and no other kind does")]
    Kind,
    /// No table.
    #[error("a scored auction says in [scores] whose scores of which model count")]
    NoScores,
    /// A sheet where nothing is scored.
    #[error("bidders of a scored auction alone have a data sheet; leave sheet out")]
    Sheet,
    /// Of the table.
    #[error(transparent)]
    Scoring(#[from] ScoringError),
    /// No reserve, or one that is secret or another than the maximum.
    #[error("a scored auction has a public reserve, the highest price that is paid")]
    Reserve,
    /// Several lots.
    #[error("a scored auction is of one lot; leave quantity out")]
    Quantity,
    /// On numbers.
    #[error("a scored auction runs on bits; leave out protocol = \"paper\"")]
    OnNumbers,
    /// Amounts that no comparison holds.
    #[error(
        "reserve and the largest handicap, weight times highest less lowest, come to 2^62 or more; lower one"
    )]
    TooWide,
}

/// The table `[scores]` of a session file, as written.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The model's id. A demo alone leaves it out, and owner and roster, as keys are made there.
    pub model: Option<String>,
    /// The key of its owner.
    pub owner: Option<String>,
    /// Digest of the roster whose nodes make the material.
    pub roster: Option<String>,
    /// What a score of one is worth, in units.
    pub weight: written::Written,
    /// The lowest score with which anybody may take part: 0 if nothing is said.
    pub lowest: Option<written::Written>,
    /// The highest score that counts: 1 if nothing is said.
    pub highest: Option<written::Written>,
}

impl Written {
    /// Which scores count.
    ///
    /// # Errors
    /// Names the field that is none.
    pub(super) fn scoring<'a>(&'a self, currency: &Currency) -> Result<Scoring, ScoredError> {
        let wrong = |field, error: &dyn std::fmt::Display| ScoringError::Field {
            field,
            error: error.to_string(),
        };
        let said = |field, text: &'a Option<String>| {
            let missing = "say whose scores count; a demo alone leaves it out";
            text.as_deref().ok_or_else(|| wrong(field, &missing))
        };
        let digest = |field, text: &'a Option<String>| {
            said(field, text)?.parse::<Hex>().map_err(|error| wrong(field, &error))
        };
        let model = digest("model", &self.model)?;
        let owner = said("owner", &self.owner)?;
        let owner = decode(owner).and_then(|bytes| bytes.try_into().ok());
        let owner = owner.ok_or_else(|| wrong("owner", &"a key has 43 base64url characters"))?;
        let weight = currency.parse(self.weight.text()).map_err(|error| wrong("weight", &error))?;
        let bound = |field, text: &Option<written::Written>, usual: &str| {
            millionths(field, text.as_ref().map_or(usual, written::Written::text))
        };
        Ok(Scoring {
            model,
            owner,
            roster: digest("roster", &self.roster)?,
            weight,
            lowest: bound("lowest", &self.lowest, "0")?,
            highest: bound("highest", &self.highest, "1")?,
        })
    }
}
