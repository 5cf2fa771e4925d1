//! From envelopes in the manifest to the shares that a node computes with.
//!
//! In: for every entry, in the manifest's order, its correction and this node's seeds. Out: for
//! each field of an entry one batch of shares, with a position for every entry, in the form that
//! the terms say. On bits, an entry is the XOR of the components expanded from all seeds and of the
//! correction, which belongs to the first component; 64 entries at a time are turned into planes.
//! On numbers, it is their sum, and the node's Shamir shares follow from the components that it
//! holds ([`crate::sharing::numbers::components`]); for sums the components stay as they are. Local;
//! nothing is sent or learned.
//!
//! Where the answer tells each participant something alone, a mask for it is laid out beside the
//! entry: the XOR of what all its seeds give ([`Seed::reply`]). The participant knows the mask, and
//! t nodes together do not. What is opened under it is the same in every attempt.
//!
//! Memory is that of the shares and of 64 entries, wiped when dropped: entries are added one by
//! one, and nothing of an envelope is kept.

use zeroize::Zeroizing;

use crate::field::{
    Mersenne127,
    bulk::{Elements, zeros},
};
use crate::rules::Layout;
use crate::sharing::bits::batch::{Buffer, zeroed};
use crate::sharing::bits::planes::{WORD, transpose, words, xor_into};
use crate::sharing::elements::Component;
use crate::sharing::form::{CorrectionError, Extent, Form, decode_bits, decode_numbers};
use crate::sharing::numbers::components::{ShareMaker, each_number};
use crate::sharing::{
    Holding, NodeIndex, Scheme, Seed, ShapeError, SharedBits, SharedElements, SharedNumbers,
};

/// Shares that do not fit the terms or the scheme. Envelopes are checked when they come in, so
/// this means that a record of this node is damaged.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SharesError {
    /// Wrong number of seeds.
    #[error("entry number {position} of the manifest has {got} seeds here, not {expected}")]
    Seeds {
        /// Which entry, from 0.
        position: usize,
        /// Components the node holds.
        expected: usize,
        /// Seeds that were given.
        got: usize,
    },
    /// A correction that is not one under the terms.
    #[error("entry number {position} of the manifest: {error}")]
    Correction {
        /// Which entry, from 0.
        position: usize,
        /// How it breaks the encoding.
        error: CorrectionError,
    },
    /// More or fewer entries than were promised.
    #[error("the manifest has {expected} entries; {got} were laid out")]
    Count {
        /// As promised.
        expected: usize,
        /// Entries that were added.
        got: usize,
    },
    /// Batches that do not fit together: a fault of the program.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// Shared entries, in one form or another: a batch for each field, in the order of the fields,
/// and in each a position for every entry.
pub enum Entries {
    /// Replicated shares of bits.
    Bits {
        /// Each batch as wide as its field.
        fields: Vec<SharedBits>,
        /// What each participant alone is told goes under this mask; without bits where that is
        /// nothing.
        masks: SharedBits,
    },
    /// Shamir shares of numbers.
    Numbers(Vec<SharedNumbers<Mersenne127>>),
    /// Components of numbers, to be added up.
    Sums(Vec<SharedElements<Mersenne127>>),
}

