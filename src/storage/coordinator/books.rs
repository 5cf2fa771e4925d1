//! The books of material for two parties: which models there are, and how far each batch has come.
//!
//! A batch is *making*, *ready* once all its makers have it on disk, *promised* to one client, *given*
//! once both parties have fetched their halves, or *withdrawn*. It never goes back. What was promised is
//! on disk before the promise leaves, and the same request gets the same promise again.

use std::collections::BTreeMap;

use super::super::StorageError;
use super::super::column::{Columns as _, json};
use super::super::database::reading;
use super::super::sql::{Connection, Row, query};
use super::CoordinatorStore;
use crate::base::Timestamp;
use crate::identity::{Digest, KeyPair, PublicKey, Signed};
pub use crate::session::dealing::BookState;
use crate::session::dealing::StockOrder;
use crate::session::scoring::{BatchId, BatchPromise, ModelTerms, givers};
use crate::sharing::NodeSet;
use crate::sharing::pair::BatchShape;

/// Most models that are announced at a time.
pub const MOST_MODELS: i64 = 100;

/// Most batches that are promised to one client and not given yet.
pub const MOST_PROMISED: i64 = 8;

/// A model in the books.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BookedModel {
    /// Its id.
    pub model: Digest,
    /// What is public of it.
    pub terms: Signed<ModelTerms>,
    /// How many batches are to be ready; 0 once its owner has taken it back.
    pub stock: u32,
    /// When it was announced.
    pub announced: Timestamp,
}

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

/// Why a model is not taken into the books, or a batch not promised.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// As many models as there may be.
    #[error("there are {MOST_MODELS} models already; one has to be taken back first")]
    Full,
    /// A later order is kept.
    #[error("a later order of the owner is kept than this one; sign a new one")]
    Outdated,
    /// There is no such model.
    #[error("no such model is announced; see `gavel model list`")]
    Unknown,
    /// Nothing is ready.
    #[error("no batch of this model is ready; the dealers make more, ask again in a while")]
    Empty,
    /// One client has too many.
    #[error(
        "{MOST_PROMISED} batches are promised to this key and not fetched; fetch them, or wait until \
         the promises end"
    )]
    TooMany,
    /// The store.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<sqlx::Error> for BookError {
    fn from(error: sqlx::Error) -> Self {
        Self::Storage(error.into())
    }
}

/// What a batch is asked for with.
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
    /// The roster, and those that it succeeds, whose dealers they are.
    pub rosters: Vec<Digest>,
    /// Of the dealers: one more of them give a batch out.
    pub threshold: u8,
    /// How long the promise is good.
    pub until: Timestamp,
}

const MODEL: &str = "SELECT model, terms, stock, announced FROM coordinator_models";
const BATCH: &str = "SELECT batch, model, roster, makers, holders, state, begun, promise, reason FROM coordinator_batches";

impl CoordinatorStore {
    /// Take a model into the books, or another order for its stock. The same one again changes nothing.
    ///
    /// # Errors
    /// `Outdated` when a later order is kept, `Full` where there are too many models.
    pub async fn announce_model(
        &self,
        terms: &Signed<ModelTerms>,
        order: &StockOrder,
        now: Timestamp,
    ) -> Result<(), BookError> {
        let (model, text) = (terms.body.id(), json("model", terms)?);
        let (stock, ordered) = (i64::from(order.stock), order.at.millis());
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let held =
                        query("SELECT stock, ordered FROM coordinator_models WHERE model = $1")
                            .bind(model.0.to_vec())
                            .fetch_optional(&mut *connection)
                            .await?;
                    let held = held.map(|row| {
                        Ok::<_, StorageError>((row.number("stock")?, row.time("ordered")?.millis()))
                    });
                    let held: Option<(i64, i64)> = held.transpose()?;
                    if held == Some((stock, ordered)) {
                        return Ok(());
                    }
                    if held.is_some_and(|(_, earlier)| earlier >= ordered) {
                        return Err(BookError::Outdated);
                    }
                    let row =
                        query("SELECT COUNT(*) AS models FROM coordinator_models WHERE stock > 0")
                            .fetch_one(&mut *connection)
                            .await?;
                    let adds = stock > 0 && held.is_none_or(|(before, _)| before == 0);
                    if adds && row.number::<i64>("models")? >= MOST_MODELS {
                        return Err(BookError::Full);
                    }
                    query(
                        "INSERT INTO coordinator_models (model, terms, stock, ordered, announced)
                         VALUES ($1, $2, $3, $4, $5)
                         ON CONFLICT (model) DO UPDATE SET stock = $3, ordered = $4",
                    )
                    .bind(model.0.to_vec())
                    .bind(text)
                    .bind(stock)
                    .bind(ordered)
                    .bind(now.millis())
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// The models that are announced and not taken back, the first first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn models(&self) -> Result<Vec<BookedModel>, StorageError> {
        let rows = query(format!("{MODEL} WHERE stock > 0 ORDER BY announced, model"))
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
        rows.iter().map(model_of).collect()
    }

    /// One of them, also where it was taken back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn model(&self, model: Digest) -> Result<Option<BookedModel>, StorageError> {
        let row = query(format!("{MODEL} WHERE model = $1"))
            .bind(model.0.to_vec())
            .fetch_optional(self.database.readers())
            .await
            .map_err(reading)?;
        row.as_ref().map(model_of).transpose()
    }

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

    /// A batch has come from one state to another, for a reason that is kept. Whether it was in the
    /// first one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bring_on(
        &self,
        batch: BatchId,
        (from, to): (BookState, BookState),
        reason: Option<String>,
    ) -> Result<bool, StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let done = query(
                        "UPDATE coordinator_batches SET state = $3, reason = $4
                         WHERE batch = $1 AND state = $2",
                    )
                    .bind(batch.0.to_vec())
                    .bind(from.name())
                    .bind(to.name())
                    .bind(reason)
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

    /// Promise a batch, in one transaction: the oldest that is ready and of which enough holders are
    /// there. All of those give it out. The same request again gets the same promise.
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

    /// Withdraw every batch that may still be used, for books that have lost something: they cannot
    /// tell what was promised since.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw_books(&self) -> Result<(), StorageError> {
        self.database
            .write(|connection| {
                Box::pin(async move {
                    query(
                        "UPDATE coordinator_batches SET state = $1
                         WHERE state IN ('making', 'ready', 'promised')",
                    )
                    .bind(BookState::Withdrawn.name())
                    .execute(connection)
                    .await?;
                    Ok(())
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
    for row in &rows {
        let batch = batch_of(row)?;
        let chosen = givers(batch.batch, batch.makers, asked.threshold);
        let there = chosen.is_subset_of(batch.holders.intersection(asked.there));
        if !there || !asked.rosters.contains(&batch.roster) {
            continue;
        }
        let promise = BatchPromise {
            batch: batch.batch,
            model: asked.model,
            roster: batch.roster,
            shape: asked.shape.clone(),
            makers: batch.makers,
            chosen,
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

fn model_of(row: &Row) -> Result<BookedModel, StorageError> {
    Ok(BookedModel {
        model: row.digest("model")?,
        terms: row.document("terms")?,
        stock: row.number("stock")?,
        announced: row.time("announced")?,
    })
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
