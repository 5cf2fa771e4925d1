//! Suites: the forms in which a bid is shared and sealed.
//!
//! Both split a bid into one pseudorandom component per set T, expanded from a committed seed, and
//! a public correction, and both seal the seeds with X-Wing, HKDF-SHA256 and ChaCha20-Poly1305.
//! They differ in what a component is: a pattern of bits, combined by XOR, or a number of the field
//! of 2^127-1 elements, combined by addition, from which every node makes its Shamir share
//! ([`crate::sharing::numbers::components`]). Either way the shares of any envelope that passes the
//! check fit together, whichever nodes take part.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field::{Field as _, Mersenne127};
use crate::sharing::seed::mask;

/// Suite of an envelope: replicated bits, sealed with X-Wing, HKDF-SHA256 and ChaCha20-Poly1305.
pub const SUITE_BITS_XWING: u8 = 1;

/// Suite of an envelope: numbers of the field of 2^127-1 elements, sealed likewise.
pub const SUITE_NUMBERS_XWING: u8 = 2;

/// A form of sharing. Session files name it by what is computed with it, as `protocol`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Form {
    /// Replicated shares of bits; [`SUITE_BITS_XWING`].
    #[default]
    #[serde(rename = "bits")]
    Bits,
    /// Shamir shares of numbers, with the comparison of the paper of 2008;
    /// [`SUITE_NUMBERS_XWING`].
    #[serde(rename = "paper")]
    Numbers,
}

impl Form {
    /// The name in session files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bits => "bits",
            Self::Numbers => "paper",
        }
    }

    /// The suite with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            SUITE_BITS_XWING => Some(Self::Bits),
            SUITE_NUMBERS_XWING => Some(Self::Numbers),
            _ => None,
        }
    }

    /// The number in envelopes.
    pub const fn number(self) -> u8 {
        match self {
            Self::Bits => SUITE_BITS_XWING,
            Self::Numbers => SUITE_NUMBERS_XWING,
        }
    }

    /// A correction's number, for bids of `bits` bits; `None` when it is not the encoding of one.
    pub fn read_correction(self, bytes: &[u8], bits: u32) -> Option<u128> {
        match self {
            Self::Bits => {
                if bytes.len() != bits.div_ceil(8) as usize {
                    return None;
                }
                let mut word = [0; 8];
                word.get_mut(..bytes.len())?.copy_from_slice(bytes);
                let value = u64::from_le_bytes(word);
                (value & !mask(bits) == 0).then_some(u128::from(value))
            }
            Self::Numbers => Mersenne127::from_bytes(bytes).map(Mersenne127::to_number),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bits => "bits",
            Self::Numbers => "a number",
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::sharing::form::*;

    #[test]
    fn corrections_have_one_encoding() {
        let bits = |bytes: &[u8]| Form::Bits.read_correction(bytes, 12);
        assert_eq!(bits(&[0xff, 0x0f]), Some(0xfff));
        assert_eq!((bits(&[0xff, 0x1f]), bits(&[0xff]), bits(&[0; 3])), (None, None, None));
        let number = |bytes: &[u8]| Form::Numbers.read_correction(bytes, 12);
        let mut prime = [0xff; 16];
        prime[15] = 0x7f;
        assert_eq!((number(&prime), number(&[0; 15]), number(&[0; 17])), (None, None, None));
        prime[0] = 0xfe;
        assert_eq!(number(&prime), Some((1 << 127) - 2));
    }

    #[test]
    fn suites_have_their_numbers() {
        for suite in [Form::Bits, Form::Numbers] {
            assert_eq!(Form::from_number(suite.number()), Some(suite));
        }
        assert_eq!((Form::from_number(0), Form::from_number(3)), (None, None));
    }
}
