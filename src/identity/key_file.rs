//! Private keys at rest: one file per identity, readable by its owner only, optionally under a
//! passphrase.
//!
//! - [`NodeKeys`]: identity, sealing and TLS keys of a node
//! - [`CoordinatorKeys`]: identity and TLS keys of the coordinator
//! - [`BidderKeys`]: the identity of a bidder
//! - [`OperatorKeys`]: what opens that which nodes disclose to an operator
//!
//! The file is TOML: version, kind and public key in the clear, the private keys as one base64url
//! string. Without a passphrase a checksum follows the keys, so that damage is noticed before a
//! node blames bidders for it. With one, the keys are encrypted (ChaCha20-Poly1305, RFC 8439) under
//! a key from the passphrase (Argon2id, RFC 9106, its second recommended setting: 64 MiB, 3 passes,
//! 4 lanes); parameters, version, kind and public key are authenticated with them.
//!
//! A file is written beside its final place, synced, and moved there in one step that never
//! replaces another file, except by [`NodeKeys::replace`] and [`CoordinatorKeys::replace`]. Adversary: other users of the machine,
//! and whoever gets the file but not the passphrase.

mod disk;
mod error;
mod format;

use std::{fmt, path::Path};

use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

pub use super::tls::TlsIdentity;
use super::{
    KeyPair, NodeCard, PublicKey, Signed,
    roster::{CoordinatorCard, IssuedCard, SignedCard},
    sealing::SealingKeyPair,
};
use crate::rules::OperatorKey;
use format::Secrets;

pub use error::{KeyFileError, KeyKind};

/// A node's private keys: an identity that stays, and keys that are changed from time to time.
pub struct NodeKeys {
    /// Signs receipts, manifests, outcomes and tokens.
    pub identity: KeyPair,
    /// Opens the shares that are sealed to this node.
    pub sealing: SealingKeyPair,
    /// Certificate and key of its server.
    pub tls: TlsIdentity,
    /// Earlier keys, and after [`NodeKeys::fit`] perhaps coming ones: what was sealed to them
    /// can still be opened.
    pub others: Vec<Changing>,
}

/// The keys of a node that are changed from time to time.
pub struct Changing {
    /// Opens the shares that are sealed to the node.
    pub sealing: SealingKeyPair,
    /// Certificate and key of its server.
    pub tls: TlsIdentity,
}

/// Earlier keys that a file keeps beside the present ones.
pub const MAX_OTHERS: usize = 15;

/// The coordinator's private keys.
pub struct CoordinatorKeys {
    /// Signs rosters, announcements, admissions and tokens.
    pub identity: KeyPair,
    /// Certificate and key of its server.
    pub tls: TlsIdentity,
    /// Earlier certificates, and after [`CoordinatorKeys::fit`] perhaps coming ones.
    pub others: Vec<TlsIdentity>,
}

/// A bidder's private key.
pub struct BidderKeys {
    /// Signs envelopes and tokens.
    pub identity: KeyPair,
}

/// An operator's private key, from one secret: nodes disclose to it what the terms of a session say.
pub struct OperatorKeys {
    /// Names the file by its public half; signs nothing.
    secret: KeyPair,
    /// Opens what is disclosed.
    pub sealing: SealingKeyPair,
}

impl NodeKeys {
    /// Fresh keys. `host` is the name or address under which others reach the node.
    ///
    /// # Errors
    /// When the host is not one, or the operating system gives no randomness.
    pub fn generate(host: &str) -> Result<Self, KeyFileError> {
        Ok(Self {
            identity: KeyPair::generate()?,
            sealing: SealingKeyPair::generate()?,
            tls: TlsIdentity::generate(host)?,
            others: Vec::new(),
        })
    }

