//! Logins that have ended at the coordinator, so that access tokens made before count no more here.

use std::collections::HashMap;

use super::super::column::Columns as _;
use super::super::sql::query;
use super::super::{StorageError, database::reading};
use super::NodeStore;
use crate::base::Timestamp;
use crate::identity::AccountId;

impl NodeStore {
    /// Keep when accounts' logins ended, the latest of each, and forget what ended before `since`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_logins(
        &self,
        ended: Vec<(AccountId, Timestamp)>,
        since: Timestamp,
    ) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    for (account, at) in ended {
                        query(
                            "INSERT INTO node_logins (account, ended) VALUES ($1, $2)
                             ON CONFLICT (account) DO UPDATE SET ended = excluded.ended
                             WHERE node_logins.ended < excluded.ended",
                        )
                        .bind(account.0.to_vec())
                        .bind(at.millis())
                        .execute(&mut *connection)
                        .await?;
                    }
                    query("DELETE FROM node_logins WHERE ended < $1")
                        .bind(since.millis())
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// When accounts' logins ended, as far as it is kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ended_logins(&self) -> Result<HashMap<AccountId, Timestamp>, StorageError> {
        let rows = query("SELECT account, ended FROM node_logins")
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
        rows.iter().map(|row| Ok((AccountId(row.bytes("account")?), row.time("ended")?))).collect()
    }
}
