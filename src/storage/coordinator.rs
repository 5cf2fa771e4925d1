//! What the coordinator keeps: sessions and their timeline, who was admitted, which nodes
//! acknowledged, the closing's documents, attempts and the outcome. Never an envelope or an amount.
//!
//! Every change of phase goes through [`Phase::after`] inside the transaction that stores it.
//!
//! - [`admissions`]: names that are bound to keys
//! - [`attempts`]: attempts: their numbers, who took part, how each ended
//! - [`books`]: models, and how far each batch of their material has come
//! - [`letters`]: what is on its way to the nodes of the next roster
//! - [`pauses`]: orders to pause and to go on, and which nodes have heard them
//! - [`papers`]: sessions that are taken up from what nodes hold
//! - [`reading`]: questions about sessions that change nothing
//! - [`variables`]: what is known of variables that stay at the nodes

pub mod admissions;
pub mod attempts;
pub mod books;
pub mod doubts;
pub mod ended;
pub mod letters;
pub mod papers;
pub mod pauses;
pub mod reading;
pub mod variables;

use super::documents::{Document, Sessions};
use super::sql::{Connection, query};
use super::{Database, StorageError};
use crate::base::Timestamp;
use crate::identity::Signed;
use crate::rules::SessionFile;
use crate::rules::session_file::without_demo;
use crate::rules::terms::TermsError;
use crate::session::bundle::Bundle;
use crate::session::manifest::CoSigned;
use crate::session::phase::{Phase, Step};
use crate::session::{Announcement, Manifest, Outcome, SessionId};
use crate::sharing::NodeIndex;

pub use admissions::AdmitError;
pub use attempts::Attempt;
pub use reading::{Admitted, CoordinatorSession, Entered};

const SESSIONS: Sessions = Sessions::Coordinator;

/// What the coordinator keeps. Clones share the database.
#[derive(Clone)]
pub struct CoordinatorStore {
    database: Database,
}

