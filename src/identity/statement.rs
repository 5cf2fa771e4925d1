//! What is signed, and how it is hashed.
//!
//! A statement is hashed as SHA-256 over its domain and its binary encoding (postcard), so a
//! signature over one kind of statement is worth nothing for another. The binary encoding is made
//! anew from the parsed value, so it is canonical whatever text it arrived in.

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use super::keys::{KeyPair, PublicKey, Signature, SignatureError};

/// SHA-256 of a statement or file. Shown in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The first 12 hexadecimal digits, for screens.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
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

/// Read exactly `N` bytes of lower-case hexadecimal.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N
        || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    {
        return None;
    }
    let mut bytes = [0; N];
    for (position, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * position..2 * position + 2], 16).ok()?;
    }
    Some(bytes)
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            super::bytes::fixed::serialize(&self.0, serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
        } else {
            super::bytes::fixed::deserialize(deserializer).map(Self)
        }
    }
}

/// Something that is signed.
pub trait Statement: Serialize {
    /// Separates this kind of statement from all others, with a version.
    const DOMAIN: &'static str;

    /// SHA-256 over domain and binary encoding.
    fn digest(&self) -> Digest {
        struct Hash(Sha256);
        impl postcard::ser_flavors::Flavor for Hash {
            type Output = Sha256;
            fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
                self.0.update([byte]);
                Ok(())
            }
            fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
                self.0.update(bytes);
                Ok(())
            }
            fn finalize(self) -> postcard::Result<Sha256> {
                Ok(self.0)
            }
        }
        let start = Sha256::new().chain_update(Self::DOMAIN).chain_update([0]);
        match postcard::serialize_with_flavor::<Self, _, _>(self, Hash(start)) {
            Ok(hash) => Digest(hash.finalize().into()),
            // Statements are plain structs of known-length parts; postcard encodes all of them,
            // and the flavor above never fails.
            Err(error) => unreachable!("a statement always encodes: {error}"),
        }
    }
}

/// A statement with one signature; the signer's key is known from the context.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: DeserializeOwned"))]
pub struct Signed<T> {
    /// What is signed.
    pub body: T,
    /// Signature over the body's digest.
    pub signature: Signature,
}

impl<T: Statement> Signed<T> {
    /// Sign a statement.
    pub fn new(body: T, key: &KeyPair) -> Self {
        let signature = key.sign(&body.digest());
        Self { body, signature }
    }

    /// The body, if the signature is by this key.
    ///
    /// # Errors
    /// When it is not.
    pub fn verify(&self, key: &PublicKey) -> Result<&T, SignatureError> {
        key.verify(&self.body.digest(), &self.signature)?;
        Ok(&self.body)
    }
}
