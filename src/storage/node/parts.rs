//! Parts of envelopes that stand in for those that do not fit, sealed to this node's own key. They
//! are kept until the session is settled.

use super::super::sql::{Connection, query};
use super::super::{StorageError, database::reading};
use super::NodeStore;
use crate::identity::{Blob, Digest};
use crate::session::SessionId;

impl NodeStore {
    /// Keep what stands in for this node's part of an envelope. A later one takes the place of an
    /// earlier one: both hold the same seeds.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn put_part(
        &self,
        session: SessionId,
        envelope: Digest,
        part: Blob,
    ) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "INSERT INTO node_parts (session, envelope, part) VALUES ($1, $2, $3)
                         ON CONFLICT (session, envelope) DO UPDATE SET part = excluded.part",
                    )
                    .bind(session.0.to_vec())
                    .bind(envelope.0.to_vec())
                    .bind(part.0)
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// What stands in for this node's part of an envelope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn part(
        &self,
        session: SessionId,
        envelope: Digest,
    ) -> Result<Option<Blob>, StorageError> {
        let row = query("SELECT part FROM node_parts WHERE session = $1 AND envelope = $2")
            .bind(session.0.to_vec())
            .bind(envelope.0.to_vec())
            .fetch_optional(self.database.readers())
            .await
            .map_err(reading)?;
        row.map(|row| Ok(Blob(row.try_get("part")?))).transpose()
    }
}

/// Forget the parts of a session that is settled.
pub(super) async fn forget(
    connection: &mut Connection,
    session: SessionId,
) -> Result<(), StorageError> {
    query("DELETE FROM node_parts WHERE session = $1")
        .bind(session.0.to_vec())
        .execute(connection)
        .await?;
    Ok(())
}
