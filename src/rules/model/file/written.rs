//! The table of layers, as it is written in TOML.

use serde::Deserialize;

/// A model's table.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The file of its weights, `.safetensors` or `.onnx`, from the table's folder on.
    pub weights: Option<String>,
    /// How many numbers a sheet has, or their names.
    pub features: Option<Features>,
    /// No number of a sheet is larger, in size, than 2 to this power.
    pub largest_feature: Option<u32>,
    /// Bits after the point.
    pub fraction: Option<u32>,
    /// Who learns a score: "both", "client" or "owner".
    pub learner: Option<String>,
    /// The layers, from the sheet to the score.
    #[serde(default)]
    pub layers: Vec<WrittenLayer>,
}

/// How many numbers a sheet has, or what they are called.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(untagged)]
pub enum Features {
    /// So many.
    Count(usize),
    /// These.
    Names(Vec<String>),
}

impl Features {
    /// How many.
    pub const fn count(&self) -> usize {
        match self {
            Self::Count(count) => *count,
            Self::Names(names) => names.len(),
        }
    }

    /// What they are called; nothing where they have no names.
    pub fn names(&self) -> &[String] {
        match self {
            Self::Count(_) => &[],
            Self::Names(names) => names,
        }
    }
}

/// A layer of the table.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "layer")]
pub enum WrittenLayer {
    /// Weighted sums.
    Dense {
        /// The tensor of the weights: a row for each output.
        weight: Option<String>,
        /// The tensor of the biases; 0 where none is named.
        bias: Option<String>,
        /// Whether the tensor has a row for each input instead.
        #[serde(default)]
        transposed: bool,
        /// No output is larger, in size, than 2 to this power; as the weights have it where it is not
        /// said.
        largest: Option<u32>,
    },
    /// Values below 0 become 0.
    Rectify,
    /// 1 / (1 + e^-x), by pieces.
    Sigmoid,
    /// The place of the largest value.
    Largest,
}

impl WrittenLayer {
    /// As the table calls it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Dense { .. } => "dense",
            Self::Rectify => "rectify",
            Self::Sigmoid => "sigmoid",
            Self::Largest => "largest",
        }
    }
}
