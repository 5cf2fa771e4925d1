//! The text of a key file.
//!
//! ```toml
//! version = 1               # 2 where the record lists earlier keys
//! kind = "node"
//! public_key = "..."
//! keys = "..."              # record and checksum, or record encrypted with its tag
//!
//! [passphrase]              # only where the keys are encrypted
//! scheme = "argon2id-chacha20poly1305"
//! memory_kib = 65536
//! passes = 3
//! lanes = 4
//! salt = "..."
//! nonce = "..."
//! ```
//!
//! The record is the binary encoding of identity key, sealing key and TLS certificate with key; in
//! version 2 earlier certificates follow, a node's with the sealing keys of their time. No message repeats a line of
//! the file: the line might be the one with the keys.

use std::{fmt::Write as _, path::Path};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit as _,
    aead::{Aead as _, Payload},
};
use rand::{TryRng as _, rngs::SysRng};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::error::{KeyFileError, KeyKind, NEWEST};
use crate::identity::{Blob, KeyPair, PublicKey, bytes, tls::TlsIdentity};

/// The format of keys that were never changed.
const VERSION: u32 = 1;

const SCHEME: &str = "argon2id-chacha20poly1305";
const DOMAIN: &str = "gavel/v1/key-file";
const CHECK_BYTES: usize = 32;
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;

/// What a key file keeps.
pub(super) struct Secrets {
    pub(super) identity: Zeroizing<[u8; 32]>,
    pub(super) sealing: Option<Zeroizing<[u8; 32]>>,
    pub(super) tls: Option<TlsIdentity>,
    /// Earlier certificates, and a node's earlier sealing keys with them.
    pub(super) others: Vec<(Option<Zeroizing<[u8; 32]>>, TlsIdentity)>,
}

/// What a guess of the passphrase costs.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
}

impl Cost {
    /// RFC 9106, second recommended setting.
    pub(super) const RECOMMENDED: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };

    /// What a file may ask of this machine at most.
    const MOST: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 16 };
}

#[derive(Deserialize)]
struct Probe {
    version: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    version: u32,
    kind: KeyKind,
    public_key: PublicKey,
    keys: String,
    passphrase: Option<Protection>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Protection {
    scheme: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: Blob,
    nonce: Blob,
}

/// Borrowed, so that reading and writing make no copies: identity, sealing, (certificate, key).
type Record<'a> = (&'a [u8], Option<&'a [u8]>, Option<(&'a [u8], &'a [u8])>);

/// What follows in version 2: (sealing, certificate, key) each.
type Others<'a> = Vec<(Option<&'a [u8]>, &'a [u8], &'a [u8])>;

pub(super) fn encode(
    kind: KeyKind,
    secrets: &Secrets,
    passphrase: Option<&SecretString>,
    cost: Cost,
) -> Result<Zeroizing<String>, KeyFileError> {
    let public_key = KeyPair::from_secret(&secrets.identity).public();
    let version = if secrets.others.is_empty() { VERSION } else { NEWEST };
    let mut record = secrets.to_record();
    let protection = match passphrase {
        None => {
            let check = checksum(&header(version, kind, public_key, None), &record);
            record.extend_from_slice(&check);
            None
        }
        Some(passphrase) => {
            if passphrase.expose_secret().is_empty() {
                return Err(KeyFileError::EmptyPassphrase);
            }
            let mut salt = vec![0; SALT_BYTES];
            let mut nonce = vec![0; NONCE_BYTES];
            SysRng.try_fill_bytes(&mut salt)?;
            SysRng.try_fill_bytes(&mut nonce)?;
            let protection = Protection {
                scheme: SCHEME.to_owned(),
                memory_kib: cost.memory_kib,
                passes: cost.passes,
                lanes: cost.lanes,
                salt: Blob(salt),
                nonce: Blob(nonce),
            };
            let header = header(version, kind, public_key, Some(&protection));
            let cipher = protection.cipher(passphrase)?;
            let nonce = protection.nonce().ok_or(KeyFileError::Randomness)?;
            let encrypted = cipher
                .encrypt(&nonce.into(), Payload { msg: &record, aad: &header })
                // Only a text of many gigabytes is refused.
                .map_err(|_| KeyFileError::Argon2(argon2::Error::OutOfMemory))?;
            record = Zeroizing::new(encrypted);
            Some(protection)
        }
    };
    Ok(write_text(version, kind, public_key, &record, protection.as_ref()))
}

