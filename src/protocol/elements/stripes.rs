//! How many products are made and checked at a time. Large batches are cut into pieces of so many
//! columns; several are under way at a time, so that computing, sending and checking overlap and
//! use all processors, and memory is needed for those only.

use std::ops::Range;

/// Most products of a piece. Its columns take a megabyte for each component of either factor, in
/// the field of proofs.
pub(super) const PRODUCTS: usize = 1 << 16;

/// Pieces under way at a time.
pub(super) const LANES: usize = 4;

/// A piece of some sums of products.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    /// The sums that it belongs to.
    pub(super) outputs: Range<usize>,
    /// The places of the factors.
    pub(super) places: Range<usize>,
}

/// Sums of `size` products each, cut up.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    outputs: usize,
    size: usize,
}

impl Cut {
    pub(super) const fn new(outputs: usize, size: usize) -> Self {
        Self { outputs, size }
    }

    /// The pieces: of whole sums, or of parts of one.
    pub(super) fn pieces(self) -> Vec<Piece> {
        let Self { outputs, size } = self;
        if size > PRODUCTS {
            let parts = |output: usize| {
                let starts = (output * size..(output + 1) * size).step_by(PRODUCTS);
                starts.map(move |start| Piece {
                    outputs: output..output + 1,
                    places: start..(start + PRODUCTS).min((output + 1) * size),
                })
            };
            return (0..outputs).flat_map(parts).collect();
        }
        let whole = PRODUCTS / size.max(1);
        let piece = |first: usize| {
            let end = (first + whole).min(outputs);
            Piece { outputs: first..end, places: first * size..end * size }
        };
        (0..outputs.max(1)).step_by(whole).map(piece).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::elements::stripes::*;

    #[test]
    fn pieces_cover_everything_once() {
        for (outputs, size) in [
            (0, 1),
            (1, 1),
            (PRODUCTS, 1),
            (PRODUCTS + 1, 1),
            (3, PRODUCTS / 2 + 1),
            (2, 2 * PRODUCTS + 1),
            (40_000, 7),
            (5, 0),
        ] {
            let pieces = Cut::new(outputs, size).pieces();
            let mut next = 0;
            for piece in &pieces {
                assert_eq!(piece.places.start, next);
                next = piece.places.end;
                assert!(piece.places.len() <= PRODUCTS);
                let inside = piece.outputs.start * size <= piece.places.start;
                assert!(inside && piece.places.end <= piece.outputs.end * size);
            }
            assert_eq!(next, outputs * size);
            assert_eq!(pieces.last().map(|piece| piece.outputs.end), Some(outputs));
        }
    }
}
