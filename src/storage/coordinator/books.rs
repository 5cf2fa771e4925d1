//! The books of material for two parties: how far each batch has come, for which model.
//!
//! A batch is *making*, *ready* once all its makers have it on disk, *promised* to one client, *given*
//! once both parties have fetched their halves, or *withdrawn*. It never goes back. What was promised is
//! on disk before the promise leaves, and the same request gets the same promise again. A batch goes from
//! the books 30 days after it was given or withdrawn; no request is so old that it could be promised again.

use std::collections::BTreeMap;

use super::super::StorageError;
use super::super::column::{Columns as _, json};
use super::super::database::reading;
use super::super::sql::{Connection, Row, query};
use super::CoordinatorStore;
pub use super::book_error::{BookError, MOST_MODELS, MOST_OF_ONE, MOST_PROMISED};
pub use super::models::BookedModel;
use super::models::{MODEL, model_of};
use crate::base::Timestamp;
use crate::identity::{Digest, KeyPair, PublicKey, Signed};
pub use crate::session::dealing::BookState;
use crate::session::scoring::{BatchId, BatchPromise, Vouched, givers};
use crate::sharing::NodeSet;
use crate::sharing::pair::BatchShape;

/// A batch in the books.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BookedBatch {
    /// Its id.
    pub batch: BatchId,
    /// The model that it was made for.
    pub model: Digest,
    /// The roster of its makers.
    pub roster: Digest,
    /// Who made it.
    pub makers: NodeSet,
    /// Those of them who still have their part.
    pub holders: NodeSet,
    /// How far it has come.
    pub state: BookState,
    /// When its making began.
    pub begun: Timestamp,
    /// The coordinator's word, once it is promised.
    pub promise: Option<Signed<BatchPromise>>,
    /// Why it is withdrawn.
    pub reason: Option<String>,
}

/// What a batch is asked for with.
#[derive(Clone)]
pub struct Asked {
    /// The digest of the request.
    pub request: Digest,
    /// The model.
    pub model: Digest,
    /// What a batch of it has.
    pub shape: BatchShape,
    /// Who asked.
    pub client: PublicKey,
    /// The dealers that are there.
    pub there: NodeSet,
    /// Those of whom another batch is taken where there is one.
    pub doubted: NodeSet,
    /// The roster, and those that it succeeds, whose dealers they are.
    pub rosters: Vec<Digest>,
    /// Of the dealers: one more of them give a batch out.
    pub threshold: u8,
    /// How long the promise is good.
    pub until: Timestamp,
}

const BATCH: &str = "SELECT batch, model, roster, makers, holders, state, begun, promise, reason, vouched \
     FROM coordinator_batches";

impl CoordinatorStore {
    /// How many batches of each model have come how far.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counts(&self) -> Result<BTreeMap<(Digest, BookState), u32>, StorageError> {
        let rows = query(
            "SELECT model, state, COUNT(*) AS batches FROM coordinator_batches GROUP BY model, state",
        )
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        let count =
            |row: &Row| Ok(((row.digest("model")?, state_of(row)?), row.number("batches")?));
        rows.iter().map(count).collect()
    }

    /// The batches that have come so far and no further, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn booked(&self, state: BookState) -> Result<Vec<BookedBatch>, StorageError> {
        let rows = query(format!("{BATCH} WHERE state = $1 ORDER BY begun, batch"))
            .bind(state.name())
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
        rows.iter().map(batch_of).collect()
    }

    /// The latest batches of a model, as many as asked for at most, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn latest_batches(
        &self,
        model: Digest,
        most: u32,
    ) -> Result<Vec<BookedBatch>, StorageError> {
        let rows = query(format!("{BATCH} WHERE model = $1 ORDER BY begun DESC, batch LIMIT $2"))
            .bind(model.0.to_vec())
            .bind(i64::from(most))
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
        rows.iter().map(batch_of).collect()
    }

    /// Note a batch whose making begins.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_batch(
        &self,
        batch: BatchId,
        model: Digest,
        roster: Digest,
        makers: NodeSet,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let makers = json("makers", &makers)?;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "INSERT INTO coordinator_batches
                         (batch, model, roster, makers, holders, state, begun)
                         VALUES ($1, $2, $3, $4, $4, $5, $6)",
                    )
                    .bind(batch.0.to_vec())
                    .bind(model.0.to_vec())
                    .bind(roster.0.to_vec())
                    .bind(makers)
                    .bind(BookState::Making.name())
                    .bind(now.millis())
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// A batch is on the disks of all its makers, and this is what they signed of it. Whether it was being
    /// made.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_in_stock(
        &self,
        batch: BatchId,
        vouched: &Vouched,
    ) -> Result<bool, StorageError> {
        let vouched = json("vouched", vouched)?;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let done = query(
                        "UPDATE coordinator_batches SET state = $2, vouched = $3
                         WHERE batch = $1 AND state = $4",
                    )
                    .bind(batch.0.to_vec())
                    .bind(BookState::Ready.name())
                    .bind(vouched)
                    .bind(BookState::Making.name())
                    .execute(connection)
                    .await?;
                    Ok(done.rows_affected() > 0)
                })
            })
            .await
    }

    /// Only these makers of a batch still have their part.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_holders(&self, batch: BatchId, holders: NodeSet) -> Result<(), StorageError> {
        let holders = json("holders", &holders)?;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query("UPDATE coordinator_batches SET holders = $2 WHERE batch = $1")
                        .bind(batch.0.to_vec())
                        .bind(holders)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Promise a batch, in one transaction: the oldest that is ready and whose givers are there, and none
    /// of them doubted where there is such a one. The same request again gets the same promise.
    ///
    /// # Errors
    /// `Unknown`, `Empty`, or `TooMany` where the client has too many already.
    pub async fn promise_batch(
        &self,
        asked: Asked,
        keys: KeyPair,
    ) -> Result<Signed<BatchPromise>, BookError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let row = query("SELECT promise FROM coordinator_batches WHERE asked = $1")
                        .bind(asked.request.0.to_vec())
                        .fetch_optional(&mut *connection)
                        .await?;
                    if let Some(row) = row {
                        return Ok(row.document("promise")?);
                    }
                    promise(connection, &asked, &keys).await
                })
            })
            .await
    }
}

