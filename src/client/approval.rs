//! What a node's operator lets run: a job's steps as the node was told them, under the coordinator's
//! signature.

use super::{ClientError, Network};
use crate::client::node::NodeClient;
use crate::rules::Terms;
use crate::session::SessionId;
use crate::sharing::NodeIndex;

/// Why what is to be let run cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// The node does not answer, or does not know the session.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// What it was told is not the coordinator's.
    #[error("what the node was told is not signed as it should be: {0}; do not let it run")]
    Signature(String),
    /// It is a session of another kind, which nobody lets run.
    #[error("this is no job; only jobs wait for a node's operator")]
    NoJob,
}

/// The client of a node of the roster.
pub fn node(network: &Network, index: NodeIndex) -> Option<&NodeClient> {
    network.nodes().iter().find(|node| node.index() == index)
}

/// The terms of a job as a node was told them, checked.
///
/// # Errors
/// When the node does not tell them, they are not signed, or it is no job.
pub async fn announced(
    network: &Network,
    node: &NodeClient,
    job: SessionId,
) -> Result<Terms, ApprovalError> {
    let announced = node.session(job).await?.announcement;
    let announced = announced.check(network.roster());
    let announced = announced.map_err(|error| ApprovalError::Signature(error.to_string()))?;
    let terms = announced.terms.clone();
    if terms.question.as_job().is_none() {
        return Err(ApprovalError::NoJob);
    }
    Ok(terms)
}
