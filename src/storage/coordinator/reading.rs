//! Reading sessions from the coordinator's store. Nothing here changes anything.

use std::collections::BTreeMap;

use super::super::sql::{Row, query};
use super::super::{StorageError, column::Columns as _, database::reading};
use super::{CoordinatorStore, SESSIONS};
use crate::base::Timestamp;
use crate::identity::{PublicKey, Signed};
use crate::session::bundle::Bundle;
use crate::session::manifest::CoSigned;
use crate::session::pause::PauseOrder;
use crate::session::record::{Format, Record};
use crate::session::{Announcement, Manifest, Outcome, Phase, SessionId};
use crate::sharing::{NodeIndex, NodeSet};

/// A session that is not over, or has ended lately.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unfinished {
    /// The terms as signed.
    pub announcement: Signed<Announcement>,
    /// The phase that it is in.
    pub phase: Phase,
    /// How many nodes have heard how it ended.
    pub heard: usize,
}

/// A session as the coordinator knows it. Bundle, manifest and outcome are asked for by their own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CoordinatorSession {
    /// Its id.
    pub session: SessionId,
    /// What is sold or bought.
    pub title: String,
    /// The session file, without the parts of a demo.
    pub file: String,
    /// The terms as signed; `None` for a draft.
    pub announcement: Option<Signed<Announcement>>,
    /// The phase that it is in.
    pub phase: Phase,
    /// Why it failed or was cancelled.
    pub reason: Option<String>,
    /// When it was drafted.
    pub created: Timestamp,
    /// When bidding opened.
    pub opened: Option<Timestamp>,
    /// When bidding ended.
    pub closed: Option<Timestamp>,
    /// When it was settled or cancelled.
    pub ended: Option<Timestamp>,
    /// Whether it was taken up from the nodes: then who was admitted without bidding is not known.
    pub taken_up: bool,
    /// The operator's last order to pause or go on.
    pub pause: Option<Signed<PauseOrder>>,
}

/// A bidder's admission.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Admitted {
    /// The name, unique in the session.
    pub bidder: String,
    /// The key it is bound to.
    pub key: PublicKey,
    /// When the coordinator signed for it.
    pub admitted: Timestamp,
    /// The cohort that the operator assigned, by name, where he did.
    pub cohort: Option<String>,
}

/// A line of a session's timeline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entered {
    /// The phase it entered.
    pub phase: Phase,
    /// When it began.
    pub at: Timestamp,
    /// Why, where a reason is due.
    pub reason: Option<String>,
}

