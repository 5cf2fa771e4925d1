//! What one node keeps: sessions, how far each has come, and what the node is bound by.
//!
//! A node binds itself at most once to each thing it signs: one announcement, one bundle and with
//! it one manifest, one outcome a session, each attempt number once. The binding is on disk before
//! the signature leaves the node, so a node that was killed signs the same again or nothing.
//!
//! - [`intake`]: envelopes and receipts
//! - [`reading`]: what is known of sessions
//! - [`replicas`]: which of several replicas computes

pub mod intake;
pub mod reading;
pub mod replicas;

use super::column::{Columns as _, json};
use super::sql::{Connection, Row, query};
use super::{Database, StorageError};
use crate::base::Timestamp;
use crate::identity::{Digest, Signed, Statement};
use crate::session::manifest::CoSigned;
use crate::session::phase::{Phase, PhaseError, Step};
use crate::session::{Announcement, Manifest, Outcome, SessionId};

pub use intake::{Fetched, Put, PutError};
pub use reading::NodeSession;

/// What one node keeps. Clones share the database.
#[derive(Clone)]
pub struct NodeStore {
    database: Database,
}

impl NodeStore {
    /// The node's tables in a database.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// The database.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Take a session on, open for bids. Whether it is new; the same one again changes nothing.
    ///
    /// # Errors
    /// `Conflict` when this id was announced with other terms.
    pub async fn announce(
        &self,
        announcement: &Signed<Announcement>,
    ) -> Result<bool, StorageError> {
        let session = announcement.body.session;
        let digest = announcement.body.digest();
        let text = json("announcement", announcement)?;
        let until = announcement.body.terms.bids_until.millis();
        let opened = announcement.body.opened.millis();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    if let Some(row) = find(connection, session).await? {
                        let existing = row.digest("digest")?;
                        same(session, "announcement", existing, digest)?;
                        return Ok(false);
                    }
                    query(
                        "INSERT INTO node_sessions
                         (session, announcement, digest, bids_until, opened, phase)
                         VALUES ($1, $2, $3, $4, $5, $6)",
                    )
                    .bind(session.0.to_vec())
                    .bind(text)
                    .bind(digest.0.to_vec())
                    .bind(until)
                    .bind(opened)
                    .bind(Phase::Open.name())
                    .execute(connection)
                    .await?;
                    Ok(true)
                })
            })
            .await
    }

    /// End bidding: every envelope acknowledged before is in the inventory, none comes in after.
    /// Gives the time of the first freeze, also when it has been frozen before.
    ///
    /// # Errors
    /// `Phase` when the session was cancelled.
    pub async fn freeze(
        &self,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Timestamp, StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let row = get(connection, session).await?;
                    let phase = row.phase()?;
                    match row.maybe_time("frozen")? {
                        Some(frozen) if phase != Phase::Cancelled => return Ok(frozen),
                        _ => {}
                    }
                    let phase = phase.after(Step::Freeze)?;
                    query("UPDATE node_sessions SET phase = $1, frozen = $2 WHERE session = $3")
                        .bind(phase.name())
                        .bind(now.millis())
                        .bind(session.0.to_vec())
                        .execute(connection)
                        .await?;
                    Ok(now)
                })
            })
            .await
    }

    /// Bind the node to one bundle, before it signs the manifest that follows from it. The same
    /// one again changes nothing.
    ///
    /// # Errors
    /// `Conflict` with the bundle it is bound to; `Phase` unless the session is frozen.
    pub async fn commit_bundle(
        &self,
        session: SessionId,
        bundle: Digest,
    ) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let row = get(connection, session).await?;
                    bind_bundle(connection, session, &row, bundle).await
                })
            })
            .await
    }

    /// Keep the manifest with the signatures it has; later ones are added. The first one lets
    /// attempts begin.
    ///
    /// # Errors
    /// `Conflict` when the node is bound to another bundle or holds another manifest; `Phase`
    /// unless the session is frozen.
    pub async fn put_manifest(&self, manifest: &CoSigned<Manifest>) -> Result<(), StorageError> {
        let session = manifest.body.session;
        let mut manifest = manifest.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let row = get(connection, session).await?;
                    let mut phase = row.phase()?;
                    let held = row.maybe_document::<CoSigned<Manifest>>("manifest")?;
                    bind_bundle(connection, session, &row, manifest.body.bundle).await?;
                    if let Some(held) = held {
                        merge(session, "manifest", held, &mut manifest)?;
                    } else {
                        phase = phase.after(Step::ManifestSigned)?;
                    }
                    let text = json("manifest", &manifest)?;
                    query("UPDATE node_sessions SET phase = $1, manifest = $2 WHERE session = $3")
                        .bind(phase.name())
                        .bind(text)
                        .bind(session.0.to_vec())
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Begin an attempt. Numbers only go up, so that keys of one attempt never serve another. A
    /// failed session is tried again by this.
    ///
    /// # Errors
    /// `OldAttempt` when it is not newer than the last; `Phase` without a manifest or after the
    /// outcome.
    pub async fn begin_attempt(
        &self,
        session: SessionId,
        attempt: u32,
    ) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let row = get(connection, session).await?;
                    let phase = match row.phase()? {
                        Phase::Computing => Phase::Computing,
                        phase => phase.after(Step::Retry)?,
                    };
                    let last = row.number("attempt")?;
                    if attempt <= last {
                        let offered = attempt;
                        return Err(StorageError::OldAttempt { session, last, offered });
                    }
                    query(
                        "UPDATE node_sessions SET phase = $1, attempt = $2, reason = NULL
                         WHERE session = $3",
                    )
                    .bind(phase.name())
                    .bind(i64::from(attempt))
                    .bind(session.0.to_vec())
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Bind the node to the outcome it computed and signed, before the signature leaves it. The
    /// same one again changes nothing.
    ///
    /// # Errors
    /// `Conflict` when an earlier attempt gave this node another outcome: some node sent wrong
    /// values in one of the two.
    pub async fn put_own_outcome(&self, outcome: &Signed<Outcome>) -> Result<(), StorageError> {
        let session = outcome.body.session;
        let digest = outcome.body.digest();
        let text = json("outcome", outcome)?;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let row = get(connection, session).await?;
                    check_outcome(session, &row, digest)?;
                    query("UPDATE node_sessions SET own_outcome = $1 WHERE session = $2")
                        .bind(text)
                        .bind(session.0.to_vec())
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Settle the session with the outcome and the signatures it has; later ones are added.
    ///
    /// # Errors
    /// `Conflict` when this node computed or holds another outcome; `Phase` before freezing.
    pub async fn settle(&self, outcome: &CoSigned<Outcome>) -> Result<(), StorageError> {
        let session = outcome.body.session;
        let mut outcome = outcome.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let row = get(connection, session).await?;
                    let mut phase = row.phase()?;
                    check_outcome(session, &row, outcome.body.digest())?;
                    match row.maybe_document::<CoSigned<Outcome>>("outcome")? {
                        Some(held) => merge(session, "outcome", held, &mut outcome)?,
                        None => phase = phase.after(Step::OutcomeSigned)?,
                    }
                    let text = json("outcome", &outcome)?;
                    query(
                        "UPDATE node_sessions SET phase = $1, outcome = $2, reason = NULL
                         WHERE session = $3",
                    )
                    .bind(phase.name())
                    .bind(text)
                    .bind(session.0.to_vec())
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Note that the attempt cannot go on, and why.
    ///
    /// # Errors
    /// `Phase` unless an attempt is under way.
    pub async fn fail(&self, session: SessionId, reason: &str) -> Result<(), StorageError> {
        self.end(session, Step::Fail, reason).await
    }

    /// Note that the coordinator called the session off, and why.
    ///
    /// # Errors
    /// `Phase` once the bids are fixed.
    pub async fn cancel(&self, session: SessionId, reason: &str) -> Result<(), StorageError> {
        self.end(session, Step::Cancel, reason).await
    }

    async fn end(&self, session: SessionId, step: Step, reason: &str) -> Result<(), StorageError> {
        let reason = reason.to_owned();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let phase = get(connection, session).await?.phase()?;
                    if (step, phase) == (Step::Cancel, Phase::Cancelled) {
                        return Ok(());
                    }
                    let phase = phase.after(step)?;
                    query("UPDATE node_sessions SET phase = $1, reason = $2 WHERE session = $3")
                        .bind(phase.name())
                        .bind(reason)
                        .bind(session.0.to_vec())
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}

async fn find(
    connection: &mut Connection,
    session: SessionId,
) -> Result<Option<Row>, StorageError> {
    Ok(query(
        "SELECT digest, phase, frozen, bundle, manifest, attempt, own_outcome, outcome
         FROM node_sessions WHERE session = $1",
    )
    .bind(session.0.to_vec())
    .fetch_optional(connection)
    .await?)
}

async fn get(connection: &mut Connection, session: SessionId) -> Result<Row, StorageError> {
    find(connection, session).await?.ok_or(StorageError::NoSession { session })
}

async fn bind_bundle(
    connection: &mut Connection,
    session: SessionId,
    row: &Row,
    bundle: Digest,
) -> Result<(), StorageError> {
    if let Some(existing) = row.maybe_bytes("bundle")? {
        return same(session, "bundle", Digest(existing), bundle);
    }
    let phase = row.phase()?;
    if phase != Phase::Closing {
        return Err(PhaseError { phase, step: Step::ManifestSigned }.into());
    }
    query("UPDATE node_sessions SET bundle = $1 WHERE session = $2")
        .bind(bundle.0.to_vec())
        .bind(session.0.to_vec())
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether this is the outcome that the node computed itself, if it did.
fn check_outcome(session: SessionId, row: &Row, offered: Digest) -> Result<(), StorageError> {
    let own = row.maybe_document::<Signed<Outcome>>("own_outcome")?.map(|own| own.body);
    let settled = row.maybe_document::<CoSigned<Outcome>>("outcome")?.map(|held| held.body);
    for existing in own.iter().chain(&settled) {
        same(session, "outcome", existing.digest(), offered)?;
    }
    Ok(())
}

/// That what is offered is what is there.
pub(super) fn same(
    session: SessionId,
    what: &'static str,
    existing: Digest,
    offered: Digest,
) -> Result<(), StorageError> {
    if existing == offered {
        Ok(())
    } else {
        Err(StorageError::Conflict { session, what, existing, offered })
    }
}

/// Add the signatures held already, which stay, to an equal statement.
pub(super) fn merge<T: Statement>(
    session: SessionId,
    what: &'static str,
    held: CoSigned<T>,
    offered: &mut CoSigned<T>,
) -> Result<(), StorageError> {
    same(session, what, held.body.digest(), offered.body.digest())?;
    offered.signatures.extend(held.signatures);
    Ok(())
}

/// The number of rows that a count gives.
fn count(row: &Row, column: &'static str) -> Result<u64, StorageError> {
    // COUNT is a number that is never absent.
    Ok(row.try_get::<i64, _>(column)?.unsigned_abs())
}

#[cfg(test)]
#[path = "node_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "node_tests.rs"]
#[allow(clippy::duplicate_mod)] // the same tests again, on the other kind of store
mod tests_on_postgres;
