//! Whose store it is, and which of several replicas of a node computes. The role itself is a lock,
//! see [`crate::storage::role`]; here is where to reach who has it.

use super::super::column::Columns as _;
use super::super::sql::query;
use super::super::{StorageError, database::reading};
use super::NodeStore;
use crate::base::Timestamp;
use crate::identity::PublicKey;

impl NodeStore {
    /// Note that the computing replica is reached at this address from now on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_computing(&self, address: &str, now: Timestamp) -> Result<(), StorageError> {
        let address = address.to_owned();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "INSERT INTO node_computing (place, address, since) VALUES (1, $1, $2)
                         ON CONFLICT (place) DO UPDATE
                         SET address = excluded.address, since = excluded.since",
                    )
                    .bind(address)
                    .bind(now.millis())
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Note that this store is the node's with this key, once.
    ///
    /// # Errors
    /// `Owner` when it is another node's.
    pub async fn own(&self, key: PublicKey) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let held = query("SELECT node_key FROM node_owner WHERE place = 1")
                        .fetch_optional(&mut *connection)
                        .await?;
                    if let Some(row) = held {
                        let owner = PublicKey::from_bytes(row.bytes("node_key")?);
                        return if owner == key {
                            Ok(())
                        } else {
                            Err(StorageError::Owner { owner })
                        };
                    }
                    query("INSERT INTO node_owner (place, node_key) VALUES (1, $1)")
                        .bind(key.as_bytes().to_vec())
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Where the replica that last began to compute is reached.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn computing(&self) -> Result<Option<String>, StorageError> {
        let row = query("SELECT address FROM node_computing WHERE place = 1")
            .fetch_optional(self.database.readers())
            .await
            .map_err(reading)?;
        row.map(|row| Ok(row.try_get("address")?)).transpose()
    }
}
