//! From bits to elements: the first level of a proof.
//!
//! The flat row of a record lies in chunks of eight words. Word k of a chunk belongs to row k; bit
//! b of the chunk's words is one column. Gates that are sums have several products in one place,
//! layer upon layer: they have one weight, and from the second level on columns of their own.

use zeroize::Zeroizing;

use super::record::Batch;
use super::vector::{Vector, add_into};
use crate::field::binary128::small::{self, BITS, FURTHER, Products, ROWS};
use crate::field::binary128::{Unreduced, scale_by, weigh};
use crate::field::{Binary128, Field as _};
use crate::protocol::bits::assignment::Duties;
use crate::protocol::bits::gates::{Gates, Side};
use crate::sharing::bits::batch::{Buffer, zeroed};
use crate::sharing::bits::planes::{WORD, transpose};

/// Words worked on at a time; a multiple of a chunk.
pub(super) const TILE: usize = 256;

/// Chunks of a tile.
const CHUNKS: usize = TILE / ROWS;

/// The weights of the chunks of a batch: r, r^2 and so on. Bit b of a chunk weighs x^b times that.
pub(super) fn weights(batch: &Batch, r: Binary128) -> Vec<Binary128> {
    let chunks = batch.records.iter().map(|record| chunks(record.gates.total())).sum();
    let mut weight = Binary128::ONE;
    let next = |_| {
        weight *= r;
        weight
    };
    (0..chunks).map(next).collect()
}

/// Chunks of so many words.
pub(super) const fn chunks(words: usize) -> usize {
    words.div_ceil(ROWS)
}

/// Columns of a batch from the second level on.
pub(super) fn columns(batch: &Batch) -> usize {
    let of = |gates: &Gates<'_>| chunks(gates.total()) * gates.layers() * WORD;
    batch.records.iter().map(|record| of(&record.gates.gates())).sum()
}

/// Sums over columns of weighted words, row by row.
#[derive(Default)]
pub(super) struct RowSums([Unreduced; ROWS]);

impl RowSums {
    /// Add a tile of words that begins with a chunk.
    pub(super) fn add(&mut self, words: &[u64], weights: &[Binary128]) {
        for (row, sum) in self.0.iter_mut().enumerate() {
            if let Some(words) = words.get(row..) {
                sum.add(weigh(words, weights, ROWS));
            }
        }
    }

    pub(super) fn reduce(&self) -> [Binary128; ROWS] {
        self.0.map(Unreduced::reduce)
    }
}

/// Walk over a flat row of so many words in tiles, given with their weights: where each begins.
pub(super) fn tiles(
    total: usize,
    weights: &[Binary128],
) -> impl Iterator<Item = (usize, usize, &[Binary128])> {
    (0..total).step_by(TILE).zip(weights.chunks(CHUNKS)).map(move |(first, weights)| {
        let len = TILE.min(total - first);
        (first, len, weights)
    })
}

/// Hand out every record's gates with the weights of its chunks.
pub(super) fn each_record<'a>(
    batch: &'a Batch,
    weights: &'a [Binary128],
) -> impl Iterator<Item = (Gates<'a>, &'a [Binary128])> {
    let mut next = 0;
    batch.records.iter().map(move |record| {
        let gates = record.gates.gates();
        let chunks = chunks(gates.total());
        let own = &weights[next..next + chunks];
        next += chunks;
        (gates, own)
    })
}

