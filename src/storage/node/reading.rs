//! Reading sessions from a node's store. Nothing here changes anything.

use super::super::sql::{Row, query};
use super::super::{StorageError, column::Columns as _, database::reading, documents::from_binary};
use super::{NodeStore, SESSIONS};
use crate::base::Timestamp;
use crate::identity::{Digest, PublicKey, Signed};
use crate::session::manifest::CoSigned;
use crate::session::{Announcement, Disclosure, Manifest, Outcome, Phase, SessionId};

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
    /// When the coordinator's last order to pause or go on was given.
    pub ordered: Option<Timestamp>,
    /// The bundle the node is bound to.
    pub bundle: Option<Digest>,
    /// The last attempt begun; 0 before the first.
    pub last_attempt: u32,
    /// Bidders, by key, who hold a receipt of this node.
    pub bids: u64,
}

/// The latest receipt that a node has given to a bidder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    /// The name that the bid was made under.
    pub bidder: String,
    /// The bidder's key.
    pub key: PublicKey,
    /// The envelope's revision.
    pub revision: u32,
    /// When it came.
    pub received: Timestamp,
}

/// What a node shows of a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// The terms as the coordinator signed them.
    pub announcement: Signed<Announcement>,
    /// The phase that it is in at this node.
    pub phase: Phase,
    /// Bidders who hold a receipt of this node, if they were counted.
    pub bids: Option<u64>,
    /// The outcome with its signatures, once settled.
    pub outcome: Option<CoSigned<Outcome>>,
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

    /// How many envelopes of a session are held: those received and those fetched.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_envelopes(&self, session: SessionId) -> Result<u64, StorageError> {
        let row = query("SELECT COUNT(*) AS envelopes FROM node_envelopes WHERE session = $1")
            .bind(session.0.to_vec())
            .fetch_one(self.database.readers())
            .await
            .map_err(reading)?;
        row.number("envelopes")
    }

    /// So many of the receipts given in a session, of each bidder's key the latest, in ascending
    /// order of keys, from behind this one or from the first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn given(
        &self,
        session: SessionId,
        after: Option<PublicKey>,
        most: u32,
    ) -> Result<Vec<Given>, StorageError> {
        let after = after.map_or_else(Vec::new, |after| after.as_bytes().to_vec());
        let rows = query(
            "SELECT bidder_key, MAX(bidder) AS bidder, MAX(revision) AS revision,
                    MAX(received) AS received
             FROM node_envelopes
             WHERE session = $1 AND received IS NOT NULL AND bidder_key > $2
             GROUP BY bidder_key ORDER BY bidder_key LIMIT $3",
        )
        .bind(session.0.to_vec())
        .bind(after)
        .bind(i64::from(most))
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        rows.iter()
            .map(|row| {
                Ok(Given {
                    bidder: row.try_get("bidder")?,
                    key: PublicKey::from_bytes(row.bytes("bidder_key")?),
                    revision: row.number("revision")?,
                    received: row.time("received")?,
                })
            })
            .collect()
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
        let open = self.under_way().await?;
        let other = open.iter().filter(|announced| announced.body.roster != *roster);
        Ok(other.map(|announced| announced.body.session).collect())
    }

    /// The announcements of the sessions that are neither settled nor cancelled.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn under_way(&self) -> Result<Vec<Signed<Announcement>>, StorageError> {
        let rows = query(
            "SELECT announcement FROM node_sessions
             WHERE phase NOT IN ('settled', 'cancelled') ORDER BY opened, session",
        )
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        rows.iter().map(|row| row.document("announcement")).collect()
    }

    /// What this node shows of a session, with the number of bids or without: counting them reads
    /// every one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn shown(
        &self,
        session: SessionId,
        counted: bool,
    ) -> Result<Option<Shown>, StorageError> {
        let row = query(format!("{SELECT_SHOWN} WHERE s.session = $1"))
            .bind(session.0.to_vec())
            .fetch_optional(self.database.readers())
            .await
            .map_err(reading)?;
        row.as_ref().map(|row| shown_of(row, counted)).transpose()
    }

    /// The same of some sessions, in the order of their ids: those after the given one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn page(
        &self,
        after: Option<SessionId>,
        at_most: u32,
        counted: bool,
    ) -> Result<Vec<Shown>, StorageError> {
        let rows =
            query(format!("{SELECT_SHOWN} WHERE s.session > $1 ORDER BY s.session LIMIT $2"))
                .bind(after.map_or_else(Vec::new, |session| session.0.to_vec()))
                .bind(i64::from(at_most))
                .fetch_all(self.database.readers())
                .await
                .map_err(reading)?;
        rows.iter().map(|row| shown_of(row, counted)).collect()
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

    /// What this node discloses to the operator of a settled session; none where the terms say nothing
    /// of it.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn disclosure(
        &self,
        session: SessionId,
    ) -> Result<Option<Signed<Disclosure>>, StorageError> {
        let row = SESSIONS.row(self.database.readers(), session, "disclosure").await?;
        from_binary("disclosure", &row)
    }
}

/// What [`session_of`] reads.
const SELECT_SESSION: &str =
    "SELECT s.announcement, s.phase, s.reason, s.frozen, s.ordered, s.bundle, s.attempt,
            s.bidders AS bids
     FROM node_sessions s";

fn session_of(row: &Row) -> Result<NodeSession, StorageError> {
    Ok(NodeSession {
        announcement: row.document("announcement")?,
        phase: row.phase()?,
        reason: row.try_get("reason")?,
        frozen: row.maybe_time("frozen")?,
        ordered: row.maybe_time("ordered")?,
        bundle: row.maybe_bytes("bundle")?.map(Digest),
        last_attempt: row.number("attempt")?,
        bids: row.number("bids")?,
    })
}

/// What [`shown_of`] reads.
const SELECT_SHOWN: &str =
    "SELECT s.announcement, s.phase, s.outcome, s.bidders AS bids FROM node_sessions s";

fn shown_of(row: &Row, counted: bool) -> Result<Shown, StorageError> {
    let phase = row.phase()?;
    Ok(Shown {
        announcement: row.document("announcement")?,
        phase,
        bids: if counted { Some(row.number("bids")?) } else { None },
        outcome: match phase {
            Phase::Settled => row.maybe_document("outcome")?,
            _ => None,
        },
    })
}
