//! Forms: the ways in which a session shares and seals what is handed in. The one place that knows
//! how a correction is encoded.
//!
//! Every form splits an entry into one pseudorandom component per set T, expanded from a committed
//! seed, and a public *correction*: the entry masked by all components. They differ in what a
//! component is. On bits it is a pattern as wide as all fields together, combined by XOR. On
//! numbers it is one element of the field of 2^127-1 elements for each field of the entry, combined
//! by addition, from which every node makes its Shamir shares
//! ([`crate::sharing::numbers::components`]). Either way the shares of any envelope that passes the
//! check fit together, whichever nodes take part.
//!
//! For sums a component is what it is on numbers, and the nodes keep it as it is
//! ([`crate::sharing::elements`]): adding needs no polynomial, and so works with any t below n, where
//! each component may be one node's alone. It is the field and not the integers modulo 2^128 because
//! the field is there, with its one encoding for each number, and has room for every sum: of a million
//! fields of 63 bits it is below 2^83.
//!
//! A correction has one encoding only. On bits: the fields' bits one after the other, each from its
//! lowest up, in little-endian bytes, and 0 in the bits of the last byte that no field has. On
//! numbers and for sums: the canonical encoding of each field's element, one after the other.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::field::{Field as _, Mersenne127, bulk};
use crate::sharing::numbers::components;
use crate::sharing::seed::{self, Seed};

/// Number of [`Form::Bits`], sealed with X-Wing, HKDF-SHA256 and ChaCha20-Poly1305, in envelopes.
pub const SUITE_BITS_XWING: u8 = 1;

/// Number of [`Form::Numbers`], sealed likewise, in envelopes.
pub const SUITE_NUMBERS_XWING: u8 = 2;

/// Number of [`Form::Sums`], sealed likewise, in envelopes.
pub const SUITE_SUMS_XWING: u8 = 3;

const WORD_BITS: usize = 64;
const WORD_BYTES: usize = 8;

/// A form of sharing. Session files name it by what is computed with it, as `protocol`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Form {
    /// Replicated shares of bits.
    #[default]
    #[serde(rename = "bits")]
    Bits,
    /// Shamir shares of numbers, with the comparison of the paper of 2008.
    #[serde(rename = "paper")]
    Numbers,
    /// Additive shares of numbers, which are added up and nothing else.
    #[serde(rename = "sums")]
    Sums,
}

/// How large an entry is: all that the encoding of its correction depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// How many fields an entry has.
    pub fields: usize,
    /// Bits of all fields together.
    pub bits: usize,
}

/// An entry masked by all its components, as the envelope publishes it.
#[derive(Clone)]
pub enum Correction {
    /// The bits of all fields, from the lowest bit of the first word up.
    Bits(Vec<u64>),
    /// An element for each field.
    Numbers(Vec<Mersenne127>),
}

/// Why bytes are not the correction of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CorrectionError {
    /// Too long or too short.
    #[error("the masked fields take {got} bytes where the terms make it {expected}")]
    Length {
        /// As the terms make it.
        expected: usize,
        /// Bytes that were given.
        got: usize,
    },
    /// Bits that no field has.
    #[error("bits are set behind the last of the masked fields")]
    StrayBits,
    /// A number that is not below the prime.
    #[error("masked field {field} is not the encoding of a number")]
    Element {
        /// Which field, from 1.
        field: usize,
    },
}

impl Form {
    /// The name in session files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bits => "bits",
            Self::Numbers => "paper",
            Self::Sums => "sums",
        }
    }

    /// The form with this number in a signed envelope, if there is one.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            SUITE_BITS_XWING => Some(Self::Bits),
            SUITE_NUMBERS_XWING => Some(Self::Numbers),
            SUITE_SUMS_XWING => Some(Self::Sums),
            _ => None,
        }
    }

    /// The number in envelopes.
    pub const fn number(self) -> u8 {
        match self {
            Self::Bits => SUITE_BITS_XWING,
            Self::Numbers => SUITE_NUMBERS_XWING,
            Self::Sums => SUITE_SUMS_XWING,
        }
    }

    /// Mask an entry, whose fields are given with their bits, by what all seeds stand for. Bits of
    /// a value past its field's are left out.
    pub fn mask(
        self,
        extent: Extent,
        fields: impl Iterator<Item = (u32, u64)>,
        seeds: &[Seed],
    ) -> Correction {
        match self {
            Self::Bits => Correction::Bits(mask_bits(extent, fields, seeds)),
            Self::Numbers | Self::Sums => {
                // Room for all at once, here and below: a list that grows leaves copies behind.
                let mut masked = Vec::with_capacity(extent.fields);
                let number = |(_, value)| Mersenne127::from_u64(value);
                masked.extend(fields.take(extent.fields).map(number));
                components::mask(&mut masked, seeds);
                Correction::Numbers(masked)
            }
        }
    }

    /// Length of an encoded correction, in bytes.
    pub const fn correction_bytes(self, extent: Extent) -> usize {
        match self {
            Self::Bits => extent.bits.div_ceil(8),
            Self::Numbers | Self::Sums => extent.fields * Mersenne127::BYTES,
        }
    }

    /// Read the correction of an entry of this extent.
    ///
    /// # Errors
    /// Says what keeps the bytes from being the encoding of one.
    pub fn decode_correction(
        self,
        bytes: &[u8],
        extent: Extent,
    ) -> Result<Correction, CorrectionError> {
        match self {
            Self::Bits => decode_bits(bytes, extent).map(Correction::Bits),
            Self::Numbers | Self::Sums => decode_numbers(bytes, extent).map(Correction::Numbers),
        }
    }

    fn check_length(self, bytes: &[u8], extent: Extent) -> Result<(), CorrectionError> {
        let (expected, got) = (self.correction_bytes(extent), bytes.len());
        if expected == got { Ok(()) } else { Err(CorrectionError::Length { expected, got }) }
    }
}

