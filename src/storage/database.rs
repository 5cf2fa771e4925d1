//! Opening a database file: mode, integrity, migrations, readers and the writer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection};

use super::column::{Columns as _, json};
use super::disk::{Disk, InPlace, Readers, in_place};
use super::{StorageError, writer::Writer};
use crate::identity::{Digest, Roster, Signed, Statement as _};

/// Every migration in order; the first is version 1.
const MIGRATIONS: [(&str, &str); 3] = [
    ("node", include_str!("migrations/0001_node.sql")),
    ("coordinator", include_str!("migrations/0002_coordinator.sql")),
    ("accounts", include_str!("migrations/0003_accounts.sql")),
];

/// Readers beside the writer.
const READERS: u32 = 4;

/// How long a connection waits for another process, such as a backup, to let go of the file.
const BUSY: Duration = Duration::from_secs(10);

/// An open database file. Clones share it.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    path: PathBuf,
    readers: Readers,
    writer: Writer,
}

impl Database {
    /// Open or make a database: directories it makes have mode 0700, the file has 0600. Checks
    /// its integrity and brings its tables up to date.
    ///
    /// # Errors
    /// When the place cannot be used, or the file is damaged, another program's or from a newer
    /// version of this one.
    pub async fn open(path: &Path) -> Result<Self, StorageError> {
        Self::open_with(path, None).await
    }

    /// Open or make a database for a simulation: its statements run in place, and `disk` decides
    /// what becomes of commits. Needs a tokio runtime, which should have one thread.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_in_place(path: &Path, disk: Arc<dyn Disk>) -> Result<Self, StorageError> {
        in_place(Self::open_with(path, Some(disk)))
    }

    async fn open_with(path: &Path, disk: InPlace) -> Result<Self, StorageError> {
        make_private(path).map_err(|error| StorageError::Place { path: path.to_owned(), error })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        let mut connection = options.connect().await.map_err(|error| opening(path, error))?;
        check(path, &mut connection).await?;
        migrate(path, &mut connection).await?;
        let options = options.pragma("query_only", "ON");
        let readers = if disk.is_some() {
            let reader = options.connect().await.map_err(|error| opening(path, error))?;
            Readers::InPlace(Mutex::new(reader))
        } else {
            let pool = SqlitePoolOptions::new().max_connections(READERS);
            Readers::Pool(pool.connect_lazy_with(options))
        };
        let writer = Writer::start(connection, disk);
        Ok(Self(Arc::new(Inner { path: path.to_owned(), readers, writer })))
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Finish what is queued and close the file. What is asked for afterwards is refused.
    pub async fn close(&self) {
        self.0.readers.close().await;
        self.0.writer.stop().await;
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
                sqlx::query(
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

    /// A roster by its digest.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn roster(&self, digest: &Digest) -> Result<Option<Signed<Roster>>, StorageError> {
        let row = sqlx::query("SELECT roster FROM rosters WHERE digest = $1")
            .bind(digest.0.to_vec())
            .fetch_optional(self.readers())
            .await
            .map_err(reading)?;
        row.map(|row| row.document("roster")).transpose()
    }

    pub(super) fn readers(&self) -> &Readers {
        &self.0.readers
    }

    /// Do a write in a transaction; durable when this returns.
    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
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

/// Make directories and file for their owner alone. The log files beside it take the file's mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut directory = std::fs::DirBuilder::new();
    directory.recursive(true);
    let mut file = std::fs::OpenOptions::new();
    file.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        directory.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        directory.create(parent)?;
    }
    let file = file.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    drop(file);
    Ok(())
}

/// What went wrong before the database was open.
fn opening(path: &Path, error: sqlx::Error) -> StorageError {
    let path = path.to_owned();
    // The lowest byte of SQLite's code is the kind: 11 corrupt, 26 not a database.
    let kind = error
        .as_database_error()
        .and_then(|error| error.code()?.parse::<u32>().ok())
        .map(|code| code & 0xff);
    match kind {
        Some(11 | 26) => StorageError::Damaged { path, detail: error.to_string() },
        _ => StorageError::Open { path, error },
    }
}

async fn check(path: &Path, connection: &mut SqliteConnection) -> Result<(), StorageError> {
    let found: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_all(connection)
        .await
        .map_err(|error| opening(path, error))?;
    match found.first() {
        Some(line) if line != "ok" => Err(StorageError::Damaged {
            path: path.to_owned(),
            // One line, whatever the check wrote.
            detail: line.replace('\n', " "),
        }),
        _ => Ok(()),
    }
}

async fn migrate(path: &Path, connection: &mut SqliteConnection) -> Result<(), StorageError> {
    let failed = |error| opening(path, error);
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await.map_err(failed)?;
    let migrated = try_migrate(path, connection).await;
    let end = if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = sqlx::query(end).execute(connection).await.map_err(failed);
    migrated.and(ended.map(drop))
}

async fn try_migrate(path: &Path, connection: &mut SqliteConnection) -> Result<(), StorageError> {
    let failed = |error| opening(path, error);
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
    if tables.is_empty() {
        sqlx::query(
            "CREATE TABLE schema (version BIGINT PRIMARY KEY NOT NULL, name TEXT NOT NULL)",
        )
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    } else if !tables.iter().any(|name| name == "schema") {
        return Err(StorageError::Foreign { path: path.to_owned() });
    }
    let found: Option<i64> = sqlx::query_scalar("SELECT MAX(version) FROM schema")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    let found = found.unwrap_or(0);
    for (version, (name, statements)) in (1..).zip(MIGRATIONS) {
        if version > found {
            sqlx::raw_sql(statements).execute(&mut *connection).await.map_err(failed)?;
            sqlx::query("INSERT INTO schema (version, name) VALUES ($1, $2)")
                .bind(version)
                .bind(name)
                .execute(&mut *connection)
                .await
                .map_err(failed)?;
        }
    }
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StorageError::Newer { path: path.to_owned(), found, known });
    }
    Ok(())
}

#[cfg(test)]
#[path = "database_tests.rs"]
mod tests;
