//! The models that owners have announced, in the coordinator's books.

use super::super::StorageError;
use super::super::column::{Columns as _, json};
use super::super::database::reading;
use super::super::sql::{Connection, Row, query};
use super::CoordinatorStore;
use super::book_error::{BookError, MOST_MODELS, MOST_OF_ONE};
use crate::base::Timestamp;
use crate::identity::{AccountId, Digest, PublicKey, Signed};
use crate::session::dealing::StockOrder;
use crate::session::scoring::ModelTerms;

pub(super) const MODEL: &str = "SELECT model, terms, stock, announced FROM coordinator_models";

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

impl CoordinatorStore {
    /// Take a model into the books, or another order for its stock, from whom this account is if it is one.
    /// The same one again changes nothing.
    ///
    /// # Errors
    /// `Outdated` when a later order is kept, `Full` where there are too many models, `FullOfOne` where
    /// the owner or the account has.
    pub async fn announce_model(
        &self,
        terms: &Signed<ModelTerms>,
        order: &StockOrder,
        account: Option<AccountId>,
        now: Timestamp,
    ) -> Result<(), BookError> {
        let (model, text) = (terms.body.id(), json("model", terms)?);
        let (owner, account) = (terms.body.owner, account.map(|account| account.0));
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
                    if stock > 0 && held.is_none_or(|(before, _)| before == 0) {
                        room(connection, owner, account).await?;
                    }
                    query(
                        "INSERT INTO coordinator_models
                         (model, terms, stock, ordered, announced, account)
                         VALUES ($1, $2, $3, $4, $5, $6)
                         ON CONFLICT (model) DO UPDATE SET stock = $3, ordered = $4, account = $6",
                    )
                    .bind(model.0.to_vec())
                    .bind(text)
                    .bind(stock)
                    .bind(ordered)
                    .bind(now.millis())
                    .bind(account.map(|account| account.to_vec()))
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Take a model back by the operator's word. Orders that its owner signed before count no more.
    ///
    /// # Errors
    /// `Unknown` where it is not announced.
    pub async fn withdraw_model(&self, model: Digest, now: Timestamp) -> Result<(), BookError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let done = query(
                        "UPDATE coordinator_models
                         SET stock = 0, ordered = CASE WHEN ordered < $2 THEN $2 ELSE ordered END
                         WHERE model = $1 AND stock > 0",
                    )
                    .bind(model.0.to_vec())
                    .bind(now.millis())
                    .execute(connection)
                    .await?;
                    if done.rows_affected() == 0 { Err(BookError::Unknown) } else { Ok(()) }
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
}

/// Whether there is room for one more model of this owner, announced by this account.
async fn room(
    connection: &mut Connection,
    owner: PublicKey,
    account: Option<[u8; 16]>,
) -> Result<(), BookError> {
    let rows = query("SELECT terms, account FROM coordinator_models WHERE stock > 0")
        .fetch_all(connection)
        .await?;
    if rows.len() >= MOST_MODELS {
        return Err(BookError::Full);
    }
    let (mut of_owner, mut of_account) = (0, 0);
    for row in &rows {
        let terms: Signed<ModelTerms> = row.document("terms")?;
        let by: Option<Vec<u8>> = row.try_get("account")?;
        of_owner += usize::from(terms.body.owner == owner);
        of_account +=
            usize::from(by.is_some() && by.as_deref() == account.as_ref().map(|id| &id[..]));
    }
    if of_owner.max(of_account) >= MOST_OF_ONE {
        return Err(BookError::FullOfOne);
    }
    Ok(())
}

pub(super) fn model_of(row: &Row) -> Result<BookedModel, StorageError> {
    Ok(BookedModel {
        model: row.digest("model")?,
        terms: row.document("terms")?,
        stock: row.number("stock")?,
        announced: row.time("announced")?,
    })
}
