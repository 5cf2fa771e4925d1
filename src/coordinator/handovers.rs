//! What nodes have handed over to those of the next roster: collected where they settle the session that
//! does so, kept until the next nodes are there, and brought to these for the session that deals it anew.

use super::state::CoordinatorState;
use crate::identity::{Digest, Signed, Statement as _};
use crate::rules::job::{Earlier, Handed, Wanted};
use crate::session::{Letters, Parcel, SessionId};
use crate::sharing::NodeSet;
use crate::storage::{StorageError, Stored};
use crate::transport::{HttpError, PeerClient};
use crate::wire::paths;
use crate::wire::problem::ProblemType;

/// A session that handed stored variables over.
pub(super) struct Handover {
    /// The session, and the digest of its outcome.
    pub handed: Handed,
    /// The roster that they go to.
    pub next: Digest,
    /// The nodes whose letters are kept.
    pub nodes: NodeSet,
    /// The variables.
    variables: Vec<Wanted>,
}

impl Handover {
    /// Whether it handed over what is stored, as it is now.
    fn has(&self, stored: &Stored) -> bool {
        self.variables.iter().any(|wanted| wanted.is(&stored.variable))
    }
}

/// Those of which letters are kept, the latest first.
pub(super) struct Handovers(Vec<Handover>);

impl Handovers {
    /// As they are kept.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn read(state: &CoordinatorState) -> Result<Self, StorageError> {
        let mut all = Vec::new();
        for (session, nodes) in state.store.lettered().await? {
            let Some(outcome) = state.store.outcome(session).await? else { continue };
            let row = state.store.session(session).await?;
            let Some(announcement) = row.and_then(|row| row.announcement) else { continue };
            let question = &announcement.body.terms.question;
            let next = question.as_job().and_then(|job| Some(job.hands_over()?.1.digest));
            let Some(next) = next else { continue };
            let handed = Handed { session: session.0, outcome: outcome.body.digest().0 };
            let variables = question.wanted();
            all.push(Handover { handed, next: Digest(next.0), nodes, variables });
        }
        Ok(Self(all))
    }

    /// The latest one of a variable as it is stored now.
    pub(super) fn latest(&self, stored: &Stored) -> Option<&Handover> {
        self.0.iter().find(|handover| handover.has(stored))
    }

    /// The latest one of a variable to the nodes of the present roster.
    pub(super) fn to_present(
        &self,
        state: &CoordinatorState,
        stored: &Stored,
    ) -> Option<&Handover> {
        let roster = &state.roster.body;
        let follows = roster.follows == Some(stored.roster);
        let fits = |handover: &&Handover| handover.has(stored) && roster.covers(&handover.next);
        self.0.iter().filter(|_| follows).find(fits)
    }

    /// Among whom a variable is shared, if not among the present nodes, and by which session they have
    /// handed it over to these.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn earlier(
        &self,
        state: &CoordinatorState,
        stored: &Stored,
    ) -> Result<Option<Earlier>, StorageError> {
        let earlier = stored.earlier(state.store.database(), &state.roster.body).await?;
        Ok(earlier.map(|earlier| match self.to_present(state, stored) {
            Some(handover) => earlier.handed_over(handover.handed),
            None => earlier,
        }))
    }
}

/// What one of the nodes has sealed of a session that is settled there; none where it took no part.
///
/// # Errors
/// When it does not answer, or not with that.
pub(super) async fn collect(
    node: &PeerClient,
    session: SessionId,
) -> Result<Option<Signed<Letters>>, HttpError> {
    match node.get(&paths::of(paths::NODE_LETTERS, session)).await {
        Ok(letters) => Ok(Some(letters)),
        Err(HttpError::Problem { problem, .. }) if problem.kind == ProblemType::NotFound => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What a session handed over, as it is brought to the nodes that it is for; none where it is not kept
/// here.
///
/// # Errors
/// When the store fails.
pub(super) async fn parcel(
    state: &CoordinatorState,
    handed: Handed,
) -> Result<Option<Parcel>, StorageError> {
    let session = SessionId(handed.session);
    let letters = state.store.letters(session).await?;
    let Some(row) = state.store.session(session).await? else { return Ok(None) };
    let (announcement, outcome) = (row.announcement, state.store.outcome(session).await?);
    let Some((announcement, outcome)) = announcement.zip(outcome) else { return Ok(None) };
    let roster = state.store.database().roster(&announcement.body.roster).await?;
    Ok(roster.map(|roster| Parcel { roster, announcement, outcome, letters }))
}
