//! What a node holds of its sessions, for others that have lost it.

use super::super::column::Columns as _;
use super::super::documents::{from_binary, to_binary};
use super::super::sql::query;
use super::super::{StorageError, database::reading};
use super::NodeStore;
use super::intake::decode;
use crate::base::Timestamp;
use crate::identity::Statement as _;
use crate::session::SessionId;
use crate::session::bundle::Bundle;
use crate::session::papers::{AdmittedBidder, Standing};

/// Envelopes read at once.
const PAGE: i64 = 64;

impl NodeStore {
    /// Where each session stands here, and when bidding in it ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn standings(&self) -> Result<Vec<(Standing, Timestamp)>, StorageError> {
        let rows = query("SELECT session, phase, attempt, bids_until, ordered FROM node_sessions")
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
        rows.iter()
            .map(|row| {
                let standing = Standing {
                    session: row.session()?,
                    phase: row.phase()?,
                    attempt: row.number("attempt")?,
                    ordered: row.maybe_time("ordered")?,
                };
                Ok((standing, row.time("bids_until")?))
            })
            .collect()
    }

    /// Keep the whole of the bundle that the node is bound to; another one is not kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_bundle(&self, bundle: &Bundle) -> Result<(), StorageError> {
        let (session, digest) = (bundle.session, bundle.digest());
        let paper = to_binary("papers", bundle)?;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "UPDATE node_sessions SET papers = $1
                         WHERE session = $2 AND bundle = $3 AND papers IS NULL",
                    )
                    .bind(paper)
                    .bind(session.0.to_vec())
                    .bind(digest.0.to_vec())
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// The whole of the bundle that the node is bound to.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn bundle(&self, session: SessionId) -> Result<Option<Bundle>, StorageError> {
        let row = query("SELECT papers FROM node_sessions WHERE session = $1")
            .bind(session.0.to_vec())
            .fetch_optional(self.database.readers())
            .await
            .map_err(reading)?;
        from_binary("papers", &row.ok_or(StorageError::NoSession { session })?)
    }

    /// Whoever has bid, with the coordinator's admission as each envelope shows it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn admitted(&self, session: SessionId) -> Result<Vec<AdmittedBidder>, StorageError> {
        let mut admitted = Vec::new();
        let mut last = Vec::new();
        loop {
            let rows = query(
                "SELECT digest, envelope FROM node_envelopes
                 WHERE session = $1 AND digest > $2 ORDER BY digest LIMIT $3",
            )
            .bind(session.0.to_vec())
            .bind(last.clone())
            .bind(PAGE)
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
            for row in &rows {
                last = row.digest("digest")?.0.to_vec();
                let envelope = decode(row)?;
                admitted.push(AdmittedBidder {
                    name: envelope.body.bidder,
                    key: envelope.body.key,
                    signature: envelope.admission,
                });
            }
            if rows.is_empty() {
                return Ok(admitted);
            }
        }
    }
}
