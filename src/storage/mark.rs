//! The mark: a small file beside a store that says how far the store had come when it last
//! promised something. A store that is behind its mark has lost something that others rely on.
//!
//! A store counts the commits that change it, and names each of them at random. The mark is
//! written and synced after every such commit, before anybody hears of it, and the next one waits
//! for that. So whatever is killed when,
//!
//! - the mark is never ahead of a store that is whole: it is written after the commit is durable;
//! - a store is at most one commit ahead of its mark, and of that one nobody has heard;
//! - a mark that is half written leaves the one before it: there are two places, used in turn.
//!
//! A store whose commits were lost (a damaged log, an older copy in its place, another store, no
//! store at all) has a lower count than its mark, or another name for the commit of that number.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rand::{TryRng as _, rngs::SysRng};
use sha2::{Digest as _, Sha256};

use super::StorageError;
use super::column::Columns as _;
use super::error::Behind;
use super::sql::{Connection, query};
use crate::base::Timestamp;

/// The first bytes of each place of a mark.
const MAGIC: &[u8; 8] = b"gavelmk1";

/// Bytes of a place: magic, store, count, name, and the SHA-256 of these.
const SIZE: usize = 8 + 16 + 8 + 16 + 32;

/// From one place to the next: never in one sector of the disk.
const STRIDE: u64 = 4096;

/// A commit of a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Point {
    /// Which store.
    pub(super) store: [u8; 16],
    /// Its number, from 1.
    pub(super) count: u64,
    /// Its name.
    pub(super) last: [u8; 16],
}

impl Point {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SIZE);
        bytes.extend(MAGIC);
        bytes.extend(self.store);
        bytes.extend(self.count.to_le_bytes());
        bytes.extend(self.last);
        let digest = Sha256::digest(&bytes);
        bytes.extend(digest);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, digest) = bytes.split_at_checked(SIZE - 32)?;
        let rest = body.strip_prefix(MAGIC)?;
        if Sha256::digest(body)[..] != *digest {
            return None;
        }
        let (store, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let last = rest.try_into().ok()?;
        Some(Self { store: *store, count: u64::from_le_bytes(*count), last })
    }
}

/// What is found where a mark should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Found {
    /// No file.
    Nothing,
    /// A file that is no mark.
    Damaged,
    /// A mark.
    Point(Point),
}

/// An open mark.
pub(super) struct Mark {
    path: PathBuf,
    file: File,
}

impl Mark {
    /// Where a file's mark is. Its name does not begin with the whole name of the file, so that
    /// removing a database with all that belongs to it leaves the mark.
    pub(super) fn beside(store: &Path) -> PathBuf {
        store.with_extension("mark")
    }

    /// What a mark says.
    pub(super) fn read(path: &Path) -> Result<Found, StorageError> {
        let failed = |error| StorageError::Place { path: path.to_owned(), error };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Found::Nothing);
            }
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = Vec::new();
        file.take(2 * STRIDE).read_to_end(&mut bytes).map_err(failed)?;
        let at = |place: u64| {
            let first = usize::try_from(place * STRIDE).ok()?;
            Point::decode(bytes.get(first..first + SIZE)?)
        };
        let found = [at(0), at(1)].into_iter().flatten().max_by_key(|point| point.count);
        Ok(found.map_or(Found::Damaged, Found::Point))
    }

    /// Begin a mark, in the place of one that may be there: either that one or this one is there
    /// at any moment.
    pub(super) fn begin(path: PathBuf, point: &Point) -> Result<Self, StorageError> {
        // Replicas that share a home may begin at once.
        let number = u64::from_le_bytes(name()?[..8].try_into().unwrap_or_default());
        let fresh = path.with_extension(format!("mark-{number:016x}"));
        let begun = (|| {
            let mut options = std::fs::OpenOptions::new();
            options.create(true).read(true).write(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&fresh)?;
            file.set_len(2 * STRIDE)?;
            for place in 0..2 {
                file.seek(SeekFrom::Start(place * STRIDE))?;
                file.write_all(&point.encode())?;
            }
            file.sync_all()?;
            std::fs::rename(&fresh, &path)?;
            // The name, too, is on disk before anything is promised.
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                File::open(folder)?.sync_all()?;
            }
            Ok(file)
        })();
        let file = begun.map_err(|error| StorageError::Place { path: path.clone(), error })?;
        Ok(Self { path, file })
    }

    /// Go on with the mark of a store that was found to be where it should be, or begin one.
    pub(super) fn go_on(path: PathBuf, found: &Found, point: &Point) -> Result<Self, StorageError> {
        match found {
            Found::Point(mark) if mark.store == point.store => {}
            _ => return Self::begin(path, point),
        }
        let opened = std::fs::OpenOptions::new().read(true).write(true).open(&path);
        let file = opened.map_err(|error| StorageError::Place { path: path.clone(), error })?;
        let mut mark = Self { path, file };
        if *found != Found::Point(*point) {
            mark.set(point)?;
        }
        Ok(mark)
    }

    /// Move the mark on to a commit; durable when this returns. The place of the mark before stays
    /// as it is.
    pub(super) fn set(&mut self, point: &Point) -> Result<(), StorageError> {
        let place = (point.count % 2) * STRIDE;
        self.file
            .seek(SeekFrom::Start(place))
            .and_then(|_| self.file.write_all(&point.encode()))
            .and_then(|()| self.file.sync_data())
            .map_err(|error| StorageError::Place { path: self.path.clone(), error })
    }
}

