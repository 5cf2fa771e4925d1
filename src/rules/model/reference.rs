//! A score computed in the clear, with real numbers.

use super::sigmoid;
use super::structure::{Layer, Structure};
use super::weights::Dense;

/// The values after the last layer. The weights fit the structure.
pub fn score(structure: &Structure, weights: &[Dense], sheet: &[f64]) -> Vec<f64> {
    let mut values = sheet.to_vec();
    let mut dense = weights.iter();
    for layer in &structure.layers {
        values = match layer {
            Layer::Dense { .. } => {
                let Some(layer) = dense.next() else { return values };
                let rows = layer.weights.chunks(values.len().max(1)).zip(&layer.biases);
                let sum = |(row, bias): (&[f64], &f64)| {
                    row.iter().zip(&values).map(|(weight, value)| weight * value).sum::<f64>()
                        + bias
                };
                rows.map(sum).collect()
            }
            Layer::Rectify => values.iter().map(|value| value.max(0.0)).collect(),
            Layer::Sigmoid => values.iter().map(|&value| sigmoid::exact(value)).collect(),
            Layer::Largest => {
                let first =
                    (0..values.len()).rev().max_by(|&a, &b| values[a].total_cmp(&values[b]));
                vec![first.unwrap_or_default() as f64]
            }
        };
    }
    values
}
