//! What is remembered of dealers who lied: in the making of a batch, or when they gave one out. It stays
//! until the coordinator's operator has it forgotten.

use super::super::StorageError;
use super::super::column::Columns as _;
use super::super::database::reading;
use super::super::sql::{Row, query};
use super::CoordinatorStore;
use crate::base::Timestamp;
use crate::session::scoring::BatchId;
use crate::sharing::NodeIndex;

/// Most that are remembered: of more, the latest.
pub const MOST_DOUBTS: i64 = 64;

/// Something that is remembered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Doubt {
    /// The batch.
    pub batch: BatchId,
    /// When it was noted.
    pub noted: Timestamp,
    /// What happened, as a document.
    pub trouble: String,
}

impl CoordinatorStore {
    /// Remember something of the making of a batch, or of one dealer who gave it out. What is remembered
    /// of the same before stays.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_doubt(
        &self,
        doubt: Doubt,
        dealer: Option<NodeIndex>,
    ) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "INSERT INTO coordinator_doubts (batch, dealer, noted, trouble)
                         VALUES ($1, $2, $3, $4) ON CONFLICT (batch, dealer) DO NOTHING",
                    )
                    .bind(doubt.batch.0.to_vec())
                    .bind(dealer.map_or(0, |dealer| i64::from(dealer.get())))
                    .bind(doubt.noted.millis())
                    .bind(doubt.trouble)
                    .execute(&mut *connection)
                    .await?;
                    query(
                        "DELETE FROM coordinator_doubts WHERE noted < (
                            SELECT MIN(noted) FROM (
                                SELECT noted FROM coordinator_doubts ORDER BY noted DESC LIMIT $1
                            ) AS latest)",
                    )
                    .bind(MOST_DOUBTS)
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// All that is remembered, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn doubts(&self) -> Result<Vec<Doubt>, StorageError> {
        let rows =
            query("SELECT batch, noted, trouble FROM coordinator_doubts ORDER BY noted, batch")
                .fetch_all(self.database.readers())
                .await
                .map_err(reading)?;
        let doubt = |row: &Row| {
            Ok(Doubt {
                batch: BatchId(row.bytes("batch")?),
                noted: row.time("noted")?,
                trouble: row.try_get("trouble")?,
            })
        };
        rows.iter().map(doubt).collect()
    }

    /// Forget all of it. How much there was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_doubts(&self) -> Result<u64, StorageError> {
        self.database
            .write(|connection| {
                Box::pin(async move {
                    let done = query("DELETE FROM coordinator_doubts").execute(connection).await?;
                    Ok(done.rows_affected())
                })
            })
            .await
    }
}

#[cfg(test)]
#[path = "doubts_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "doubts_tests.rs"]
#[allow(clippy::duplicate_mod)] // the same tests again, on the other kind of store
mod tests_on_postgres;