/// The words of a correction on bits.
///
/// # Errors
/// As for [`Form::decode_correction`].
pub fn decode_bits(bytes: &[u8], extent: Extent) -> Result<Vec<u64>, CorrectionError> {
    Form::Bits.check_length(bytes, extent)?;
    let used = extent.bits % 8;
    if used > 0 && bytes.last().is_some_and(|last| last >> used != 0) {
        return Err(CorrectionError::StrayBits);
    }
    let word = |bytes: &[u8]| {
        let mut word = [0; WORD_BYTES];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    Ok(bytes.chunks(WORD_BYTES).map(word).collect())
}

/// The elements of a correction on numbers, or for sums.
///
/// # Errors
/// As for [`Form::decode_correction`].
pub fn decode_numbers(bytes: &[u8], extent: Extent) -> Result<Vec<Mersenne127>, CorrectionError> {
    Form::Numbers.check_length(bytes, extent)?;
    let element = |(at, piece)| {
        Mersenne127::from_bytes(piece).ok_or(CorrectionError::Element { field: at + 1 })
    };
    bytes.chunks_exact(Mersenne127::BYTES).enumerate().map(element).collect()
}

impl Correction {
    /// The encoding, for an entry of this extent.
    pub fn encode(&self, extent: Extent) -> Vec<u8> {
        match self {
            Self::Bits(words) => {
                let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                bytes.truncate(Form::Bits.correction_bytes(extent));
                bytes
            }
            Self::Numbers(elements) => {
                let mut bytes = Vec::new();
                bulk::append(&mut bytes, elements);
                bytes
            }
        }
    }
}

/// The fields' bits one after the other, XOR the component of every seed.
fn mask_bits(extent: Extent, fields: impl Iterator<Item = (u32, u64)>, seeds: &[Seed]) -> Vec<u64> {
    let mut masked = vec![0; extent.bits.div_ceil(WORD_BITS)];
    let mut at = 0;
    for (bits, value) in fields.take(extent.fields) {
        let (value, shift) = (value & seed::mask(bits), at % WORD_BITS);
        if let Some(word) = masked.get_mut(at / WORD_BITS) {
            *word |= value << shift;
        }
        if shift > 0
            && let Some(word) = masked.get_mut(at / WORD_BITS + 1)
        {
            *word |= value >> (WORD_BITS - shift);
        }
        at += bits as usize;
    }
    let mut component = Zeroizing::new(vec![0; masked.len()]);
    for seed in seeds {
        seed.expand(extent.bits, &mut component);
        for (word, component) in masked.iter_mut().zip(component.iter()) {
            *word ^= component;
        }
    }
    masked
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bits => "bits",
            Self::Numbers => "a number",
            Self::Sums => "a number to be added up",
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::sharing::form::*;

    const ONE: Extent = Extent { fields: 1, bits: 12 };
    const THREE: Extent = Extent { fields: 3, bits: 70 };

    fn decoded(form: Form, bytes: &[u8], extent: Extent) -> Result<Vec<u8>, CorrectionError> {
        form.decode_correction(bytes, extent).map(|correction| correction.encode(extent))
    }

    #[test]
    fn corrections_on_bits_have_one_encoding() {
        let length = |expected, got| Err(CorrectionError::Length { expected, got });
        let bits = |bytes: &[u8]| decoded(Form::Bits, bytes, ONE);
        assert_eq!(bits(&[0xff, 0x0f]), Ok(vec![0xff, 0x0f]));
        assert_eq!(bits(&[0xff, 0x1f]), Err(CorrectionError::StrayBits));
        assert_eq!((bits(&[0xff]), bits(&[0; 3])), (length(2, 1), length(2, 3)));
        match Form::Bits.decode_correction(&[0xcd, 0x0a], ONE) {
            Ok(Correction::Bits(words)) => assert_eq!(words, [0xacd]),
            _ => panic!("one word of bits"),
        }

        let mut bytes: Vec<u8> = (1..=9).collect();
        assert_eq!(decoded(Form::Bits, &bytes, THREE), Ok(bytes.clone()));
        bytes[8] = 0x40;
        assert_eq!(decoded(Form::Bits, &bytes, THREE), Err(CorrectionError::StrayBits));
        assert_eq!(decoded(Form::Bits, &bytes[..8], THREE), length(9, 8));
        assert_eq!(
            decoded(Form::Bits, &[0xff; 8], Extent { fields: 1, bits: 64 }),
            Ok(vec![255; 8])
        );
    }

    #[test]
    fn corrections_on_numbers_have_one_encoding() {
        for form in [Form::Numbers, Form::Sums] {
            numbers_have_one_encoding(form);
        }
    }

    fn numbers_have_one_encoding(form: Form) {
        let length = |expected, got| Err(CorrectionError::Length { expected, got });
        let number = |bytes: &[u8]| decoded(form, bytes, ONE);
        let mut prime = [0xff; 16];
        prime[15] = 0x7f;
        assert_eq!(number(&prime), Err(CorrectionError::Element { field: 1 }));
        assert_eq!((number(&[0; 15]), number(&[0; 17])), (length(16, 15), length(16, 17)));
        prime[0] = 0xfe;
        assert_eq!(number(&prime), Ok(prime.to_vec()));

        let mut three = [prime; 3];
        assert_eq!(decoded(form, three.as_flattened(), THREE).map(|all| all.len()), Ok(48));
        three[1][0] = 0xff;
        let refused = decoded(form, three.as_flattened(), THREE);
        assert_eq!(refused, Err(CorrectionError::Element { field: 2 }));
        assert_eq!(decoded(form, &three[0], THREE), length(48, 16));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_the_one_encoding_of_a_correction_or_none(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..70),
            fields in 0..5_usize,
            bits in 0..600_usize,
        ) {
            for form in [Form::Bits, Form::Numbers, Form::Sums] {
                let extent = Extent { fields, bits };
                if let Ok(again) = decoded(form, &bytes, extent) {
                    assert_eq!(again, bytes);
                }
                // Of the right length; most are encodings then, but for numbers at the prime.
                let mut bytes = bytes.clone();
                bytes.resize(form.correction_bytes(extent), 0x7f);
                if let Ok(again) = decoded(form, &bytes, extent) {
                    assert_eq!(again, bytes);
                }
            }
        }

        #[test]
        fn what_is_masked_for_sums_comes_back(
            values in proptest::collection::vec(proptest::prelude::any::<u64>(), 1..9),
            secrets in proptest::collection::vec(proptest::prelude::any::<[u8; 32]>(), 1..5),
        ) {
            let seeds: Vec<Seed> = secrets.into_iter().map(Seed::from_bytes).collect();
            let extent = Extent { fields: values.len(), bits: 64 * values.len() };
            let fields = values.iter().map(|&value| (64, value));
            let bytes = Form::Sums.mask(extent, fields, &seeds).encode(extent);
            let mut sums = decode_numbers(&bytes, extent).unwrap();
            for seed in &seeds {
                let add = |field, number: Mersenne127| sums[field] += number;
                components::each_number(seed, values.len(), add);
            }
            let sums: Vec<u128> = sums.iter().map(|sum| sum.to_number()).collect();
            assert_eq!(sums, values.into_iter().map(u128::from).collect::<Vec<_>>());
        }
    }

    #[test]
    fn fields_lie_one_after_the_other() {
        let fields = [(3, 0b101), (63, 0x7000_0000_0000_0001), (4, 0b1_1001)];
        let bytes = Form::Bits.mask(THREE, fields.into_iter(), &[]).encode(THREE);
        // 0b101, then the 1 of the next field behind it; the last field begins at bit 66.
        assert_eq!(bytes, [0b1101, 0, 0, 0, 0, 0, 0, 0x80, 0b10_0111]);
        let bytes = Form::Numbers.mask(THREE, fields.into_iter(), &[]).encode(THREE);
        let number = |field: usize| u128::from_le_bytes(*bytes.as_chunks().0.get(field).unwrap());
        assert_eq!((number(0), number(1), number(2)), (5, 0x7000_0000_0000_0001, 0b1_1001));
    }

    /// Known answers for entries of one field: the amount XOR the beginning of every seed's stream.
    #[test]
    fn one_field_is_masked_as_ever() {
        let seeds = [Seed::from_bytes([1; 32]), Seed::from_bytes([2; 32])];
        for (bits, value) in [(12, 0xabc), (1, 1), (32, 124_000), (63, u64::MAX >> 1)] {
            let extent = Extent { fields: 1, bits: bits as usize };
            let masked = seeds.iter().fold(value, |masked, seed| masked ^ seed.component(bits));
            let bytes = Form::Bits.mask(extent, [(bits, value)].into_iter(), &seeds).encode(extent);
            assert_eq!(bytes, masked.to_le_bytes()[..bits.div_ceil(8) as usize]);
        }
    }

    #[test]
    fn forms_have_their_numbers() {
        for form in [Form::Bits, Form::Numbers, Form::Sums] {
            assert_eq!(Form::from_number(form.number()), Some(form));
        }
        assert_eq!((Form::from_number(0), Form::from_number(4)), (None, None));
    }
}
