//! A copy of a store as one SQLite file, and a store from such a copy. Either kind of store gives
//! the same kind of copy, so this is also the way from a file to a server and back.
//!
//! A copy shows the store as it was at one moment; who uses the store meanwhile is not held up.

use std::path::Path;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};

use super::address::{Address, make_private, opening};
use super::mark::{Found, Mark, Standing};
use super::migrate::{check, done, known, migrate, migrate_to};
use super::sql::{Connection, Query, Row, Value, query};
use super::{Behind, Database, StorageError};

/// Rows copied by one statement.
const PAGE: i64 = 500;

/// Copy the store at an address into a new file.
///
/// # Errors
/// When either cannot be used; a store from a newer version is refused.
pub async fn copy_out(from: &Address, into: &Path) -> Result<(), StorageError> {
    match from {
        Address::File(path) => {
            let failed = |error| opening(from, error);
            let options = SqliteConnectOptions::new().filename(path).create_if_missing(false);
            let mut source = Connection::Sqlite(options.connect().await.map_err(failed)?);
            let name = into.to_string_lossy().into_owned();
            query("VACUUM INTO $1").bind(name).execute(&mut source).await.map_err(failed)?;
            source.close().await.map_err(failed)?;
            // Damage that copying did not meet is found here, and not when it is needed.
            let copy = open_copy(into, known()).await.map_err(|error| error.of(from))?;
            copy.close().await?;
            Ok(())
        }
        Address::Server(_) => {
            let mut source = from.writer().await?;
            let failed = |error| opening(from, error);
            source.run("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await.map_err(failed)?;
            // A store that an older version serves stays as it is; the copy is brought up to date.
            let done = done(from, &mut source).await?.unwrap_or_default();
            let version = done.last().copied().unwrap_or_else(known);
            let mut target = open_copy(into, version).await?;
            if !done.is_empty() {
                copy(&mut source, &mut target).await?;
            }
            let place = Address::File(into.to_owned());
            migrate(&place, &mut target).await?;
            target.close().await?;
            source.close().await?;
            Ok(())
        }
    }
}

/// Make the store at an address from a copy. The copy is brought up to date on the way. Where the
/// mark of an earlier store is still there, and shows that the copy is behind it, gives what shows
/// it: the store is made, and opens only for who accepts the loss.
///
/// # Errors
/// `Occupied` when there is a store already; when the copy is damaged or from a newer version.
pub async fn copy_in(from: &Path, into: &Address) -> Result<Option<Behind>, StorageError> {
    let occupied = || StorageError::Occupied { place: into.to_string() };
    let mut source = open_copy(from, known()).await?;
    match into {
        Address::File(path) => {
            if path.exists() {
                return Err(occupied());
            }
            source.close().await?;
            make_private(path)
                .and_then(|()| std::fs::remove_file(path))
                .and_then(|()| std::fs::copy(from, path))
                .and_then(|_| std::fs::File::open(path)?.sync_all())
                .map_err(|error| StorageError::Place { path: path.clone(), error })?;
            make_private(path)
                .map_err(|error| StorageError::Place { path: path.clone(), error })?;
            let beside = Mark::beside(path);
            if Mark::read(&beside)? == Found::Nothing {
                let mut connection = into.writer().await?;
                let standing = Standing::of(&mut connection).await?;
                connection.close().await?;
                Mark::begin(beside, &standing.point)?;
            }
        }
        Address::Server(_) => {
            let mut target = into.writer().await?;
            let failed = |error| opening(into, error);
            let tables =
                query("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
                    .fetch_optional(&mut target)
                    .await
                    .map_err(failed)?;
            if tables.is_some() {
                return Err(occupied());
            }
            migrate(into, &mut target).await?;
            copy(&mut source, &mut target).await?;
            target.close().await?;
            source.close().await?;
        }
    }
    // Opened once as a server would: whatever is wrong with it is known now.
    match Database::open_at(into).await {
        Ok(database) => {
            database.close().await;
            Ok(None)
        }
        Err(StorageError::Behind { behind, .. }) => Ok(Some(behind)),
        Err(error) => Err(error),
    }
}

/// Open a copy alone, check it and bring it up to this version.
async fn open_copy(path: &Path, version: i64) -> Result<Connection, StorageError> {
    make_private(path).map_err(|error| StorageError::Place { path: path.to_owned(), error })?;
    let address = Address::File(path.to_owned());
    let options = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Full);
    let connected = options.connect().await.map_err(|error| opening(&address, error))?;
    let mut connection = Connection::Sqlite(connected);
    check(&address, &mut connection).await?;
    migrate_to(&address, &mut connection, version).await?;
    Ok(connection)
}

/// A column and how its values are read.
struct Column {
    name: String,
    kind: String,
}

/// Copy every row of every table. Both sides have the same tables; the file's say what they are.
async fn copy(source: &mut Connection, target: &mut Connection) -> Result<(), StorageError> {
    target.run("BEGIN").await?;
    let tables = {
        let file =
            if matches!(source, Connection::Sqlite(_)) { &mut *source } else { &mut *target };
        // In the order in which they were made: what refers to a table comes after it.
        let names = query(
            "SELECT name FROM sqlite_master
             WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN ('schema', 'leases') ORDER BY rowid",
        );
        let mut tables = Vec::new();
        for row in names.fetch_all(&mut *file).await? {
            let table: String = row.try_get(0)?;
            let columns = query("SELECT name, type FROM pragma_table_info($1) ORDER BY cid")
                .bind(table.as_str())
                .fetch_all(&mut *file)
                .await?;
            let columns = columns
                .iter()
                .map(|row| Ok(Column { name: row.try_get(0)?, kind: row.try_get(1)? }))
                .collect::<Result<Vec<_>, sqlx::Error>>()?;
            tables.push((table, columns));
        }
        tables
    };
    for (table, columns) in &tables {
        let list: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let list = list.join(", ");
        let places: Vec<_> = (1..=columns.len()).map(|place| format!("${place}")).collect();
        let insert = format!("INSERT INTO {table} ({list}) VALUES ({})", places.join(", "));
        let mut offset = 0;
        loop {
            let page =
                query(format!("SELECT {list} FROM {table} ORDER BY 1, 2 LIMIT $1 OFFSET $2"))
                    .bind(PAGE)
                    .bind(offset)
                    .fetch_all(&mut *source)
                    .await?;
            for row in &page {
                let statement = columns.iter().enumerate().try_fold(
                    query(insert.clone()),
                    |statement: Query, (place, column)| {
                        Ok::<_, sqlx::Error>(statement.bind(value(row, place, &column.kind)?))
                    },
                )?;
                statement.execute(&mut *target).await?;
            }
            offset += PAGE;
            if i64::try_from(page.len()).unwrap_or(PAGE) < PAGE {
                break;
            }
        }
    }
    target.run("COMMIT").await?;
    Ok(())
}

fn value(row: &Row, place: usize, kind: &str) -> Result<Value, sqlx::Error> {
    Ok(match kind {
        "BLOB" => Value::Bytes(row.try_get(place)?),
        "TEXT" => Value::Text(row.try_get(place)?),
        _ => Value::Number(row.try_get(place)?),
    })
}

#[cfg(test)]
#[path = "backup_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "backup_tests.rs"]
#[allow(clippy::duplicate_mod)] // the same tests again, on the other kind of store
mod tests_on_postgres;
