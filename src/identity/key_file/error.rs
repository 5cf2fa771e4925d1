//! Whose keys a file holds, and why keys could not be made, kept or read.

use std::{fmt, io, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::identity::sealing::SealingError;
use crate::identity::tls::TlsIdentityError;

/// The newest format of a key file that this program reads, and the one it writes.
pub(super) const NEWEST: u32 = 2;

/// Whose keys a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// A node's.
    Node,
    /// The coordinator's.
    Coordinator,
    /// A bidder's.
    Bidder,
    /// That of an operator, to whom answers are disclosed.
    Operator,
}

impl KeyKind {
    /// The name in files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Coordinator => "coordinator",
            Self::Bidder => "bidder",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why keys could not be made, kept or read. Each says what to do; none carries key material.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// No such file.
    #[error("there is no key file at {path}; make one with `gavel init`")]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Something is there already.
    #[error("{path} exists already and was left alone; move it away or choose another place")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others may read or change the file.
    #[error(
        "other users may read or change {path} (mode {mode:04o}); run `chmod 600 {path}`, and make new keys if they may have done so"
    )]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The keys are encrypted and no passphrase was given.
    #[error("the keys in {path} are under a passphrase; give it")]
    NeedsPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// The passphrase is wrong; a changed file looks the same.
    #[error("the passphrase does not open {path} (or the file was changed); try again")]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// An empty passphrase when writing.
    #[error("the passphrase is empty; give one, or none at all")]
    EmptyPassphrase,
    /// Keys of someone else's kind.
    #[error("{path} holds the keys of a {got}, not of a {expected}; name the right file")]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// What was needed.
        expected: KeyKind,
        /// What the file says.
        got: KeyKind,
    },
    /// Written by a later program.
    #[error(
        "{path} was written by a newer gavel (format {version}, this one knows {}); update gavel",
        NEWEST
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: u32,
    },
    /// Not a key file, or a damaged one.
    #[error("{path} is not a usable key file: {what}; restore it from a copy")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// The operating system refuses.
    #[error("cannot {doing} {path}: {error}")]
    Io {
        /// The file or its directory.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What it says.
        error: io::Error,
    },
    /// No certificate could be made.
    #[error(transparent)]
    Tls(#[from] TlsIdentityError),
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness; no keys were made")]
    Randomness,
    /// The passphrase could not be turned into a key.
    #[error("the passphrase could not be processed: {0}")]
    Argon2(argon2::Error),
}

impl From<rand::rngs::SysError> for KeyFileError {
    fn from(_: rand::rngs::SysError) -> Self {
        Self::Randomness
    }
}

impl From<SealingError> for KeyFileError {
    fn from(_: SealingError) -> Self {
        Self::Randomness
    }
}