impl CoordinatorStore {
    /// A session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(
        &self,
        session: SessionId,
    ) -> Result<Option<CoordinatorSession>, StorageError> {
        let row = query(format!("{SELECT_SESSION} WHERE session = $1"))
            .bind(session.0.to_vec())
            .fetch_optional(self.database.readers())
            .await
            .map_err(reading)?;
        row.as_ref().map(session_of).transpose()
    }

    /// Some sessions with the outcomes of the settled ones, in the order of their ids: those after
    /// the given one, with drafts or without.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn page(
        &self,
        after: Option<SessionId>,
        at_most: u32,
        drafts: bool,
    ) -> Result<Vec<(CoordinatorSession, Option<CoSigned<Outcome>>)>, StorageError> {
        let shown = if drafts { "" } else { "AND phase <> 'draft'" };
        let rows =
            query(format!("{SELECT_SESSION} WHERE session > $1 {shown} ORDER BY session LIMIT $2"))
                .bind(after.map_or_else(Vec::new, |session| session.0.to_vec()))
                .bind(i64::from(at_most))
                .fetch_all(self.database.readers())
                .await
                .map_err(reading)?;
        let with_outcome = |row: &Row| Ok((session_of(row)?, row.maybe_document("outcome")?));
        rows.iter().map(with_outcome).collect()
    }

    /// The bidders admitted to a session, in the order of their admission.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn admissions(&self, session: SessionId) -> Result<Vec<Admitted>, StorageError> {
        let rows = query(
            "SELECT bidder, bidder_key, admitted, cohort FROM coordinator_admissions
             WHERE session = $1 ORDER BY admitted, bidder",
        )
        .bind(session.0.to_vec())
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        rows.iter()
            .map(|row| {
                Ok(Admitted {
                    bidder: row.try_get("bidder")?,
                    key: PublicKey::from_bytes(row.bytes("bidder_key")?),
                    admitted: row.time("admitted")?,
                    cohort: row.try_get("cohort")?,
                })
            })
            .collect()
    }

    /// How many bidders are admitted to a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_admissions(&self, session: SessionId) -> Result<u64, StorageError> {
        SESSIONS.row(self.database.readers(), session, "bidders").await?.number("bidders")
    }

    /// How many bidders are admitted to each of a page's sessions; those with none are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn admissions_by_session(
        &self,
        first: SessionId,
        last: SessionId,
    ) -> Result<BTreeMap<SessionId, u64>, StorageError> {
        let rows = query(
            "SELECT session, bidders FROM coordinator_sessions
             WHERE session >= $1 AND session <= $2 AND bidders > 0",
        )
        .bind(first.0.to_vec())
        .bind(last.0.to_vec())
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        rows.iter().map(|row| Ok((row.session()?, row.number("bidders")?))).collect()
    }

    /// The cohort that the operator has assigned to a bidder of this name, if he is admitted to the
    /// session and was assigned one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn assigned(
        &self,
        session: SessionId,
        bidder: &str,
    ) -> Result<Option<String>, StorageError> {
        let found =
            query("SELECT cohort FROM coordinator_admissions WHERE session = $1 AND bidder = $2")
                .bind(session.0.to_vec())
                .bind(bidder.to_owned())
                .fetch_optional(self.database.readers())
                .await
                .map_err(reading)?;
        Ok(match found {
            Some(row) => row.try_get("cohort")?,
            None => None,
        })
    }

    /// Whether a bidder of this name is admitted to a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_admitted(
        &self,
        session: SessionId,
        bidder: &str,
    ) -> Result<bool, StorageError> {
        let found =
            query("SELECT bidder FROM coordinator_admissions WHERE session = $1 AND bidder = $2")
                .bind(session.0.to_vec())
                .bind(bidder.to_owned())
                .fetch_optional(self.database.readers())
                .await
                .map_err(reading)?;
        Ok(found.is_some())
    }

    /// The nodes that hold the announcement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn acknowledged(&self, session: SessionId) -> Result<NodeSet, StorageError> {
        self.ticked("SELECT node FROM coordinator_acknowledgements WHERE session = $1", session)
            .await
    }

    /// The nodes that hold the announcement and have heard the order of this time, or a later one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn heard(
        &self,
        session: SessionId,
        order: Timestamp,
    ) -> Result<NodeSet, StorageError> {
        let rows = query(
            "SELECT node FROM coordinator_acknowledgements WHERE session = $1 AND heard >= $2",
        )
        .bind(session.0.to_vec())
        .bind(order.millis())
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        rows.iter().map(node_of).collect()
    }

    /// The nodes that have heard how the session ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delivered(&self, session: SessionId) -> Result<NodeSet, StorageError> {
        self.ticked("SELECT node FROM coordinator_deliveries WHERE session = $1", session).await
    }

    /// The nodes ticked off on a session's list.
    async fn ticked(
        &self,
        statement: &'static str,
        session: SessionId,
    ) -> Result<NodeSet, StorageError> {
        let rows = query(statement)
            .bind(session.0.to_vec())
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
        rows.iter().map(node_of).collect()
    }

    /// Sessions that are under way, or that not all of `nodes` nodes have heard the end of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn undelivered(&self, nodes: usize) -> Result<Vec<SessionId>, StorageError> {
        let rows = query(
            "SELECT s.session FROM coordinator_sessions s
             WHERE s.phase NOT IN ('settled', 'cancelled')
                OR (SELECT COUNT(*) FROM coordinator_deliveries d WHERE d.session = s.session) < $1
             ORDER BY s.created, s.session",
        )
        .bind(i64::try_from(nodes).unwrap_or(i64::MAX))
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        rows.iter().map(|row| row.bytes("session").map(SessionId)).collect()
    }

    /// The sessions that were opened and are neither settled nor cancelled, and those that ended after
    /// this time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unfinished(&self, since: Timestamp) -> Result<Vec<Unfinished>, StorageError> {
        let rows = query(
            "SELECT s.announcement, s.phase,
                    (SELECT COUNT(*) FROM coordinator_deliveries d WHERE d.session = s.session)
                        AS heard
             FROM coordinator_sessions s
             WHERE s.announcement IS NOT NULL
               AND (s.phase NOT IN ('settled', 'cancelled') OR s.ended > $1)
             ORDER BY s.opened, s.session",
        )
        .bind(since.millis())
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        rows.iter()
            .map(|row| {
                let (phase, heard) = (row.phase()?, row.number("heard")?);
                let announcement = row.document("announcement")?;
                Ok(Unfinished { announcement, phase, heard })
            })
            .collect()
    }

    /// The phases a session went through, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn timeline(&self, session: SessionId) -> Result<Vec<Entered>, StorageError> {
        let rows = query(
            "SELECT entered, phase, reason FROM coordinator_timeline
             WHERE session = $1 ORDER BY position",
        )
        .bind(session.0.to_vec())
        .fetch_all(self.database.readers())
        .await
        .map_err(reading)?;
        rows.iter()
            .map(|row| {
                Ok(Entered {
                    phase: row.phase()?,
                    at: row.time("entered")?,
                    reason: row.try_get("reason")?,
                })
            })
            .collect()
    }

    /// The closing's bundle.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn bundle(&self, session: SessionId) -> Result<Option<Bundle>, StorageError> {
        SESSIONS.load(self.database.readers(), session).await
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

    /// Everything public about a session, for anyone to check; `None` for a draft. The roster must
    /// have been kept by [`crate::storage::Database::put_roster`].
    ///
    /// # Errors
    /// When the session or its roster is unknown or the database fails.
    pub async fn record(&self, session: SessionId) -> Result<Option<Record>, StorageError> {
        let known = self.session(session).await?.ok_or(StorageError::NoSession { session })?;
        let Some(announcement) = known.announcement else { return Ok(None) };
        let digest = announcement.body.roster;
        let roster = self.database.roster(&digest).await?;
        let roster = roster.ok_or_else(|| StorageError::Unreadable {
            what: "roster",
            detail: format!("{digest} is not there"),
        })?;
        Ok(Some(Record {
            format: Format::One,
            roster,
            announcement,
            // In the order in which they are stored, last first: a later part is never without
            // the one it rests on, whatever is stored meanwhile.
            outcome: self.outcome(session).await?,
            manifest: self.manifest(session).await?,
            bundle: self.bundle(session).await?,
            // Attempts are kept with their results, which a reader of those adds.
            accusations: Vec::new(),
        }))
    }
}

/// What [`session_of`] reads.
const SELECT_SESSION: &str =
    "SELECT session, title, file, announcement, phase, reason, created, opened, closed, ended,
            taken_up, pause, outcome
     FROM coordinator_sessions";

fn node_of(row: &Row) -> Result<NodeIndex, StorageError> {
    let node = row.number("node")?;
    NodeIndex::new(node).ok_or_else(|| StorageError::Unreadable {
        what: "node",
        detail: format!("{node} is no node's index"),
    })
}

fn session_of(row: &Row) -> Result<CoordinatorSession, StorageError> {
    Ok(CoordinatorSession {
        session: row.session()?,
        title: row.try_get("title")?,
        file: row.try_get("file")?,
        announcement: row.maybe_document("announcement")?,
        phase: row.phase()?,
        reason: row.try_get("reason")?,
        created: row.time("created")?,
        opened: row.maybe_time("opened")?,
        closed: row.maybe_time("closed")?,
        ended: row.maybe_time("ended")?,
        taken_up: row.number::<u8>("taken_up")? != 0,
        pause: row.maybe_document("pause")?,
    })
}