/// How far a store has come, as it says itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) point: Point,
    previous: [u8; 16],
    pub(super) lost: Option<Timestamp>,
}

impl Standing {
    /// Read it; a new store begins here.
    pub(super) async fn of(connection: &mut Connection) -> Result<Self, StorageError> {
        let read = "SELECT store, count, last, previous, lost FROM commits WHERE place = 1";
        let row = if let Some(row) = query(read).fetch_optional(&mut *connection).await? {
            row
        } else {
            // Several replicas may come to a new store at once.
            query(
                "INSERT INTO commits (place, store, count, last, previous)
                 VALUES (1, $1, 0, $2, $2) ON CONFLICT (place) DO NOTHING",
            )
            .bind(name()?.to_vec())
            .bind(vec![0; 16])
            .execute(&mut *connection)
            .await?;
            query(read).fetch_one(&mut *connection).await?
        };
        let point = Point {
            store: row.bytes("store")?,
            count: row.number("count")?,
            last: row.bytes("last")?,
        };
        Ok(Self { point, previous: row.bytes("previous")?, lost: row.maybe_time("lost")? })
    }

    /// What is lost, by a mark. `shared` where others commit to the store too, each with a mark of
    /// its own.
    pub(super) fn behind(&self, found: &Found, shared: bool) -> Option<Behind> {
        let mark = match found {
            // A server's store has no file that must be there.
            Found::Nothing if shared || self.point.count == 0 => return None,
            Found::Nothing => return Some(Behind::NoMark),
            Found::Damaged => return Some(Behind::DamagedMark),
            Found::Point(mark) => mark,
        };
        let Point { store, count, last } = self.point;
        if mark.count == 0 {
            // Nothing was promised yet.
            return None;
        }
        if count == 0 {
            return Some(Behind::Everything { had: mark.count });
        }
        if store != mark.store {
            return Some(Behind::OtherStore);
        }
        match count.checked_sub(mark.count) {
            None => Some(Behind::Commits { had: mark.count, has: count }),
            Some(0) if last != mark.last => Some(Behind::OtherStore),
            // Killed between the commit and its mark: nobody has heard of it.
            Some(1) if !shared && self.previous != mark.last => Some(Behind::OtherStore),
            Some(_) => None,
        }
    }

    /// Take the store as it is from now on. A file gets another name, so that the one it stands
    /// in for is noticed if it comes back; a `shared` store keeps its own, which others know.
    pub(super) async fn accept(
        &mut self,
        connection: &mut Connection,
        shared: bool,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        if !shared {
            self.point.store = name()?;
        }
        self.point.count = self.point.count.max(1);
        self.lost = Some(now);
        query("UPDATE commits SET store = $1, count = $2, lost = $3 WHERE place = 1")
            .bind(self.point.store.to_vec())
            .bind(i64::try_from(self.point.count).unwrap_or(i64::MAX))
            .bind(now.millis())
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// Count a commit, in its transaction; where the store will stand after it.
pub(super) async fn count(connection: &mut Connection) -> Result<Point, StorageError> {
    let last = name()?;
    let row = query(
        "UPDATE commits SET count = count + 1, previous = last, last = $1 WHERE place = 1
         RETURNING store, count",
    )
    .bind(last.to_vec())
    .fetch_one(connection)
    .await?;
    Ok(Point { store: row.bytes("store")?, count: row.number("count")?, last })
}

/// A name that nothing else has.
pub(super) fn name() -> Result<[u8; 16], StorageError> {
    let mut bytes = [0; 16];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| StorageError::Commit {
        detail: format!("the system gives no randomness: {error}"),
    })?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "mark_tests.rs"]
mod tests;
