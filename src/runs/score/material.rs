//! What a score takes of a batch, and what the parties say to each other. Exact: dealers make batches
//! by it, and tests compare it with what is used.

use super::{sheet_bits, to_prove};
use crate::protocol::pair::cost::{self, Traffic};
use crate::rules::model::{Layer, Structure, StructureError, sigmoid};
use crate::sharing::pair::{BatchShape, MatrixShape, Party};

/// The material of one score that is opened to one party, or to both where none is named.
///
/// # Errors
/// When the model cannot be computed.
pub fn material(structure: &Structure, to: Option<Party>) -> Result<BatchShape, StructureError> {
    let values = structure.check()?;
    let mut all = cost::input_within(structure.features, sheet_bits(&values));
    for (&layer, pair) in structure.layers.iter().zip(values.windows(2)) {
        let [before, after] = [pair[0], pair[1]];
        let takes = match layer {
            Layer::Dense { outputs, .. } => {
                let shape = MatrixShape { rows: outputs, inner: before.count, columns: 1 };
                let product = BatchShape { matrices: vec![shape], ..BatchShape::default() };
                cost::together(cost::input(outputs * before.count + outputs), product)
            }
            Layer::Rectify => cost::rectified(after.count),
            Layer::Sigmoid => cost::rectified(before.count * sigmoid::bends().len()),
            Layer::Largest => cost::largest(before.count),
        };
        all = cost::together(all, takes);
    }
    let last = values.last().map_or(0, |values| values.count);
    if to_prove(structure, &values).is_some() {
        all = cost::together(all, cost::within(last));
    }
    Ok(match to {
        None => all,
        Some(_) => cost::together(all, cost::input(last)),
    })
}

/// What is computed one after the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The sheet comes in, and is shown to keep to its bounds.
    Sheet,
    /// A layer, by its number from 1 on.
    Layer(usize, Layer),
    /// The score is shown to keep to its bounds.
    Bounds,
    /// Everything that was opened is checked, then the score is opened.
    Opening,
}

/// The parts of a score, each with what the parties say to each other in it.
///
/// # Errors
/// When the model cannot be computed.
pub fn parts(
    structure: &Structure,
    to: Option<Party>,
) -> Result<Vec<(Part, Traffic)>, StructureError> {
    let values = structure.check()?;
    let sheet = Traffic::input_within(structure.features, sheet_bits(&values), Party::Client);
    let mut all = vec![(Part::Sheet, sheet)];
    for (number, (&layer, pair)) in (1..).zip(structure.layers.iter().zip(values.windows(2))) {
        let [before, after] = [pair[0], pair[1]];
        let takes = match layer {
            Layer::Dense { outputs, .. } => {
                let shape = MatrixShape { rows: outputs, inner: before.count, columns: 1 };
                Traffic::input(outputs * before.count + outputs, Party::Owner)
                    + Traffic::matrix_product(shape)
            }
            Layer::Rectify => Traffic::rectified(after.count),
            Layer::Sigmoid => Traffic::rectified(before.count * sigmoid::bends().len()),
            Layer::Largest => Traffic::largest(before.count),
        };
        all.push((Part::Layer(number, layer), takes));
    }
    let last = values.last().map_or(0, |values| values.count);
    // A proof of bounds ends with a check.
    let reveal = if to_prove(structure, &values).is_some() {
        all.push((Part::Bounds, Traffic::within(last)));
        Traffic::reveal_next(last)
    } else {
        Traffic::reveal(last)
    };
    let reveal = to.map_or(reveal, |party| Traffic::reveal_to(last, party));
    all.push((Part::Opening, reveal));
    Ok(all)
}

/// What the parties of one score say to each other.
///
/// # Errors
/// When the model cannot be computed.
pub fn traffic(structure: &Structure, to: Option<Party>) -> Result<Traffic, StructureError> {
    let parts = parts(structure, to)?.into_iter().map(|(_, traffic)| traffic);
    Ok(parts.fold(Traffic::default(), |all, part| all + part))
}
