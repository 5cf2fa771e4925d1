//! How rows of bits become columns of elements: every column is the sum of the factors of those rows
//! that have its bit.

#[cfg(target_arch = "x86_64")]
use super::bytes;
use super::element::Binary128;
#[cfg(target_arch = "x86_64")]
use super::instructions;
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

/// What eight rows add to a byte of an element, as a matrix of bits, for each byte and eight rows.
pub(super) type Matrices = [[u64; ROWS / 8]; BYTES];

/// What rows count for. It is public.
pub struct RowFactors {
    pub(super) factors: [Binary128; ROWS],
    pub(super) prepared: Prepared,
}

/// Factors as the instructions of the processor take them.
pub(super) enum Prepared {
    /// As they are.
    #[cfg(not(target_arch = "x86_64"))]
    Plain,
    /// To be looked up.
    #[cfg(target_arch = "x86_64")]
    Tables(Box<Tables>),
    /// For products of bytes with matrices, which this processor has.
    #[cfg(target_arch = "x86_64")]
    Matrices(Box<Matrices>),
}

impl RowFactors {
    /// Those of all rows; what is missing is zero.
    pub fn new(given: &[Binary128]) -> Self {
        let mut factors = [Binary128::default(); ROWS];
        for (factor, given) in factors.iter_mut().zip(given) {
            *factor = *given;
        }
        Self { factors, prepared: Prepared::of(&factors) }
    }
}

impl Prepared {
    #[cfg(target_arch = "x86_64")]
    fn of(factors: &[Binary128; ROWS]) -> Self {
        if instructions::widest() {
            Self::Matrices(matrices(factors))
        } else {
            Self::Tables(tables(factors))
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    const fn of(_factors: &[Binary128; ROWS]) -> Self {
        Self::Plain
    }
}

/// The tables of some factors.
#[cfg(target_arch = "x86_64")]
pub(super) fn tables(factors: &[Binary128; ROWS]) -> Box<Tables> {
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
    tables
}

/// The matrices of some factors.
#[cfg(target_arch = "x86_64")]
pub(super) fn matrices(factors: &[Binary128; ROWS]) -> Box<Matrices> {
    let mut matrices = Box::new([[0; ROWS / 8]; BYTES]);
    for (eight, factors) in factors.as_chunks::<8>().0.iter().enumerate() {
        let factors = factors.map(|factor| factor.to_bits().to_le_bytes());
        for (byte, matrices) in matrices.iter_mut().enumerate() {
            matrices[eight] = bytes::matrix(factors.map(|factor| factor[byte]));
        }
    }
    matrices
}