    /// Make new sealing and TLS keys and keep the present ones beside them. A certificate that
    /// another server at the same address has too is given as `tls`.
    ///
    /// # Errors
    /// When the host is not one, or the operating system gives no randomness.
    pub fn rotate(&mut self, host: &str, tls: Option<TlsIdentity>) -> Result<(), KeyFileError> {
        let tls = tls.map_or_else(|| TlsIdentity::generate(host), Ok)?;
        let next = Changing { sealing: SealingKeyPair::generate()?, tls };
        let Changing { sealing, tls } = next;
        let before = Changing {
            sealing: std::mem::replace(&mut self.sealing, sealing),
            tls: std::mem::replace(&mut self.tls, tls),
        };
        self.others.insert(0, before);
        Ok(())
    }

    /// Use those keys that a card of this node lists, and keep the others beside them.
    ///
    /// # Errors
    /// What the card lists that is not among the keys.
    pub fn fit(&mut self, card: &NodeCard) -> Result<(), &'static str> {
        let fits = |sealing: &SealingKeyPair, tls: &TlsIdentity| {
            (card.certificate == tls.fingerprint(), card.sealing_key == *sealing.public())
        };
        let present = fits(&self.sealing, &self.tls);
        if present == (true, true) {
            return Ok(());
        }
        let found =
            self.others.iter().position(|keys| fits(&keys.sealing, &keys.tls) == (true, true));
        match found {
            Some(position) => {
                let keys = &mut self.others[position];
                std::mem::swap(&mut self.sealing, &mut keys.sealing);
                std::mem::swap(&mut self.tls, &mut keys.tls);
                Ok(())
            }
            None if present.0 => Err("sealing key"),
            None => Err("TLS certificate"),
        }
    }

    /// Every sealing key, the one in use first.
    pub fn sealing_keys(&self) -> impl Iterator<Item = &SealingKeyPair> {
        std::iter::once(&self.sealing).chain(self.others.iter().map(|keys| &keys.sealing))
    }

    /// Write the keys to a new file.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn save(&self, path: &Path, passphrase: Option<&SecretString>) -> Result<(), KeyFileError> {
        write(path, KeyKind::Node, &self.secrets(), passphrase)
    }

    /// Write the keys over a file of earlier ones, in one step.
    ///
    /// # Errors
    /// When the file cannot be written; then it is as it was.
    pub fn replace(
        &self,
        path: &Path,
        passphrase: Option<&SecretString>,
    ) -> Result<(), KeyFileError> {
        write_over(path, KeyKind::Node, &self.secrets(), passphrase)
    }

    fn secrets(&self) -> Secrets {
        let others = self.others.iter().map(|keys| (Some(keys.sealing.secret()), keys.tls.clone()));
        Secrets {
            identity: self.identity.secret(),
            sealing: Some(self.sealing.secret()),
            tls: Some(self.tls.clone()),
            others: others.collect(),
        }
    }

    /// Read the keys. A passphrase is not looked at where the file has none.
    ///
    /// # Errors
    /// Says what is wrong with the file, its permissions or the passphrase.
    pub fn load(path: &Path, passphrase: Option<&SecretString>) -> Result<Self, KeyFileError> {
        match read(path, KeyKind::Node, passphrase)? {
            Secrets { identity, sealing: Some(sealing), tls: Some(tls), others } => {
                let changing = |(sealing, tls): (Option<Zeroizing<[u8; 32]>>, _)| {
                    Some(Changing { sealing: SealingKeyPair::from_secret(&*sealing?), tls })
                };
                let others = others.into_iter().map(changing).collect::<Option<_>>();
                Ok(Self {
                    identity: KeyPair::from_secret(&identity),
                    sealing: SealingKeyPair::from_secret(&sealing),
                    tls,
                    others: others.ok_or_else(|| incomplete(path))?,
                })
            }
            _ => Err(incomplete(path)),
        }
    }

    /// The node's first card, signed, to hand to the coordinator.
    pub fn card(&self, name: &str, address: &str) -> SignedCard {
        self.renewed_card(name, address, 0)
    }

    /// The node's card after so many changes, signed, for the next version of a roster.
    pub fn renewed_card(&self, name: &str, address: &str, issue: u32) -> SignedCard {
        let card = NodeCard {
            name: name.to_owned(),
            address: address.to_owned(),
            key: self.identity.public(),
            certificate: self.tls.fingerprint(),
            sealing_key: self.sealing.public().clone(),
        };
        Signed::new(IssuedCard { card, issue }, &self.identity)
    }
}

