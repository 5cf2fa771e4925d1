//! What nodes are told to take part in a session, and whether enough of them have answered.

use std::collections::BTreeMap;

use axum::http::Method;

use super::state::{CoordinatorState, LONG};
use super::step::DriveError;
use crate::session::Phase;
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::coordinator::CoordinatorSession;
use crate::transport::{HttpError, PeerClient};
use crate::wire::node_api::{NodeSession, SignedManifest};
use crate::wire::paths;
use crate::wire::problem::ProblemType;

/// Announce a session to nodes; gives those that did not take it.
///
/// # Errors
/// When the store fails.
pub async fn announce(
    state: &CoordinatorState,
    row: &CoordinatorSession,
    nodes: NodeSet,
) -> Result<NodeSet, DriveError> {
    let Some(announcement) = &row.announcement else { return Ok(nodes) };
    let answers = state
        .ask(nodes, |_, node| async move {
            node.post::<_, ()>(paths::NODE_SESSIONS, announcement).await
        })
        .await;
    let mut missing = NodeSet::EMPTY;
    for (node, answer) in answers {
        match answer {
            Ok(()) => state.store.acknowledge(row.session, node, state.clock.now()).await?,
            Err(error) => {
                tracing::debug!(session = %row.session, %node, %error, "announcing");
                missing.insert(node);
            }
        }
    }
    Ok(missing)
}

/// Bring one node to where it can compute: announcement, then manifest.
pub(super) async fn catch_up(
    row: &CoordinatorSession,
    signed: &SignedManifest,
    node: PeerClient,
) -> Result<(), HttpError> {
    let session = paths::of(paths::NODE_SESSION, row.session);
    match node.get::<NodeSession>(&session).await {
        Ok(known) if matches!(known.phase, Phase::Computing | Phase::Settled) => return Ok(()),
        Ok(_) => {}
        Err(HttpError::Problem { problem, .. }) if problem.kind == ProblemType::UnknownSession => {
            if let Some(announcement) = &row.announcement {
                node.post::<_, ()>(paths::NODE_SESSIONS, announcement).await?;
            }
        }
        Err(error) => return Err(error),
    }
    node.with_deadline(LONG)
        .request(Method::PUT, &paths::of(paths::NODE_MANIFEST, row.session), Some(signed))
        .await
}

/// Whether these nodes are enough; otherwise for whom the session waits.
pub(super) fn enough(
    state: &CoordinatorState,
    there: NodeSet,
    trouble: &BTreeMap<NodeIndex, String>,
) -> Result<(), DriveError> {
    if there.len() >= state.scheme().quorum() {
        return Ok(());
    }
    let why = trouble
        .iter()
        .map(|(node, why)| format!("node {node}: {why}"))
        .collect::<Vec<_>>()
        .join("; ");
    Err(waiting(state, there, &why))
}

pub(super) fn waiting(state: &CoordinatorState, there: NodeSet, why: &str) -> DriveError {
    DriveError::Waiting { nodes: state.scheme().all().difference(there), why: why.to_owned() }
}

/// Answers apart from errors, which are put into words.
pub(super) fn split<T>(
    answers: BTreeMap<NodeIndex, Result<T, HttpError>>,
) -> (BTreeMap<NodeIndex, T>, BTreeMap<NodeIndex, String>) {
    let (mut fine, mut trouble) = (BTreeMap::new(), BTreeMap::new());
    for (node, answer) in answers {
        match answer {
            Ok(answer) => drop(fine.insert(node, answer)),
            Err(error) => drop(trouble.insert(node, error.to_string())),
        }
    }
    (fine, trouble)
}

pub(super) fn in_words(trouble: &BTreeMap<NodeIndex, String>) -> String {
    trouble.iter().map(|(node, why)| format!("node {node}: {why}")).collect::<Vec<_>>().join("; ")
}
