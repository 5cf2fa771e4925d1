//! Attempts at computing: their numbers, who took part, and how each ended.

use super::super::sql::{Row, query};
use super::super::{StorageError, column::Columns as _, column::json, database::reading};
use super::{CoordinatorStore, SESSIONS, enter};
use crate::base::Timestamp;
use crate::session::SessionId;
use crate::session::phase::{Phase, Step};
use crate::sharing::NodeSet;

/// What is kept of an attempt, whether it runs or has ended.
#[derive(Clone, PartialEq, Debug)]
pub struct Attempt {
    /// Its number, from 1.
    pub attempt: u32,
    /// The nodes that took part.
    pub participants: NodeSet,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` while it is under way, or when the coordinator was killed meanwhile.
    pub ended: Option<Timestamp>,
    /// How it ended, in words.
    pub result: Option<String>,
    /// What it took: rounds, gates, bytes.
    pub stats: Option<serde_json::Value>,
}

impl CoordinatorStore {
    /// Begin the next attempt and give its number. It is on disk before any node hears of it, so
    /// that no number is given out twice. A failed session is tried again by this.
    ///
    /// # Errors
    /// `Phase` without a manifest or after the outcome.
    pub async fn begin_attempt(
        &self,
        session: SessionId,
        participants: NodeSet,
        now: Timestamp,
    ) -> Result<u32, StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    if SESSIONS.phase(connection, session).await? != Phase::Computing {
                        enter(connection, session, Step::Retry, None, now).await?;
                    }
                    // Of its own, and those that only the nodes know of.
                    let last = query(
                        "SELECT attempts_begun,
                                (SELECT MAX(attempt) FROM coordinator_attempts a
                                 WHERE a.session = s.session) AS own
                         FROM coordinator_sessions s WHERE session = $1",
                    )
                    .bind(session.0.to_vec())
                    .fetch_one(&mut *connection)
                    .await?;
                    let own = last.try_get::<Option<i64>, _>("own")?.unwrap_or(0);
                    let attempt = own.max(last.try_get("attempts_begun")?) + 1;
                    query(
                        "INSERT INTO coordinator_attempts (session, attempt, participants, started)
                         VALUES ($1, $2, $3, $4)",
                    )
                    .bind(session.0.to_vec())
                    .bind(attempt)
                    .bind(i64::from(participants.bits()))
                    .bind(now.millis())
                    .execute(connection)
                    .await?;
                    u32::try_from(attempt).map_err(|error| StorageError::Unreadable {
                        what: "attempt",
                        detail: error.to_string(),
                    })
                })
            })
            .await
    }

    /// Note how an attempt ended.
    ///
    /// # Errors
    /// `NoAttempt` unless it is under way.
    pub async fn end_attempt(
        &self,
        session: SessionId,
        attempt: u32,
        result: &str,
        stats: Option<&serde_json::Value>,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let result = result.to_owned();
        let stats = stats.map(|stats| json("attempt's statistics", stats)).transpose()?;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let done = query(
                        "UPDATE coordinator_attempts SET ended = $1, result = $2, stats = $3
                         WHERE session = $4 AND attempt = $5 AND ended IS NULL",
                    )
                    .bind(now.millis())
                    .bind(result)
                    .bind(stats)
                    .bind(session.0.to_vec())
                    .bind(i64::from(attempt))
                    .execute(connection)
                    .await?;
                    match done.rows_affected() {
                        0 => Err(StorageError::NoAttempt { session, attempt }),
                        _ => Ok(()),
                    }
                })
            })
            .await
    }

    /// The attempts of a session, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn attempts(&self, session: SessionId) -> Result<Vec<Attempt>, StorageError> {
        let rows = query(
            "SELECT attempt, participants, started, ended, result, stats
             FROM coordinator_attempts WHERE session = $1 ORDER BY attempt",
        )
        .bind(session.0.to_vec())
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        rows.iter().map(attempt_of).collect()
    }
}

fn attempt_of(row: &Row) -> Result<Attempt, StorageError> {
    Ok(Attempt {
        attempt: row.number("attempt")?,
        participants: NodeSet::from_bits(row.number("participants")?),
        started: row.time("started")?,
        ended: row.maybe_time("ended")?,
        result: row.try_get("result")?,
        stats: row.maybe_document("stats")?,
    })
}