pub(super) fn decode(
    path: &Path,
    text: &str,
    expected: KeyKind,
    passphrase: Option<&SecretString>,
) -> Result<Secrets, KeyFileError> {
    let damaged = |what| KeyFileError::Damaged { path: path.to_owned(), what };
    let probe: Probe =
        toml::from_str(text).map_err(|_| damaged("it has no format version as gavel writes it"))?;
    if probe.version > NEWEST {
        return Err(KeyFileError::Newer { path: path.to_owned(), version: probe.version });
    }
    let file: KeyFile = toml::from_str(text).map_err(|_| damaged("its fields are not gavel's"))?;
    let keys = Zeroizing::new(file.keys);
    if !(VERSION..=NEWEST).contains(&file.version) {
        return Err(damaged("its format version does not exist"));
    }
    if file.kind != expected {
        return Err(KeyFileError::WrongKind { path: path.to_owned(), expected, got: file.kind });
    }
    let mut bytes =
        Zeroizing::new(bytes::decode(&keys).ok_or_else(|| damaged("its keys are not base64url"))?);
    let header = header(file.version, file.kind, file.public_key, file.passphrase.as_ref());
    let record = match &file.passphrase {
        None => {
            let length = bytes.len().saturating_sub(CHECK_BYTES);
            let check = checksum(&header, &bytes[..length]);
            if !bool::from(bytes[length..].ct_eq(&check[..])) {
                return Err(damaged("its keys do not fit their checksum"));
            }
            bytes.truncate(length);
            bytes
        }
        Some(protection) => {
            let passphrase = passphrase
                .ok_or_else(|| KeyFileError::NeedsPassphrase { path: path.to_owned() })?;
            let nonce = protection
                .nonce()
                .filter(|_| protection.is_acceptable())
                .ok_or_else(|| damaged("its passphrase settings are out of bounds"))?;
            let cipher = protection.cipher(passphrase)?;
            cipher
                .decrypt(&nonce.into(), Payload { msg: &bytes, aad: &header })
                .map(Zeroizing::new)
                .map_err(|_| KeyFileError::WrongPassphrase { path: path.to_owned() })?
        }
    };
    let secrets = Secrets::from_record(&record, file.version)
        .ok_or_else(|| damaged("its keys are incomplete"))?;
    if KeyPair::from_secret(&secrets.identity).public() != file.public_key {
        return Err(damaged("its public key is not that of its private key"));
    }
    Ok(secrets)
}

impl Secrets {
    fn to_record(&self) -> Zeroizing<Vec<u8>> {
        let record: Record<'_> = (
            &self.identity[..],
            self.sealing.as_ref().map(|secret| &secret[..]),
            self.tls.as_ref().map(|tls| (tls.certificate_der(), tls.private_key_der())),
        );
        let others: Others<'_> = self
            .others
            .iter()
            .map(|(sealing, tls)| {
                let sealing = sealing.as_ref().map(|secret| &secret[..]);
                (sealing, tls.certificate_der(), tls.private_key_der())
            })
            .collect();
        let size = |certificate: &[u8], key: &[u8]| certificate.len() + key.len();
        let tls = record.2.map_or(0, |(certificate, key)| size(certificate, key));
        let more: usize =
            others.iter().map(|(_, certificate, key)| 80 + size(certificate, key)).sum();
        // Room for everything at once, the checksum too: a buffer that grows leaves copies behind.
        let mut bytes = Zeroizing::new(vec![0; tls + more + 256]);
        let mut used = match postcard::to_slice(&record, &mut bytes) {
            Ok(used) => used.len(),
            // Two keys of 32 bytes and five lengths of at most 10 bytes fit into 256.
            Err(error) => unreachable!("the record fits its buffer: {error}"),
        };
        if !others.is_empty() {
            used += match postcard::to_slice(&others, &mut bytes[used..]) {
                Ok(used) => used.len(),
                // A key of 32 bytes and three lengths fit into 80, their number into the rest.
                Err(error) => unreachable!("earlier keys fit their buffer: {error}"),
            };
        }
        bytes.truncate(used);
        bytes
    }

    fn from_record(bytes: &[u8], version: u32) -> Option<Self> {
        let (record, rest) = postcard::take_from_bytes::<Record<'_>>(bytes).ok()?;
        let (identity, sealing, tls) = record;
        let (others, rest) = match version {
            VERSION => (Vec::new(), rest),
            _ => postcard::take_from_bytes::<Others<'_>>(rest).ok()?,
        };
        if !rest.is_empty() {
            return None;
        }
        let tls_of = |certificate: &[u8], key: &[u8]| {
            TlsIdentity::from_der(certificate.to_vec(), Zeroizing::new(key.to_vec()))
        };
        let kept = |sealing: Option<&[u8]>| match sealing {
            Some(bytes) => secret(bytes).map(Some),
            None => Some(None),
        };
        Some(Self {
            identity: secret(identity)?,
            sealing: kept(sealing)?,
            tls: tls.map(|(certificate, key)| tls_of(certificate, key)),
            others: others
                .into_iter()
                .map(|(sealing, certificate, key)| Some((kept(sealing)?, tls_of(certificate, key))))
                .collect::<Option<_>>()?,
        })
    }
}

