//! One step of a job, as the terms have it: checked by the graph that it becomes part of.

use serde::{Deserialize, Serialize};

use super::earlier::Earlier;
use super::next::Next;
use super::number::Number;
use super::range::Range;
use super::receiver::Receiver;
use super::version::Version;

/// A step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it goes by.
    pub id: String,
    /// What it does.
    pub operation: Operation,
    /// Steps that have to be done before, besides those that make its operands.
    pub after: Vec<String>,
}

/// Where the value of an assigned variable comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Given {
    /// A participant hands it in; nobody else knows it.
    Handed {
        /// The participant's name.
        by: String,
        /// Whether it stays with that participant: it may be computed with, but not revealed.
        private: bool,
        /// Its bits; none for any element of the field.
        bits: Option<u32>,
    },
    /// The terms say it.
    Public(Number),
}

/// What a step that loads a variable takes the stored one to be. A node that keeps another one
/// does not compute.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Where it lies.
    pub range: Range,
    /// The participant who alone knows it, if it is private.
    pub owner: Option<String>,
    /// Which one it is.
    pub version: Version,
}

/// What a step does. Variables go by their names.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Operation {
    /// A variable is given its value.
    Assign {
        /// The variable.
        variable: String,
        /// Where the value comes from.
        given: Given,
    },
    /// A variable that an earlier job kept.
    Load {
        /// The variable.
        variable: String,
        /// What the stored one goes by.
        stored: String,
        /// What it is.
        expected: Expected,
    },
    /// x + y.
    Add {
        /// The sum.
        variable: String,
        /// x.
        x: String,
        /// y.
        y: String,
    },
    /// x - y.
    Subtract {
        /// The difference.
        variable: String,
        /// x.
        x: String,
        /// y.
        y: String,
    },
    /// x times a public number.
    Scale {
        /// The multiple.
        variable: String,
        /// x.
        x: String,
        /// The number.
        factor: Number,
    },
    /// x y.
    Multiply {
        /// The product.
        variable: String,
        /// x.
        x: String,
        /// y.
        y: String,
    },
    /// The sum of the products of each x with its y.
    InnerProduct {
        /// The sum.
        variable: String,
        /// The first factors.
        x: Vec<String>,
        /// As many second ones.
        y: Vec<String>,
    },
    /// 1 where x is y, else 0.
    Equal {
        /// The bit.
        variable: String,
        /// x.
        x: String,
        /// y.
        y: String,
    },
    /// 1 where x is below y, else 0.
    LessThan {
        /// The bit.
        variable: String,
        /// x.
        x: String,
        /// y.
        y: String,
    },
    /// x where the condition is 1, y where it is 0.
    Select {
        /// What is chosen.
        variable: String,
        /// The bit.
        condition: String,
        /// x.
        x: String,
        /// y.
        y: String,
    },
    /// x / y, integers below 2^32, rounded down; 2^32 - 1 where y is 0.
    Divide {
        /// The quotient.
        variable: String,
        /// What is left of x, which is x where y is 0.
        rest: Option<String>,
        /// A bit: 1 where y is 0.
        by_zero: Option<String>,
        /// x.
        x: String,
        /// y.
        y: String,
    },
    /// A number that nobody knows.
    Random {
        /// The variable.
        variable: String,
        /// Its bits; none for any element of the field.
        bits: Option<u32>,
    },
    /// Everyone learns a variable.
    Reveal {
        /// The variable.
        variable: String,
    },
    /// The nodes deal a stored variable that is loaded anew: its value stays, with shares that have
    /// nothing to do with those before.
    Refresh {
        /// The variable.
        variable: String,
        /// How often it was shared anew before.
        generation: u32,
        /// Among whom it is shared, if not among the session's nodes.
        earlier: Option<Earlier>,
    },
    /// A variable's shares are wiped; those that nodes keep of one that was loaded go away with the
    /// outcome.
    Forget {
        /// The variable.
        variable: String,
    },
    /// One node, or the client, learns a variable, and nobody else.
    Tell {
        /// The variable.
        variable: String,
        /// Who learns it.
        to: Receiver,
    },
    /// The nodes hand stored variables that are loaded over to those of another roster: each value as new
    /// components, of which every node learns those alone that it is to hold.
    HandOver {
        /// The variables.
        variables: Vec<String>,
        /// The roster.
        next: Next,
    },
}

impl Operation {
    /// The name in session files.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Assign { .. } => "assign",
            Self::Load { .. } => "load",
            Self::Add { .. } => "add",
            Self::Subtract { .. } => "subtract",
            Self::Scale { .. } => "scale",
            Self::Multiply { .. } => "multiply",
            Self::InnerProduct { .. } => "inner-product",
            Self::Equal { .. } => "equal",
            Self::LessThan { .. } => "less-than",
            Self::Select { .. } => "select",
            Self::Divide { .. } => "divide",
            Self::Random { .. } => "random",
            Self::Reveal { .. } | Self::Tell { .. } => "reveal",
            Self::Refresh { .. } => "refresh",
            Self::Forget { .. } => "forget",
            Self::HandOver { .. } => "hand-over",
        }
    }

    /// The variables that it makes.
    pub fn makes(&self) -> Vec<&str> {
        match self {
            Self::Assign { variable, .. }
            | Self::Load { variable, .. }
            | Self::Add { variable, .. }
            | Self::Subtract { variable, .. }
            | Self::Scale { variable, .. }
            | Self::Multiply { variable, .. }
            | Self::InnerProduct { variable, .. }
            | Self::Equal { variable, .. }
            | Self::LessThan { variable, .. }
            | Self::Select { variable, .. }
            | Self::Random { variable, .. } => vec![variable],
            Self::Divide { variable, rest, by_zero, .. } => {
                let besides = [rest, by_zero].into_iter().flatten().map(String::as_str);
                std::iter::once(variable.as_str()).chain(besides).collect()
            }
            Self::Reveal { .. }
            | Self::Refresh { .. }
            | Self::Forget { .. }
            | Self::Tell { .. }
            | Self::HandOver { .. } => Vec::new(),
        }
    }

    /// The variables that it looks at.
    pub fn uses(&self) -> Vec<&str> {
        match self {
            Self::Assign { .. } | Self::Load { .. } | Self::Random { .. } => Vec::new(),
            Self::Add { x, y, .. }
            | Self::Subtract { x, y, .. }
            | Self::Multiply { x, y, .. }
            | Self::Equal { x, y, .. }
            | Self::LessThan { x, y, .. }
            | Self::Divide { x, y, .. } => vec![x, y],
            Self::Scale { x, .. } => vec![x],
            Self::InnerProduct { x, y, .. } => x.iter().chain(y).map(String::as_str).collect(),
            Self::Select { condition, x, y, .. } => vec![condition, x, y],
            Self::HandOver { variables, .. } => variables.iter().map(String::as_str).collect(),
            Self::Reveal { variable }
            | Self::Refresh { variable, .. }
            | Self::Forget { variable }
            | Self::Tell { variable, .. } => vec![variable],
        }
    }
}
