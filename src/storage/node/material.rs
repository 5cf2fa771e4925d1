//! A dealer's stock: batches of material for two parties, each given out once.
//!
//! A batch is *made*, *promised* to one use, *given* once both parties have fetched their halves, or
//! *withdrawn*. It never goes back: what was promised is never promised to another use, and a half that
//! was fetched is never handed out again, on disk before it leaves. A party whose fetch breaks off has to
//! take another batch. Shares and seeds come encrypted, and are gone with the last half. What is known of a
//! batch goes [`KEPT`] after it was given or withdrawn; it is unknown then, and given to nobody.

use std::time::Duration;

use super::super::StorageError;
use super::super::column::{Columns as _, json};
use super::super::database::reading;
use super::super::sql::{Connection, Row, query};
use super::NodeStore;
use crate::base::Timestamp;
use crate::identity::{Blob, Digest};
use crate::session::scoring::BatchId;
use crate::sharing::NodeSet;
use crate::sharing::pair::{BatchShape, Party};

/// How long what is known of a batch is kept after it was given out or withdrawn.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What a batch is promised to: the id of one use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Use(pub [u8; 16]);

/// How far a batch has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BatchState {
    /// In stock.
    Made,
    /// For one use.
    Promised,
    /// Both halves have left.
    Given,
    /// Not to be used.
    Withdrawn,
}

impl BatchState {
    const ALL: [Self; 4] = [Self::Made, Self::Promised, Self::Given, Self::Withdrawn];

    /// As it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Promised => "promised",
            Self::Given => "given",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What is known of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// The model that it was made for.
    pub model: String,
    /// How much there is of what.
    pub shape: BatchShape,
    /// The roster of the dealers.
    pub roster: Digest,
    /// Those of them who made it.
    pub makers: NodeSet,
    /// When.
    pub made: Timestamp,
}

/// A batch as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stocked {
    /// What is known of it.
    pub batch: Batch,
    /// How far it has come.
    pub state: BatchState,
    /// What it was promised to.
    pub promise: Option<Use>,
    /// When the client's half left.
    pub client: Option<Timestamp>,
    /// When the owner's half left.
    pub owner: Option<Timestamp>,
}

/// What a half is made of, encrypted by the node.
#[derive(Clone, PartialEq, Eq)]
pub struct Handout {
    /// What is known of the batch.
    pub batch: Batch,
    /// The node's shares.
    pub shares: Blob,
    /// The seeds of what it gives of the client's half.
    pub seeds: Blob,
}

