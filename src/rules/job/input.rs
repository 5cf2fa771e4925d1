//! Who hands what in, and how an entry is laid out.
//!
//! All entries of a session have the same fields, so those of a job have as many as whoever hands
//! in most of all needs, each as wide as the widest value that anybody puts there. A participant's
//! values lie in the order of the steps, from the first field on; a value of more than
//! [`LIMB_BITS`] bits takes several fields, its lowest bits first. Whatever is in a field above the
//! bits of the value, or behind the last one, does not count: so every entry is a valid one.

use std::ops::Range as Places;

use zeroize::Zeroizing;

use super::graph::{Graph, Input};
use super::number::Number;
use super::prime::Prime;
use crate::rules::entries::{Field, Layout, LayoutError};
use crate::sharing::seed::mask;

/// Most bits of a value in a field.
pub const LIMB_BITS: u32 = 60;

/// Where the bits of a value lie: in which fields, and how many of each count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Whose entry it is in, by place among the participants.
    pub participant: usize,
    /// The fields.
    pub fields: Places<usize>,
    /// Bits of the value.
    pub bits: u32,
}

impl Place {
    /// Bits in each of the fields.
    pub fn limbs(&self) -> impl Iterator<Item = (usize, u32)> + use<> {
        let bits = self.bits;
        self.fields
            .clone()
            .zip(0..)
            .map(move |(field, at)| (field, LIMB_BITS.min(bits.saturating_sub(at * LIMB_BITS))))
    }
}

fn places(prime: Prime, inputs: &[Input]) -> Vec<Place> {
    let participants = inputs.iter().map(|input| input.participant + 1).max().unwrap_or(0);
    let mut next = vec![0; participants];
    let place = |input: &Input| {
        let bits = input.bits.unwrap_or(prime.bits());
        let first = next[input.participant];
        next[input.participant] += bits.div_ceil(LIMB_BITS) as usize;
        Place { participant: input.participant, fields: first..next[input.participant], bits }
    };
    inputs.iter().map(place).collect()
}

/// The fields of an entry of whoever hands in these.
///
/// # Errors
/// When there are none, or too many.
pub fn layout(prime: Prime, inputs: &[Input]) -> Result<Layout, LayoutError> {
    let mut widths: Vec<u32> = Vec::new();
    for place in places(prime, inputs) {
        for (field, bits) in place.limbs() {
            if field >= widths.len() {
                widths.resize(field + 1, 0);
            }
            widths[field] = widths[field].max(bits);
        }
    }
    if widths.is_empty() {
        // Nobody hands anything in. An entry has a bit all the same, which counts for nothing.
        widths.push(1);
    }
    Layout::new(widths.into_iter().map(|bits| Field { bits, maximum: mask(bits) }))
}

/// Why a value cannot be handed in: what would fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unfit(pub String);

impl Graph {
    /// Bits of a value that is handed in.
    pub fn bits_of(&self, input: &Input) -> u32 {
        input.bits.unwrap_or(self.prime.bits())
    }

    /// Where each value that is handed in lies, in the order of [`Graph::inputs`].
    pub fn places(&self) -> Vec<Place> {
        places(self.prime, &self.inputs)
    }

    /// The fields of an entry.
    ///
    /// # Errors
    /// When there are none, or too many.
    pub fn layout(&self) -> Result<Layout, LayoutError> {
        layout(self.prime, &self.inputs)
    }

    /// Whether a value may be handed in as this input.
    ///
    /// # Errors
    /// Says what would fit.
    pub fn check_value(&self, input: &Input, value: &Number) -> Result<(), Unfit> {
        match input.bits {
            Some(bits) if value.bits() > bits => Err(Unfit(format!("below 2^{bits}"))),
            None if *value >= self.prime.number() => {
                Err(Unfit(format!("below the prime, {}", self.prime.number())))
            }
            _ => Ok(()),
        }
    }

    /// The entry of a participant who hands in these values, one for each of its inputs in order.
    pub fn entry(&self, participant: usize, values: &[Number]) -> Zeroizing<Vec<u64>> {
        let fields = self.layout().map_or(0, |layout| layout.extent().fields);
        let mut entry = Zeroizing::new(vec![0; fields]);
        let own = self.places().into_iter().filter(|place| place.participant == participant);
        for (place, value) in own.zip(values) {
            for (at, (field, bits)) in (0..).zip(place.limbs()) {
                if let Some(entry) = entry.get_mut(field) {
                    *entry = bits_at(value, at * LIMB_BITS) & mask(bits);
                }
            }
        }
        entry
    }

    /// The value of an input in an entry.
    pub fn value(&self, place: &Place, entry: &[u64]) -> Number {
        let mut words = [0_u64; 4];
        for (at, (field, bits)) in (0..).zip(place.limbs()) {
            let limb = entry.get(field).copied().unwrap_or(0) & mask(bits);
            let first: u32 = at * LIMB_BITS;
            let (word, shift) = ((first / 64) as usize, first % 64);
            if let Some(word) = words.get_mut(word) {
                *word |= limb << shift;
            }
            if let Some(next) = words.get_mut(word + 1).filter(|_| shift > 0) {
                *next |= limb >> (64 - shift);
            }
        }
        Number::from_words(words)
    }
}

/// The 64 bits of a number from one on.
fn bits_at(value: &Number, first: u32) -> u64 {
    let (word, shift) = ((first / 64) as usize, first % 64);
    let word_at = |at: usize| value.words().get(at).copied().unwrap_or(0);
    let above = if shift > 0 { word_at(word + 1) << (64 - shift) } else { 0 };
    word_at(word) >> shift | above
}
