//! Predicted rounds, products and bytes of a batch of material, which tests compare with what is spent; and
//! how large a batch may be.

use crate::field::Field;
use crate::protocol::elements::Arithmetic;
use crate::protocol::{Cost, CostModel};
use crate::sharing::Scheme;
use crate::sharing::pair::BatchShape;

/// Most values of a batch, whoever makes it.
pub const MOST_VALUES: usize = 1 << 22;

/// Most bytes that a dealer keeps of a batch: a row of its database, of which SQLite takes 10^9 bytes and
/// PostgreSQL 2^30.
const MOST_KEPT: usize = 900 << 20;

/// A batch that is too large for its dealers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a batch of this model has {values} values; {} dealers with a threshold of {}, who each keep {} shares \
     of a value, make at most {most}: announce a smaller model",
    .scheme.nodes(), .scheme.threshold(), .scheme.held()
)]
pub struct TooLarge {
    /// Its values.
    pub values: usize,
    /// The most that there may be.
    pub most: usize,
    /// The dealers.
    pub scheme: Scheme,
}

/// Bytes that each dealer keeps of a batch of so many values: all the components that it holds of them, of
/// their MACs and of the key. What it sends of a batch is no more, as a portion is the sum of components
/// that are in no other.
pub const fn kept<F: Field>(values: usize, scheme: Scheme) -> usize {
    let elements = values.saturating_mul(2).saturating_add(1);
    elements.saturating_mul(scheme.held()).saturating_mul(F::BYTES)
}

/// The most values that a batch of these dealers may have.
pub const fn most_values<F: Field>(scheme: Scheme) -> usize {
    let most = (MOST_KEPT / F::BYTES / scheme.held() - 1) / 2;
    if most < MOST_VALUES { most } else { MOST_VALUES }
}

/// Whether these dealers can make a batch of this shape, and keep and send what they have of it: the one
/// rule for coordinators, who announce models, and for dealers.
///
/// # Errors
/// Says how large one may be.
pub fn fits<F: Field>(shape: &BatchShape, scheme: Scheme) -> Result<(), TooLarge> {
    let (values, most) = (shape.values(), most_values::<F>(scheme));
    if values > most { Err(TooLarge { values, most, scheme }) } else { Ok(()) }
}

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

#[cfg(test)]
mod tests {
    use crate::field::Pair127;
    use crate::protocol::material::cost::*;

    fn scheme(nodes: u8, threshold: u8) -> Scheme {
        Scheme::new(nodes, threshold).unwrap()
    }

    #[test]
    fn a_batch_is_as_large_as_what_each_dealer_keeps_of_it_allows() {
        // Three dealers keep two components of each value.
        assert_eq!(kept::<Pair127>(MOST_VALUES, scheme(3, 1)), (256 << 20) + 32);
        for (nodes, threshold, most) in [
            (3, 1, MOST_VALUES),
            (5, 2, MOST_VALUES),
            (7, 3, 1_474_559),
            (9, 4, 421_302),
            (10, 3, 351_085),
        ] {
            let scheme = scheme(nodes, threshold);
            assert_eq!(most_values::<Pair127>(scheme), most, "{nodes} nodes");
            assert!(kept::<Pair127>(most, scheme) <= MOST_KEPT);
            let whole = most == MOST_VALUES;
            assert_eq!(kept::<Pair127>(most + 1, scheme) <= MOST_KEPT, whole, "{nodes} nodes");
            let of = |masks| BatchShape { masks, ..BatchShape::default() };
            assert_eq!(fits::<Pair127>(&of(most), scheme), Ok(()));
            let values = most + 1;
            assert_eq!(
                fits::<Pair127>(&of(values), scheme),
                Err(TooLarge { values, most, scheme })
            );
        }
        let ten = BatchShape { masks: 1_000_000, ..BatchShape::default() };
        let said = fits::<Pair127>(&ten, scheme(10, 3)).unwrap_err().to_string();
        assert!(said.contains("has 1000000 values; 10 dealers"), "{said}");
        assert!(said.contains("84 shares of a value, make at most 351085"), "{said}");
        assert_eq!(kept::<Pair127>(usize::MAX, scheme(10, 3)), usize::MAX);
    }
}
