//! Reading sessions from a node's store. Nothing here changes anything.

use super::super::sql::{Row, query};
use super::super::{StorageError, column::Columns as _, database::reading};
use super::{NodeStore, SESSIONS, count};
use crate::base::Timestamp;
use crate::identity::{Digest, Signed};
use crate::session::manifest::CoSigned;
use crate::session::{Announcement, Manifest, Outcome, Phase, SessionId};

/// A session as a node knows it. Manifest and outcome are asked for by their own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeSession {
    /// The terms as the coordinator signed them.
    pub announcement: Signed<Announcement>,
    /// The phase that it is in at this node.
    pub phase: Phase,
    /// Why it failed or was cancelled.
    pub reason: Option<String>,
    /// When bidding ended here.
    pub frozen: Option<Timestamp>,
    /// The bundle the node is bound to.
    pub bundle: Option<Digest>,
    /// The last attempt begun; 0 before the first.
    pub last_attempt: u32,
    /// Bidders, by key, who hold a receipt of this node.
    pub bids: u64,
    /// Envelopes held: earlier revisions and fetched ones too.
    pub envelopes: u64,
}

impl NodeStore {
    /// A session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self, session: SessionId) -> Result<Option<NodeSession>, StorageError> {
        let row = query(format!("{SELECT_SESSION} WHERE s.session = $1"))
            .bind(session.0.to_vec())
            .fetch_optional(self.database.readers())
            .await
            .map_err(reading)?;
        row.as_ref().map(session_of).transpose()
    }

    /// What is needed of a session to take an envelope: its announcement and where it stands.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn standing(
        &self,
        session: SessionId,
    ) -> Result<Option<(Signed<Announcement>, Phase)>, StorageError> {
        let row = query("SELECT announcement, phase FROM node_sessions WHERE session = $1")
            .bind(session.0.to_vec())
            .fetch_optional(self.database.readers())
            .await
            .map_err(reading)?;
        row.map(|row| Ok((row.document("announcement")?, row.phase()?))).transpose()
    }

    /// How many sessions are neither settled nor cancelled.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unfinished(&self) -> Result<u64, StorageError> {
        let row = query(
            "SELECT COUNT(*) AS sessions FROM node_sessions
             WHERE phase NOT IN ('settled', 'cancelled')",
        )
        .fetch_one(self.database.readers())
        .await
        .map_err(reading)?;
        row.number("sessions")
    }

    /// The sessions that are neither settled nor cancelled, and were opened under another roster
    /// than this: what was sealed under that one may still be needed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unfinished_before(&self, roster: &Digest) -> Result<Vec<SessionId>, StorageError> {
        let rows = query(
            "SELECT announcement FROM node_sessions
             WHERE phase NOT IN ('settled', 'cancelled') ORDER BY opened, session",
        )
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        let mut sessions = Vec::new();
        for row in rows {
            let announcement = row.document::<Signed<Announcement>>("announcement")?.body;
            if announcement.roster != *roster {
                sessions.push(announcement.session);
            }
        }
        Ok(sessions)
    }

    /// Every session, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions(&self) -> Result<Vec<NodeSession>, StorageError> {
        let rows = query(format!("{SELECT_SESSION} ORDER BY s.opened DESC, s.session"))
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
        rows.iter().map(session_of).collect()
    }

    /// The manifest with its signatures.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn manifest(
        &self,
        session: SessionId,
    ) -> Result<Option<CoSigned<Manifest>>, StorageError> {
        SESSIONS.load(self.database.readers(), session).await
    }

    /// The outcome this node computed and signed.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn own_outcome(
        &self,
        session: SessionId,
    ) -> Result<Option<Signed<Outcome>>, StorageError> {
        SESSIONS.load(self.database.readers(), session).await
    }

    /// The outcome with its signatures.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn outcome(
        &self,
        session: SessionId,
    ) -> Result<Option<CoSigned<Outcome>>, StorageError> {
        SESSIONS.load(self.database.readers(), session).await
    }
}

/// What [`session_of`] reads.
const SELECT_SESSION: &str =
    "SELECT s.announcement, s.phase, s.reason, s.frozen, s.bundle, s.attempt,
            (SELECT COUNT(DISTINCT e.bidder_key) FROM node_envelopes e
             WHERE e.session = s.session AND e.received IS NOT NULL) AS bids,
            (SELECT COUNT(*) FROM node_envelopes e WHERE e.session = s.session) AS envelopes
     FROM node_sessions s";

fn session_of(row: &Row) -> Result<NodeSession, StorageError> {
    Ok(NodeSession {
        announcement: row.document("announcement")?,
        phase: row.phase()?,
        reason: row.try_get("reason")?,
        frozen: row.maybe_time("frozen")?,
        bundle: row.maybe_bytes("bundle")?.map(Digest),
        last_attempt: row.number("attempt")?,
        bids: count(row, "bids")?,
        envelopes: count(row, "envelopes")?,
    })
}
