//! Encryption of what a node keeps for itself, under a key that follows from its identity key.
//!
//! The key is HKDF-SHA256 (RFC 5869) of the identity key's secret; the cipher XChaCha20-Poly1305 with
//! a random nonce of 24 bytes, which stands before the ciphertext. What a text belongs to is bound to
//! it as additional data. Identity keys stay when a node's other keys change, so what was kept before
//! can be read after.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use hkdf::Hkdf;
use rand::{TryRng as _, rngs::SysRng};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Blob;
use super::keys::KeyPair;
use super::sealing::SealingError;

const DOMAIN: &[u8] = b"gavel/v1/vault";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// A node's key for what it keeps for itself; wiped when dropped, never printed.
pub struct Vault(XChaCha20Poly1305);

impl Vault {
    /// The vault of the holder of an identity key.
    pub fn of(key: &KeyPair) -> Self {
        let mut secret = Zeroizing::new([0; KEY_BYTES]);
        let derived = Hkdf::<Sha256>::new(None, key.secret().as_slice());
        match derived.expand(DOMAIN, secret.as_mut_slice()) {
            Ok(()) => Self(XChaCha20Poly1305::new((&*secret).into())),
            // 32 bytes are far fewer than HKDF gives.
            Err(error) => unreachable!("HKDF gives 32 bytes: {error}"),
        }
    }

    /// Encrypt what belongs to `context`.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn lock(&self, context: &[u8], plain: &[u8]) -> Result<Blob, SealingError> {
        let mut nonce = [0; NONCE_BYTES];
        SysRng.try_fill_bytes(&mut nonce).map_err(|_| SealingError::Randomness)?;
        let payload = Payload { msg: plain, aad: context };
        let sealed = self.0.encrypt(&nonce.into(), payload);
        let sealed = sealed.map_err(|_| SealingError::Unreadable)?;
        Ok(Blob([nonce.as_slice(), &sealed].concat()))
    }

    /// Decrypt it.
    ///
    /// # Errors
    /// When it is damaged, belongs to something else, or another key encrypted it.
    pub fn unlock(
        &self,
        context: &[u8],
        locked: &Blob,
    ) -> Result<Zeroizing<Vec<u8>>, SealingError> {
        let (nonce, msg) =
            locked.0.split_first_chunk::<NONCE_BYTES>().ok_or(SealingError::Unreadable)?;
        let payload = Payload { msg, aad: context };
        let plain = self.0.decrypt(&(*nonce).into(), payload);
        plain.map(Zeroizing::new).map_err(|_| SealingError::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use crate::identity::vault::*;

    #[test]
    fn only_the_same_key_and_context_open_it() {
        let keys = [1, 2].map(|secret| KeyPair::from_secret(&[secret; 32]));
        let [own, other] = keys.each_ref().map(Vault::of);
        let locked = own.lock(b"x", b"a share").unwrap();
        assert_eq!(own.unlock(b"x", &locked).unwrap().as_slice(), b"a share");
        assert_eq!(Vault::of(&keys[0]).unlock(b"x", &locked).unwrap().len(), 7);
        assert!(own.unlock(b"y", &locked).is_err() && other.unlock(b"x", &locked).is_err());
        for at in 0..locked.0.len() {
            let mut changed = locked.clone();
            changed.0[at] ^= 1;
            assert!(own.unlock(b"x", &changed).is_err(), "byte {at}");
            assert!(own.unlock(b"x", &Blob(locked.0[..at].to_vec())).is_err());
        }
        assert_ne!(own.lock(b"x", b"a share").unwrap(), locked, "the same nonce twice");
        assert!(!locked.0.windows(7).any(|bytes| bytes == b"a share"));
    }
}
