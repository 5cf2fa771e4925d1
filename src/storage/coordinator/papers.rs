//! Sessions that the coordinator takes up from papers that nodes hold: after it has lost its
//! database, or from a backup that is older than what was signed since.

use super::super::column::{Columns as _, json};
use super::super::documents::{Document, same};
use super::super::sql::{Connection, Row, query};
use super::super::{StorageError, database::reading};
use super::{CoordinatorStore, SESSIONS, enter, note, variables};
use crate::base::Timestamp;
use crate::base::name::look;
use crate::identity::{Signed, Statement as _};
use crate::session::bundle::Bundle;
use crate::session::manifest::CoSigned;
use crate::session::papers::Papers;
use crate::session::phase::{Phase, Step};
use crate::session::{Announcement, Manifest, SessionId};

impl CoordinatorStore {
    /// Take up papers that have proved themselves ([`Papers::proved`]); `attempt` is the highest
    /// number of an attempt that nodes tell of. What has been settled or cancelled stays. Gives the
    /// phase before (`None` of a session that was unknown) and after.
    ///
    /// # Errors
    /// `Conflict` when the session was announced with other terms, or its manifest is another one.
    pub async fn take_up(
        &self,
        papers: Papers,
        attempt: u32,
        now: Timestamp,
    ) -> Result<(Option<Phase>, Phase), StorageError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let session = papers.announcement.body.session;
                    let before = begin(connection, &papers.announcement, now).await?;
                    admit(connection, &papers, now).await?;
                    query(
                        "UPDATE coordinator_sessions SET attempts_begun = $1
                         WHERE session = $2 AND attempts_begun < $1",
                    )
                    .bind(i64::from(attempt))
                    .bind(session.0.to_vec())
                    .execute(&mut *connection)
                    .await?;
                    documents(connection, session, papers, now).await?;
                    Ok((before, SESSIONS.phase(connection, session).await?))
                })
            })
            .await
    }

    /// Where each session stands, and of when the last order to pause or go on is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn phases(
        &self,
    ) -> Result<Vec<(SessionId, (Phase, Option<Timestamp>))>, StorageError> {
        let rows = query("SELECT session, phase, ordered FROM coordinator_sessions")
            .fetch_all(self.database.readers())
            .await
            .map_err(reading)?;
        let stands = |row: &Row| Ok((row.session()?, (row.phase()?, row.maybe_time("ordered")?)));
        rows.iter().map(stands).collect()
    }
}

/// Have the session, open at least; its phase before.
async fn begin(
    connection: &mut Connection,
    announcement: &Signed<Announcement>,
    now: Timestamp,
) -> Result<Option<Phase>, StorageError> {
    let session = announcement.body.session;
    let row = query("SELECT phase, announcement FROM coordinator_sessions WHERE session = $1")
        .bind(session.0.to_vec())
        .fetch_optional(&mut *connection)
        .await?;
    if let Some(row) = row {
        let phase = row.phase()?;
        if let Some(held) = row.maybe_document::<Signed<Announcement>>("announcement")? {
            same::<Signed<Announcement>>(session, held.body.digest(), announcement.body.digest())?;
        } else if phase == Phase::Draft {
            SESSIONS.put(&mut *connection, session, announcement.clone()).await?;
            enter(connection, session, Step::Open, None, now).await?;
        }
        return Ok(Some(phase));
    }
    let opened = announcement.body.opened;
    query(
        "INSERT INTO coordinator_sessions
         (session, title, file, announcement, phase, created, opened, max_bids, taken_up)
         VALUES ($1, $2, '', $3, $4, $5, $5, $6, 1)",
    )
    .bind(session.0.to_vec())
    .bind(announcement.body.terms.title.as_str())
    .bind(json("announcement", announcement)?)
    .bind(Phase::Open.name())
    .bind(opened.millis())
    .bind(i64::from(announcement.body.terms.limits.bids))
    .execute(&mut *connection)
    .await?;
    note(connection, session, Phase::Open, None, opened).await?;
    Ok(None)
}

/// Keep who was admitted, as far as it shows: a name that is bound to a key stays so, and
/// in its cohort.
async fn admit(
    connection: &mut Connection,
    papers: &Papers,
    now: Timestamp,
) -> Result<(), StorageError> {
    let announced = &papers.announcement.body;
    let session = announced.session;
    let cohorts = announced.terms.question.assigned_cohorts().unwrap_or_default();
    for admitted in &papers.admitted {
        let cohort = admitted.signature.cohort.and_then(|at| cohorts.get(usize::from(at)));
        query(
            "INSERT INTO coordinator_admissions
             (session, bidder, bidder_key, admitted, look, cohort)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(session.0.to_vec())
        .bind(admitted.name.as_str())
        .bind(admitted.key.as_bytes().to_vec())
        .bind(now.millis())
        .bind(look(&admitted.name))
        .bind(cohort.cloned())
        .execute(&mut *connection)
        .await?;
    }
    query(
        "UPDATE coordinator_sessions SET bidders =
            (SELECT COUNT(*) FROM coordinator_admissions WHERE session = $1)
         WHERE session = $1",
    )
    .bind(session.0.to_vec())
    .execute(connection)
    .await?;
    Ok(())
}

/// Take over bundle, manifest and outcome, and the steps that come with them.
async fn documents(
    connection: &mut Connection,
    session: SessionId,
    papers: Papers,
    now: Timestamp,
) -> Result<(), StorageError> {
    let mut phase = SESSIONS.phase(&mut *connection, session).await?;
    if phase.is_final() {
        return Ok(());
    }
    let Some(bundle) = papers.bundle else { return Ok(()) };
    if phase.is_bidding() {
        // Enough nodes have frozen and said so under their signatures: bidding has ended.
        phase = enter(connection, session, Step::Freeze, None, now).await?;
    }
    let Some(manifest) = papers.manifest else {
        // One that is not signed yet: the coordinator's own stays, if it has one.
        if phase == Phase::Closing
            && SESSIONS.load::<Bundle>(&mut *connection, session).await?.is_none()
        {
            SESSIONS.set(connection, session, Bundle::COLUMN, bundle.value()?).await?;
        }
        return Ok(());
    };
    let held = SESSIONS.load::<CoSigned<Manifest>>(&mut *connection, session).await?;
    if let Some(held) = held {
        same::<CoSigned<Manifest>>(session, held.body.digest(), manifest.body.digest())?;
    } else {
        // In the place of a bundle of its own that cannot be signed any more.
        SESSIONS.set(&mut *connection, session, Bundle::COLUMN, bundle.value()?).await?;
        SESSIONS.put(&mut *connection, session, manifest).await?;
    }
    if phase == Phase::Closing {
        phase = enter(connection, session, Step::ManifestSigned, None, now).await?;
    }
    if let Some(outcome) = papers.outcome
        && matches!(phase, Phase::Computing | Phase::Failed)
        && SESSIONS.put(&mut *connection, session, outcome.clone()).await?
    {
        enter(&mut *connection, session, Step::OutcomeSigned, None, now).await?;
        variables::settle(connection, &outcome).await?;
    }
    Ok(())
}
