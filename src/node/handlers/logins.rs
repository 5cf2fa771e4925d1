//! Logins that the coordinator has ended.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::node::NodeState;
use crate::node::refusals::of_store;
use crate::transport::server::reply::{Body, Refusal};
use crate::wire::node_api::EndedLogins;
use crate::wire::problem::ProblemType;

/// Take no access tokens of these accounts that were made before.
pub async fn end(
    State(node): State<Arc<NodeState>>,
    Body(told): Body<EndedLogins>,
) -> Result<StatusCode, Refusal> {
    if told.ended.len() > EndedLogins::MOST {
        let detail = format!("tell of at most {} accounts at once", EndedLogins::MOST);
        return Err(Refusal::new(ProblemType::BadRequest, detail));
    }
    let ended = told.ended.into_iter().map(|login| (login.account, login.at)).collect();
    node.logins
        .end(&node.store, ended, node.clock.now())
        .await
        .map_err(|error| of_store(&error))?;
    Ok(StatusCode::NO_CONTENT)
}
