//! What the coordinator knows of variables that stay at the nodes, and which sessions are about to
//! change them.

use super::super::StorageError;
use super::super::column::Columns as _;
use super::super::database::reading;
use super::super::documents::Document;
use super::super::sql::{Connection, query};
use super::super::variables::{Stored, Variables};
use super::{CoordinatorStore, SESSIONS};
use crate::identity::{Digest, Signed};
use crate::session::manifest::CoSigned;
use crate::session::{Announcement, Outcome, SessionId};

const VARIABLES: Variables = Variables::Coordinator;

impl CoordinatorStore {
    /// All stored variables.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn variables(&self) -> Result<Vec<Stored>, StorageError> {
        VARIABLES.all(self.database.readers()).await
    }

    /// A stored variable.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn variable(&self, name: &str) -> Result<Option<Stored>, StorageError> {
        VARIABLES.find(self.database.readers(), name).await
    }

    /// The announcements of the sessions that are open and not decided.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn under_way(&self) -> Result<Vec<Signed<Announcement>>, StorageError> {
        let rows = query(
            "SELECT announcement FROM coordinator_sessions
             WHERE phase IN ('open', 'paused', 'closing', 'computing') ORDER BY opened, session",
        )
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        let found = rows.iter().map(|row| row.maybe_document("announcement"));
        Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}

impl CoordinatorStore {
    /// Claim a key of a poster's own for a job with this content, as this session. Gives the content and
    /// the session of whoever came first under the key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_job(
        &self,
        key: &str,
        content: Digest,
        session: SessionId,
    ) -> Result<(Digest, SessionId), StorageError> {
        let key = key.to_owned();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "INSERT INTO coordinator_jobs (key, content, session) VALUES ($1, $2, $3)
                         ON CONFLICT (key) DO NOTHING",
                    )
                    .bind(key.as_str())
                    .bind(content.0.to_vec())
                    .bind(session.0.to_vec())
                    .execute(&mut *connection)
                    .await?;
                    let row = query("SELECT content, session FROM coordinator_jobs WHERE key = $1")
                        .bind(key)
                        .fetch_one(connection)
                        .await?;
                    Ok((row.digest("content")?, row.session()?))
                })
            })
            .await
    }
}

/// Make the changes that an outcome brings, in its transaction.
pub(super) async fn settle(
    connection: &mut Connection,
    outcome: &CoSigned<Outcome>,
) -> Result<(), StorageError> {
    let session = outcome.body.session;
    let announcement = SESSIONS.row(&mut *connection, session, "announcement").await?;
    let Some(announcement) = Signed::<Announcement>::read(&announcement)? else { return Ok(()) };
    VARIABLES.change(connection, &announcement.body, &outcome.body).await.map(drop)
}