impl CoordinatorStore {
    /// The coordinator's tables in a database.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// The database.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Draft a session from its file. The file is kept without `bids` and `roster`, which are a
    /// demo's: no plain bid gets into the database.
    ///
    /// # Errors
    /// `File` when it is not a session file; the database refuses an id that is there already.
    pub async fn create(
        &self,
        session: SessionId,
        file: &str,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let Sheet { title, file, most } = Sheet::of(file)?;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "INSERT INTO coordinator_sessions (session, title, file, phase, created, max_bids)
                         VALUES ($1, $2, $3, $4, $5, $6)",
                    )
                    .bind(session.0.to_vec())
                    .bind(title)
                    .bind(file)
                    .bind(Phase::Draft.name())
                    .bind(now.millis())
                    .bind(i64::from(most))
                    .execute(&mut *connection)
                    .await?;
                    note(connection, session, Phase::Draft, None, now).await
                })
            })
            .await
    }

    /// Write other terms into a draft, from another file; kept like the first.
    ///
    /// # Errors
    /// `File` when it is not a session file; `Phase` when the session is no draft.
    pub async fn edit(&self, session: SessionId, file: &str) -> Result<(), StorageError> {
        let Sheet { title, file, most } = Sheet::of(file)?;
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    SESSIONS.phase(connection, session).await?.after(Step::Edit)?;
                    query(
                        "UPDATE coordinator_sessions SET title = $2, file = $3, max_bids = $4
                         WHERE session = $1",
                    )
                    .bind(session.0.to_vec())
                    .bind(title)
                    .bind(file)
                    .bind(i64::from(most))
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Open a drafted session under its signed announcement. The same one again changes nothing.
    ///
    /// # Errors
    /// `Phase` when it is no draft; `Conflict` when it was opened with another announcement.
    pub async fn open(
        &self,
        announcement: &Signed<Announcement>,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.put(announcement.body.session, announcement.clone(), Step::Open, now).await
    }

    /// Note that a node holds the announcement.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn acknowledge(
        &self,
        session: SessionId,
        node: NodeIndex,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.tick(
            "INSERT INTO coordinator_acknowledgements (session, node, acknowledged)
             VALUES ($1, $2, $3) ON CONFLICT (session, node) DO NOTHING",
            session,
            node,
            now,
        )
        .await
    }

    /// Note that a node has heard how the session ended.
    ///
    /// # Errors
    /// When the session is unknown or the database fails.
    pub async fn deliver(
        &self,
        session: SessionId,
        node: NodeIndex,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.tick(
            "INSERT INTO coordinator_deliveries (session, node, delivered)
             VALUES ($1, $2, $3) ON CONFLICT (session, node) DO NOTHING",
            session,
            node,
            now,
        )
        .await
    }

    /// Tick a node off on a session's list.
    async fn tick(
        &self,
        statement: &'static str,
        session: SessionId,
        node: NodeIndex,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    SESSIONS.phase(connection, session).await?;
                    query(statement)
                        .bind(session.0.to_vec())
                        .bind(i64::from(node.get()))
                        .bind(now.millis())
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Take a step that needs no document: freeze, fail, retry or cancel. Gives the phase after.
    ///
    /// # Errors
    /// `Phase` when the session's phase does not allow it; `Document` for a step that comes with
    /// one.
    pub async fn step(
        &self,
        session: SessionId,
        step: Step,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<Phase, StorageError> {
        if matches!(
            step,
            Step::Open | Step::Pause | Step::Resume | Step::ManifestSigned | Step::OutcomeSigned
        ) {
            return Err(StorageError::Document { step });
        }
        let reason = reason.map(ToOwned::to_owned);
        self.database
            .write(move |connection| {
                Box::pin(async move { enter(connection, session, step, reason, now).await })
            })
            .await
    }

    /// Keep the closing's bundle, before any node sees it. The same one again changes nothing.
    ///
    /// # Errors
    /// `Conflict` when there is another; `Phase` unless the session is closing.
    pub async fn put_bundle(&self, bundle: &Bundle) -> Result<(), StorageError> {
        let (session, bundle) = (bundle.session, bundle.clone());
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    if SESSIONS.put(connection, session, bundle).await? {
                        // Allowed where the manifest's signatures would be: while closing.
                        SESSIONS.phase(connection, session).await?.after(Step::ManifestSigned)?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Keep the manifest; with the first one computing begins. Later signatures are added.
    ///
    /// # Errors
    /// `Conflict` when there is another; `Phase` unless the session is closing.
    pub async fn put_manifest(
        &self,
        manifest: &CoSigned<Manifest>,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.put(manifest.body.session, manifest.clone(), Step::ManifestSigned, now).await
    }

    /// Keep the outcome; with the first one the session is settled. Later signatures are added.
    ///
    /// # Errors
    /// `Conflict` when there is another; `Phase` when the session cannot be settled.
    pub async fn put_outcome(
        &self,
        outcome: &CoSigned<Outcome>,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let (session, outcome) = (outcome.body.session, outcome.clone());
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    if SESSIONS.put(&mut *connection, session, outcome.clone()).await? {
                        enter(&mut *connection, session, Step::OutcomeSigned, None, now).await?;
                        variables::settle(connection, &outcome).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Keep a document; the first of its kind takes the session a step on.
    async fn put<D: Document + 'static>(
        &self,
        session: SessionId,
        document: D,
        step: Step,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    if SESSIONS.put(connection, session, document).await? {
                        enter(connection, session, step, None, now).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

/// What is kept of a draft's file.
struct Sheet {
    title: String,
    /// Without the parts of a demo, comments included.
    file: String,
    /// Most bidders.
    most: u32,
}

impl Sheet {
    fn of(file: &str) -> Result<Self, TermsError> {
        let shared = SessionFile::parse(file)?.shared;
        let most = shared.limits().bids;
        Ok(Self { title: shared.title, file: without_bids(file)?, most })
    }
}

/// A session file without the parts of a demo, comments included.
fn without_bids(file: &str) -> Result<String, TermsError> {
    let syntax = |error: &dyn std::fmt::Display| TermsError::Syntax(error.to_string());
    let table = without_demo(file).map_err(|error| syntax(&error))?;
    toml::to_string(&table).map_err(|error| syntax(&error))
}

/// Move a session on and note it in its timeline.
async fn enter(
    connection: &mut Connection,
    session: SessionId,
    step: Step,
    reason: Option<String>,
    now: Timestamp,
) -> Result<Phase, StorageError> {
    let phase = SESSIONS.step(connection, session, step, reason.clone()).await?;
    let time = match step {
        Step::Open => Some("opened"),
        Step::Freeze => Some("closed"),
        _ if phase.is_final() => Some("ended"),
        _ => None,
    };
    if let Some(time) = time {
        SESSIONS.set(connection, session, time, now.millis()).await?;
    }
    note(connection, session, phase, reason, now).await?;
    Ok(phase)
}

async fn note(
    connection: &mut Connection,
    session: SessionId,
    phase: Phase,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(), StorageError> {
    query(
        "INSERT INTO coordinator_timeline (session, position, entered, phase, reason)
         VALUES ($1, (SELECT COUNT(*) FROM coordinator_timeline WHERE session = $1), $2, $3, $4)",
    )
    .bind(session.0.to_vec())
    .bind(now.millis())
    .bind(phase.name())
    .bind(reason)
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
#[path = "coordinator_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "coordinator_tests.rs"]
#[allow(clippy::duplicate_mod)] // the same tests again, on the other kind of store
mod tests_on_postgres;