/// Why a batch was not put in, promised or given.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    /// There is none with this id.
    #[error("this dealer has no such batch; ask for the batches of the model")]
    Unknown,
    /// Another one has this id.
    #[error("another batch has this id")]
    Taken,
    /// It is for another use, or for none.
    #[error("the batch is not for this use: it is {}; take another batch", .state.name())]
    NotPromised {
        /// How far it has come.
        state: BatchState,
    },
    /// The half has left before.
    #[error("this half was given out before, and is given out once only; take another batch")]
    Given,
    /// The store.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl NodeStore {
    /// Put a batch into the stock, with this node's shares of it and the seeds that it gives, encrypted.
    /// The same one again changes nothing. What has ended long ago is forgotten.
    ///
    /// # Errors
    /// `Taken` when another batch has its id.
    pub async fn stock(&self, batch: &Batch, shares: Blob, seeds: Blob) -> Result<(), StockError> {
        let batch = batch.clone();
        let (shape, makers) = (json("shape", &batch.shape)?, json("makers", &batch.makers)?);
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    if let Some(held) = find(connection, batch.id).await? {
                        let same = held.batch == batch;
                        return if same { Ok(()) } else { Err(StockError::Taken) };
                    }
                    forget(connection, batch.made).await?;
                    query(
                        "INSERT INTO node_material
                         (batch, model, shape, roster, makers, made, state, shares, seed)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                    )
                    .bind(batch.id.0.to_vec())
                    .bind(batch.model)
                    .bind(shape)
                    .bind(batch.roster.0.to_vec())
                    .bind(makers)
                    .bind(batch.made.millis())
                    .bind(BatchState::Made.name())
                    .bind(shares.0)
                    .bind(seeds.0)
                    .execute(connection)
                    .await
                    .map_err(StorageError::from)?;
                    Ok(())
                })
            })
            .await
    }

    /// The batches of a model, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    #[cfg(test)]
    pub async fn batches(&self, model: &str) -> Result<Vec<Stocked>, StorageError> {
        let rows = query(format!("{SELECT} WHERE model = $1 ORDER BY made, batch"))
            .bind(model)
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
        rows.iter().map(stocked_of).collect()
    }

    /// A batch as it stands.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn batch(&self, id: BatchId) -> Result<Option<Stocked>, StorageError> {
        let row = query(format!("{SELECT} WHERE batch = $1"))
            .bind(id.0.to_vec())
            .fetch_optional(self.database.readers())
            .await
            .map_err(reading)?;
        row.as_ref().map(stocked_of).transpose()
    }

    /// All batches that may still be used, and those that have ended since, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held_batches(&self, since: Timestamp) -> Result<Vec<Stocked>, StorageError> {
        let usable = "state IN ('made', 'promised') OR ended >= $1";
        let rows = query(format!("{SELECT} WHERE {usable} ORDER BY made, batch"))
            .bind(since.millis())
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
        rows.iter().map(stocked_of).collect()
    }

    /// Promise a batch to one use. The same promise again changes nothing.
    ///
    /// # Errors
    /// `NotPromised` when it is not in stock any more, `Unknown` when there is none.
    pub async fn promise(&self, id: BatchId, to: Use) -> Result<(), StockError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let held = find(connection, id).await?.ok_or(StockError::Unknown)?;
                    match held.state {
                        BatchState::Made => {}
                        BatchState::Promised | BatchState::Given if held.promise == Some(to) => {
                            return Ok(());
                        }
                        state => return Err(StockError::NotPromised { state }),
                    }
                    query("UPDATE node_material SET state = $2, promise = $3 WHERE batch = $1")
                        .bind(id.0.to_vec())
                        .bind(BatchState::Promised.name())
                        .bind(to.0.to_vec())
                        .execute(connection)
                        .await
                        .map_err(StorageError::from)?;
                    Ok(())
                })
            })
            .await
    }

    /// Give a party its half of a batch: what it is made of, this once. With the second half shares and
    /// seed are deleted.
    ///
    /// # Errors
    /// `Given` when the half has left before, `NotPromised` when the batch is for another use,
    /// `Unknown` when there is none.
    pub async fn give(
        &self,
        id: BatchId,
        to: Use,
        party: Party,
        now: Timestamp,
    ) -> Result<Handout, StockError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let held = find(connection, id).await?.ok_or(StockError::Unknown)?;
                    let state = held.state;
                    let open = matches!(state, BatchState::Promised | BatchState::Given);
                    if !open || held.promise != Some(to) {
                        return Err(StockError::NotPromised { state });
                    }
                    let (own, other, column) = match party {
                        Party::Client => (held.client, held.owner, "client"),
                        Party::Owner => (held.owner, held.client, "owner"),
                    };
                    if own.is_some() {
                        return Err(StockError::Given);
                    }
                    let row = query("SELECT shares, seed FROM node_material WHERE batch = $1")
                        .bind(id.0.to_vec())
                        .fetch_one(&mut *connection)
                        .await
                        .map_err(reading)?;
                    let blob = |column| row.try_get::<Vec<u8>, _>(column).map(Blob);
                    let shares = blob("shares").map_err(StorageError::from)?;
                    let seeds = blob("seed").map_err(StorageError::from)?;
                    let gone = if other.is_some() {
                        ", ended = $2, state = 'given', shares = NULL, seed = NULL"
                    } else {
                        ""
                    };
                    query(format!("UPDATE node_material SET {column} = $2{gone} WHERE batch = $1"))
                        .bind(id.0.to_vec())
                        .bind(now.millis())
                        .execute(connection)
                        .await
                        .map_err(StorageError::from)?;
                    Ok(Handout { batch: held.batch, shares, seeds })
                })
            })
            .await
    }

    /// Take a batch out of the stock, whatever has become of it; its shares and its seeds are deleted. What
    /// has ended long ago is forgotten.
    ///
    /// # Errors
    /// `Unknown` when there is none.
    pub async fn withdraw(&self, id: BatchId, now: Timestamp) -> Result<(), StockError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    forget(connection, now).await?;
                    find(connection, id).await?.ok_or(StockError::Unknown)?;
                    query(
                        "UPDATE node_material
                         SET state = $2, ended = $3, shares = NULL, seed = NULL
                         WHERE batch = $1 AND state NOT IN ('given', 'withdrawn')",
                    )
                    .bind(id.0.to_vec())
                    .bind(BatchState::Withdrawn.name())
                    .bind(now.millis())
                    .execute(connection)
                    .await
                    .map_err(StorageError::from)?;
                    Ok(())
                })
            })
            .await
    }

    /// Withdraw everything in stock, for a store that has lost something: it cannot tell what was given
    /// out since.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw_all(&self, now: Timestamp) -> Result<(), StockError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "UPDATE node_material
                         SET state = $1, ended = $2, shares = NULL, seed = NULL
                         WHERE state NOT IN ('given', 'withdrawn')",
                    )
                    .bind(BatchState::Withdrawn.name())
                    .bind(now.millis())
                    .execute(connection)
                    .await
                    .map_err(StorageError::from)?;
                    Ok(())
                })
            })
            .await
    }
}

const SELECT: &str =
    "SELECT batch, model, shape, roster, makers, made, state, promise, client, owner
     FROM node_material";

/// Forget what was given out or withdrawn long ago.
async fn forget(connection: &mut Connection, now: Timestamp) -> Result<(), StorageError> {
    query("DELETE FROM node_material WHERE state IN ('given', 'withdrawn') AND ended < $1")
        .bind(now.before(KEPT).millis())
        .execute(connection)
        .await?;
    Ok(())
}

async fn find(connection: &mut Connection, id: BatchId) -> Result<Option<Stocked>, StorageError> {
    let row = query(format!("{SELECT} WHERE batch = $1"))
        .bind(id.0.to_vec())
        .fetch_optional(connection)
        .await
        .map_err(reading)?;
    row.as_ref().map(stocked_of).transpose()
}

fn stocked_of(row: &Row) -> Result<Stocked, StorageError> {
    let name: &str = row.try_get("state")?;
    let state = BatchState::ALL.into_iter().find(|state| state.name() == name);
    let state = state.ok_or_else(|| StorageError::Unreadable {
        what: "state of a batch",
        detail: name.to_owned(),
    })?;
    Ok(Stocked {
        batch: Batch {
            id: BatchId(row.bytes("batch")?),
            model: row.try_get("model")?,
            shape: row.document("shape")?,
            roster: row.digest("roster")?,
            makers: row.document("makers")?,
            made: row.time("made")?,
        },
        state,
        promise: row.maybe_bytes("promise")?.map(Use),
        client: row.maybe_time("client")?,
        owner: row.maybe_time("owner")?,
    })
}

#[cfg(test)]
#[path = "material_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "material_tests.rs"]
#[allow(clippy::duplicate_mod)] // the same tests again, on the other kind of store
mod tests_on_postgres;
