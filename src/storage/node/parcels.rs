//! What this node was brought of what the nodes of the roster before have handed over, for the session
//! that deals it anew: sealed as it was sent, and gone once that session is settled or called off.

use super::super::StorageError;
use super::super::column::{Columns as _, json};
use super::super::sql::Connection;
use super::{NodeStore, SESSIONS};
use crate::session::{Parcel, SessionId};

impl NodeStore {
    /// Keep what was brought for a session, in the place of what was brought before. To be checked.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn put_parcel(
        &self,
        session: SessionId,
        parcel: &Parcel,
    ) -> Result<(), StorageError> {
        let text = json("parcel", parcel)?;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let phase = SESSIONS.phase(&mut *connection, session).await?;
                    if phase.is_final() {
                        return Ok(());
                    }
                    SESSIONS.set(connection, session, "parcel", text).await
                })
            })
            .await
    }

    /// What was brought for a session.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn parcel(&self, session: SessionId) -> Result<Option<Parcel>, StorageError> {
        let row = SESSIONS.row(self.database.readers(), session, "parcel").await?;
        row.maybe_document("parcel")
    }

    /// Whether anything was brought for a session that is not over.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn lacks_parcel(&self, session: SessionId) -> Result<bool, StorageError> {
        let columns = "phase, parcel IS NULL AS lacks";
        let row = SESSIONS.row(self.database.readers(), session, columns).await?;
        Ok(!row.phase()?.is_final() && row.try_get::<bool, _>("lacks")?)
    }
}

/// Drop it: the session needs it no more.
pub(super) async fn drop_one(
    connection: &mut Connection,
    session: SessionId,
) -> Result<(), StorageError> {
    let none: Option<String> = None;
    SESSIONS.set(connection, session, "parcel", none).await
}
