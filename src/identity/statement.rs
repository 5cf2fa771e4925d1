//! What is signed, and how it is hashed.
//!
//! A statement is hashed as SHA-256 over its domain and its binary encoding (postcard), so a
//! signature over one kind of statement is worth nothing for another. The binary encoding is made
//! anew from the parsed value, so it is canonical whatever text it arrived in.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use super::digest::Digest;
use super::keys::{KeyPair, PublicKey, Signature, SignatureError};

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
