//! Bringing a store's tables up to date, and refusing a store that is damaged, foreign or newer.

use std::collections::BTreeSet;

use super::StorageError;
use super::address::{Address, opening};
use super::sql::{Connection, query};

/// Every migration, in the order of their numbers. Each is one text for both kinds of store: see
/// [`dialect`].
pub(super) const MIGRATIONS: [(i64, &str, &str); 24] = [
    (1, "node", include_str!("migrations/0001_node.sql")),
    (2, "coordinator", include_str!("migrations/0002_coordinator.sql")),
    (3, "accounts", include_str!("migrations/0003_accounts.sql")),
    (10, "replicas", include_str!("migrations/0010_replicas.sql")),
    (21, "parts", include_str!("migrations/0021_parts.sql")),
    (40, "promises", include_str!("migrations/0040_promises.sql")),
    (41, "keys", include_str!("migrations/0041_keys.sql")),
    (42, "limits", include_str!("migrations/0042_limits.sql")),
    (60, "logins", include_str!("migrations/0060_logins.sql")),
    (80, "inventory", include_str!("migrations/0080_inventory.sql")),
    (90, "pauses", include_str!("migrations/0090_pauses.sql")),
    (91, "invitations", include_str!("migrations/0091_invitations.sql")),
    (100, "disclosures", include_str!("migrations/0100_disclosures.sql")),
    (110, "cohorts", include_str!("migrations/0110_cohorts.sql")),
    (120, "variables", include_str!("migrations/0120_variables.sql")),
    (121, "jobs", include_str!("migrations/0121_jobs.sql")),
    (122, "approvals", include_str!("migrations/0122_approvals.sql")),
    (125, "refreshes", include_str!("migrations/0125_refreshes.sql")),
    (130, "material", include_str!("migrations/0130_material.sql")),
    (131, "books", include_str!("migrations/0131_books.sql")),
    (140, "letters", include_str!("migrations/0140_letters.sql")),
    (150, "handovers", include_str!("migrations/0150_handovers.sql")),
    (155, "vouched", include_str!("migrations/0155_vouched.sql")),
    (160, "announcers", include_str!("migrations/0160_announcers.sql")),
];

/// The newest schema this program knows.
pub(super) fn known() -> i64 {
    MIGRATIONS.iter().map(|(version, _, _)| *version).max().unwrap_or(0)
}

/// A migration's text for this kind of store: PostgreSQL's word for bytes is another.
fn dialect(connection: &Connection, text: &'static str) -> std::borrow::Cow<'static, str> {
    match connection {
        Connection::Sqlite(_) => text.into(),
        Connection::Postgres(_) => text.replace("BLOB", "BYTEA").into(),
    }
}

/// Whether the file is sound. A server looks after its own files.
pub(super) async fn check(
    address: &Address,
    connection: &mut Connection,
) -> Result<(), StorageError> {
    if let Connection::Postgres(_) = connection {
        return Ok(());
    }
    let failed = |error| opening(address, error);
    let row = query("PRAGMA quick_check(1)").fetch_optional(connection).await.map_err(failed)?;
    let Some(row) = row else { return Ok(()) };
    match row.try_get::<String, _>(0).map_err(failed)? {
        line if line == "ok" => Ok(()),
        line => Err(StorageError::Damaged {
            place: address.to_string(),
            // One line, whatever the check wrote.
            detail: line.replace('\n', " "),
        }),
    }
}

/// Do what is missing, in one transaction.
pub(super) async fn migrate(
    address: &Address,
    connection: &mut Connection,
) -> Result<(), StorageError> {
    migrate_to(address, connection, known()).await
}

/// The same up to a version and no further, as the program of that version did it.
pub(super) async fn migrate_to(
    address: &Address,
    connection: &mut Connection,
    last: i64,
) -> Result<(), StorageError> {
    let failed = |error| opening(address, error);
    connection.run(connection.begin()).await.map_err(failed)?;
    let migrated = try_migrate(address, connection, last).await;
    let end = if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = connection.run(end).await.map_err(failed);
    migrated.and(ended)
}

/// The migrations that a store has seen; `None` of one that is empty.
///
/// # Errors
/// `Foreign` when it is another program's, `Newer` when it is from a newer version of this one.
pub(super) async fn done(
    address: &Address,
    connection: &mut Connection,
) -> Result<Option<BTreeSet<i64>>, StorageError> {
    let failed = |error| opening(address, error);
    let place = || address.to_string();
    let tables = match connection {
        Connection::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table'",
        Connection::Postgres(_) => {
            "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()"
        }
    };
    let tables = query(tables).fetch_all(&mut *connection).await.map_err(failed)?;
    let names: Vec<String> =
        tables.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(failed)?;
    if names.is_empty() {
        return Ok(None);
    }
    if !names.iter().any(|name| name == "schema") {
        return Err(StorageError::Foreign { place: place() });
    }
    let rows = query("SELECT version FROM schema").fetch_all(connection).await;
    let done: BTreeSet<i64> =
        rows.and_then(|rows| rows.iter().map(|row| row.try_get(0)).collect()).map_err(failed)?;
    let (found, known) = (done.last().copied().unwrap_or(0), known());
    if found > known {
        return Err(StorageError::Newer { place: place(), found, known });
    }
    Ok(Some(done))
}

async fn try_migrate(
    address: &Address,
    connection: &mut Connection,
    last: i64,
) -> Result<(), StorageError> {
    let failed = |error| opening(address, error);
    let done = if let Some(done) = done(address, connection).await? {
        done
    } else {
        let schema =
            "CREATE TABLE schema (version BIGINT PRIMARY KEY NOT NULL, name TEXT NOT NULL)";
        connection.run(schema).await.map_err(failed)?;
        BTreeSet::new()
    };
    for (version, name, statements) in MIGRATIONS {
        if version <= last && !done.contains(&version) {
            let statements = dialect(connection, statements);
            connection.run(statements).await.map_err(failed)?;
            query("INSERT INTO schema (version, name) VALUES ($1, $2)")
                .bind(version)
                .bind(name)
                .execute(connection)
                .await
                .map_err(failed)?;
        }
    }
    Ok(())
}