impl Protection {
    /// The key for this passphrase, ready to use.
    fn cipher(&self, passphrase: &SecretString) -> Result<ChaCha20Poly1305, KeyFileError> {
        let mut key = Zeroizing::new([0; 32]);
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(key.len()))
            .map_err(KeyFileError::Argon2)?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose_secret().as_bytes(), &self.salt.0, key.as_mut())
            .map_err(KeyFileError::Argon2)?;
        Ok(ChaCha20Poly1305::new((&*key).into()))
    }

    fn nonce(&self) -> Option<[u8; NONCE_BYTES]> {
        self.nonce.0.as_slice().try_into().ok()
    }

    /// Settings that this program can have written, and that a changed file cannot use to exhaust
    /// the machine.
    fn is_acceptable(&self) -> bool {
        self.scheme == SCHEME
            && self.salt.0.len() == SALT_BYTES
            && (1..=Cost::MOST.passes).contains(&self.passes)
            && (1..=Cost::MOST.lanes).contains(&self.lanes)
            && (8 * self.lanes..=Cost::MOST.memory_kib).contains(&self.memory_kib)
    }
}

/// What is authenticated beside the keys: everything else in the file.
fn header(
    version: u32,
    kind: KeyKind,
    public_key: PublicKey,
    protection: Option<&Protection>,
) -> Vec<u8> {
    match postcard::to_stdvec(&(DOMAIN, version, kind.name(), public_key, protection)) {
        Ok(bytes) => bytes,
        // Strings, numbers and byte strings of known length always encode into memory.
        Err(error) => unreachable!("the header encodes: {error}"),
    }
}

fn checksum(header: &[u8], record: &[u8]) -> [u8; CHECK_BYTES] {
    Sha256::new().chain_update(header).chain_update(record).finalize().into()
}

fn secret(bytes: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut secret = Zeroizing::new([0; 32]);
    if bytes.len() != secret.len() {
        return None;
    }
    secret.copy_from_slice(bytes);
    Some(secret)
}

fn write_text(
    version: u32,
    kind: KeyKind,
    public_key: PublicKey,
    keys: &[u8],
    protection: Option<&Protection>,
) -> Zeroizing<String> {
    let mut keys = bytes::encode(keys);
    let mut text = Zeroizing::new(String::with_capacity(keys.len() + 1024));
    // Writing to a string never fails.
    let _ = write!(
        text,
        "# Private keys of a gavel {kind}. Whoever has this file can act in its place.\n\
         version = {version}\nkind = \"{kind}\"\npublic_key = \"{public_key}\"\nkeys = \"{keys}\"\n"
    );
    keys.zeroize();
    if let Some(Protection { scheme, memory_kib, passes, lanes, salt, nonce }) = protection {
        let (salt, nonce) = (bytes::encode(&salt.0), bytes::encode(&nonce.0));
        let _ = write!(
            text,
            "\n[passphrase]\nscheme = \"{scheme}\"\nmemory_kib = {memory_kib}\npasses = {passes}\n\
             lanes = {lanes}\nsalt = \"{salt}\"\nnonce = \"{nonce}\"\n"
        );
    }
    text
}
