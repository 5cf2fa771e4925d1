//! What nodes disclose to the operator of a session: passed on as it comes, sealed to a key that is
//! not this server's.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;

use super::known;
use crate::coordinator::CoordinatorState;
use crate::identity::Signed;
use crate::session::{Disclosure, SessionId};
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
    known(&state, session).await?;
    let nobody = || Refusal::new(ProblemType::NotFound, format!("the roster has no node {node}"));
    let peer = state.nodes.get(&node).ok_or_else(nobody)?;
    let path = paths::of(paths::NODE_DISCLOSURE, session);
    match peer.for_papers(LONG).get::<Signed<Disclosure>>(&path).await {
        Ok(disclosure) => Ok(binary.reply(&disclosure)),
        Err(HttpError::Problem { problem, .. })
            if matches!(problem.kind, ProblemType::NotFound | ProblemType::WrongPhase) =>
        {
            Err(Refusal(*problem))
        }
        Err(error) => Err(Refusal::new(
            ProblemType::Unavailable,
            format!("node {node} gives nothing: {error}"),
        )),
    }
}
