//! The fields that a job may be computed over, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::number::Number;

/// A prime field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Prime {
    /// 2^61 - 1: the fastest.
    #[serde(rename = "2^61-1")]
    Mersenne61,
    /// 2^127 - 1.
    #[serde(rename = "2^127-1")]
    Mersenne127,
    /// The order of the curve secp256k1: 256 bits.
    #[default]
    #[serde(rename = "secp256k1")]
    Secp256k1,
}

impl Prime {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mersenne61, Self::Mersenne127, Self::Secp256k1];

    /// The name in session files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mersenne61 => "2^61-1",
            Self::Mersenne127 => "2^127-1",
            Self::Secp256k1 => "secp256k1",
        }
    }

    /// The field with this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|prime| prime.name() == name)
    }

    /// Bits of the prime.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Mersenne61 => 61,
            Self::Mersenne127 => 127,
            Self::Secp256k1 => 256,
        }
    }

    /// The prime itself.
    pub const fn number(self) -> Number {
        Number::from_words(match self {
            Self::Mersenne61 => [(1 << 61) - 1, 0, 0, 0],
            Self::Mersenne127 => [u64::MAX, u64::MAX >> 1, 0, 0],
            Self::Secp256k1 => [
                0xbfd2_5e8c_d036_4141,
                0xbaae_dce6_af48_a03b,
                0xffff_ffff_ffff_fffe,
                0xffff_ffff_ffff_ffff,
            ],
        })
    }

    /// Most bits of the difference of two numbers that are compared: what hides it while it is
    /// opened has to fit in the field.
    pub const fn compared_bits(self) -> u32 {
        match self {
            Self::Mersenne61 => 59,
            Self::Mersenne127 | Self::Secp256k1 => 62,
        }
    }
}

/// Something that is written for any field, over the one with this name.
macro_rules! over {
    ($prime:expr, $field:ident => $body:expr) => {
        match $prime {
            $crate::rules::job::Prime::Mersenne61 => {
                type $field = $crate::field::Mersenne61;
                $body
            }
            $crate::rules::job::Prime::Mersenne127 => {
                type $field = $crate::field::Mersenne127;
                $body
            }
            $crate::rules::job::Prime::Secp256k1 => {
                type $field = $crate::field::Prime256;
                $body
            }
        }
    };
}
pub(crate) use over;

impl fmt::Display for Prime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::job::prime::*;

    #[test]
    fn primes_go_by_their_names() {
        for prime in Prime::ALL {
            assert_eq!(Prime::named(prime.name()), Some(prime));
            assert_eq!(prime.number().bits(), prime.bits());
        }
        assert_eq!(Prime::named("2^89-1"), None);
    }
}