/// The values of Q at all points of the first level.
pub(super) fn first_values(
    batch: &Batch,
    duties: &Duties,
    held: usize,
    weights: &[Binary128],
) -> Zeroizing<Vec<Binary128>> {
    let mut rows = RowSums::default();
    let mut further = Zeroizing::new([[Unreduced::default(); BITS]; FURTHER]);
    let mut bench = Bench::new(held);
    for (gates, weights) in each_record(batch, weights) {
        for layer in 0..gates.layers() {
            for (first, len, weights) in tiles(gates.total(), weights) {
                bench.load(&gates, layer, first, len);
                bench.multiply(duties, weights.len());
                rows.add(&bench.raw[..weights.len() * ROWS], weights);
                for (sums, planes) in further.iter_mut().zip(bench.planes.chunks(BITS * CHUNKS)) {
                    for (sum, plane) in sums.iter_mut().zip(planes.chunks(CHUNKS)) {
                        sum.add(weigh(&plane[..weights.len()], weights, 1));
                    }
                }
            }
        }
    }
    let value = |sums: &[Unreduced; BITS]| {
        let parts = sums.iter().zip(small::BASIS).map(|(sum, basis)| sum.reduce() * basis);
        parts.fold(Binary128::ZERO, |sum, part| sum + part)
    };
    let rows = rows.reduce();
    Zeroizing::new(rows.into_iter().chain(further.iter().map(value)).collect())
}

/// What a tile is worked on with.
struct Bench {
    held: usize,
    /// Tiles of all components of x, then of y.
    operands: Buffer,
    /// The sums of components that are multiplied.
    left: Buffer,
    right: Buffer,
    /// The products of rows.
    raw: Buffer,
    /// Products at further points, chunk by chunk.
    products: Zeroizing<Vec<[Products; FURTHER]>>,
    /// The same, reduced: by point and bit.
    planes: Buffer,
}

impl Bench {
    fn new(held: usize) -> Self {
        Self {
            held,
            operands: zeroed(2 * held * TILE),
            left: zeroed(TILE),
            right: zeroed(TILE),
            raw: zeroed(TILE),
            products: vec![[Products::default(); FURTHER]; CHUNKS].into(),
            planes: zeroed(FURTHER * BITS * CHUNKS),
        }
    }

    fn load(&mut self, gates: &Gates<'_>, layer: usize, first: usize, len: usize) {
        for (place, tile) in self.operands.chunks_mut(TILE).enumerate() {
            let (side, component) = if place < self.held {
                (Side::Left, place)
            } else {
                (Side::Right, place - self.held)
            };
            gates.side(layer, side, component, first, &mut tile[..len]);
            tile[len..].fill(0);
        }
    }

    /// Multiply so many chunks.
    fn multiply(&mut self, duties: &Duties, used: usize) {
        let Self { held, operands, left, right, raw, products, planes } = self;
        let words = used * ROWS;
        let (left, right) = (&mut left[..words], &mut right[..words]);
        let (raw, products) = (&mut raw[..words], &mut products[..used]);
        raw.fill(0);
        products.fill([Products::default(); FURTHER]);
        for (xs, ys) in &duties.products {
            for (sum, chosen, from) in [(&mut *left, xs, 0), (&mut *right, ys, *held)] {
                sum.fill(0);
                for &component in chosen {
                    let tile = &operands[(from + component) * TILE..][..words];
                    crate::sharing::bits::planes::xor_into(sum, tile);
                }
            }
            for (raw, (left, right)) in raw.iter_mut().zip(left.iter().zip(right.iter())) {
                *raw ^= left & right;
            }
            let chunks = left.as_chunks::<ROWS>().0.iter().zip(right.as_chunks::<ROWS>().0);
            for (products, (left, right)) in products.iter_mut().zip(chunks) {
                small::add_extended(products, left, right);
            }
        }
        for (chunk, products) in products.iter().enumerate() {
            for (&sum, planes) in products.iter().zip(planes.chunks_mut(BITS * CHUNKS)) {
                for (bit, plane) in small::reduce(sum).into_iter().enumerate() {
                    planes[bit * CHUNKS + chunk] = plane;
                }
            }
        }
    }
}

/// The columns of a component of one side, folded with what each row counts for; the left side is
/// weighted. What is missing to `room` columns is zero.
pub(super) fn fold_first(
    batch: &Batch,
    place: (Side, usize),
    factors: &[Binary128],
    weights: &[Binary128],
    room: usize,
) -> Vector {
    let mut folded = Vector::zeros(room);
    let mut next = 0;
    each_folded(batch, place, factors, weights, |columns| {
        folded[next..next + WORD].copy_from_slice(columns);
        next += WORD;
    });
    folded
}

