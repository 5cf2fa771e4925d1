//! Shares sealed to their node: HPKE (RFC 9180) in base mode.
//!
//! Suite: KEM X-Wing (0x647a: ML-KEM-768 and X25519), KDF HKDF-SHA256 (0x0001), AEAD
//! ChaCha20-Poly1305 (0x0003). Recorded bids stay sealed as long as either half of the KEM holds,
//! so also against later quantum computers.
//!
//! In: the receiver's public key, a context (`info`) that both sides know, the plain bytes. Out:
//! encapsulated key followed by ciphertext and tag, 1136 bytes more than the plain text. Only the
//! holder of the private key who names the same context can open it. Base mode does not say who
//! sealed: the envelope's signature does.
//!
//! Adversary: chooses ciphertexts at will (X-Wing and the AEAD are secure against that); a changed
//! byte or another context makes opening fail and tells nothing else.

use std::convert::Infallible;

use hpke::{
    Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _, aead::ChaCha20Poly1305,
    kdf::HkdfSha256, kem::XWing, single_shot_open, single_shot_seal_with_rng,
};
use rand::{TryCryptoRng, TryRng, rngs::SysRng};
use zeroize::Zeroizing;

use super::Blob;
use crate::sharing::{NodeIndex, Scheme, seed::SEED_BYTES};

/// Bytes of a sealing public key (X-Wing: ML-KEM-768 and X25519).
pub const PUBLIC_KEY_BYTES: usize = 1216;

/// Bytes of a sealing private key (the X-Wing seed).
pub const SECRET_KEY_BYTES: usize = 32;

/// Bytes of an encapsulated key (X-Wing).
pub const ENCAPSULATED_BYTES: usize = 1120;

/// Bytes of an authentication tag.
pub const TAG_BYTES: usize = 16;

/// Bytes of one node's sealed part: encapsulated key, the seeds of its components, tag.
pub fn sealed_bytes(scheme: Scheme) -> usize {
    let held = NodeIndex::new(1).map_or(0, |node| scheme.held_by(node).len());
    ENCAPSULATED_BYTES + held * SEED_BYTES + TAG_BYTES
}

/// Why sealing or opening failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SealingError {
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness; nothing was sealed")]
    Randomness,
    /// The receiver's public key is not one.
    #[error("the sealing key is not an X-Wing public key; ask its operator for the card again")]
    PublicKey,
    /// Wrong length, changed bytes, another receiver or another context.
    #[error("the sealed part cannot be opened: it is damaged, or sealed to someone else")]
    Unreadable,
}

/// A node's key pair for shares that are sealed to it; wiped when dropped.
pub struct SealingKeyPair {
    private: <XWing as Kem>::PrivateKey,
    public: Blob,
}

impl SealingKeyPair {
    /// A fresh key pair from the operating system's randomness.
    ///
    /// # Errors
    /// When the operating system gives none.
    pub fn generate() -> Result<Self, SealingError> {
        let mut secret = Zeroizing::new([0; SECRET_KEY_BYTES]);
        SysRng.try_fill_bytes(secret.as_mut()).map_err(|_| SealingError::Randomness)?;
        Ok(Self::from_secret(&secret))
    }

    /// A key pair from its secret bytes, as in the key file.
    pub fn from_secret(secret: &[u8; SECRET_KEY_BYTES]) -> Self {
        let private = match <XWing as Kem>::PrivateKey::from_bytes(secret) {
            Ok(private) => private,
            // An X-Wing private key is any 32 bytes; only the length is checked, and it is right.
            Err(error) => unreachable!("32 bytes are an X-Wing private key: {error}"),
        };
        let public = Blob(XWing::sk_to_pk(&private).to_bytes().to_vec());
        Self { private, public }
    }

    /// The secret bytes, for the key file.
    pub fn secret(&self) -> Zeroizing<[u8; SECRET_KEY_BYTES]> {
        let mut secret = Zeroizing::new([0; SECRET_KEY_BYTES]);
        self.private.write_exact(secret.as_mut());
        secret
    }

    /// The public half, for the node card.
    pub const fn public(&self) -> &Blob {
        &self.public
    }

    /// Open what was sealed to this key under the same `info` and `aad`.
    ///
    /// # Errors
    /// [`SealingError::Unreadable`], without saying what differs.
    pub fn open(
        &self,
        info: &[u8],
        aad: &[u8],
        sealed: &Blob,
    ) -> Result<Zeroizing<Vec<u8>>, SealingError> {
        let (encapsulated, ciphertext) =
            sealed.0.split_at_checked(ENCAPSULATED_BYTES).ok_or(SealingError::Unreadable)?;
        let encapsulated = <XWing as Kem>::EncappedKey::from_bytes(encapsulated)
            .map_err(|_| SealingError::Unreadable)?;
        single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeR::Base,
            &self.private,
            &encapsulated,
            info,
            ciphertext,
            aad,
        )
        .map(Zeroizing::new)
        .map_err(|_| SealingError::Unreadable)
    }
}

impl std::fmt::Debug for SealingKeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKeyPair(secret)")
    }
}

