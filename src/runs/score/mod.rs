//! A score: the owner's model on the client's sheet, computed by the two of them.
//!
//! In: the structure, which both know; the weights, of the owner; the sheet, of the client; a batch of
//! material. Out: the values after the last layer, to whom both have agreed. Who learns what: nothing
//! else. Rounds: three for each side's input; for a dense layer one; for one that compares
//! those of [`crate::protocol::pair::below_zero`] and one. Adversary: as for
//! [`crate::protocol::pair`], but for one thing: that sheet and weights keep to the bounds of the structure
//! is not proven, and who brings in larger numbers learns of the other's from what is compared.
//!
//! - [`mod@material`]: what a score takes of a batch

pub mod material;

use zeroize::Zeroizing;

use crate::field::Field;
use crate::field::bulk::Elements;
use crate::protocol::pair::{
    Computation, PairError, Shares, input, largest, matrix_product, rectified, reveal, reveal_to,
};
use crate::rules::model::fixed::fixed;
use crate::rules::model::structure::Values;
use crate::rules::model::{Layer, Structure, StructureError, Weights, sigmoid};
use crate::sharing::pair::{Authenticated, MatrixShape, Party};

pub use material::{material, traffic};

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
}

/// Compute a score. `to` says who learns it: one party, or both where none is named. Whoever does gets
/// the values after the last layer, with as many bits after the point as the structure says there.
///
/// # Errors
/// When the partner lies or does not answer, or the batch is not for this structure.
pub async fn score<F: Field>(
    own: &mut Computation<F>,
    structure: &Structure,
    mine: Mine<'_>,
    to: Option<Party>,
) -> Result<Option<Vec<i64>>, ScoreError> {
    let values = structure.check()?;
    let (sheet, weights) = match mine {
        Mine::Sheet(sheet) => (Some(elements(sheet)), None),
        Mine::Weights(weights) => (None, Some(weights)),
    };
    let mut shared =
        input(own, Party::Client, sheet.as_deref().map(Vec::as_slice), structure.features).await?;
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
                rectified(own, &shared, before.bits as usize, shift).await?
            }
            Layer::Sigmoid => by_pieces(own, &shared, before).await?,
            Layer::Largest => {
                Zeroizing::new(vec![largest(own, &shared, before.bits as usize + 1).await?])
            }
        };
    }
    let opened = match to {
        None => Some(reveal(own, &shared).await?),
        Some(party) => reveal_to(own, party, &shared).await?,
    };
    Ok(opened.map(|values| values.iter().map(|&value| whole(value)).collect()))
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
async fn by_pieces<F: Field>(
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
    let beyond = rectified(own, &beyond, sigmoid_bits(before), 0).await?;
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

/// Bits of the difference of a value and a bend.
fn sigmoid_bits(before: Values) -> usize {
    (before.bits.max(sigmoid::REACH + before.fraction) + 1) as usize
}

#[cfg(test)]
mod tests;
