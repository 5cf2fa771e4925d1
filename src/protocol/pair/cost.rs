//! The material that computing takes. Exact, so that a batch can be made for a model.

use super::compare::HIDING;
use crate::sharing::pair::BatchShape;

/// As much of everything, one after the other.
#[must_use]
pub fn together(mut one: BatchShape, other: BatchShape) -> BatchShape {
    one.triples += other.triples;
    one.squares += other.squares;
    one.bits += other.bits;
    one.masks += other.masks;
    one.matrices.extend(other.matrices);
    one
}

/// Of [`super::input`] and of [`super::reveal_to`].
pub fn input(count: usize) -> BatchShape {
    BatchShape { masks: count + 1, ..BatchShape::default() }
}

/// Products in the tree of one comparison of so many bits.
fn tree(bits: usize) -> usize {
    let (mut width, mut products) = (bits, 0);
    while width > 1 {
        products += (2 * (width / 2)).saturating_sub(1);
        width = width.div_ceil(2);
    }
    products
}

/// Of [`super::below_zero`].
pub fn below_zero(count: usize, bits: usize) -> BatchShape {
    let triples = count * (tree(bits) + 1);
    BatchShape { triples, bits: count * (bits + 1 + HIDING), ..BatchShape::default() }
}

/// Of [`super::rectified`].
pub fn rectified(count: usize, bits: usize) -> BatchShape {
    together(below_zero(count, bits), BatchShape { triples: count, ..BatchShape::default() })
}

/// Of [`super::largest`].
pub fn largest(count: usize, bits: usize) -> BatchShape {
    let products = BatchShape { triples: 2, ..BatchShape::default() };
    let one = || together(below_zero(1, bits), products.clone());
    (1..count).fold(BatchShape::default(), |sum, _| together(sum, one()))
}

/// Rounds of [`super::below_zero`].
pub fn rounds_below_zero(bits: usize) -> u64 {
    2 + u64::from(bits.next_power_of_two().trailing_zeros())
}
