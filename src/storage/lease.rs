//! Leases: who has a role on a server, and until when, by the server's clock alone.
//!
//! A lease is renewed well within its time. One that has run out goes to the next process that
//! asks, with a higher fence. A write that belongs to a role looks, in its own transaction, whether
//! its fence is still the lease's; a lease cannot change hands while such a transaction is open. So
//! a process that was stopped for a while and wakes up cannot store anything in a role that it has
//! lost, whatever it believes.

use std::time::Duration;

use super::StorageError;
use super::column::Columns as _;
use super::role::{Fence, Leadership};
use super::sql::{Connection, query};

/// How long a lease lasts unless it is renewed.
pub(super) const LEASE: Duration = Duration::from_secs(8);

/// How often it is renewed.
pub(super) const RENEWAL: Duration = Duration::from_secs(2);

/// The server's clock, in milliseconds.
const NOW: &str = "(extract(epoch from clock_timestamp()) * 1000)::bigint";

/// Who asks for leases: one process and store.
pub(super) struct Holder {
    id: [u8; 16],
    name: String,
}

/// Somebody else's lease.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Taken {
    /// Who has it, as it calls itself.
    pub(super) by: String,
    /// Until when it is renewed so far.
    pub(super) until: i64,
}

impl Holder {
    /// With a name that nobody else has.
    pub(super) fn new(name: String) -> Result<Self, StorageError> {
        Ok(Self { id: super::mark::name()?, name })
    }

    /// Ask for a lease: a turn of one's own, or `None` where another one's has not run out.
    pub(super) async fn claim(
        &self,
        connection: &mut Connection,
        role: Leadership,
    ) -> Result<Option<Fence>, StorageError> {
        let row = query(format!(
            "INSERT INTO leases (role, holder, name, fence, until)
             VALUES ($1, $2, $3, 1, {NOW} + $4)
             ON CONFLICT (role) DO UPDATE
             SET holder = excluded.holder, name = excluded.name, fence = leases.fence + 1,
                 until = excluded.until
             WHERE leases.until < {NOW}
             RETURNING fence"
        ))
        .bind(role.slug())
        .bind(self.id.to_vec())
        .bind(self.name.as_str())
        .bind(millis(LEASE))
        .fetch_optional(connection)
        .await?;
        row.map(|row| Ok(Fence { role, number: row.number("fence")? })).transpose()
    }

    /// Renew a lease; whether it is still this turn's. One that has run out is renewed too, where
    /// nobody else has asked for it meanwhile.
    pub(super) async fn renew(
        &self,
        connection: &mut Connection,
        fence: Fence,
    ) -> Result<bool, StorageError> {
        self.extend(connection, fence, &format!("{NOW} + {}", millis(LEASE))).await
    }

    /// Give a lease back.
    pub(super) async fn release(
        &self,
        connection: &mut Connection,
        fence: Fence,
    ) -> Result<(), StorageError> {
        self.extend(connection, fence, "0").await.map(|_| ())
    }

    async fn extend(
        &self,
        connection: &mut Connection,
        fence: Fence,
        until: &str,
    ) -> Result<bool, StorageError> {
        let done = query(format!(
            "UPDATE leases SET until = {until} WHERE role = $1 AND holder = $2 AND fence = $3"
        ))
        .bind(fence.role.slug())
        .bind(self.id.to_vec())
        .bind(fence.number)
        .execute(connection)
        .await?;
        Ok(done.rows_affected() > 0)
    }
}

/// Who has a role, if anybody.
pub(super) async fn taken(
    connection: &mut Connection,
    role: Leadership,
) -> Result<Option<Taken>, StorageError> {
    let row = query("SELECT name, until FROM leases WHERE role = $1")
        .bind(role.slug())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let name: String = row.try_get("name")?;
    let by = name.chars().filter(|c| !c.is_control()).collect();
    Ok(Some(Taken { by, until: row.try_get("until")? }))
}

/// That a turn is the lease's, in the transaction that rests on it.
pub(super) async fn check(connection: &mut Connection, fence: Fence) -> Result<(), StorageError> {
    // A file belongs to one process.
    if let Connection::Sqlite(_) = connection {
        return Ok(());
    }
    // Shared, so that nobody takes the lease before this transaction ends.
    let row = query("SELECT fence FROM leases WHERE role = $1 FOR SHARE")
        .bind(fence.role.slug())
        .fetch_optional(connection)
        .await?;
    match row {
        Some(row) if row.try_get::<i64, _>("fence")? == fence.number => Ok(()),
        _ => Err(StorageError::Superseded { role: fence.role }),
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