impl CoordinatorKeys {
    /// Fresh keys. `host` is the name or address under which others reach the coordinator.
    ///
    /// # Errors
    /// When the host is not one, or the operating system gives no randomness.
    pub fn generate(host: &str) -> Result<Self, KeyFileError> {
        Ok(Self {
            identity: KeyPair::generate()?,
            tls: TlsIdentity::generate(host)?,
            others: Vec::new(),
        })
    }

    /// Take another certificate into use and keep the present one beside it.
    pub fn rotate(&mut self, tls: TlsIdentity) {
        self.others.insert(0, std::mem::replace(&mut self.tls, tls));
    }

    /// Use the certificate that a card of this coordinator lists, and keep the others beside it.
    ///
    /// # Errors
    /// When it is not among the keys.
    pub fn fit(&mut self, card: &CoordinatorCard) -> Result<(), &'static str> {
        if card.certificate == self.tls.fingerprint() {
            return Ok(());
        }
        let listed = |tls: &&mut TlsIdentity| tls.fingerprint() == card.certificate;
        let found = self.others.iter_mut().find(listed).ok_or("TLS certificate")?;
        std::mem::swap(&mut self.tls, found);
        Ok(())
    }

    /// Write the keys to a new file.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn save(&self, path: &Path, passphrase: Option<&SecretString>) -> Result<(), KeyFileError> {
        write(path, KeyKind::Coordinator, &self.secrets(), passphrase)
    }

    /// Write the keys over a file of earlier ones, in one step.
    ///
    /// # Errors
    /// When the file cannot be written; then it is as it was.
    pub fn replace(
        &self,
        path: &Path,
        passphrase: Option<&SecretString>,
    ) -> Result<(), KeyFileError> {
        write_over(path, KeyKind::Coordinator, &self.secrets(), passphrase)
    }

    fn secrets(&self) -> Secrets {
        Secrets {
            identity: self.identity.secret(),
            sealing: None,
            tls: Some(self.tls.clone()),
            others: self.others.iter().map(|tls| (None, tls.clone())).collect(),
        }
    }

    /// Read the keys. A passphrase is not looked at where the file has none.
    ///
    /// # Errors
    /// Says what is wrong with the file, its permissions or the passphrase.
    pub fn load(path: &Path, passphrase: Option<&SecretString>) -> Result<Self, KeyFileError> {
        match read(path, KeyKind::Coordinator, passphrase)? {
            Secrets { identity, sealing: None, tls: Some(tls), others } => Ok(Self {
                identity: KeyPair::from_secret(&identity),
                tls,
                others: others.into_iter().map(|(_, tls)| tls).collect(),
            }),
            _ => Err(incomplete(path)),
        }
    }

    /// The coordinator's place in a roster.
    pub fn card(&self, name: &str, address: &str) -> CoordinatorCard {
        CoordinatorCard {
            name: name.to_owned(),
            address: address.to_owned(),
            key: self.identity.public(),
            certificate: self.tls.fingerprint(),
        }
    }
}

impl BidderKeys {
    /// A fresh key.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate() -> Result<Self, KeyFileError> {
        Ok(Self { identity: KeyPair::generate()? })
    }

    /// Write the key to a new file.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn save(&self, path: &Path, passphrase: Option<&SecretString>) -> Result<(), KeyFileError> {
        let secrets = Secrets {
            identity: self.identity.secret(),
            sealing: None,
            tls: None,
            others: Vec::new(),
        };
        write(path, KeyKind::Bidder, &secrets, passphrase)
    }

    /// Read the key. A passphrase is not looked at where the file has none.
    ///
    /// # Errors
    /// Says what is wrong with the file, its permissions or the passphrase.
    pub fn load(path: &Path, passphrase: Option<&SecretString>) -> Result<Self, KeyFileError> {
        match read(path, KeyKind::Bidder, passphrase)? {
            Secrets { identity, sealing: None, tls: None, .. } => {
                Ok(Self { identity: KeyPair::from_secret(&identity) })
            }
            _ => Err(incomplete(path)),
        }
    }
}

