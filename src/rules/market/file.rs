//! A market's fields in a session file.

use std::collections::HashSet;

use serde::Deserialize;

use super::grid::Grid;
use super::order::{Order, Side};
use super::question::{Question, QuestionError, Rationing, Told};
use crate::base::name::{check_name, look};
use crate::rules::money::Currency;
use crate::rules::operator_key::OperatorKey;
use crate::rules::written::Written;

/// The field that a home's key is written into.
pub const OPERATOR_KEY: &str = "operator_key";

/// The fields of a session file that only markets have, as written.
#[derive(Clone, Deserialize)]
pub struct Fields {
    /// Currency of prices.
    #[serde(default)]
    pub currency: String,
    /// Decimals of prices.
    #[serde(default)]
    pub decimals: u8,
    /// The lowest price, in units of the currency.
    pub from: Written,
    /// The highest price.
    pub to: Written,
    /// Between two prices.
    pub step: Written,
    /// What the good is counted in.
    #[serde(default)]
    pub unit: String,
    /// Decimals of quantities.
    #[serde(default)]
    pub unit_decimals: u8,
    /// Bits of a quantity.
    #[serde(default = "usual_bits")]
    pub bits: u32,
    /// How the longer side is served.
    #[serde(default)]
    pub rationing: Rationing,
    /// Who is told how much each trades.
    #[serde(default)]
    pub quantities: Quantities,
    /// Under which key the operator is told; `gavel session new` writes it.
    pub operator_key: Option<OperatorKey>,
    /// For demo, tests and benches: who wants what.
    #[serde(default)]
    pub orders: Vec<DemoOrder>,
    /// For demo, tests and benches: so many made-up participants.
    pub participants: Option<u32>,
    /// What they are made up from.
    pub seed: Option<u64>,
}

/// Who is told how much each trades, as written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantities {
    /// Each participant the own quantity.
    #[default]
    Own,
    /// Each the own quantity, and the operator all of them.
    Operator,
    /// Everyone.
    Everyone,
}

const fn usual_bits() -> u32 {
    16
}

/// An order that the demo plays.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoOrder {
    /// The participant's name.
    pub participant: String,
    /// Whether it buys or sells.
    pub side: Side,
    /// Quantity and price, as often as wanted: up to that quantity at that price or better.
    pub steps: Vec<(Written, Written)>,
}

impl Fields {
    /// Their names, but for the kind, which every session file has.
    pub const NAMES: &[&str] = &[
        "currency",
        "decimals",
        "from",
        "to",
        "step",
        "unit",
        "unit_decimals",
        "bits",
        "rationing",
        "quantities",
        OPERATOR_KEY,
        "orders",
        "participants",
        "seed",
    ];

    /// Those that only a demo reads. They hold what participants keep to themselves and go to no
    /// server.
    pub const DEMO: &[&str] = &["orders", "participants", "seed"];

    /// The question that they make, with every default filled in.
    ///
    /// # Errors
    /// When a price is none, or an order of the demo cannot be handed in.
    pub fn question(&self) -> Result<Question, QuestionError> {
        let currency = Currency { code: self.currency.clone(), decimals: self.decimals };
        let unit = Currency { code: self.unit.clone(), decimals: self.unit_decimals };
        if !currency.decimals_fit() {
            return Err(QuestionError::Decimals { field: "decimals", got: self.decimals });
        }
        let price = |field: &'static str, written: &Written| {
            let price = currency.parse(written.text());
            price.map_err(|error| QuestionError::Amount { field, error })
        };
        let grid = Grid {
            from: price("from", &self.from)?,
            to: price("to", &self.to)?,
            step: price("step", &self.step)?,
        };
        let question = Question {
            currency,
            grid,
            unit,
            bits: self.bits,
            rationing: self.rationing,
            quantities: self.told()?,
        };
        question.check_parts()?;
        self.check_orders(&question)?;
        Ok(question)
    }

    /// Whether the operator is told, and the file does not say under which key.
    pub fn lacks_operator_key(&self) -> bool {
        self.quantities == Quantities::Operator && self.operator_key.is_none()
    }

    fn told(&self) -> Result<Told, QuestionError> {
        match (self.quantities, &self.operator_key) {
            (Quantities::Operator, Some(key)) => Ok(Told::Operator(key.clone())),
            (Quantities::Operator, None) => Err(QuestionError::NoOperatorKey),
            (_, Some(_)) => Err(QuestionError::NoUseForKey),
            (Quantities::Own, None) => Ok(Told::Own),
            (Quantities::Everyone, None) => Ok(Told::Everyone),
        }
    }

    /// How many participants there are for a demo.
    pub fn participants(&self) -> usize {
        self.participants.map_or(self.orders.len(), |count| count as usize)
    }

    /// That the demo's orders can be handed in, and are of one participant each.
    fn check_orders(&self, question: &Question) -> Result<(), QuestionError> {
        if !self.orders.is_empty() && self.participants.is_some() {
            return Err(QuestionError::Both);
        }
        let mut names = HashSet::new();
        for order in &self.orders {
            check_name("a participant's name", &order.participant)?;
            if !names.insert(look(&order.participant)) {
                return Err(QuestionError::Twice(order.participant.clone()));
            }
            Order::parse(question, order.side, &order.steps).map_err(|error| {
                QuestionError::Order { participant: order.participant.clone(), error }
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
