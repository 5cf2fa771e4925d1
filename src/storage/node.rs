//! What one node keeps: sessions, how far each has come, and what the node is bound by.
//!
//! A node signs at most one of each: one announcement, one bundle (and its manifest) and one
//! outcome per session, and each attempt number once. It records this on disk before the signature
//! leaves, so after a crash it signs the same again or nothing.
//!
//! - [`approvals`]: jobs that the node's operator has let run
//! - [`intake`]: envelopes and receipts
//! - [`put_error`]: why an envelope is not taken
//! - [`letters`]: what is sealed to those whom an outcome tells something alone
//! - [`logins`]: logins that the coordinator has ended
//! - [`material`]: a dealer's stock of material for two parties
//! - [`papers`]: what is held of a session, for others that have lost it
//! - [`parcels`]: what the nodes of the roster before have handed over
//! - [`parts`]: parts of envelopes that were put together from other nodes' seeds
//! - [`pauses`]: orders of the coordinator to pause and to go on
//! - [`reading`]: questions about sessions that change nothing
//! - [`replicas`]: which of several replicas computes
//! - [`variables`]: shares of variables that stay after their job

pub mod approvals;
pub mod intake;
pub mod letters;
pub mod logins;
pub mod material;
pub mod papers;
pub mod parcels;
pub mod parts;
pub mod pauses;
pub mod put_error;
pub mod reading;
pub mod replicas;
pub mod variables;

use super::column::{Columns as _, json};
use super::documents::{BoundBundle, Document, Sessions, same, to_binary};
use super::sql::{Connection, query};
use super::{Database, Fence, StorageError};
use crate::base::Timestamp;
use crate::identity::{Digest, Signed, Statement as _};
use crate::session::manifest::CoSigned;
use crate::session::phase::{Phase, Step};
use crate::session::{Announcement, Disclosure, Manifest, Outcome, SessionId};

pub use intake::{Put, PutError};
pub use letters::Staging;
pub use reading::{Given, NodeSession, Shown};
pub use variables::Staged;