/// Whether something can be sealed to these bytes.
pub fn is_public_key(public: &Blob) -> bool {
    <XWing as Kem>::PublicKey::from_bytes(&public.0).is_ok()
}

/// Seal bytes to the holder of a public key. `info` names the context, at most a few hundred
/// bytes; it is bound, not sent.
///
/// # Errors
/// When the public key is malformed or the operating system gives no randomness.
pub fn seal(public: &Blob, info: &[u8], aad: &[u8], plain: &[u8]) -> Result<Blob, SealingError> {
    let public =
        <XWing as Kem>::PublicKey::from_bytes(&public.0).map_err(|_| SealingError::PublicKey)?;
    let mut randomness = OsRandomness { failed: false };
    let sealed = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeS::Base,
        &public,
        info,
        plain,
        aad,
        &mut randomness,
    );
    if randomness.failed {
        return Err(SealingError::Randomness);
    }
    let (encapsulated, ciphertext) = sealed.map_err(|_| SealingError::PublicKey)?;
    let mut bytes = encapsulated.to_bytes().to_vec();
    bytes.extend_from_slice(&ciphertext);
    Ok(Blob(bytes))
}

/// The operating system's randomness for a caller that cannot be told of a failure: the failure is
/// kept, and whatever was made with it is thrown away.
struct OsRandomness {
    failed: bool,
}

impl TryRng for OsRandomness {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.failed |= SysRng.try_fill_bytes(bytes).is_err();
        Ok(())
    }
}

impl TryCryptoRng for OsRandomness {}

#[cfg(test)]
mod tests {
    use crate::identity::sealing::*;

    const INFO: &[u8] = b"session 1, node 2";

    #[test]
    fn the_constants_are_those_of_the_suite() {
        assert_eq!(<XWing as Kem>::PublicKey::size(), PUBLIC_KEY_BYTES);
        assert_eq!(<XWing as Kem>::PrivateKey::size(), SECRET_KEY_BYTES);
        assert_eq!(<XWing as Kem>::EncappedKey::size(), ENCAPSULATED_BYTES);
        assert_eq!(XWing::KEM_ID, 0x647a);
        let keys = SealingKeyPair::generate().unwrap();
        let sealed = seal(keys.public(), INFO, b"", &[7; 64]).unwrap();
        assert_eq!(sealed.0.len(), ENCAPSULATED_BYTES + 64 + TAG_BYTES);
        let scheme = Scheme::new(3, 1).unwrap();
        assert_eq!(sealed_bytes(scheme), sealed.0.len(), "two seeds a node");
    }

    #[test]
    fn what_is_sealed_opens_for_its_key_only() {
        let keys = SealingKeyPair::generate().unwrap();
        let again = SealingKeyPair::from_secret(&keys.secret());
        let other = SealingKeyPair::generate().unwrap();
        assert_eq!(keys.public(), again.public());
        assert!(is_public_key(keys.public()));
        let sealed = seal(keys.public(), INFO, b"aad", b"plain").unwrap();
        assert_eq!(*again.open(INFO, b"aad", &sealed).unwrap(), b"plain");
        for (who, info, aad) in
            [(&other, INFO, &b"aad"[..]), (&keys, b"session 2, node 2", b"aad"), (&keys, INFO, b"")]
        {
            assert_eq!(who.open(info, aad, &sealed), Err(SealingError::Unreadable));
        }
    }

    #[test]
    fn every_changed_byte_and_length_is_noticed() {
        let keys = SealingKeyPair::generate().unwrap();
        let sealed = seal(keys.public(), INFO, b"", b"plain").unwrap();
        for position in (0..sealed.0.len()).step_by(61).chain([1119, 1120, sealed.0.len() - 1]) {
            let mut bent = sealed.clone();
            bent.0[position] ^= 1;
            assert_eq!(keys.open(INFO, b"", &bent), Err(SealingError::Unreadable), "{position}");
        }
        for length in [0, 1, ENCAPSULATED_BYTES, ENCAPSULATED_BYTES + 15, sealed.0.len() - 1] {
            let short = Blob(sealed.0[..length].to_vec());
            assert_eq!(keys.open(INFO, b"", &short), Err(SealingError::Unreadable), "{length}");
        }
        let mut long = sealed;
        long.0.push(0);
        assert_eq!(keys.open(INFO, b"", &long), Err(SealingError::Unreadable));
    }

    #[test]
    fn malformed_public_keys_are_refused() {
        for public in [vec![], vec![0; PUBLIC_KEY_BYTES - 1], vec![0xff; PUBLIC_KEY_BYTES]] {
            let public = Blob(public);
            assert!(!is_public_key(&public));
            assert_eq!(seal(&public, INFO, b"", b"x"), Err(SealingError::PublicKey));
        }
    }

    #[test]
    fn sealing_twice_gives_two_ciphertexts() {
        let keys = SealingKeyPair::generate().unwrap();
        let first = seal(keys.public(), INFO, b"", b"plain").unwrap();
        assert_ne!(first, seal(keys.public(), INFO, b"", b"plain").unwrap());
        assert_eq!(format!("{keys:?}"), "SealingKeyPair(secret)");
    }
}
