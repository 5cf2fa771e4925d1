//! An open store: its readers, its writer, and the rosters that both sides of it need.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::address::{Address, Lock, make_private};
use super::column::{Columns as _, json};
use super::disk::{Disk, InPlace, in_place};
use super::role::{Leadership, Roles};
use super::sql::{Connection, Pool, query};
use super::{StorageError, migrate, writer::Writer};
use crate::identity::{Digest, Roster, Signed, Statement as _};

/// An open store. Clones share it.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    address: Address,
    readers: Pool,
    writer: Writer,
    roles: Arc<Roles>,
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
        in_place(Self::open_with(&Address::File(path.to_owned()), Some(disk)))
    }

    /// Open or make a store. Of a file: directories it makes have mode 0700, the file has 0600; it
    /// belongs to this process until it is closed; its integrity is checked. Of either: brings its
    /// tables up to date.
    ///
    /// # Errors
    /// When the place cannot be used, or it is damaged, in use, another program's or from a newer
    /// version of this one.
    pub async fn open_at(address: &Address) -> Result<Self, StorageError> {
        Self::open_with(address, None).await
    }

    async fn open_with(address: &Address, disk: InPlace) -> Result<Self, StorageError> {
        let mut lock = None;
        if let Address::File(path) = address {
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
        let roles = Arc::new(Roles::new());
        let readers =
            if disk.is_some() { address.reader_in_place().await? } else { address.readers() };
        let writer = Writer::start(address.clone(), connection, lock, Arc::clone(&roles), disk);
        Ok(Self(Arc::new(Inner { address: address.clone(), readers, writer, roles })))
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

    /// Ask for a role. Where another process has it, it is asked for again from time to time; see
    /// [`Database::watch`].
    ///
    /// # Errors
    /// `Held`, naming who has it now.
    pub async fn claim(&self, role: Leadership) -> Result<(), StorageError> {
        self.0.writer.claim(role).await
    }

    /// Whether this process has a role, now and as it changes.
    pub fn watch(&self, role: Leadership) -> watch::Receiver<bool> {
        self.0.roles.watch(role)
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
        self.0.writer.write(work).await
    }
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