impl Entries {
    /// How many entries.
    pub fn len(&self) -> usize {
        match self {
            Self::Bits { fields, .. } => fields.first().map_or(0, SharedBits::len),
            Self::Numbers(fields) => fields.first().map_or(0, SharedNumbers::len),
            Self::Sums(fields) => fields.first().map_or(0, SharedElements::len),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Entries of one field.
impl From<SharedBits> for Entries {
    fn from(field: SharedBits) -> Self {
        let masks = SharedBits::zeros(field.holding(), 0, field.len());
        Self::Bits { fields: vec![field], masks }
    }
}

/// Entries of one field.
impl From<SharedNumbers<Mersenne127>> for Entries {
    fn from(field: SharedNumbers<Mersenne127>) -> Self {
        Self::Numbers(vec![field])
    }
}

/// The only field of entries that have but one.
///
/// # Errors
/// When there are more.
pub fn only_field<T>(fields: Vec<T>) -> Result<T, ShapeError> {
    let [field] = <[T; 1]>::try_from(fields).map_err(|fields| ShapeError {
        what: "fields of an entry",
        expected: 1,
        got: fields.len(),
    })?;
    Ok(field)
}

/// Entries on their way from corrections and seeds to shares, one after the other.
pub struct LayingOut {
    extent: Extent,
    /// Components that the node holds of each entry.
    seeds: usize,
    expected: usize,
    added: usize,
    shares: Shares,
}

enum Shares {
    Bits(BitShares),
    Numbers(NumberShares),
    Sums(SumShares),
}

impl LayingOut {
    /// Make room for this node's shares of `entries` entries.
    pub fn new(form: Form, layout: &Layout, scheme: Scheme, me: NodeIndex, entries: usize) -> Self {
        let holding = Holding::of(scheme, me);
        let shares = match form {
            Form::Bits => Shares::Bits(BitShares::new(layout, holding, entries)),
            Form::Numbers => Shares::Numbers(NumberShares {
                maker: ShareMaker::new(scheme, me),
                fields: layout.fields().map(|_| zeros(entries)).collect(),
            }),
            Form::Sums => Shares::Sums(SumShares::new(layout, holding, entries)),
        };
        let (extent, seeds) = (layout.extent(), holding.components());
        Self { extent, seeds, expected: entries, added: 0, shares }
    }

    /// The same with masks of so many bits for what each participant alone is told, on bits.
    #[must_use]
    pub fn with_masks(mut self, bits: u32) -> Self {
        if let Shares::Bits(shares) = &mut self.shares {
            let planes = || zeroed(bits as usize * words(self.expected));
            shares.masks = (0..self.seeds).map(|_| planes()).collect();
            shares.mask_bits = bits;
        }
        self
    }

    /// Add the next entry of the manifest: its correction, as the envelope publishes it, and this
    /// node's seeds in the order of [`Scheme::held_by`].
    ///
    /// # Errors
    /// When they do not fit; names the entry.
    pub fn add(&mut self, correction: &[u8], seeds: &[Seed]) -> Result<(), SharesError> {
        let (position, extent) = (self.added, self.extent);
        if position >= self.expected {
            return Err(SharesError::Count { expected: self.expected, got: position + 1 });
        }
        let (expected, got) = (self.seeds, seeds.len());
        if expected != got {
            return Err(SharesError::Seeds { position, expected, got });
        }
        let malformed = |error| SharesError::Correction { position, error };
        match &mut self.shares {
            Shares::Bits(shares) => {
                let correction = decode_bits(correction, extent).map_err(malformed)?;
                shares.add(extent, position, &correction, seeds);
            }
            Shares::Numbers(shares) => {
                let correction = decode_numbers(correction, extent).map_err(malformed)?;
                shares.add(position, Elements::new(correction), seeds)?;
            }
            Shares::Sums(shares) => {
                let correction = decode_numbers(correction, extent).map_err(malformed)?;
                shares.add(position, &correction, seeds);
            }
        }
        self.added += 1;
        Ok(())
    }

    /// The shares of all entries.
    ///
    /// # Errors
    /// When fewer were added than promised.
    pub fn finish(self) -> Result<Entries, SharesError> {
        if self.added != self.expected {
            return Err(SharesError::Count { expected: self.expected, got: self.added });
        }
        match self.shares {
            Shares::Bits(shares) => shares.finish(self.extent, self.added),
            Shares::Numbers(NumberShares { fields, .. }) => {
                let fields = fields.into_iter().map(SharedNumbers::from_shares);
                Ok(Entries::Numbers(fields.collect()))
            }
            Shares::Sums(shares) => shares.finish(),
        }
    }
}

/// Entries in planes, and the last few as rows.
struct BitShares {
    holding: Holding,
    widths: Vec<usize>,
    /// Words of a plane.
    stride: usize,
    /// For every component the planes of each field.
    planes: Vec<Vec<Buffer>>,
    /// For every component the entries that are not yet in planes, one after the other.
    rows: Vec<Buffer>,
    mask_bits: u32,
    /// For every component the planes of the masks.
    masks: Vec<Buffer>,
}

impl BitShares {
    fn new(layout: &Layout, holding: Holding, entries: usize) -> Self {
        let stride = words(entries);
        let widths: Vec<usize> = layout.fields().map(|field| field.bits as usize).collect();
        let planes = || widths.iter().map(|width| zeroed(width * stride)).collect();
        let row = words(layout.extent().bits);
        let rows = || zeroed(row * entries.min(WORD));
        let empty = (0..holding.components()).map(|_| zeroed(0)).collect();
        let each = 0..holding.components();
        Self {
            holding,
            stride,
            planes: each.clone().map(|_| planes()).collect(),
            rows: each.map(|_| rows()).collect(),
            widths,
            mask_bits: 0,
            masks: empty,
        }
    }

    fn add(&mut self, extent: Extent, position: usize, correction: &[u64], seeds: &[Seed]) {
        let row = words(extent.bits);
        let place = position % WORD * row..(position % WORD + 1) * row;
        for (rows, seed) in self.rows.iter_mut().zip(seeds) {
            seed.expand(extent.bits, &mut rows[place.clone()]);
        }
        for (planes, seed) in self.masks.iter_mut().zip(seeds).filter(|_| self.mask_bits > 0) {
            let mask = Zeroizing::new(seed.reply(self.mask_bits));
            for (bit, plane) in planes.chunks_exact_mut(self.stride).enumerate() {
                plane[position / WORD] |= (*mask >> bit & 1) << (position % WORD);
            }
        }
        if let Some(rows) = self.holding.designated().and_then(|at| self.rows.get_mut(at)) {
            xor_into(&mut rows[place], correction);
        }
        if position % WORD == WORD - 1 {
            self.turn(extent, position / WORD, WORD);
        }
    }

    /// Turn the rows of up to 64 entries into word number `word` of all planes.
    fn turn(&mut self, extent: Extent, word: usize, entries: usize) {
        let row = words(extent.bits);
        let mut square = Zeroizing::new([0; WORD]);
        for (rows, fields) in self.rows.iter().zip(&mut self.planes) {
            let planes = self.widths.iter().zip(fields.iter_mut());
            let mut planes = planes.flat_map(|(_, field)| field.chunks_exact_mut(self.stride));
            for column in 0..row {
                square.fill(0);
                for (bits, row) in square.iter_mut().zip(rows.chunks_exact(row)).take(entries) {
                    *bits = row[column];
                }
                transpose(&mut square);
                let used = WORD.min(extent.bits - column * WORD);
                for (plane, &bits) in planes.by_ref().take(used).zip(square.iter()) {
                    plane[word] = bits;
                }
            }
        }
    }

    /// The planes of each field, one batch per field, and those of the masks.
    fn finish(mut self, extent: Extent, entries: usize) -> Result<Entries, SharesError> {
        let rest = entries % WORD;
        if rest > 0 {
            self.turn(extent, entries / WORD, rest);
        }
        self.rows.clear();
        let mut components: Vec<_> = self.planes.into_iter().map(Vec::into_iter).collect();
        let field = |width: usize| {
            let planes = components.iter_mut().filter_map(Iterator::next).collect();
            SharedBits::from_components(self.holding, width, entries, planes)
        };
        let fields = self.widths.into_iter().map(field).collect::<Result<_, ShapeError>>()?;
        let masks = (self.mask_bits as usize, self.masks);
        let masks = SharedBits::from_components(self.holding, masks.0, entries, masks.1)?;
        Ok(Entries::Bits { fields, masks })
    }
}

/// The shares of each field.
struct NumberShares {
    maker: ShareMaker<Mersenne127>,
    fields: Vec<Elements<Mersenne127>>,
}

impl NumberShares {
    fn add(
        &mut self,
        position: usize,
        correction: Elements<Mersenne127>,
        seeds: &[Seed],
    ) -> Result<(), SharesError> {
        let mut shares = correction;
        if !self.maker.add_components(&mut shares, seeds) {
            let (expected, got) = (self.maker.seeds(), seeds.len());
            return Err(SharesError::Seeds { position, expected, got });
        }
        for (field, &share) in self.fields.iter_mut().zip(shares.iter()) {
            if let Some(place) = field.get_mut(position) {
                *place = share;
            }
        }
        Ok(())
    }
}

/// The components of each field.
struct SumShares {
    holding: Holding,
    /// For every field, for every component the entries' numbers.
    fields: Vec<Vec<Component<Mersenne127>>>,
}

impl SumShares {
    fn new(layout: &Layout, holding: Holding, entries: usize) -> Self {
        let field = |_| (0..holding.components()).map(|_| Component::zeros(entries)).collect();
        Self { holding, fields: layout.fields().map(field).collect() }
    }

    fn add(&mut self, position: usize, correction: &[Mersenne127], seeds: &[Seed]) {
        let designated = self.holding.designated();
        for (at, seed) in seeds.iter().enumerate() {
            let corrected = designated == Some(at);
            each_number(seed, self.fields.len(), |field, number: Mersenne127| {
                let component = self.fields.get_mut(field).and_then(|field| field.get_mut(at));
                let place = component.and_then(|component| component.get_mut(position));
                if let (Some(place), Some(&correction)) = (place, correction.get(field)) {
                    *place = if corrected { number + correction } else { number };
                }
            });
        }
    }

    fn finish(self) -> Result<Entries, SharesError> {
        let holding = self.holding;
        let field = |components| SharedElements::from_components(holding, components);
        let fields = self.fields.into_iter().map(field).collect::<Result<_, ShapeError>>()?;
        Ok(Entries::Sums(fields))
    }
}

#[cfg(test)]
#[path = "shares_tests.rs"]
mod tests;
