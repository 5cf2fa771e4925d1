//! Announces a session to nodes, tells them of pauses, and says whether enough of them have answered.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Method;
use bytes::Bytes;
use tokio::sync::OnceCell;

use super::handovers;
use super::state::CoordinatorState;
use super::step::DriveError;
use crate::rules::Terms;
use crate::session::{Parcel, Phase, SessionId, handover};
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::coordinator::CoordinatorSession;
use crate::transport::{HttpError, PeerClient};
use crate::wire::node_api::{NodeSession, SignedManifest, TakenParcel};
use crate::wire::problem::{Problem, ProblemType};
use crate::wire::reason::{NodeReport, NodeTrouble, Reason, RefusalCause, VariableLack};
use crate::wire::{paper, paths};

/// Longest wait for a node that takes what was handed over: it opens and compares all of it.
const LONG: Duration = Duration::from_secs(60);

/// Nodes that did not take an announcement.
pub struct Unheard {
    /// All of them.
    pub nodes: NodeSet,
    /// Those whose operators forbid what it asks, with what they say.
    pub forbid: BTreeMap<NodeIndex, String>,
}

/// Announce a session to nodes; gives those that did not take it.
///
/// # Errors
/// When the store fails.
pub async fn announce(
    state: &CoordinatorState,
    row: &CoordinatorSession,
    nodes: NodeSet,
) -> Result<Unheard, DriveError> {
    let mut unheard = Unheard { nodes: NodeSet::EMPTY, forbid: BTreeMap::new() };
    let Some(announcement) = &row.announcement else { return Ok(Unheard { nodes, ..unheard }) };
    let answers = state
        .ask(nodes, |_, node| async move {
            node.post::<_, ()>(paths::NODE_SESSIONS, announcement).await
        })
        .await;
    for (node, answer) in answers {
        match answer {
            Ok(()) => state.store.acknowledge(row.session, node, state.clock.now()).await?,
            Err(error) => {
                tracing::debug!(session = %row.session, %node, %error, "announcing");
                unheard.nodes.insert(node);
                let terms = &announcement.body.terms;
                let problem = error.problem().filter(|problem| forbids(problem, terms));
                unheard.forbid.extend(problem.map(|problem| (node, problem.detail.clone())));
            }
        }
    }
    Ok(unheard)
}

/// Whether a node refuses because its operator forbids what is asked: only where the terms do reveal
/// something of the variable that it names, so that no node can have any session called off.
fn forbids(problem: &Problem, terms: &Terms) -> bool {
    match RefusalCause::of(problem) {
        Some(RefusalCause::Variable { lack: VariableLack::Forbidden, name, .. }) => {
            terms.question.gives_away(&[name]).is_some()
        }
        _ => false,
    }
}

/// Tell nodes that hold the announcement of the last order to pause or go on; gives those that have
/// not heard it.
///
/// # Errors
/// When the store fails.
pub async fn tell_order(
    state: &CoordinatorState,
    row: &CoordinatorSession,
) -> Result<NodeSet, DriveError> {
    let Some(order) = &row.pause else { return Ok(NodeSet::EMPTY) };
    let (session, at) = (row.session, order.body.at);
    let listeners = state.store.acknowledged(session).await?;
    let heard = state.store.heard(session, at).await?;
    let path = &paths::of(paths::NODE_PAUSE, session);
    let answers = state
        .ask(listeners.difference(heard), |_, node| async move {
            node.request::<_, ()>(Method::PUT, path, Some(order)).await
        })
        .await;
    let mut missing = NodeSet::EMPTY;
    for (node, answer) in answers {
        match answer {
            Ok(()) => state.store.note_heard(session, node, at).await?,
            Err(error) => {
                tracing::debug!(%session, %node, %error, "telling of a pause");
                missing.insert(node);
            }
        }
    }
    Ok(missing)
}

/// Manifest and bundle as they are handed to nodes that lack them: read and encoded once, when the
/// first node does.
pub(super) struct Handout<'a> {
    state: &'a CoordinatorState,
    session: SessionId,
    paper: OnceCell<Bytes>,
    parcel: OnceCell<Parcel>,
}

impl<'a> Handout<'a> {
    /// Of this session.
    pub(super) fn new(state: &'a CoordinatorState, session: SessionId) -> Self {
        Self { state, session, paper: OnceCell::new(), parcel: OnceCell::new() }
    }

    /// Bring a node what was handed over to it, where the session deals that anew.
    async fn bring(&self, row: &CoordinatorSession, to: &PeerClient) -> Result<(), HttpError> {
        let terms = row.announcement.as_ref().map(|announcement| &announcement.body.terms);
        let Some(handed) = terms.and_then(handover::handed) else { return Ok(()) };
        let read = || async {
            let parcel = handovers::parcel(self.state, handed).await;
            let parcel = parcel.map_err(|error| error.to_string())?;
            parcel.ok_or_else(|| "what was handed over is not kept here".to_owned())
        };
        let failed = |detail| failed(to, detail);
        let parcel = self.parcel.get_or_try_init(read).await.map_err(failed)?;
        let path = paths::of(paths::NODE_PARCEL, self.session);
        let patient = to.with_deadline(LONG);
        let taken: TakenParcel = patient.request(Method::PUT, &path, Some(parcel)).await?;
        for fault in &taken.faults {
            let (session, node, what) = (self.session, fault.node, &fault.what);
            let name = parcel.roster.body.node(node).map(|card| card.name.as_str());
            tracing::warn!(%session, %node, name, what, "a letter of the roster before does not fit");
        }
        Ok(())
    }