const SESSIONS: Sessions = Sessions::Node;

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

    /// The same store, for what is written in one turn of a role.
    #[must_use]
    pub fn under(&self, fence: Fence) -> Self {
        Self { database: self.database.under(fence) }
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
        let most = announcement.body.terms.limits.bids;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let held = query("SELECT digest FROM node_sessions WHERE session = $1")
                        .bind(session.0.to_vec())
                        .fetch_optional(&mut *connection)
                        .await?;
                    if let Some(row) = held {
                        same::<Signed<Announcement>>(session, row.digest("digest")?, digest)?;
                        return Ok(false);
                    }
                    query(
                        "INSERT INTO node_sessions
                         (session, announcement, digest, bids_until, opened, phase, max_bids)
                         VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    )
                    .bind(session.0.to_vec())
                    .bind(text)
                    .bind(digest.0.to_vec())
                    .bind(until)
                    .bind(opened)
                    .bind(Phase::Open.name())
                    .bind(i64::from(most))
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
                    let row = SESSIONS.row(&mut *connection, session, "phase, frozen").await?;
                    match row.maybe_time("frozen")? {
                        Some(frozen) if row.phase()? != Phase::Cancelled => return Ok(frozen),
                        _ => {}
                    }
                    SESSIONS.step(connection, session, Step::Freeze, None).await?;
                    SESSIONS.set(connection, session, "frozen", now.millis()).await?;
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
                Box::pin(async move { bind(connection, session, bundle).await })
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
        let manifest = manifest.clone();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    bind(connection, session, manifest.body.bundle).await?;
                    if SESSIONS.put(connection, session, manifest).await? {
                        SESSIONS.step(connection, session, Step::ManifestSigned, None).await?;
                    }
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
                    let row = SESSIONS.row(&mut *connection, session, "phase, attempt").await?;
                    let last = row.number("attempt")?;
                    if row.phase()? != Phase::Computing {
                        SESSIONS.step(connection, session, Step::Retry, None).await?;
                    }
                    if attempt <= last {
                        let offered = attempt;
                        return Err(StorageError::OldAttempt { session, last, offered });
                    }
                    SESSIONS.set(connection, session, "attempt", i64::from(attempt)).await
                })
            })
            .await
    }

    /// Bind the node to the outcome it computed and signed, before the signature leaves it, and keep
    /// with it the shares that are to stay, and what is sealed to some alone. The same one again changes nothing. One of a later
    /// attempt takes its place if it differs in the digests of shares alone, which no two attempts
    /// have in common.
    ///
    /// # Errors
    /// `Conflict` when an earlier attempt gave this node another outcome: some node sent wrong
    /// values in one of the two.
    pub async fn put_own_outcome(
        &self,
        outcome: &Signed<Outcome>,
        staged: impl Into<Staging>,
    ) -> Result<(), StorageError> {
        let (session, outcome) = (outcome.body.session, outcome.clone());
        let Staging { shares, letters } = staged.into();
        let letters = letters.map(|letters| to_binary("letters", &letters)).transpose()?;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    agrees::<CoSigned<Outcome>>(connection, session, outcome.digest()).await?;
                    let held = SESSIONS.load::<Signed<Outcome>>(&mut *connection, session).await?;
                    if held.is_some_and(|held| held.body.differs_in_digests_alone(&outcome.body)) {
                        let none: Option<String> = None;
                        let column = <Signed<Outcome> as Document>::COLUMN;
                        SESSIONS.set(&mut *connection, session, column, none).await?;
                    }
                    if SESSIONS.put(&mut *connection, session, outcome).await? {
                        variables::stage(&mut *connection, session, shares).await?;
                        letters::set(connection, session, letters).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Settle the session with the outcome and the signatures it has; later ones are added. What the
    /// node discloses is kept with the first ones.
    ///
    /// # Errors
    /// `Conflict` when this node computed or holds another outcome; `Phase` before freezing.
    pub async fn settle(
        &self,
        outcome: &CoSigned<Outcome>,
        disclosure: Option<&Signed<Disclosure>>,
    ) -> Result<(), StorageError> {
        let (session, outcome) = (outcome.body.session, outcome.clone());
        let disclosure = disclosure.map(|paper| to_binary("disclosure", paper)).transpose()?;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let own = SESSIONS.load::<Signed<Outcome>>(&mut *connection, session).await?;
                    // Another attempt than this node's own may have settled it.
                    let other = own
                        .as_ref()
                        .filter(|own| !own.body.differs_in_digests_alone(&outcome.body));
                    if let Some(own) = other {
                        same::<Signed<Outcome>>(session, own.digest(), outcome.digest())?;
                    }
                    let own = own.map(|own| own.digest());
                    if SESSIONS.put(&mut *connection, session, outcome.clone()).await? {
                        if own != Some(outcome.digest()) {
                            letters::drop_all(&mut *connection, session).await?;
                        }
                        variables::settle(connection, &outcome).await?;
                        SESSIONS.step(connection, session, Step::OutcomeSigned, None).await?;
                        if let Some(disclosure) = disclosure {
                            SESSIONS.set(connection, session, "disclosure", disclosure).await?;
                        }
                        parcels::drop_one(&mut *connection, session).await?;
                        parts::forget(connection, session).await?;
                    }
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

    /// Note that the coordinator cancelled the session, and why.
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
                    let phase = SESSIONS.phase(connection, session).await?;
                    variables::drop_staged(connection, session).await?;
                    letters::drop_all(&mut *connection, session).await?;
                    parcels::drop_one(&mut *connection, session).await?;
                    if (step, phase) != (Step::Cancel, Phase::Cancelled) {
                        SESSIONS.step(connection, session, step, Some(reason)).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

/// Bind the node to a bundle, which takes a session that is frozen.
async fn bind(
    connection: &mut Connection,
    session: SessionId,
    bundle: Digest,
) -> Result<(), StorageError> {
    if SESSIONS.put(connection, session, BoundBundle(bundle)).await? {
        SESSIONS.phase(connection, session).await?.after(Step::ManifestSigned)?;
    }
    Ok(())
}

/// That a document which should say the same does, if it is there.
async fn agrees<D: Document>(
    connection: &mut Connection,
    session: SessionId,
    offered: Digest,
) -> Result<(), StorageError> {
    match SESSIONS.load::<D>(connection, session).await? {
        Some(held) => same::<D>(session, held.digest(), offered),
        None => Ok(()),
    }
}

#[cfg(test)]
#[path = "node_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "node_tests.rs"]
#[allow(clippy::duplicate_mod)] // the same tests again, on the other kind of store
mod tests_on_postgres;
