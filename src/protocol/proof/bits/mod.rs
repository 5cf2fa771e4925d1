//! Gates on bits, as they are proven: the first level is over bits, in a subfield of 256 elements.
//!
//! - [`layout`]: where gates lie in the first level
//! - `columns`: from bits to elements: the first level

mod columns;
pub(super) mod layout;

use std::sync::LazyLock;

use zeroize::Zeroizing;

use super::kind::{Kind, Sides};
use super::record::{Batch, Bits, Record, Sent};
use super::shape::{self, Level};
use super::vector::Vector;
use crate::field::Binary128;
use crate::field::binary128::small;
use crate::field::binary128::small::ROWS;
use crate::protocol::bits::assignment::Duties;
use crate::protocol::bits::gates::Gates;
use crate::sharing::NodeIndex;
use crate::sharing::bits::planes::{WORD_BYTES, read_le};
use crate::sharing::stream::{StreamKey, StreamStart};
use columns::{RowSums, no_rows};
use layout::{Layout, Weights};

impl Kind for Bits {
    type Field = Binary128;
    type Layout<'a> = Layout<'a>;
    type Weights = Weights;

    const ROWS: usize = ROWS;
    const FIRST_VALUES: usize = ROWS + small::FURTHER;

    fn levels() -> &'static [Level<Binary128>] {
        static ALL: LazyLock<Vec<Level<Binary128>>> = LazyLock::new(|| {
            let all = small::points(ROWS + small::FURTHER);
            shape::levels(Level::of_points(small::points(ROWS), all))
        });
        &ALL
    }

    fn layout(batch: &Batch<Self>) -> Layout<'_> {
        Layout::of(batch)
    }

    fn columns(layout: &Layout<'_>) -> usize {
        layout.columns()
    }

    fn weights(layout: &Layout<'_>, r: Binary128) -> Weights {
        layout.weights(r)
    }

    fn first_values(
        layout: &Layout<'_>,
        duties: &Duties,
        held: usize,
        weights: &Weights,
    ) -> Zeroizing<Vec<Binary128>> {
        columns::first_values(layout, duties, held, weights)
    }

    fn fold_first(
        layout: &Layout<'_>,
        held: usize,
        factors: &[Binary128],
        weights: &Weights,
    ) -> [Vec<Vector<Binary128>>; 2] {
        columns::fold_first(layout, held, factors, weights)
    }

    fn fold_all(
        layout: &Layout<'_>,
        components: &[usize],
        factors: &[Binary128],
        weights: &Weights,
        next: impl FnMut(&mut [Binary128]),
    ) -> Vec<Sides<Binary128>> {
        columns::fold_all(layout, components, factors, weights, next)
    }

    fn stream(
        layout: &Layout<'_>,
        weights: &Weights,
        key: &StreamKey,
        start: impl Fn(&Record<Self>) -> StreamStart,
    ) -> Vec<Binary128> {
        let words = |record: &Record<Self>, _: &Gates<'_>, first: usize, tile: &mut [u64]| {
            key.write_at(start(record), first / 2, tile);
        };
        rows(layout, weights, words)
    }

    fn opened(layout: &Layout<'_>, weights: &Weights) -> Vec<Binary128> {
        rows(layout, weights, |record, _, first, tile| {
            if let Sent::Sum(opened) = &record.sent {
                tile.copy_from_slice(&opened[first..first + tile.len()]);
            }
        })
    }

    fn part(layout: &Layout<'_>, weights: &Weights, node: NodeIndex) -> Vec<Binary128> {
        rows(layout, weights, |record, _, first, tile| {
            if let Sent::Each(parts) = &record.sent
                && let Some((_, part)) = parts.iter().find(|(sender, _)| *sender == node)
            {
                let bytes = first * WORD_BYTES..(first + tile.len()) * WORD_BYTES;
                read_le(tile, &part[bytes]);
            }
        })
    }

    fn component(layout: &Layout<'_>, weights: &Weights, component: usize) -> Vec<Binary128> {
        rows(layout, weights, |record, gates, first, tile| {
            if let Sent::Ring(results) = &record.sent {
                let words = &results.component(component)[first..first + tile.len()];
                tile.copy_from_slice(words);
                gates.add(component, first, tile);
            }
        })
    }

    #[cfg(test)]
    fn error(weights: &Weights, place: usize) -> (usize, Binary128) {
        let (word, bit) = (place / 64, place % 64);
        let weight = weights[word / 256][word % 4] * Binary128::from_bits(1 << bit);
        (word % 256 / 4, weight)
    }
}

/// Sums of words that are put down piece by piece.
fn rows(
    layout: &Layout<'_>,
    weights: &Weights,
    mut words: impl FnMut(&Record<Bits>, &Gates<'_>, usize, &mut [u64]),
) -> Vec<Binary128> {
    let mut sums = RowSums::none();
    let mut rows = no_rows();
    for (chunk, weights) in weights.iter().enumerate() {
        layout.put_words(chunk, &mut words, &mut rows);
        sums.add(&rows, weights);
    }
    sums.reduce().to_vec()
}
