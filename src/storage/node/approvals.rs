//! Jobs that this node's operator has let run.

use super::super::StorageError;
use super::super::column::Columns as _;
use super::{NodeStore, SESSIONS};
use crate::base::Timestamp;
use crate::session::SessionId;

impl NodeStore {
    /// Let a session run.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn approve(&self, session: SessionId, now: Timestamp) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    SESSIONS.phase(&mut *connection, session).await?;
                    SESSIONS.set(connection, session, "approved", now.millis()).await
                })
            })
            .await
    }

    /// When a session was let run.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn approved(&self, session: SessionId) -> Result<Option<Timestamp>, StorageError> {
        SESSIONS.row(self.database.readers(), session, "approved").await?.maybe_time("approved")
    }
}
