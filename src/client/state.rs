//! What a bidder keeps of its bids: sealed envelopes and signed receipts, never an amount.
//!
//! One file per revision, `SESSION/REVISION.json`. An envelope is on disk before it is sent, under
//! a name that only one process can take: after a crash the same envelope is sent again, and two
//! processes cannot sign two different envelopes of one revision, which would exclude both.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::reply::KeptMask;
use crate::identity::{Digest, KeyPair, PublicKey, Signed};
use crate::rules::Answer;
use crate::session::announcement::AdmissionSignature;
use crate::session::naming::SharedName;
use crate::session::outcome::Entrant;
use crate::session::{Announcement, Envelope, Receipt, SessionId};
use crate::sharing::NodeSet;

/// Version of the file's form.
const VERSION: u32 = 1;

/// One revision of a bid: the envelope and the receipts for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentBid {
    /// Version of the form, 1.
    version: u32,
    /// Digest of the roster whose nodes sign the receipts.
    pub roster: Digest,
    /// The terms that were bid on, as the coordinator signed them.
    pub announcement: Signed<Announcement>,
    /// The envelope's digest, as receipts and manifest name it.
    pub digest: Digest,
    /// The sealed envelope.
    pub envelope: Envelope,
    /// Receipts in order of node.
    pub receipts: Vec<Signed<Receipt>>,
    /// The proof that the coordinator has given the bidder's name to another key as well, if a node
    /// told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_shared: Option<SharedName>,
    /// What reads the part of the answer that is for this participant alone, encrypted with its
    /// identity key; none where there is no such part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<KeptMask>,
}

impl SentBid {
    /// A bid that nobody has received yet.
    pub fn new(announcement: Signed<Announcement>, envelope: Envelope) -> Self {
        Self {
            version: VERSION,
            roster: announcement.body.roster,
            digest: envelope.digest(),
            announcement,
            envelope,
            receipts: Vec::new(),
            name_shared: None,
            mask: None,
        }
    }

    /// The same with what reads the participant's part of the answer.
    #[must_use]
    pub fn with_mask(self, mask: Option<KeptMask>) -> Self {
        Self { mask, ..self }
    }

    /// What the answer of the session tells this participant alone, where it does.
    pub fn told(&self, answer: &Answer<Entrant>, keys: &KeyPair) -> Option<u64> {
        let sealed = answer.sealed_for(|entrant| entrant.envelope == self.digest)?;
        let bits = self.announcement.body.terms.question.reply_bits();
        Some(self.mask?.unmask(sealed, bits, keys, &self.digest))
    }

    /// The session that the bid is for.
    pub const fn session(&self) -> SessionId {
        self.envelope.body.session
    }

    /// Counts the bidder's envelopes in this session, from 1.
    pub const fn revision(&self) -> u32 {
        self.envelope.body.revision
    }

    /// The coordinator's admission, good for further revisions.
    pub const fn admission(&self) -> AdmissionSignature {
        self.envelope.admission
    }

    /// Nodes whose receipt is here.
    pub fn nodes(&self) -> NodeSet {
        self.receipts.iter().map(|receipt| receipt.body.node).collect()
    }

    /// Take in what a node tells of other keys under the bidder's name, if it proves it.
    pub fn shares_name(&mut self, shared: SharedName, coordinator: &PublicKey) {
        let bidder = &self.envelope.body.bidder;
        if shared.bidder == *bidder && shared.proves(self.session(), coordinator) {
            self.name_shared.get_or_insert(shared);
        }
    }

    /// Take a receipt in, in order of node.
    pub fn add(&mut self, receipt: Signed<Receipt>) {
        let node = receipt.body.node;
        self.receipts.retain(|kept| kept.body.node != node);
        self.receipts.push(receipt);
        self.receipts.sort_by_key(|receipt| receipt.body.node);
    }
}

/// Why a bid cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file system refuses.
    #[error("{doing} {} failed: {error}", .path.display())]
    File {
        /// "reading" or "writing".
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Not one of these files.
    #[error(
        "{} is damaged ({detail}); restore it from a backup, as a bid made without it could be a second one of the same revision", .path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What the parser says.
        detail: String,
    },
    /// Another process bids in the same session from the same home.
    #[error(
        "another process has just made revision {revision} of this bid; look at it with `gavel receipt list` before bidding again"
    )]
    Taken {
        /// The revision.
        revision: u32,
    },
}

/// Where bids are kept.
#[derive(Clone, Debug)]
pub enum BidderState {
    /// A folder with one folder per session.
    Folder(PathBuf),
    /// Nowhere: for invented bidders that live as long as the process.
    Memory,
}

impl BidderState {
    /// The file of one revision; `None` where nothing is kept.
    pub fn path(&self, session: SessionId, revision: u32) -> Option<PathBuf> {
        match self {
            Self::Memory => None,
            Self::Folder(folder) => {
                Some(folder.join(session.to_string()).join(format!("{revision}.json")))
            }
        }
    }

    /// Every bid in a session, in order of revision.
    ///
    /// # Errors
    /// When one is there and cannot be read.
    pub fn bids(&self, session: SessionId) -> Result<Vec<SentBid>, StateError> {
        match self {
            Self::Memory => Ok(Vec::new()),
            Self::Folder(folder) => bids_in(&folder.join(session.to_string())),
        }
    }

