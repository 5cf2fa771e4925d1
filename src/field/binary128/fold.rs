//! How rows of bits become columns of elements: every column is the sum of the factors of those rows
//! that have its bit.

use super::element::Binary128;
use super::small::{LANES, ROWS};

/// Columns of a chunk of rows.
pub const COLUMNS: usize = 64 * LANES;

/// Bytes of an element.
pub(super) const BYTES: usize = 16;

/// Rows whose bits are looked up together.
const FOUR: usize = 4;

/// The sums of all subsets of four rows' factors, byte by byte: one row of bytes, the places of a
/// table, for each byte of an element and four rows.
pub(super) type Tables = [[[u8; 1 << FOUR]; ROWS / FOUR]; BYTES];

/// What rows count for. It is public.
pub struct RowFactors {
    pub(super) factors: [Binary128; ROWS],
    /// Read by the instructions that look bits up; the portable twin does without.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code))]
    pub(super) tables: Box<Tables>,
}

impl RowFactors {
    /// Those of all rows; what is missing is zero.
    pub fn new(given: &[Binary128]) -> Self {
        let mut factors = [Binary128::default(); ROWS];
        for (factor, given) in factors.iter_mut().zip(given) {
            *factor = *given;
        }
        let sum = |fours: usize, place: usize| {
            let chosen = (0..FOUR).filter(|row| place >> row & 1 == 1);
            chosen.fold(0, |sum, row| sum ^ factors[FOUR * fours + row].to_bits())
        };
        let mut tables = Box::new([[[0; 1 << FOUR]; ROWS / FOUR]; BYTES]);
        for fours in 0..ROWS / FOUR {
            for place in 0..1 << FOUR {
                for (table, byte) in tables.iter_mut().zip(sum(fours, place).to_le_bytes()) {
                    table[fours][place] = byte;
                }
            }
        }
        Self { factors, tables }
    }
}
