//! An open store: its readers, its writer, and the rosters that both sides of it need.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::address::{Address, Lock, make_private};
use super::column::{Columns as _, json};
use super::disk::{Disk, InPlace, in_place};
use super::lease::RENEWAL;
use super::mark::{Found, Mark, Standing};
use super::role::{Fence, Leadership, Roles, Tenure};
use super::sql::{Connection, Pool, query};
use super::writer::{Denied, Start, Writer};
use super::{Behind, StorageError, migrate};
use crate::base::Timestamp;
use crate::identity::{Digest, Roster, Signed, Statement as _};

/// An open store. Clones share it. Some write in a role, and only for as long as its turn lasts.
#[derive(Clone)]
pub struct Database(Arc<Inner>, Option<Fence>);

/// How a store is opened.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Opening {
    /// Where the mark of a server's store is kept; a file's is always beside it.
    pub mark: Option<PathBuf>,
    /// Take a store that has lost something, at this time.
    pub accept_loss: Option<Timestamp>,
}

struct Inner {
    address: Address,
    readers: Pool,
    writer: Writer,
    roles: Arc<Roles>,
    lost: Option<Timestamp>,
}

impl Database {
    /// Open or make a database in a file, see [`Database::open_at`].
    ///
    /// # Errors
    /// As there.
    pub async fn open(path: &Path) -> Result<Self, StorageError> {
        Self::open_at(&Address::File(path.to_owned())).await
    }

