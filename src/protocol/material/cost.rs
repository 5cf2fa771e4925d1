//! Predicted rounds, products and bytes of a batch of material. Tests compare them with what is spent.

use crate::protocol::elements::Arithmetic;
use crate::protocol::{Cost, CostModel};
use crate::sharing::pair::BatchShape;

/// Most values of a batch: what a dealer holds of them with three dealers takes 256 MiB.
pub const MOST_VALUES: usize = 1 << 22;

impl CostModel {
    /// Making a batch of material.
    pub fn material<F: Arithmetic>(self, shape: &BatchShape) -> Cost {
        let products =
            self.multiply_elements::<F>(shape.triples) + self.multiply_elements::<F>(shape.squares);
        let bits = self.multiply_elements::<F>(shape.bits);
        let before = if shape.bits > 0 {
            self.opening_elements::<F>(products + bits, shape.bits)
        } else {
            products
        };
        let matrices = shape.matrices.iter().filter(|shape| shape.inner > 0).map(|shape| {
            let [_, _, outputs] = shape.parts();
            self.inner_products::<F>(shape.inner, outputs)
        });
        let values = matrices.fold(before, |all, one| all + one);
        let macs = self.multiply_elements::<F>(shape.values() + 1);
        (0..3).fold(values + macs, |cost, _| self.opening_elements::<F>(cost, 1))
    }
}
