//! SHA-256 of what is signed or pinned, and its hexadecimal form: in one piece for programs, in
//! groups of four for people who read it out or type it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::bytes::{self, from_hex};

/// SHA-256 of a statement or file. Shown in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

/// Digits of a digest's hexadecimal form.
const DIGITS: usize = 64;

/// Digits of a group.
const GROUP: usize = 4;

/// Why a typed text is no digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TypedDigestError {
    /// Something else than digits and what stands between groups.
    #[error("{found:?} is not in any digest: it has the digits 0 to 9 and a to f")]
    Character {
        /// The first such character.
        found: char,
    },
    /// Too few or too many digits.
    #[error("a whole digest has 64 digits, 16 groups of four, and this has {got}")]
    Length {
        /// Digits in the text.
        got: usize,
    },
}

impl Digest {
    /// The first 12 hexadecimal digits, for screens.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }

    /// All of it in 16 groups of four digits, to be read out, compared and typed.
    pub fn grouped(&self) -> String {
        let digits = self.to_string();
        let groups: Vec<&str> =
            (0..DIGITS).step_by(GROUP).map(|start| &digits[start..start + GROUP]).collect();
        groups.join("-")
    }

    /// Read a digest that a person types: in groups or not, with hyphens, colons or blanks between
    /// them, in small letters or capitals. All of it, never a beginning.
    ///
    /// # Errors
    /// Says what is not a digest in it.
    pub fn typed(text: &str) -> Result<Self, TypedDigestError> {
        let digits: String = text
            .chars()
            .filter(|c| !matches!(c, '-' | ':') && !c.is_whitespace())
            .map(|c| c.to_ascii_lowercase())
            .collect();
        if let Some(found) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
            return Err(TypedDigestError::Character { found });
        }
        from_hex(&digits).map(Self).ok_or(TypedDigestError::Length { got: digits.len() })
    }

    /// Which groups differ from those of another digest, counted from 1.
    pub fn differing_groups(&self, other: &Self) -> Vec<usize> {
        let groups = self.0.chunks(GROUP / 2).zip(other.0.chunks(GROUP / 2));
        (1..).zip(groups).filter(|(_, (one, two))| one != two).map(|(group, _)| group).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Digest {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        from_hex(text).map(Self).ok_or("a digest has 64 hexadecimal digits")
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            bytes::fixed::serialize(&self.0, serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
        } else {
            bytes::fixed::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::identity::digest::*;

    #[test]
    fn people_read_and_type_it_in_groups() {
        let digest = Digest(std::array::from_fn(|at| u8::try_from(at * 7).unwrap()));
        let text = digest.grouped();
        assert_eq!((text.len(), text.matches('-').count()), (79, 15));
        assert!(text.starts_with("0007-0e15-1c23-"), "{text}");
        let careless = text.to_uppercase().replace('-', " : ");
        for typed in [&text, &careless, &digest.to_string()] {
            assert_eq!(Digest::typed(typed), Ok(digest));
        }
        // All of it or nothing.
        assert_eq!(Digest::typed(&text[..39]), Err(TypedDigestError::Length { got: 32 }));
        assert_eq!(Digest::typed(&digest.short()), Err(TypedDigestError::Length { got: 12 }));
        assert_eq!(
            Digest::typed(&text.replace("0e", "Oe")),
            Err(TypedDigestError::Character { found: 'o' })
        );
        let mut other = digest;
        other.0[0] ^= 1;
        other.0[31] ^= 1;
        assert_eq!(digest.differing_groups(&other), [1, 16]);
    }
}
