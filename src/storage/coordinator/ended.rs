//! How batches leave the books of material: given out, withdrawn, and forgotten in the end.

use std::time::Duration;

use super::super::StorageError;
use super::super::sql::query;
use super::CoordinatorStore;
use super::books::BookState;
use crate::base::Timestamp;
use crate::session::scoring::BatchId;

/// How long a batch stays in the books after it was given out or withdrawn.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl CoordinatorStore {
    /// A batch was given out, or is withdrawn for a reason that is kept. Whether it had come so far, and no
    /// further, before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_batch(
        &self,
        batch: BatchId,
        (from, to): (BookState, BookState),
        reason: Option<String>,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let done = query(
                        "UPDATE coordinator_batches SET state = $3, reason = $4, ended = $5
                         WHERE batch = $1 AND state = $2",
                    )
                    .bind(batch.0.to_vec())
                    .bind(from.name())
                    .bind(to.name())
                    .bind(reason)
                    .bind(now.millis())
                    .execute(connection)
                    .await?;
                    Ok(done.rows_affected() > 0)
                })
            })
            .await
    }

    /// Withdraw every batch that may still be used, for books that have lost something: they cannot
    /// tell what was promised since.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw_books(&self, now: Timestamp) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "UPDATE coordinator_batches SET state = $1, ended = $2
                         WHERE state IN ('making', 'ready', 'promised')",
                    )
                    .bind(BookState::Withdrawn.name())
                    .bind(now.millis())
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Forget batches that were given out or withdrawn long ago. How many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_batches(&self, now: Timestamp) -> Result<u64, StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let done = query(
                        "DELETE FROM coordinator_batches
                         WHERE state IN ('given', 'withdrawn') AND ended < $1",
                    )
                    .bind(now.before(KEPT).millis())
                    .execute(connection)
                    .await?;
                    Ok(done.rows_affected())
                })
            })
            .await
    }
}