    /// Open or make a database for a simulation: its statements run in place, and `disk` decides
    /// what becomes of commits. Needs a tokio runtime, which should have one thread.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_in_place(path: &Path, disk: Arc<dyn Disk>) -> Result<Self, StorageError> {
        let address = Address::File(path.to_owned());
        in_place(Self::open_with(&address, &Opening::default(), Some(disk)))
    }

    /// Open or make a store. Of a file: directories it makes have mode 0700, the file has 0600; it
    /// belongs to this process until it is closed; its integrity is checked, and that it is not
    /// behind its mark. Of either: brings its tables up to date.
    ///
    /// # Errors
    /// When the place cannot be used, or it is damaged, in use, another program's or from a newer
    /// version of this one; `Behind` when it has lost something.
    pub async fn open_at(address: &Address) -> Result<Self, StorageError> {
        Self::open_as(address, &Opening::default()).await
    }

    /// The same, with the mark of a server's store, or for a store that has lost something.
    ///
    /// # Errors
    /// As [`Self::open_at`].
    pub async fn open_as(address: &Address, opening: &Opening) -> Result<Self, StorageError> {
        Self::open_with(address, opening, None).await
    }

    async fn open_with(
        address: &Address,
        opening: &Opening,
        disk: InPlace,
    ) -> Result<Self, StorageError> {
        let (mut lock, mut mark) = (None, opening.mark.clone());
        if let Address::File(path) = address {
            let beside = Mark::beside(path);
            if let Found::Point(point) = Mark::read(&beside)?
                && point.count > 0
                && opening.accept_loss.is_none()
                && !path.exists()
            {
                // Noticed before there is an empty file that looks like a database.
                let behind = Behind::Everything { had: point.count };
                return Err(StorageError::Behind { place: address.to_string(), behind });
            }
            mark = Some(beside);
            make_private(path)
                .map_err(|error| StorageError::Place { path: path.clone(), error })?;
            // A simulation sees to it itself that a store is opened once.
            if disk.is_none() {
                lock = Some(Lock::take(path).await?);
            }
        }
        let mut connection = address.writer().await?;
        migrate::check(address, &mut connection).await?;
        migrate::migrate(address, &mut connection).await?;
        let (mark, lost) = marked(address, mark, opening, &mut connection).await?;
        let roles = Arc::new(Roles::new());
        let readers =
            if disk.is_some() { address.reader_in_place().await? } else { address.readers() };
        let start = Start { address: address.clone(), connection, lock, mark, disk };
        let writer = Writer::start(start, Arc::clone(&roles))?;
        let inner = Inner { address: address.clone(), readers, writer, roles, lost };
        Ok(Self(Arc::new(inner), None))
    }

    /// Where the store is.
    pub fn address(&self) -> &Address {
        &self.0.address
    }

    /// Finish what is queued and close the store. What is asked for afterwards is refused.
    pub async fn close(&self) {
        self.0.readers.close().await;
        self.0.writer.stop().await;
    }

    /// Ask for a role. Waits for a lease to run out that nobody renews. Where another process goes
    /// on renewing it, it is asked for again from time to time; see [`Database::watch`].
    ///
    /// # Errors
    /// `Held`, naming who has it now.
    pub async fn claim(&self, role: Leadership) -> Result<Fence, StorageError> {
        let mut seen = None;
        loop {
            let taken = match self.0.writer.claim(role).await? {
                Ok(fence) => return Ok(fence),
                Err(Denied::Failed { detail }) => return Err(StorageError::Commit { detail }),
                Err(Denied::Taken(taken)) => taken,
            };
            if seen.replace(taken.clone()).is_some_and(|earlier| earlier != taken) {
                let place = format!("{} ({})", self.address(), role.name());
                return Err(StorageError::Held { place, by: taken.by });
            }
            tokio::time::sleep(RENEWAL * 3 / 2).await;
        }
    }

    /// How this process stands in a role, now and as it changes.
    pub fn watch(&self, role: Leadership) -> watch::Receiver<Tenure> {
        self.0.roles.watch(role)
    }

    /// The same store, for writes that are good only while a turn in a role lasts. Afterwards they
    /// are refused as [`StorageError::Superseded`].
    #[must_use]
    pub fn under(&self, fence: Fence) -> Self {
        Self(Arc::clone(&self.0), Some(fence))
    }

    /// When the store was last found to have lost something, and was taken all the same.
    pub fn lost(&self) -> Option<Timestamp> {
        self.0.lost
    }

    /// Keep a roster, so that a session's record can be checked after the roster has changed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_roster(&self, roster: &Signed<Roster>) -> Result<(), StorageError> {
        let digest = roster.body.digest();
        let text = json("roster", roster)?;
        self.write(move |connection| {
            Box::pin(async move {
                query(
                    "INSERT INTO rosters (digest, roster) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                )
                .bind(digest.0.to_vec())
                .bind(text)
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Serve under a roster from now on: keep it, after checking it against the earlier ones.
    ///
    /// # Errors
    /// `OldRoster` when one was served under that succeeds it; `Roster` when it says that it
    /// succeeds one of those, but has other nodes, another threshold or another coordinator.
    pub async fn adopt(&self, roster: &Signed<Roster>) -> Result<(), StorageError> {
        let rows =
            query("SELECT roster FROM rosters").fetch_all(self.readers()).await.map_err(reading)?;
        let digest = roster.body.digest();
        for row in rows {
            let known = row.document::<Signed<Roster>>("roster")?.body;
            let (given, newest) = (roster.body.version(), known.version());
            if known.succeeds.contains(&digest) {
                return Err(StorageError::OldRoster { given, newest });
            }
            if roster.body.succeeds.contains(&known.digest()) {
                roster.body.check_succeeds(&known)?;
            }
        }
        self.put_roster(roster).await
    }

    /// A roster by its digest.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn roster(&self, digest: &Digest) -> Result<Option<Signed<Roster>>, StorageError> {
        let row = query("SELECT roster FROM rosters WHERE digest = $1")
            .bind(digest.0.to_vec())
            .fetch_optional(self.readers())
            .await
            .map_err(reading)?;
        row.map(|row| row.document("roster")).transpose()
    }

    /// The newest kept version of the roster with this digest: that one itself, or one that succeeds
    /// it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn newest_of(&self, digest: &Digest) -> Result<Option<Signed<Roster>>, StorageError> {
        let rows =
            query("SELECT roster FROM rosters").fetch_all(self.readers()).await.map_err(reading)?;
        let mut newest: Option<Signed<Roster>> = None;
        for row in rows {
            let known = row.document::<Signed<Roster>>("roster")?;
            let version = newest.as_ref().map_or(0, |newest| newest.body.version());
            if known.body.covers(digest) && known.body.version() > version {
                newest = Some(known);
            }
        }
        Ok(newest)
    }

    /// The file that it is in, if it is in one.
    pub fn file(&self) -> Option<&Path> {
        match &self.0.address {
            Address::File(path) => Some(path),
            Address::Server(_) => None,
        }
    }

    pub(super) fn readers(&self) -> &Pool {
        &self.0.readers
    }

    /// Do a write in a transaction; durable when this returns.
    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        self.0.writer.write(self.1, work).await
    }
}

/// Compare a store with its mark, and go on with it; also when the store last lost something.
async fn marked(
    address: &Address,
    path: Option<PathBuf>,
    opening: &Opening,
    connection: &mut Connection,
) -> Result<(Option<Mark>, Option<Timestamp>), StorageError> {
    let shared = matches!(address, Address::Server(_));
    let mut standing = Standing::of(connection).await?;
    let Some(path) = path else { return Ok((None, standing.lost)) };
    let found = Mark::read(&path)?;
    let mark = match (standing.behind(&found, shared), opening.accept_loss) {
        (None, _) => Mark::go_on(path, &found, &standing.point)?,
        (Some(behind), None) => {
            return Err(StorageError::Behind { place: address.to_string(), behind });
        }
        (Some(behind), Some(now)) => {
            tracing::warn!(database = %address, %behind, "the database is taken as it is");
            standing.accept(connection, shared, now).await?;
            Mark::begin(path, &standing.point)?
        }
    };
    Ok((Some(mark), standing.lost))
}

/// A read that failed, told apart from one after [`Database::close`].
pub(super) fn reading(error: sqlx::Error) -> StorageError {
    match error {
        sqlx::Error::PoolClosed => StorageError::Closed,
        error => StorageError::Database(error),
    }
}

#[cfg(test)]
#[path = "database_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "database_tests.rs"]
#[allow(clippy::duplicate_mod)] // the same tests again, on the other kind of store
mod tests_on_postgres;

#[cfg(test)]
#[path = "file_tests.rs"]
mod file_tests;