async fn promise(
    connection: &mut Connection,
    asked: &Asked,
    keys: &KeyPair,
) -> Result<Signed<BatchPromise>, BookError> {
    let row = query(format!("{MODEL} WHERE model = $1 AND stock > 0"))
        .bind(asked.model.0.to_vec())
        .fetch_optional(&mut *connection)
        .await?;
    let model = model_of(&row.ok_or(BookError::Unknown)?)?;
    let row = query(
        "SELECT COUNT(*) AS batches FROM coordinator_batches WHERE client = $1 AND state = $2",
    )
    .bind(asked.client.as_bytes().to_vec())
    .bind(BookState::Promised.name())
    .fetch_one(&mut *connection)
    .await?;
    if row.number::<i64>("batches")? >= MOST_PROMISED {
        return Err(BookError::TooMany);
    }
    let rows = query(format!("{BATCH} WHERE model = $1 AND state = $2 ORDER BY begun, batch"))
        .bind(asked.model.0.to_vec())
        .bind(BookState::Ready.name())
        .fetch_all(&mut *connection)
        .await?;
    let (mut able, mut doubted) = (Vec::new(), Vec::new());
    for row in &rows {
        let batch = batch_of(row)?;
        let chosen = givers(batch.batch, batch.makers, asked.threshold);
        let there = chosen.is_subset_of(batch.holders.intersection(asked.there));
        let vouched: Option<Vouched> = row.maybe_document("vouched")?;
        let Some(vouched) = vouched.filter(|_| there) else { continue };
        if asked.rosters.contains(&batch.roster) {
            let trusted = chosen.intersection(asked.doubted).is_empty();
            (if trusted { &mut able } else { &mut doubted }).push((batch, chosen, vouched));
        }
    }
    if let Some((batch, chosen, vouched)) = able.into_iter().chain(doubted).next() {
        let promise = BatchPromise {
            batch: batch.batch,
            model: asked.model,
            roster: batch.roster,
            shape: asked.shape.clone(),
            makers: batch.makers,
            chosen,
            vouched,
            client: asked.client,
            owner: model.terms.body.owner,
            until: asked.until,
        };
        let promise = Signed::new(promise, keys);
        query(
            "UPDATE coordinator_batches SET state = $2, asked = $3, client = $4, until = $5, promise = $6
             WHERE batch = $1",
        )
        .bind(batch.batch.0.to_vec())
        .bind(BookState::Promised.name())
        .bind(asked.request.0.to_vec())
        .bind(asked.client.as_bytes().to_vec())
        .bind(asked.until.millis())
        .bind(json("promise", &promise)?)
        .execute(connection)
        .await?;
        return Ok(promise);
    }
    Err(BookError::Empty)
}

fn state_of(row: &Row) -> Result<BookState, StorageError> {
    let name: &str = row.try_get("state")?;
    BookState::ALL.into_iter().find(|state| state.name() == name).ok_or_else(|| {
        StorageError::Unreadable { what: "state of a batch", detail: name.to_owned() }
    })
}

fn batch_of(row: &Row) -> Result<BookedBatch, StorageError> {
    Ok(BookedBatch {
        batch: BatchId(row.bytes("batch")?),
        model: row.digest("model")?,
        roster: row.digest("roster")?,
        makers: row.document("makers")?,
        holders: row.document("holders")?,
        state: state_of(row)?,
        begun: row.time("begun")?,
        promise: row.maybe_document("promise")?,
        reason: row.try_get("reason")?,
    })
}

#[cfg(test)]
#[path = "books_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "books_tests.rs"]
#[allow(clippy::duplicate_mod)] // the same tests again, on the other kind of store
mod tests_on_postgres;