/// Hand out the same columns in their order, 64 at a time.
pub(super) fn each_folded(
    batch: &Batch,
    (side, component): (Side, usize),
    factors: &[Binary128],
    weights: &[Binary128],
    mut each: impl FnMut(&[Binary128; WORD]),
) {
    let mut columns = Zeroizing::new([Binary128::ZERO; WORD]);
    let mut words = zeroed(TILE);
    let mut of_bits = [Binary128::ZERO; WORD];
    let mut folder = Folder::new(factors);
    for (gates, weights) in each_record(batch, weights) {
        for layer in 0..gates.layers() {
            for (first, len, weights) in tiles(gates.total(), weights) {
                gates.side(layer, side, component, first, &mut words[..len]);
                words[len..].fill(0);
                for (chunk, &weight) in words.as_chunks::<ROWS>().0.iter().zip(weights) {
                    folder.fold(chunk, &mut columns);
                    if side == Side::Left {
                        let mut own = weight;
                        for place in &mut of_bits {
                            *place = own;
                            own = own.double();
                        }
                        scale_by(columns.as_mut_slice(), &of_bits);
                    }
                    each(&columns);
                }
            }
        }
    }
}

/// What folds eight rows of bits into one: every bit of the results is the XOR of the rows whose
/// factor has that bit, found in two tables of the XORs of four rows each. Which places of the
/// tables are read follows from the factors, which all know; what is in them is secret.
struct Folder {
    places: [[u8; 2]; 128],
    tables: Zeroizing<[[u64; 1 << HALF]; 2]>,
    squares: Zeroizing<[[u64; WORD]; 2]>,
}

/// Rows of a table.
const HALF: usize = ROWS / 2;

impl Folder {
    fn new(factors: &[Binary128]) -> Self {
        let place = |bit: usize, half: usize| {
            let factors = factors.iter().skip(half * HALF).take(HALF).enumerate();
            let set =
                factors.map(|(row, factor)| u8::from(factor.to_bits() >> bit & 1 == 1) << row);
            set.sum()
        };
        let places = std::array::from_fn(|bit| [place(bit, 0), place(bit, 1)]);
        let (tables, squares) = ([[0; 1 << HALF]; 2], [[0; WORD]; 2]);
        Self { places, tables: Zeroizing::new(tables), squares: Zeroizing::new(squares) }
    }

    /// Fold a chunk into 64 columns.
    fn fold(&mut self, chunk: &[u64; ROWS], columns: &mut [Binary128; WORD]) {
        let Self { places, tables, squares } = self;
        for (table, rows) in tables.iter_mut().zip(chunk.as_chunks::<HALF>().0) {
            for place in 1..table.len() {
                let lowest = place.trailing_zeros() as usize;
                table[place] = table[place & (place - 1)] ^ rows[lowest];
            }
        }
        let plane =
            |[low, high]: [u8; 2]| tables[0][usize::from(low)] ^ tables[1][usize::from(high)];
        for (square, places) in squares.iter_mut().zip(places.as_chunks::<WORD>().0) {
            for (word, &places) in square.iter_mut().zip(places) {
                *word = plane(places);
            }
            transpose(square);
        }
        let halves = squares[0].iter().zip(&squares[1]);
        for (column, (&low, &high)) in columns.iter_mut().zip(halves) {
            *column = Binary128::from_bits(u128::from(high) << 64 | u128::from(low));
        }
    }
}

/// Add up some vectors.
pub(super) fn add_up(vectors: &[&[Binary128]], chosen: &[usize], sum: &mut [Binary128]) {
    sum.fill(Binary128::ZERO);
    for &place in chosen {
        add_into(sum, vectors[place]);
    }
}
