//! What a step of a graph does, with variables by their places.

use super::number::Number;
use super::receiver::Receiver;
use crate::sharing::Scheme;

/// What a step does. Variables go by their places in [`Graph::variables`](super::graph::Graph::variables).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// A participant hands a value in.
    Handed {
        /// Its place in [`Graph::inputs`](super::graph::Graph::inputs).
        input: usize,
    },
    /// A variable that was kept.
    Load {
        /// Its place in [`Graph::loads`](super::graph::Graph::loads).
        load: usize,
    },
    /// The terms say the value, or it follows from what they say.
    Known {
        /// The variables.
        variable: usize,
        /// Its value.
        value: Number,
    },
    /// A public number, and public multiples of variables.
    Linear {
        /// The sum.
        variable: usize,
        /// The variables with their factors.
        terms: Vec<(usize, Number)>,
        /// The number.
        constant: Number,
    },
    /// x y.
    Product {
        /// The product.
        variable: usize,
        /// x.
        x: usize,
        /// y.
        y: usize,
    },
    /// A sum of products.
    Inner {
        /// The sum.
        variable: usize,
        /// Each x with its y.
        pairs: Vec<(usize, usize)>,
    },
    /// Whether x is y.
    Equal {
        /// The bit.
        variable: usize,
        /// x.
        x: usize,
        /// y.
        y: usize,
        /// Bits by which they may differ.
        width: u32,
    },
    /// Whether x is below y.
    Less {
        /// The bit.
        variable: usize,
        /// x.
        x: usize,
        /// y.
        y: usize,
        /// The least that either may be.
        low: i128,
        /// Bits by which they may differ.
        width: u32,
    },
    /// One of two.
    Select {
        /// What is chosen.
        variable: usize,
        /// A bit: 1 for x.
        condition: usize,
        /// x.
        x: usize,
        /// y.
        y: usize,
    },
    /// x / y.
    Divide {
        /// The quotient.
        variable: usize,
        /// What is left, if it is kept.
        rest: Option<usize>,
        /// Whether y is 0, if it is kept.
        by_zero: Option<usize>,
        /// x.
        x: usize,
        /// y.
        y: usize,
    },
    /// A number that nobody knows.
    Random {
        /// The variable.
        variable: usize,
        /// Its bits; none for any element.
        bits: Option<u32>,
    },
    /// A variable is opened.
    Reveal {
        /// The variable.
        variable: usize,
    },
    /// A stored variable is dealt anew.
    Refresh {
        /// The variable.
        variable: usize,
        /// How often it was before.
        generation: u32,
    },
    /// A variable's shares are wiped.
    Forget {
        /// The variable.
        variable: usize,
    },
    /// Somebody alone learns a variable.
    Tell {
        /// The variable.
        variable: usize,
        /// Who.
        to: Receiver,
    },
    /// Stored variables go to the nodes of another roster.
    HandOver {
        /// The variables.
        variables: Vec<usize>,
        /// Its nodes and threshold.
        to: Scheme,
    },
}

impl Action {
    /// The variables that it makes, in the order of its results; none where one is not kept.
    pub fn makes(&self) -> Vec<Option<usize>> {
        match *self {
            Self::Known { variable, .. }
            | Self::Linear { variable, .. }
            | Self::Product { variable, .. }
            | Self::Inner { variable, .. }
            | Self::Equal { variable, .. }
            | Self::Less { variable, .. }
            | Self::Select { variable, .. }
            | Self::Random { variable, .. } => vec![Some(variable)],
            Self::Divide { variable, rest, by_zero, .. } => vec![Some(variable), rest, by_zero],
            Self::Handed { .. }
            | Self::Load { .. }
            | Self::Reveal { .. }
            | Self::Refresh { .. }
            | Self::Forget { .. }
            | Self::Tell { .. }
            | Self::HandOver { .. } => Vec::new(),
        }
    }

    /// The variables that it looks at.
    pub fn uses(&self) -> Vec<usize> {
        match self {
            Self::Handed { .. } | Self::Load { .. } | Self::Known { .. } | Self::Random { .. } => {
                Vec::new()
            }
            Self::HandOver { variables, .. } => variables.clone(),
            Self::Linear { terms, .. } => terms.iter().map(|&(variable, _)| variable).collect(),
            Self::Product { x, y, .. }
            | Self::Equal { x, y, .. }
            | Self::Less { x, y, .. }
            | Self::Divide { x, y, .. } => vec![*x, *y],
            Self::Inner { pairs, .. } => pairs.iter().flat_map(|&(x, y)| [x, y]).collect(),
            Self::Select { condition, x, y, .. } => vec![*condition, *x, *y],
            Self::Reveal { variable }
            | Self::Refresh { variable, .. }
            | Self::Forget { variable }
            | Self::Tell { variable, .. } => vec![*variable],
        }
    }

    /// Whether it takes rounds of its own.
    pub const fn takes_rounds(&self) -> bool {
        match self {
            Self::Product { .. }
            | Self::Inner { .. }
            | Self::Equal { .. }
            | Self::Less { .. }
            | Self::Select { .. }
            | Self::Divide { .. }
            | Self::Reveal { .. } => true,
            Self::Handed { .. }
            | Self::Load { .. }
            | Self::Known { .. }
            | Self::Linear { .. }
            | Self::Random { .. }
            | Self::Refresh { .. }
            | Self::Forget { .. }
            | Self::Tell { .. }
            | Self::HandOver { .. } => false,
        }
    }
}
