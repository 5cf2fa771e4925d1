//! What nodes disclose to the operator of a session, and what they write to those whom it tells
//! something alone: passed on as it comes, sealed to keys that are not this server's.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::{Serialize, de::DeserializeOwned};

use super::known;
use crate::coordinator::CoordinatorState;
use crate::identity::Signed;
use crate::session::{Disclosure, Letters, SessionId};
use crate::sharing::NodeIndex;
use crate::transport::HttpError;
use crate::transport::server::paper::InBinary;
use crate::transport::server::reply::{Params, Refusal};
use crate::wire::paths;
use crate::wire::problem::ProblemType;

/// Longest wait for a node: what it discloses is large where many take part.
const LONG: Duration = Duration::from_secs(60);

/// What one node discloses.
pub async fn show(
    State(state): State<Arc<CoordinatorState>>,
    Params((session, node)): Params<(SessionId, NodeIndex)>,
    binary: InBinary,
) -> Result<Response, Refusal> {
    pass_on::<Signed<Disclosure>>(&state, (session, node), paths::NODE_DISCLOSURE, binary).await
}

/// What one node has sealed to those whom the session tells something alone.
pub async fn letters(
    State(state): State<Arc<CoordinatorState>>,
    Params((session, node)): Params<(SessionId, NodeIndex)>,
    binary: InBinary,
) -> Result<Response, Refusal> {
    pass_on::<Signed<Letters>>(&state, (session, node), paths::NODE_LETTERS, binary).await
}

/// Ask a node for a sealed paper, and hand it on.
async fn pass_on<P: Serialize + DeserializeOwned>(
    state: &CoordinatorState,
    (session, node): (SessionId, NodeIndex),
    path: &str,
    binary: InBinary,
) -> Result<Response, Refusal> {
    known(state, session).await?;
    let nobody = || Refusal::new(ProblemType::NotFound, format!("the roster has no node {node}"));
    let peer = state.nodes.get(&node).ok_or_else(nobody)?;
    match peer.for_papers(LONG).get::<P>(&paths::of(path, session)).await {
        Ok(paper) => Ok(binary.reply(&paper)),
        Err(HttpError::Problem { problem, .. })
            if matches!(problem.kind, ProblemType::NotFound | ProblemType::WrongPhase) =>
        {
            Err(Refusal(*problem))
        }
        Err(HttpError::Problem { problem, .. }) if problem.kind == ProblemType::UnknownSession => {
            let detail = format!(
                "node {node} does not know the session: it has not heard of it yet, or has lost it"
            );
            Err(Refusal::new(ProblemType::NotFound, detail))
        }
        Err(error) => Err(Refusal::new(
            ProblemType::Unavailable,
            format!("node {node} gives nothing: {error}"),
        )),
    }
}