    async fn paper(&self, to: &PeerClient) -> Result<Bytes, HttpError> {
        let store = &self.state.store;
        let failed = |detail: String| failed(to, detail);
        let read = || async {
            let bundle = store.bundle(self.session).await.map_err(|error| error.to_string())?;
            let manifest = store.manifest(self.session).await.map_err(|error| error.to_string())?;
            let (Some(bundle), Some(manifest)) = (bundle, manifest) else {
                return Err("there is no manifest to hand on".to_owned());
            };
            Ok(paper::encode(&SignedManifest { bundle, manifest }))
        };
        self.paper.get_or_try_init(read).await.cloned().map_err(failed)
    }
}

fn failed(to: &PeerClient, detail: String) -> HttpError {
    HttpError::Setup { address: to.target().address.clone(), detail }
}

/// How long a node may take over one step of a session's closing.
pub(super) fn closing_deadline(row: &CoordinatorSession) -> Duration {
    let terms = row.announcement.as_ref().map(|announcement| &announcement.body.terms);
    terms.map(|terms| terms.limits).unwrap_or_default().closing_deadline()
}

/// Bring one node to where it can compute: announcement, then manifest. Whether it waits for its
/// operator to let the session run.
pub(super) async fn catch_up(
    row: &CoordinatorSession,
    handout: &Handout<'_>,
    node: PeerClient,
) -> Result<bool, HttpError> {
    let session = paths::of(paths::NODE_SESSION, row.session);
    let mut awaits = false;
    match node.get::<NodeSession>(&session).await {
        Ok(known) => {
            if known.lacks_parcel {
                handout.bring(row, &node).await?;
            }
            awaits = known.awaits_approval;
            if matches!(known.phase, Phase::Computing | Phase::Settled) {
                return Ok(awaits);
            }
        }
        Err(HttpError::Problem { problem, .. }) if problem.kind == ProblemType::UnknownSession => {
            if let Some(announcement) = &row.announcement {
                node.post::<_, ()>(paths::NODE_SESSIONS, announcement).await?;
                handout.bring(row, &node).await?;
            }
        }
        Err(error) => return Err(error),
    }
    let paper = handout.paper(&node).await?;
    let path = paths::of(paths::NODE_MANIFEST, row.session);
    let patient = node.for_papers(closing_deadline(row));
    patient.hand_over::<()>(Method::PUT, &path, paper).await?;
    Ok(awaits)
}

/// The same for a node that is to compute, which may ask its operator first.
pub(super) async fn make_ready(
    row: &CoordinatorSession,
    handout: &Handout<'_>,
    node: PeerClient,
) -> Result<(), HttpError> {
    if !catch_up(row, handout, node.clone()).await? {
        return Ok(());
    }
    let detail = "the node's operator has not let the job run yet; `gavel job approve` does";
    let problem = Box::new(Problem::new(ProblemType::NotApproved, detail));
    Err(HttpError::Problem { target: node.target().address.clone(), problem })
}

/// Whether these nodes are as many as it takes; otherwise for whom the session waits.
pub(super) fn enough(
    state: &CoordinatorState,
    there: NodeSet,
    needed: usize,
    trouble: Troubles,
) -> Result<(), DriveError> {
    if there.len() >= needed {
        return Ok(());
    }
    Err(waiting(state, there, Reason::Waiting { nodes: reports(trouble) }))
}

/// The session waits for every node but these.
pub(super) fn waiting(state: &CoordinatorState, there: NodeSet, why: Reason) -> DriveError {
    DriveError::Waiting { nodes: state.scheme().all().difference(there), why }
}

/// What is wrong with each node.
pub(super) type Troubles = BTreeMap<NodeIndex, NodeTrouble>;

/// Troubles as they are told and kept.
pub(super) fn reports(trouble: Troubles) -> Vec<NodeReport> {
    trouble.into_iter().map(|(node, trouble)| NodeReport { node, trouble }).collect()
}

/// Answers apart from troubles.
pub(super) fn split<T>(
    answers: BTreeMap<NodeIndex, Result<T, HttpError>>,
) -> (BTreeMap<NodeIndex, T>, Troubles) {
    let (mut fine, mut trouble) = (BTreeMap::new(), Troubles::new());
    for (node, answer) in answers {
        match answer {
            Ok(answer) => drop(fine.insert(node, answer)),
            Err(error) => drop(trouble.insert(node, error.into())),
        }
    }
    (fine, trouble)
}

impl From<HttpError> for NodeTrouble {
    fn from(error: HttpError) -> Self {
        let detail = error.to_string();
        match error.problem() {
            Some(problem) => {
                Self::Refused { problem: problem.kind, cause: RefusalCause::of(problem), detail }
            }
            None => Self::NoAnswer { detail },
        }
    }
}
