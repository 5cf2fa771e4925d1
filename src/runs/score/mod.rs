//! A score: the owner's model on the client's sheet, computed by the two of them.
//!
//! In: the structure, which both know; the weights, of the owner; the sheet, of the client; a batch of
//! material. Out: the values after the last layer, to whom both have agreed. Who learns what: nothing
//! else, and nothing at all where what would be opened is larger than the structure says. Rounds: five for
//! the sheet and three for each layer's weights; for a dense layer one; for one that compares those of
//! [`crate::protocol::pair::below_zero`] and one; for the bounds of the score those of
//! [`crate::protocol::pair::within`]. Adversary: as for [`crate::protocol::pair`]. A sheet keeps to its
//! bounds whatever its owner does. Weights need not: an owner who brings in larger ones has another
//! function of the sheet computed, of which it learns no more than a score of the structure's size.
//!
//! - [`mod@material`]: what a score takes of a batch

pub mod material;

use zeroize::Zeroizing;

use crate::field::bulk::Elements;
use crate::field::{Field, NearPower};
use crate::protocol::pair::{
    Computation, PairError, Shares, input, input_within, largest, matrix_product, rectified,
    reveal, reveal_to, within,
};
use crate::rules::model::fixed::fixed;
use crate::rules::model::structure::Values;
use crate::rules::model::{Layer, Structure, StructureError, Weights, sigmoid};
use crate::sharing::pair::{Authenticated, MatrixShape, Party};

pub use material::{Part, material, parts, traffic};

/// What a party brings in.
pub enum Mine<'a> {
    /// The owner: its weights.
    Weights(&'a Weights),
    /// The client: its sheet.
    Sheet(&'a [i64]),
}

/// Why there is no score.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScoreError {
    /// The model cannot be computed.
    #[error(transparent)]
    Structure(#[from] StructureError),
    /// The two parties stopped.
    #[error(transparent)]
    Pair(#[from] PairError),
    /// A score that is larger than the structure says; nothing of it was opened.
    #[error(
        "the score would be larger than the model says it can be: its owner has brought in other \
         weights than it may; nothing of it was opened"
    )]
    Larger,
}

/// Compute a score. `to` says who learns it: one party, or both where none is named. Whoever does gets
/// the values after the last layer, with as many bits after the point as the structure says there.
///
/// # Errors
/// When the partner lies or does not answer, or the batch is not for this structure.
pub async fn score<F: NearPower>(
    own: &mut Computation<F>,
    structure: &Structure,
    mine: Mine<'_>,
    to: Option<Party>,
) -> Result<Option<Vec<i64>>, ScoreError> {
    let values = structure.check()?;
    let (sheet, weights) = match mine {
        Mine::Sheet(sheet) => (Some(sheet), None),
        Mine::Weights(weights) => (None, Some(weights)),
    };
    let bits = sheet_bits(&values);
    let mut shared = input_within(own, Party::Client, sheet, structure.features, bits).await?;
    let mut dense = 0;
    for (&layer, pair) in structure.layers.iter().zip(values.windows(2)) {
        let [before, after] = [pair[0], pair[1]];
        shared = match layer {
            Layer::Dense { outputs, .. } => {
                let own_weights = weights.and_then(|weights| weights.dense(dense));
                dense += 1;
                sums(own, &shared, outputs, own_weights).await?
            }
            Layer::Rectify => {
                let shift = (before.fraction - after.fraction) as usize;
                rectified(own, &shared, shift).await?
            }
            Layer::Sigmoid => by_pieces(own, &shared, before).await?,
            Layer::Largest => Zeroizing::new(vec![largest(own, &shared).await?]),
        };
    }
    if let Some(bits) = to_prove(structure, &values)
        && !within(own, &shared, bits).await?
    {
        return Err(ScoreError::Larger);
    }
    let opened = match to {
        None => Some(reveal(own, &shared).await?),
        Some(party) => reveal_to(own, party, &shared).await?,
    };
    Ok(opened.map(|values| values.iter().map(|&value| whole(value)).collect()))
}

/// Bits of a sheet's numbers.
fn sheet_bits(values: &[Values]) -> usize {
    values.first().map_or(0, |values| values.bits as usize)
}

/// Bits that the score is shown to have before it is opened. A place has no other.
fn to_prove(structure: &Structure, values: &[Values]) -> Option<usize> {
    let last = structure.layers.last().filter(|&&layer| layer != Layer::Largest);
    last.and(values.last()).map(|values| values.bits as usize)
}

/// Numbers that may be below 0, as elements.
fn elements<F: Field>(numbers: &[i64]) -> Elements<F> {
    let element = |&number: &i64| {
        let size = F::from_u64(number.unsigned_abs());
        if number < 0 { -size } else { size }
    };
    Zeroizing::new(numbers.iter().map(element).collect())
}

/// The number that an element stands for: what is larger than 2^63 is below 0.
fn whole<F: Field>(value: F) -> i64 {
    let small = |value: F| value.to_u128().and_then(|value| i64::try_from(value).ok());
    match small(value) {
        Some(number) => number,
        None => small(-value).map_or(i64::MIN, |number| -number),
    }
}

/// A dense layer: the owner brings in its weights and biases.
async fn sums<F: Field>(
    own: &mut Computation<F>,
    values: &[Authenticated<F>],
    outputs: usize,
    weights: Option<(&[i64], &[i64])>,
) -> Result<Shares<F>, PairError> {
    let count = outputs * values.len();
    let given = weights.map(|(weights, biases)| {
        let mut all: Elements<F> = Zeroizing::new(Vec::with_capacity(count + outputs));
        all.extend_from_slice(&elements(weights));
        all.extend_from_slice(&elements(biases));
        all
    });
    let given = given.as_deref().map(Vec::as_slice);
    let weights = input(own, Party::Owner, given, count + outputs).await?;
    let (weights, biases) = weights.split_at(count);
    let shape = MatrixShape { rows: outputs, inner: values.len(), columns: 1 };
    let mut sums = matrix_product(own, shape, weights, values).await?;
    for (sum, &bias) in sums.iter_mut().zip(biases) {
        *sum = *sum + bias;
    }
    Ok(sums)
}

/// The sigmoid by pieces: for every bend, how far each value lies beyond it.
async fn by_pieces<F: NearPower>(
    own: &mut Computation<F>,
    values: &[Authenticated<F>],
    before: Values,
) -> Result<Shares<F>, PairError> {
    let bends = sigmoid::bends();
    let scaled = |number: f64, fraction: u32| -> F {
        let number = fixed(number, fraction).unwrap_or_default();
        elements::<F>(&[number]).first().copied().unwrap_or(F::ZERO)
    };
    let mut beyond: Shares<F> = Zeroizing::new(Vec::with_capacity(values.len() * bends.len()));
    for bend in &bends {
        let at = own.public(scaled(bend.at, before.fraction));
        beyond.extend(values.iter().map(|&value| value - at));
    }
    let beyond = rectified(own, &beyond, 0).await?;
    let lowest = own.public(scaled(sigmoid::lowest(), before.fraction + sigmoid::SLOPE_BITS));
    let mut sums: Shares<F> = Zeroizing::new(vec![lowest; values.len()]);
    for (bend, beyond) in bends.iter().zip(beyond.chunks_exact(values.len().max(1))) {
        let change = elements::<F>(&[bend.change]).first().copied().unwrap_or(F::ZERO);
        for (sum, &beyond) in sums.iter_mut().zip(beyond) {
            *sum = *sum + beyond.scaled(change);
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests;
