//! What can go wrong in storage, and whose fault it is.

use std::path::PathBuf;

use super::role::Leadership;
use crate::identity::{Digest, PublicKey, roster::RosterError};
use crate::session::SessionId;
use crate::session::phase::{PhaseError, Step};

/// Why something could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The directory or file cannot be made or written.
    #[error("cannot use {}: {error}; check that the place exists and may be written", .path.display())]
    Place {
        /// The file or folder.
        path: PathBuf,
        /// As the operating system says.
        #[source]
        error: std::io::Error,
    },
    /// A file by a later version of the program.
    #[error(
        "{place} was written by a newer version of this program (schema {found}, this one knows up to {known}); update the program"
    )]
    Newer {
        /// The store, as people name it.
        place: String,
        /// Version in the file.
        found: i64,
        /// Latest version this program knows.
        known: i64,
    },
    /// A database that is not gavel's.
    #[error("{place} holds the tables of another program; give another place")]
    Foreign {
        /// The store, as people name it.
        place: String,
    },
    /// The file is not a sound database.
    #[error("{place} is damaged ({detail}); restore it from a backup with `gavel restore`")]
    Damaged {
        /// The store, as people name it.
        place: String,
        /// As the check says.
        detail: String,
    },
    /// The store is not where it was when it last promised something.
    #[error(
        "{place} is not what it was: {behind}. Others may rely on what is missing: receipts for bids, sessions, the list of bids that a node is bound to, the numbers of attempts. Put the newest copy back if there is one; else `gavel serve --accept-loss` goes on without, and takes from the other servers what they hold"
    )]
    Behind {
        /// The store, as people name it.
        place: String,
        /// What shows it.
        behind: Behind,
    },
    /// The file cannot be opened.
    #[error("{place} cannot be opened: {error}")]
    Open {
        /// The store, as people name it.
        place: String,
        /// As the database says.
        #[source]
        error: sqlx::Error,
    },
    /// A server that does not answer.
    #[error("{place} does not answer; check that the server runs and can be reached")]
    Silent {
        /// The store, as people name it.
        place: String,
    },
    /// Neither a path nor a PostgreSQL URL.
    #[error(
        "that is no place for a database; give the path of a file, or postgres://user@host/database"
    )]
    Address,
    /// Another process has the file, or the role in it.
    #[error("{place} is in use by {by}; end that first")]
    Held {
        /// Which, and which role.
        place: String,
        /// Who, as far as is known.
        by: String,
    },
    /// A store where a new one was to be made.
    #[error("{place} is there already and was left alone; move it away, or give another place")]
    Occupied {
        /// The store, as people name it.
        place: String,
    },
    /// Another node's store.
    #[error(
        "this database belongs to the node with key {owner}; every node needs one of its own, or a schema of its own"
    )]
    Owner {
        /// Whose it is.
        owner: PublicKey,
    },
    /// A roster that this database has gone beyond.
    #[error(
        "version {given} of the roster was given, and this database has served under version {newest}; fetch that one with `gavel roster fetch`"
    )]
    OldRoster {
        /// Version of the roster given.
        given: usize,
        /// Version of the newest one that succeeds it.
        newest: usize,
    },
    /// A roster that says that it succeeds one of this database, and does not.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A statement failed. Nothing of the request was stored.
    #[error("the database failed, nothing was stored: {0}")]
    Database(#[from] sqlx::Error),
    /// The commit that this write shared with others failed. Nothing of it was stored.
    #[error("the database failed to commit, nothing was stored: {detail}; check the disk's space")]
    Commit {
        /// As the database says.
        detail: String,
    },
    /// A stored value that this program cannot read.
    #[error("a stored {what} cannot be read: {detail}")]
    Unreadable {
        /// What it should be.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The role that this write belongs to has passed to another process.
    #[error("another process is the {} on this database now; nothing was stored", .role.name())]
    Superseded {
        /// The role that was lost.
        role: Leadership,
    },
    /// The database has been closed: the process is about to end.
    #[error("the database is closed")]
    Closed,
    /// An unknown session.
    #[error("there is no session {session} here")]
    NoSession {
        /// The session that was asked for.
        session: SessionId,
    },
    /// The session's phase does not allow this.
    #[error(transparent)]
    Phase(#[from] PhaseError),
    /// A step asked for without the document that it comes with.
    #[error("the step {step:?} comes with a signed document and is taken by storing that")]
    Document {
        /// The step that the document belongs to.
        step: Step,
    },
    /// There is one already, and there may be only one.
    #[error(
        "session {session} has another {what} already ({}, not {})",
        .existing.short(),
        .offered.short()
    )]
    Conflict {
        /// The session.
        session: SessionId,
        /// What the document is about.
        what: DocumentKind,
        /// Digest of the one that stays.
        existing: Digest,
        /// Digest of the one that was refused.
        offered: Digest,
    },
    /// An attempt that is not newer than the last one.
    #[error("attempt {offered} of session {session} is not newer than attempt {last}")]
    OldAttempt {
        /// The session.
        session: SessionId,
        /// The last attempt begun.
        last: u32,
        /// The number that was offered.
        offered: u32,
    },
    /// An attempt that was never begun, or has ended.
    #[error("attempt {attempt} of session {session} is not under way")]
    NoAttempt {
        /// The session.
        session: SessionId,
        /// The number that was asked for.
        attempt: u32,
    },
    /// The terms of a session cannot be read.
    #[error("the session file cannot be stored: {0}")]
    File(#[from] crate::rules::terms::TermsError),
}

/// What shows that a store has lost something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Behind {
    /// It is at an earlier commit than its mark.
    Commits {
        /// Commits when it last promised something.
        had: u64,
        /// Commits that are left.
        has: u64,
    },
    /// It is empty, or not there.
    Everything {
        /// Commits when it last promised something.
        had: u64,
    },
    /// It is another store than its mark was made for, or went another way from an earlier copy.
    OtherStore,
    /// The mark is missing.
    NoMark,
    /// The mark cannot be read.
    DamagedMark,
}

impl std::fmt::Display for Behind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Commits { had, has } => write!(
                f,
                "the last {} of its {had} changes are lost, because its log was damaged or removed, or an older copy is in its place",
                had - has
            ),
            Self::Everything { had } => {
                write!(f, "all of its {had} changes are lost, because the database was removed")
            }
            Self::OtherStore => f.write_str(
                "its changes are not those that this server made last; another database or an older copy is in its place",
            ),
            Self::NoMark => f.write_str(
                "its mark (the file beside it that ends in .mark) is missing, so nothing shows whether changes are lost",
            ),
            Self::DamagedMark => f.write_str(
                "its mark (the file beside it that ends in .mark) is damaged, so nothing shows whether changes are lost",
            ),
        }
    }
}

/// What a document is about, in an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DocumentKind {
    /// The terms, as the coordinator signed them.
    Announcement,
    /// What the closing rests on: inventories and verdicts.
    Bundle,
    /// The list of envelopes.
    Manifest,
    /// The result, signed by one node or by several.
    Outcome,
}

impl std::fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Announcement => "announcement",
            Self::Bundle => "bundle",
            Self::Manifest => "manifest",
            Self::Outcome => "outcome",
        })
    }
}

impl StorageError {
    /// The same error, found in a copy of a store, with the store's own address in its words.
    pub(super) fn of(mut self, address: &impl std::fmt::Display) -> Self {
        if let Self::Newer { place, .. }
        | Self::Foreign { place }
        | Self::Damaged { place, .. }
        | Self::Open { place, .. } = &mut self
        {
            *place = address.to_string();
        }
        self
    }
}