impl OperatorKeys {
    /// A fresh key.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate() -> Result<Self, KeyFileError> {
        Ok(Self::of(KeyPair::generate()?))
    }

    fn of(secret: KeyPair) -> Self {
        let sealing = Sha256::new()
            .chain_update(b"gavel/v1/operator-sealing\0")
            .chain_update(*secret.secret())
            .finalize();
        let sealing = Zeroizing::new(<[u8; 32]>::from(sealing));
        Self { sealing: SealingKeyPair::from_secret(&sealing), secret }
    }

    /// The public half, as terms have it.
    pub fn public(&self) -> OperatorKey {
        OperatorKey(self.sealing.public().clone())
    }

    /// Write the key to a new file.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn save(&self, path: &Path, passphrase: Option<&SecretString>) -> Result<(), KeyFileError> {
        let secrets = Secrets {
            identity: self.secret.secret(),
            sealing: None,
            tls: None,
            others: Vec::new(),
        };
        write(path, KeyKind::Operator, &secrets, passphrase)
    }

    /// Read the key. A passphrase is not looked at where the file has none.
    ///
    /// # Errors
    /// Says what is wrong with the file, its permissions or the passphrase.
    pub fn load(path: &Path, passphrase: Option<&SecretString>) -> Result<Self, KeyFileError> {
        match read(path, KeyKind::Operator, passphrase)? {
            Secrets { identity, sealing: None, tls: None, .. } => {
                Ok(Self::of(KeyPair::from_secret(&identity)))
            }
            _ => Err(incomplete(path)),
        }
    }
}

fn write(
    path: &Path,
    kind: KeyKind,
    secrets: &Secrets,
    passphrase: Option<&SecretString>,
) -> Result<(), KeyFileError> {
    // Before the costly part; the final step refuses by itself.
    if path.symlink_metadata().is_ok() {
        return Err(KeyFileError::Exists { path: path.to_owned() });
    }
    let text = format::encode(kind, secrets, passphrase, format::Cost::RECOMMENDED)?;
    disk::create(path, &text)
}

fn write_over(
    path: &Path,
    kind: KeyKind,
    secrets: &Secrets,
    passphrase: Option<&SecretString>,
) -> Result<(), KeyFileError> {
    let text = format::encode(kind, secrets, passphrase, format::Cost::RECOMMENDED)?;
    disk::replace(path, &text)
}

fn read(
    path: &Path,
    kind: KeyKind,
    passphrase: Option<&SecretString>,
) -> Result<Secrets, KeyFileError> {
    let text = disk::read(path)?;
    format::decode(path, &text, kind, passphrase)
}

fn incomplete(path: &Path) -> KeyFileError {
    KeyFileError::Damaged {
        path: path.to_owned(),
        what: "it does not hold the keys that its kind has",
    }
}

fn redacted(f: &mut fmt::Formatter<'_>, kind: &str, key: PublicKey) -> fmt::Result {
    write!(f, "{kind}({key}, secret)")
}

impl fmt::Debug for NodeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        redacted(f, "NodeKeys", self.identity.public())
    }
}

impl fmt::Debug for CoordinatorKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        redacted(f, "CoordinatorKeys", self.identity.public())
    }
}

impl fmt::Debug for OperatorKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        redacted(f, "OperatorKeys", self.secret.public())
    }
}

impl fmt::Debug for BidderKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        redacted(f, "BidderKeys", self.identity.public())
    }
}

#[cfg(test)]
mod tests;
