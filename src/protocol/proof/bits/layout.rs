//! Where the gates of a batch lie in the first level of a proof.
//!
//! The words of all records, one record after the other, lie in chunks of 256: word w of a chunk is
//! word w mod 4 of row w / 4. So a chunk is 64 rows of 256 columns. Gates that are sums have several
//! products in one place, layer upon layer: they have one weight, and from the second level on
//! columns of their own. Records begin at even words, since their streams come in pairs of words.

use std::ops::Range;

use crate::field::binary128::fold::COLUMNS;
use crate::field::binary128::small::{LANES, ROWS, Rows};
use crate::field::{Binary128, Field as _};
use crate::protocol::bits::gates::{Gates, Side};
use crate::protocol::proof::record::{Batch, Bits, Record};
use crate::sharing::bits::planes::WORD;

/// Words of a chunk.
const CHUNK: usize = ROWS * LANES;

/// The gates of a batch, as they lie in chunks.
pub(in crate::protocol) struct Layout<'a> {
    records: Vec<(&'a Record<Bits>, Gates<'a>)>,
    pieces: Vec<Piece>,
    chunks: Vec<Chunk>,
}

/// What a chunk has of a record.
struct Piece {
    record: usize,
    /// The layers of the record.
    layers: usize,
    /// The first word of the record's flat row.
    first: usize,
    /// Where it goes.
    place: Range<usize>,
}

struct Chunk {
    pieces: Range<usize>,
    /// The most layers of a record in it.
    layers: usize,
}

impl<'a> Layout<'a> {
    pub(super) fn of(batch: &'a Batch<Bits>) -> Self {
        let (mut pieces, mut chunks): (Vec<Piece>, Vec<Chunk>) = (Vec::new(), Vec::new());
        let mut end = 0;
        let gates = |(number, record): (usize, &'a Record<Bits>)| {
            let gates = record.gates.gates();
            let (layers, total) = (gates.layers(), gates.total());
            let mut first = 0;
            while first < total {
                let begin = end % CHUNK;
                if begin == 0 {
                    chunks.push(Chunk { pieces: pieces.len()..pieces.len(), layers: 0 });
                }
                let len = (CHUNK - begin).min(total - first);
                pieces.push(Piece { record: number, layers, first, place: begin..begin + len });
                if let Some(chunk) = chunks.last_mut() {
                    chunk.pieces.end = pieces.len();
                    chunk.layers = chunk.layers.max(layers);
                }
                first += len;
                end += len;
            }
            end = end.next_multiple_of(2);
            (record, gates)
        };
        let records = batch.records.iter().enumerate().map(gates).collect();
        Self { records, pieces, chunks }
    }

    /// Columns from the second level on.
    pub(super) fn columns(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.layers * COLUMNS).sum()
    }

    /// Layers of every chunk, in order.
    pub(super) fn layers(&self) -> impl Iterator<Item = usize> {
        self.chunks.iter().map(|chunk| chunk.layers)
    }

    /// The weights of a batch: for each word of a chunk's rows the next power of r. Bit b of that
    /// word weighs x^b times that.
    pub(super) fn weights(&self, r: Binary128) -> Weights {
        let mut weight = Binary128::ONE;
        let mut next = || {
            weight *= r;
            weight
        };
        self.chunks.iter().map(|_| std::array::from_fn(|_| next())).collect()
    }

    /// Put down a component of one side of a layer's products of a chunk; zero where there is none.
    pub(super) fn put(
        &self,
        (chunk, layer): (usize, usize),
        (side, component): (Side, usize),
        rows: &mut Rows,
    ) {
        let words = rows.as_flattened_mut();
        let mut end = 0;
        for piece in &self.pieces[self.chunks[chunk].pieces.clone()] {
            words[end..piece.place.start].fill(0);
            let place = &mut words[piece.place.clone()];
            if layer < piece.layers {
                self.records[piece.record].1.side(layer, side, component, piece.first, place);
            } else {
                place.fill(0);
            }
            end = piece.place.end;
        }
        words[end..].fill(0);
    }

    /// Put down something else that the records of a chunk have in every place.
    pub(super) fn put_words(
        &self,
        chunk: usize,
        mut words: impl FnMut(&Record<Bits>, &Gates<'_>, usize, &mut [u64]),
        rows: &mut Rows,
    ) {
        let all = rows.as_flattened_mut();
        all.fill(0);
        for piece in &self.pieces[self.chunks[chunk].pieces.clone()] {
            let (record, gates) = &self.records[piece.record];
            words(record, gates, piece.first, &mut all[piece.place.clone()]);
        }
    }
}

/// For every chunk the weights of the four words of its rows.
pub(in crate::protocol) type Weights = Vec<[Binary128; LANES]>;

/// What the columns of a chunk weigh.
pub(super) fn column_weights(weights: &[Binary128; LANES], columns: &mut [Binary128; COLUMNS]) {
    for (columns, &weight) in columns.as_chunks_mut::<WORD>().0.iter_mut().zip(weights) {
        let mut weight = weight;
        for column in columns {
            *column = weight;
            weight = weight.double();
        }
    }
}
