//! The route on which the other nodes dial a worker: the one route of a node's server that it
//! needs.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::base::Clock;
use crate::identity::token::{self, ReplayGuard};
use crate::identity::{KeyPair, Roster, Signed};
use crate::transport::server::reply::{Refusal, bearer};
use crate::transport::streams::{self, Mesh};
use crate::wire::problem::ProblemType;

/// What the route needs.
pub struct Gate {
    /// The streams.
    pub mesh: Arc<Mesh>,
    /// Who may dial.
    pub roster: Arc<Signed<Roster>>,
    /// This node.
    pub keys: KeyPair,
    /// Tokens that have been used.
    pub replay: ReplayGuard,
}

/// The route.
pub fn router(gate: Arc<Gate>) -> Router {
    Router::new().route(streams::upgrade::PATH, get(upgrade)).with_state(gate)
}

async fn upgrade(State(gate): State<Arc<Gate>>, request: Request) -> Response {
    match take(&gate, request) {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

fn take(gate: &Arc<Gate>, request: Request) -> Result<Response, Refusal> {
    let unauthorized = |detail: String| Refusal::new(ProblemType::Unauthorized, detail);
    let text = bearer(request.headers())
        .ok_or_else(|| unauthorized("this is for the other nodes only; send a token".to_owned()))?;
    let now = Clock::System.now();
    let roster = &gate.roster.body;
    let known = |key: &_| roster.index_of(key).is_some();
    let claims = token::verify(text, &gate.keys.public(), now, known)
        .and_then(|claims| gate.replay.admit(&claims, now).map(|()| claims))
        .map_err(|error| unauthorized(error.to_string()))?;
    let from = roster
        .index_of(&claims.issuer)
        .ok_or_else(|| unauthorized("the token is not of a node of the roster".to_owned()))?;
    let (response, io) = streams::upgrade::upgraded(request)
        .map_err(|error| Refusal::new(ProblemType::BadRequest, error.to_string()))?;
    let mesh = Arc::clone(&gate.mesh);
    tokio::spawn(async move {
        if let Ok(io) = io.await {
            // A node that should not dial is told so by its stream being closed.
            let _ = mesh.accept(from, io);
        }
    });
    Ok(response.map(|()| axum::body::Body::empty()))
}
