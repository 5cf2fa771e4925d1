//! An auction's fields in a session file.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Deserializer, de};

use super::kind::Kind;
use super::question::{Question, QuestionError};
use super::reserve;
use super::scored::{Pays, Scored, ScoredError, Written};
use crate::base::name::{check_name, look};
use crate::rules::money::Currency;
use crate::rules::written::{amount, some_amount};

/// The fields of a session file that only auctions have, as written.
#[derive(Clone, Deserialize)]
pub struct Fields {
    /// Kind of auction.
    pub kind: Kind,
    /// Currency name.
    #[serde(default)]
    pub currency: String,
    /// Decimals of amounts.
    #[serde(default)]
    pub decimals: u8,
    /// Worst admissible price.
    pub reserve: Option<Reserve>,
    /// Largest admissible bid, in units.
    #[serde(default, deserialize_with = "some_amount")]
    pub maximum: Option<String>,
    /// How many equal lots there are.
    #[serde(default = "one")]
    pub quantity: u32,
    /// What the winner of a scored auction is paid.
    pub pays: Option<Pays>,
    /// Which scores count in a scored auction.
    pub scores: Option<Written>,
    /// For demo, tests and benches: who bids what.
    #[serde(default)]
    pub bids: Vec<DemoBid>,
}

const fn one() -> u32 {
    1
}

/// A bid that the demo plays. The amount stays as text until the bidder's client reads it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoBid {
    /// Bidder's name.
    pub bidder: String,
    /// Amount in units.
    #[serde(deserialize_with = "amount")]
    pub amount: String,
    /// In a scored auction, the bidder's data sheet: each feature's number.
    pub sheet: Option<BTreeMap<String, f64>>,
}

/// A reserve as written.
#[derive(Clone)]
pub enum Reserve {
    /// Public, in units.
    Amount(String),
    /// A variable that stays at the nodes, such as `{ variable = "cost" }`.
    Variable(reserve::Written),
}

impl Reserve {
    /// The amount, if it is public.
    pub fn amount(&self) -> Option<&str> {
        match self {
            Self::Amount(text) => Some(text),
            Self::Variable(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Reserve {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::Table(table) => table.try_into().map(Self::Variable),
            other => amount(other).map(Self::Amount),
        }
        .map_err(|error| de::Error::custom(error.message()))
    }
}

impl Fields {
    /// Their names, but for the kind, which every session file has.
    pub const NAMES: &[&str] = &["currency", "decimals", "reserve", "maximum", "quantity", "bids"];

    /// Those of a scored auction, which has no maximum but its reserve, and one lot.
    pub const SCORED: &[&str] =
        &["currency", "decimals", "reserve", "pays", "scores", "model", "bids"];

    /// Those that only a demo reads: what bidders keep to themselves, and the owner of a model. They go to
    /// no server.
    pub const DEMO: &[&str] = &["bids", "model"];

    /// The question that they make, with every default filled in.
    ///
    /// # Errors
    /// When an amount is not one, or the demo's bidders cannot go by their names.
    pub fn question(&self) -> Result<Question, QuestionError> {
        self.check_names()?;
        let currency = Currency { code: self.currency.clone(), decimals: self.decimals };
        if !currency.decimals_fit() {
            return Err(QuestionError::Decimals { got: self.decimals });
        }
        let amount = |field: &'static str, text: &Option<String>| {
            text.as_deref()
                .map(|text| {
                    currency.parse(text).map_err(|error| QuestionError::Amount { field, error })
                })
                .transpose()
        };
        let (reserve, secret_reserve) = match &self.reserve {
            None => (None, None),
            Some(Reserve::Amount(text)) => (amount("reserve", &Some(text.clone()))?, None),
            Some(Reserve::Variable(written)) => (None, Some(written.reserve()?)),
        };
        let maximum = amount("maximum", &self.maximum)?.unwrap_or(u64::from(u32::MAX));
        let (kind, quantity) = (self.kind, self.quantity);
        if kind != Kind::Scored {
            if self.bids.iter().any(|bid| bid.sheet.is_some()) {
                return Err(ScoredError::Sheet.into());
            }
            let scored = None;
            return Ok(Question {
                kind,
                currency,
                reserve,
                maximum,
                quantity,
                secret_reserve,
                scored,
            });
        }
        let maximum = reserve.ok_or(ScoredError::Reserve)?;
        let scores = self.scores.as_ref().ok_or(ScoredError::NoScores)?;
        let (pays, scoring) = (self.pays.unwrap_or_default(), scores.scoring(&currency)?);
        let scored = Some(Scored { pays, scoring });
        Ok(Question { kind, currency, reserve, maximum, quantity, secret_reserve, scored })
    }

    fn check_names(&self) -> Result<(), QuestionError> {
        let mut names = HashSet::new();
        for bid in &self.bids {
            check_name("a bidder's name", &bid.bidder)?;
            if !names.insert(look(&bid.bidder)) {
                return Err(QuestionError::BidderTwice(bid.bidder.clone()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::base::bytes::encode;
    use crate::rules::SessionFile;

    const AMOUNT: &str = "amount = \"1240\"";

    const FILE: &str = "title = \"Lot\"\nkind = \"second-price\"\nreserve = \"5000\"\nbids_until = \"2m\"\n\
        [[bids]]\nbidder = \"ada\"\namount = \"1240\"\n";

    #[test]
    fn scores_have_a_model_an_owner_and_a_roster_and_their_bidders_alone_have_sheets() {
        let sheet = "amount = \"1240\"\nsheet = { on_time = 1 }";
        let error = SessionFile::parse(&FILE.replace(AMOUNT, sheet)).err().unwrap().to_string();
        assert!(error.contains("leave sheet out"), "{error}");
        let names =
            [("model", "0".repeat(64)), ("owner", encode(&[1; 32])), ("roster", "0".repeat(64))];
        let scored = FILE.replace("second-price", "scored").replace(AMOUNT, sheet);
        let with = |without: &str| {
            let said = names.iter().filter(|(name, _)| *name != without);
            let said: Vec<String> = said.map(|(name, id)| format!("{name} = \"{id}\"\n")).collect();
            SessionFile::parse(&format!("{scored}\n[scores]\nweight = 10\n{}", said.concat()))
        };
        assert!(with("none").is_ok());
        for (name, _) in &names {
            let error = with(name).err().unwrap().to_string();
            assert!(error.contains(&format!("scores.{name}: say whose")), "{error}");
        }
    }
}