    /// The latest bid in every session, the session opened last first.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn latest(&self) -> Result<Vec<SentBid>, StateError> {
        let Self::Folder(folder) = self else { return Ok(Vec::new()) };
        let mut latest = Vec::new();
        for path in list(folder)? {
            if path.is_dir() {
                latest.extend(bids_in(&path)?.pop());
            }
        }
        latest.sort_by_key(|bid: &SentBid| std::cmp::Reverse(bid.announcement.body.opened));
        Ok(latest)
    }

    /// Every bid in every session, in order of revision within a session, and what cannot be read:
    /// one damaged file hides no other.
    pub fn all(&self) -> (Vec<SentBid>, Vec<StateError>) {
        let Self::Folder(folder) = self else { return (Vec::new(), Vec::new()) };
        let (mut bids, mut errors) = (Vec::new(), Vec::new());
        for path in files(folder, &mut errors) {
            match load(&path) {
                Ok(bid) => bids.push(bid),
                // Another process has just taken it back.
                Err(StateError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => errors.push(error),
            }
        }
        bids.sort_by_key(|bid| (bid.session(), bid.revision()));
        (bids, errors)
    }

    /// What [`Self::all`] would read, without reading it: other marks when another process has
    /// bid, or has got another receipt.
    pub fn marks(&self) -> Vec<Mark> {
        let Self::Folder(folder) = self else { return Vec::new() };
        let mut marks: Vec<Mark> = files(folder, &mut Vec::new())
            .into_iter()
            .filter_map(|path| {
                let data = fs::metadata(&path).ok()?;
                Some((path, data.len(), data.modified().ok()))
            })
            .collect();
        marks.sort();
        marks
    }

    /// Put a new bid on disk, under a name that only one process can take.
    ///
    /// # Errors
    /// When the file system refuses, or the revision is there already.
    pub fn create(&self, bid: &SentBid) -> Result<(), StateError> {
        self.write(bid, |file, path| match file.persist_noclobber(path) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.error),
        })
        .map_err(|error| match error {
            StateError::File { error, .. } if error.kind() == io::ErrorKind::AlreadyExists => {
                StateError::Taken { revision: bid.revision() }
            }
            other => other,
        })
    }

    /// Put a bid's further receipts on disk.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn update(&self, bid: &SentBid) -> Result<(), StateError> {
        self.write(bid, |file, path| match file.persist(path) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.error),
        })
    }

    /// Take back a bid that every node refused, so that its revision is free again.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn forget(&self, bid: &SentBid) -> Result<(), StateError> {
        let Some(path) = self.path(bid.session(), bid.revision()) else { return Ok(()) };
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StateError::File { doing: "removing", path, error })
            }
            _ => Ok(()),
        }
    }

    fn write(
        &self,
        bid: &SentBid,
        put: impl FnOnce(tempfile::NamedTempFile, &Path) -> io::Result<()>,
    ) -> Result<(), StateError> {
        let Some(path) = self.path(bid.session(), bid.revision()) else { return Ok(()) };
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        let written = || {
            fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer_pretty(&mut file, bid)?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            put(file, &path)?;
            // The new name must survive a power cut too.
            #[cfg(unix)]
            fs::File::open(folder)?.sync_all()?;
            Ok(())
        };
        written().map_err(|error| StateError::File { doing: "writing", path: path.clone(), error })
    }
}

/// A file of a bid: where it is, how long, and when it was written.
pub type Mark = (PathBuf, u64, Option<SystemTime>);

/// The files of all bids in a folder.
fn files(folder: &Path, errors: &mut Vec<StateError>) -> Vec<PathBuf> {
    let mut all =
        |folder: &Path| list(folder).map_err(|error| errors.push(error)).unwrap_or_default();
    let sessions: Vec<PathBuf> = all(folder).into_iter().filter(|path| path.is_dir()).collect();
    let files = sessions.iter().flat_map(|session| all(session));
    files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
}

/// Read one bid's file.
///
/// # Errors
/// When it cannot be read or is no such file.
pub fn load(path: &Path) -> Result<SentBid, StateError> {
    let text = fs::read_to_string(path).map_err(|error| StateError::File {
        doing: "reading",
        path: path.to_owned(),
        error,
    })?;
    let damaged = |detail: String| StateError::Damaged { path: path.to_owned(), detail };
    let bid: SentBid = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    if bid.version != VERSION {
        return Err(damaged(format!("its version is {}, not {VERSION}", bid.version)));
    }
    if bid.digest != bid.envelope.digest() {
        return Err(damaged("the digest is not the envelope's".to_owned()));
    }
    Ok(bid)
}

fn bids_in(folder: &Path) -> Result<Vec<SentBid>, StateError> {
    let mut bids = Vec::new();
    for path in list(folder)? {
        if path.extension().is_some_and(|extension| extension == "json") {
            bids.push(load(&path)?);
        }
    }
    bids.sort_by_key(SentBid::revision);
    Ok(bids)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, StateError> {
    let failed = |error| StateError::File { doing: "reading", path: folder.to_owned(), error };
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
        Ok(entries) => {
            entries.map(|entry| Ok(entry.map_err(failed)?.path())).collect::<Result<Vec<_>, _>>()
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
