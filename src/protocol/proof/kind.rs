//! What a kind of gates brings to its proofs: how gates lie in the first level, and sums over what
//! was sent. From the second level on all proofs are the same, but for the field.

use zeroize::Zeroizing;

use super::record::{Batch, Record, Recorded};
use super::shape::{Level, Sizes};
use super::vector::{Spare, Vector};
use crate::field::Field as _;
use crate::protocol::bits::assignment::Duties;
use crate::sharing::NodeIndex;
use crate::sharing::stream::{StreamKey, StreamStart};

/// The left and the right side of something.
pub(in crate::protocol) type Sides<E> = (E, E);

/// A kind of gates that can be proven.
pub(in crate::protocol) trait Kind: Recorded {
    /// The field of its proofs.
    type Field: Spare;
    /// The gates of a batch, as they lie in the first level.
    type Layout<'a>;
    /// What columns weigh.
    type Weights;

    /// Rows of the first level.
    const ROWS: usize;
    /// Values of a proof on the first level.
    const FIRST_VALUES: usize;
    /// Sizes of its proofs.
    const SIZES: Sizes = Sizes::new(Self::Field::BYTES, Self::FIRST_VALUES);

    /// All levels of a proof, the first one first.
    fn levels() -> &'static [Level<Self::Field>];

    /// How the gates of a batch lie.
    fn layout(batch: &Batch<Self>) -> Self::Layout<'_>;

    /// Columns from the second level on.
    fn columns(layout: &Self::Layout<'_>) -> usize;

    /// The weights of a batch: powers of r.
    fn weights(layout: &Self::Layout<'_>, r: Self::Field) -> Self::Weights;

    /// The values of Q at all points of the first level, for a node with these duties that holds so
    /// many components.
    fn first_values(
        layout: &Self::Layout<'_>,
        duties: &Duties,
        held: usize,
        weights: &Self::Weights,
    ) -> Zeroizing<Vec<Self::Field>>;

    /// The columns of all components of x and of y, folded with what each row counts for; those of
    /// x are weighted.
    fn fold_first(
        layout: &Self::Layout<'_>,
        held: usize,
        factors: &[Self::Field],
        weights: &Self::Weights,
    ) -> [Vec<Vector<Self::Field>>; 2];

    /// What some components fold to, over all levels: `next` puts down what the next columns count
    /// for.
    fn fold_all(
        layout: &Self::Layout<'_>,
        components: &[usize],
        factors: &[Self::Field],
        weights: &Self::Weights,
        next: impl FnMut(&mut [Self::Field]),
    ) -> Vec<Sides<Self::Field>>;

    /// Weighted sums by row of pseudorandom parts.
    fn stream(
        layout: &Self::Layout<'_>,
        weights: &Self::Weights,
        key: &StreamKey,
        start: impl Fn(&Record<Self>) -> StreamStart,
    ) -> Vec<Self::Field>;

    /// The same of the sum of all parts, where that is kept.
    fn opened(layout: &Self::Layout<'_>, weights: &Self::Weights) -> Vec<Self::Field>;

    /// The same of what a node sent, where that is kept.
    fn part(
        layout: &Self::Layout<'_>,
        weights: &Self::Weights,
        node: NodeIndex,
    ) -> Vec<Self::Field>;

    /// The same of a component of the results less what was added to them, where results are kept.
    fn component(
        layout: &Self::Layout<'_>,
        weights: &Self::Weights,
        component: usize,
    ) -> Vec<Self::Field>;

    /// The row and the weight of an error in one place of what was sent.
    #[cfg(test)]
    fn error(weights: &Self::Weights, place: usize) -> (usize, Self::Field);
}
