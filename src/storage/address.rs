//! Where a store is: a file of this process alone, or a PostgreSQL server that several share.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use super::StorageError;
use super::sql::{Connection, Pool};

/// Readers beside the writer.
const READERS: u32 = 4;

/// How long a connection waits for another process, such as a backup, to let go of the file.
const BUSY: Duration = Duration::from_secs(10);

/// How long opening waits for another process that is about to end to let go of the file.
const LEAVING: Duration = Duration::from_secs(3);

/// Longest wait for a server to answer.
pub(super) const CONNECT: Duration = Duration::from_secs(10);

/// Where a store is.
#[derive(Clone)]
pub enum Address {
    /// A file.
    File(PathBuf),
    /// A server.
    Server(Box<PgConnectOptions>),
}

impl std::fmt::Display for Address {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server(server) => {
                write!(f, "postgres://{}@", server.get_username())?;
                match server.get_socket() {
                    Some(socket) => write!(f, "{}", socket.display())?,
                    None => write!(f, "{}:{}", server.get_host(), server.get_port())?,
                }
                write!(f, "/{}", server.get_database().unwrap_or_else(|| server.get_username()))
            }
        }
    }
}

impl Address {
    /// A URL that begins with `postgres://`, or the path of a file, from `folder` on.
    ///
    /// # Errors
    /// When a URL is not one.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, StorageError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let server: PgConnectOptions = text.parse().map_err(|_| StorageError::Address)?;
            return Ok(Self::Server(Box::new(server)));
        }
        if text.contains("://") || text.is_empty() {
            return Err(StorageError::Address);
        }
        Ok(Self::File(folder.join(text)))
    }

    /// A connection that writes.
    pub(super) async fn writer(&self) -> Result<Connection, StorageError> {
        match self {
            Self::File(path) => {
                let connected = file(path).connect().await;
                connected.map(Connection::Sqlite).map_err(|error| opening(self, error))
            }
            Self::Server(server) => {
                let options = server.as_ref().clone().application_name(&process()).options([
                    // On disk before it is acknowledged, whatever the server's default.
                    ("synchronous_commit", "on"),
                    // A process that hangs, or whose network is gone, stops nobody for long.
                    ("idle_in_transaction_session_timeout", "8s"),
                    ("lock_timeout", "20s"),
                    ("tcp_keepalives_idle", "5"),
                    ("tcp_keepalives_interval", "2"),
                    ("tcp_keepalives_count", "3"),
                ]);
                match tokio::time::timeout(CONNECT, PgConnection::connect_with(&options)).await {
                    Ok(connected) => {
                        connected.map(Connection::Postgres).map_err(|error| opening(self, error))
                    }
                    Err(_) => Err(opening(self, sqlx::Error::PoolTimedOut)),
                }
            }
        }
    }

    /// Connections that read, made when they are needed.
    pub(super) fn readers(&self) -> Pool {
        match self {
            Self::File(path) => Pool::Sqlite(
                SqlitePoolOptions::new()
                    .max_connections(READERS)
                    .connect_lazy_with(file(path).pragma("query_only", "ON")),
            ),
            Self::Server(server) => {
                let options = server
                    .as_ref()
                    .clone()
                    .application_name(&process())
                    .options([("default_transaction_read_only", "on")]);
                Pool::Postgres(
                    PgPoolOptions::new()
                        .max_connections(READERS)
                        .acquire_timeout(CONNECT)
                        .connect_lazy_with(options),
                )
            }
        }
    }

    /// One connection that reads in place, for a simulation on a file.
    pub(super) async fn reader_in_place(&self) -> Result<Pool, StorageError> {
        let Self::File(path) = self else { return Ok(self.readers()) };
        let connected = file(path).pragma("query_only", "ON").connect().await;
        let connection = connected.map_err(|error| opening(self, error))?;
        Ok(Pool::InPlace(Mutex::new(connection)))
    }
}

fn file(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
}

/// How this process is called where another finds that it has a role.
pub(super) fn process() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host: String = host.trim().chars().filter(|c| !c.is_control()).take(32).collect();
    format!("gavel process {} on {host}", std::process::id())
}

/// What went wrong before the database was open.
pub(super) fn opening(address: &Address, error: sqlx::Error) -> StorageError {
    let place = address.to_string();
    let code = error.as_database_error().and_then(|error| Some(error.code()?.into_owned()));
    // The lowest byte of SQLite's code is the kind: 11 corrupt, 26 not a database.
    let kind = code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff);
    match (address, kind) {
        (Address::File(_), Some(11 | 26)) => {
            StorageError::Damaged { place, detail: error.to_string() }
        }
        (Address::Server(_), _) if matches!(error, sqlx::Error::PoolTimedOut) => {
            StorageError::Silent { place }
        }
        _ => StorageError::Open { place, error },
    }
}

/// A file's lock, held by one process at a time for as long as this lives.
pub(super) struct Lock(#[allow(dead_code)] File);

impl Lock {
    /// Lock `path`, by way of a file beside it that also says who has it.
    pub(super) async fn take(path: &Path) -> Result<Self, StorageError> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        let beside = PathBuf::from(beside);
        let failed = |error| StorageError::Place { path: beside.clone(), error };
        let mut options = std::fs::OpenOptions::new();
        options.create(true).read(true).write(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside).map_err(failed)?;
        let until = tokio::time::Instant::now() + LEAVING;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) if tokio::time::Instant::now() < until => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(TryLockError::WouldBlock) => {
                    let mut by = String::new();
                    // Who it is is a help only.
                    drop(file.take(64).read_to_string(&mut by));
                    let by = match by.trim().parse::<u32>() {
                        Ok(process) => format!("process {process}"),
                        Err(_) => "another process".to_owned(),
                    };
                    return Err(StorageError::Held { place: path.display().to_string(), by });
                }
            }
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(failed)?;
        Ok(Self(file))
    }
}

/// Make directories and file for their owner alone. The log files beside it take the file's mode.
pub(super) fn make_private(path: &Path) -> std::io::Result<()> {
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
