//! What is public of a model: its layers, their sizes, and bounds.

use serde::{Deserialize, Serialize};

use super::fixed::MAX_BITS;
use super::sigmoid;

/// Most features, and most outputs of a layer.
pub const MAX_WIDTH: usize = 1 << 14;

/// Most weights of a layer.
pub const MAX_WEIGHTS: usize = 1 << 22;

/// Most layers.
pub const MAX_LAYERS: usize = 32;

/// Bits after the point that inputs and weights may have.
pub const FRACTIONS: std::ops::RangeInclusive<u32> = 4..=20;

/// What is public of a model.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Structure {
    /// How many numbers a sheet has.
    pub features: usize,
    /// No number of a sheet is larger, in size, than 2 to this power.
    pub largest_feature: u32,
    /// Bits after the point of numbers and weights.
    pub fraction: u32,
    /// The layers, from the sheet to the score.
    pub layers: Vec<Layer>,
}

/// A layer of a model.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "layer")]
pub enum Layer {
    /// Weighted sums of all values, each with a bias.
    Dense {
        /// How many.
        outputs: usize,
        /// None is larger, in size, than 2 to this power, whatever the sheet. The owner says so; it is
        /// checked where the weights are read.
        largest: u32,
    },
    /// Values below 0 become 0.
    Rectify,
    /// 1 / (1 + e^-x), by pieces.
    Sigmoid,
    /// The place of the largest value, from 0. The last layer.
    Largest,
}

/// Why a structure is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StructureError {
    /// No layers, or too many.
    #[error("a model has 1 to {MAX_LAYERS} layers, not {0}")]
    Layers(usize),
    /// A size that is none.
    #[error("{what} is a number from 1 to {most}, not {got}")]
    Size {
        /// Of what.
        what: &'static str,
        /// The largest that is taken.
        most: usize,
        /// What is said.
        got: usize,
    },
    /// Bits after the point.
    #[error(
        "a model's numbers have {} to {} bits after the point, not {got}",
        FRACTIONS.start(),
        FRACTIONS.end()
    )]
    Fraction {
        /// How many it says.
        got: u32,
    },
    /// Numbers that become too large.
    #[error(
        "layer {layer} makes numbers of {bits} bits, and they may have {MAX_BITS}: take fewer \
         bits after the point, or smaller weights"
    )]
    TooLarge {
        /// Which, from 1.
        layer: usize,
        /// Bits of its numbers.
        bits: u32,
    },
    /// A layer after that which ends a model.
    #[error("layer {layer} comes after the place of the largest, which is the score")]
    AfterLargest {
        /// Which, from 1.
        layer: usize,
    },
    /// Two such layers, or none before it.
    #[error("layer {layer} has to follow a dense layer")]
    NotDense {
        /// Which, from 1.
        layer: usize,
    },
}

/// Values as they lie between two layers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Values {
    /// How many.
    pub count: usize,
    /// Bits after the point.
    pub fraction: u32,
    /// None is larger, in size, than 2 to this power, point and all.
    pub bits: u32,
}

impl Structure {
    /// Its sizes, such as "784-128-10".
    pub fn sizes(&self) -> String {
        let dense = self.layers.iter().filter_map(|layer| match layer {
            Layer::Dense { outputs, .. } => Some(outputs.to_string()),
            _ => None,
        });
        let sizes = std::iter::once(self.features.to_string()).chain(dense);
        sizes.collect::<Vec<_>>().join("-")
    }

    /// Check it, and say how values lie before each layer and after the last.
    ///
    /// # Errors
    /// When a layer cannot be computed.
    pub fn check(&self) -> Result<Vec<Values>, StructureError> {
        let (layers, fraction) = (self.layers.len(), self.fraction);
        if layers == 0 || layers > MAX_LAYERS {
            return Err(StructureError::Layers(layers));
        }
        if !FRACTIONS.contains(&fraction) {
            return Err(StructureError::Fraction { got: fraction });
        }
        within("the number of features", self.features, MAX_WIDTH)?;
        let first = Values {
            count: self.features,
            fraction,
            bits: self.largest_feature.saturating_add(fraction),
        };
        let mut all = vec![fits(first, 0)?];
        for (at, &layer) in self.layers.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| self.layers[before]);
            let values = after(all[at], fraction, before, layer, at + 1)?;
            all.push(fits(values, at + 1)?);
        }
        Ok(all)
    }
}

fn within(what: &'static str, got: usize, most: usize) -> Result<(), StructureError> {
    if got == 0 || got > most {
        return Err(StructureError::Size { what, most, got });
    }
    Ok(())
}

fn fits(values: Values, layer: usize) -> Result<Values, StructureError> {
    if values.bits > MAX_BITS {
        return Err(StructureError::TooLarge { layer, bits: values.bits });
    }
    Ok(values)
}

/// How values lie after a layer.
fn after(
    values: Values,
    fraction: u32,
    before: Option<Layer>,
    layer: Layer,
    at: usize,
) -> Result<Values, StructureError> {
    if before == Some(Layer::Largest) {
        return Err(StructureError::AfterLargest { layer: at });
    }
    let dense = matches!(before, Some(Layer::Dense { .. }));
    match layer {
        Layer::Dense { outputs, largest } => {
            within("the number of outputs", outputs, MAX_WIDTH)?;
            within("the number of weights", outputs.saturating_mul(values.count), MAX_WEIGHTS)?;
            let scale = values.fraction + fraction;
            Ok(Values { count: outputs, fraction: scale, bits: largest.saturating_add(scale) })
        }
        Layer::Rectify | Layer::Sigmoid | Layer::Largest if !dense => {
            Err(StructureError::NotDense { layer: at })
        }
        // What is compared loses the bits that the products have made.
        Layer::Rectify => {
            let lost = values.fraction - fraction;
            Ok(Values { fraction, bits: values.bits - lost, ..values })
        }
        Layer::Sigmoid => {
            // Differences from the knots have to fit as well.
            let bits = values.bits.max(sigmoid::REACH + values.fraction) + 1;
            fits(Values { bits, ..values }, at)?;
            let fraction = values.fraction + sigmoid::SLOPE_BITS;
            Ok(Values { fraction, bits: fraction + 1, ..values })
        }
        Layer::Largest => {
            fits(Values { bits: values.bits + 1, ..values }, at)?;
            Ok(Values { count: 1, fraction: 0, bits: usize::BITS - values.count.leading_zeros() })
        }
    }
}
