//! A model's weights, and how precise its scores are.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::fixed::{fixed, power, real};
use super::sigmoid;
use super::structure::{Layer, Structure, StructureError, Values};

/// Why weights do not fit a structure.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WeightsError {
    /// The structure is none.
    #[error(transparent)]
    Structure(#[from] StructureError),
    /// More or fewer than the structure has.
    #[error("layer {layer} has {expected} {what}; {got} are given")]
    Count {
        /// Which, from 1; 0 is the sheet.
        layer: usize,
        /// Of what.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// Something that is no number, or too large for one.
    #[error("layer {layer} has a weight that is no number, or too large for one")]
    NoNumber {
        /// Which, from 1.
        layer: usize,
    },
    /// A value may come out larger than the structure says.
    #[error(
        "layer {layer} may come to more than 2^{said}, which the model's file says it does not: say {need}"
    )]
    Larger {
        /// Which, from 1.
        layer: usize,
        /// The power that the structure says.
        said: u32,
        /// The one that it takes.
        need: u32,
    },
    /// A number of a sheet.
    #[error("number {at} of the sheet is none, or larger than 2^{largest}")]
    Sheet {
        /// Which, from 1.
        at: usize,
        /// The largest that the model takes, as a power of 2.
        largest: u32,
    },
}

/// The weights of a dense layer, as real numbers: a row of them for each output. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Dense {
    /// Output by output, as many as the layer has inputs.
    pub weights: Vec<f64>,
    /// One for each output.
    pub biases: Vec<f64>,
}

/// A model's weights in fixed point: for each dense layer the weights, and the biases with as many bits
/// after the point as the sums that they are added to.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Weights {
    layers: Vec<(Vec<i64>, Vec<i64>)>,
    #[zeroize(skip)]
    precision: f64,
}

impl Weights {
    /// The weights of a structure's dense layers, in their order.
    ///
    /// # Errors
    /// When they do not fit the structure, or a value may come to more than it says.
    pub fn new(structure: &Structure, given: &[Dense]) -> Result<Self, WeightsError> {
        let values = structure.check()?;
        let fraction = structure.fraction;
        let mut given = given.iter();
        let mut weights = Self { layers: Vec::new(), precision: 0.0 };
        // Of a sheet's numbers, what rounding takes.
        let mut error = power(fraction).recip() / 2.0;
        let mut largest = power(structure.largest_feature);
        for (at, &layer) in structure.layers.iter().enumerate() {
            match layer {
                Layer::Dense { outputs, largest: said } => {
                    let place = Place { layer: at + 1, before: values[at], outputs, fraction };
                    let dense = given.next().ok_or_else(|| place.count("weights", 0))?;
                    let sums = place.read(dense)?;
                    let need = place.need(&sums, largest);
                    if need > said {
                        return Err(WeightsError::Larger { layer: at + 1, said, need });
                    }
                    let rounding = power(fraction).recip() / 2.0;
                    let inputs = values[at].count as f64;
                    error = place.heaviest(&sums) * error + (inputs * largest + 1.0) * rounding;
                    largest = power(said);
                    weights.layers.push(sums);
                }
                // What is shortened is less than two units in the last place off.
                Layer::Rectify => error += 2.0 * power(fraction).recip(),
                Layer::Sigmoid => {
                    error = error / 4.0 + sigmoid::ERROR;
                    largest = 1.0;
                }
                Layer::Largest => {}
            }
        }
        weights.precision = error;
        Ok(weights)
    }

    /// The weights of a dense layer, and its biases; from 0.
    pub fn dense(&self, at: usize) -> Option<(&[i64], &[i64])> {
        self.layers.get(at).map(|(weights, biases)| (weights.as_slice(), biases.as_slice()))
    }

    /// How far a score is from that with real numbers, at most; of a place, how much two values may be
    /// apart and be taken for another's.
    pub const fn precision(&self) -> f64 {
        self.precision
    }
}

/// A dense layer's place in the model.
struct Place {
    layer: usize,
    before: Values,
    outputs: usize,
    fraction: u32,
}

impl Place {
    fn count(&self, what: &'static str, got: usize) -> WeightsError {
        let expected =
            if what == "weights" { self.outputs * self.before.count } else { self.outputs };
        WeightsError::Count { layer: self.layer, what, expected, got }
    }

    fn read(&self, dense: &Dense) -> Result<(Vec<i64>, Vec<i64>), WeightsError> {
        if dense.weights.len() != self.outputs * self.before.count {
            return Err(self.count("weights", dense.weights.len()));
        }
        if dense.biases.len() != self.outputs {
            return Err(self.count("biases", dense.biases.len()));
        }
        let read = |numbers: &[f64], fraction| -> Option<Vec<i64>> {
            // All the room at once: growing leaves copies behind that nobody wipes.
            let mut read = Vec::with_capacity(numbers.len());
            for &number in numbers {
                read.push(fixed(number, fraction)?);
            }
            Some(read)
        };
        let weights = read(&dense.weights, self.fraction);
        let biases = read(&dense.biases, self.before.fraction + self.fraction);
        weights.zip(biases).ok_or(WeightsError::NoNumber { layer: self.layer })
    }

    /// The weights of an output, all as positive numbers, added up: the most of all outputs.
    fn heaviest(&self, (weights, _): &(Vec<i64>, Vec<i64>)) -> f64 {
        let rows = weights.chunks(self.before.count.max(1));
        let sum = |row: &[i64]| row.iter().map(|&w| real(w, self.fraction).abs()).sum::<f64>();
        rows.map(sum).fold(0.0, f64::max)
    }

    /// The power of 2 that no output passes.
    fn need(&self, sums: &(Vec<i64>, Vec<i64>), largest: f64) -> u32 {
        let scale = self.before.fraction + self.fraction;
        let bias = sums.1.iter().map(|&bias| real(bias, scale).abs()).fold(0.0, f64::max);
        // Rounding may lift a value by a unit.
        let most = self.heaviest(sums) * (largest + power(self.fraction).recip()) + bias;
        (0..64).find(|&bits| most < power(bits)).unwrap_or(u32::MAX)
    }
}

/// A sheet in fixed point.
///
/// # Errors
/// When there are not as many numbers as the structure has features, and when one is none or too large.
pub fn sheet(
    structure: &Structure,
    numbers: &[f64],
) -> Result<zeroize::Zeroizing<Vec<i64>>, WeightsError> {
    let (expected, got) = (structure.features, numbers.len());
    if expected != got {
        return Err(WeightsError::Count { layer: 0, what: "numbers", expected, got });
    }
    let largest = structure.largest_feature;
    let number = |(at, &number): (usize, &f64)| {
        let within = number.abs() <= power(largest);
        let value = within.then(|| fixed(number, structure.fraction)).flatten();
        value.ok_or(WeightsError::Sheet { at: at + 1, largest })
    };
    let mut sheet = zeroize::Zeroizing::new(Vec::with_capacity(numbers.len()));
    for place in numbers.iter().enumerate() {
        sheet.push(number(place)?);
    }
    Ok(sheet)
}
