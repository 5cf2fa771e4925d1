//! Key pairs and signatures: Ed25519 (RFC 8032), strictly verified.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use rand::{TryRng as _, rngs::SysRng};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::bytes;
use super::digest::Digest;

/// A public identity key. Shown in base64url.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicKey(#[serde(with = "bytes::fixed")] [u8; 32]);

/// A signature over a [`Digest`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signature(#[serde(with = "bytes::fixed")] [u8; 64]);

/// A private identity key; wiped when dropped.
#[derive(Clone)]
pub struct KeyPair(SigningKey);

/// A signature that was not made by the key over this statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the signature does not fit the key and the content")]
pub struct SignatureError;

impl PublicKey {
    /// The compressed point, 32 bytes, as RFC 8032 encodes it.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A key from its bytes. Whether it is a point of the curve is found when it is used.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Check a signature over a digest.
    ///
    /// # Errors
    /// When it does not fit, or the key is not a usable point.
    pub fn verify(&self, digest: &Digest, signature: &Signature) -> Result<(), SignatureError> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| SignatureError)?;
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify_strict(&digest.0, &signature).map_err(|_| SignatureError)
    }
}

impl Signature {
    /// The signature's 64 bytes, as RFC 8032 encodes it.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// A signature from its bytes. Whether it is one is found when it is checked.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }
}

impl std::str::FromStr for PublicKey {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        bytes::decode(text)
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or("a public key has 43 base64url characters")
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bytes::encode(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bytes::encode(&self.0))
    }
}

impl KeyPair {
    /// A fresh key pair from the operating system's randomness.
    ///
    /// # Errors
    /// When the operating system gives none.
    pub fn generate() -> Result<Self, rand::rngs::SysError> {
        let mut secret = Zeroizing::new([0; 32]);
        SysRng.try_fill_bytes(secret.as_mut())?;
        Ok(Self(SigningKey::from_bytes(&secret)))
    }

    /// A key pair from its 32 secret bytes (RFC 8032).
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// The secret bytes, for the key file.
    pub fn secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Sign the digest of a statement; deterministic.
    pub fn sign(&self, digest: &Digest) -> Signature {
        Signature(self.0.sign(&digest.0).to_bytes())
    }
}
