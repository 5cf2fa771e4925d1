//! Health, the roster and live events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use axum::{Extension, Json};
use futures_util::Stream;

use crate::coordinator::access::Caller;
use crate::coordinator::{CoordinatorState, earlier, watch};
use crate::identity::{Roster, Signed};
use crate::transport::server::reply::event_stream;
use crate::wire::coordinator_api::CoordinatorHealth;

/// How the coordinator sees the nodes; their links to each other for those who run part of the
/// system.
pub async fn health(
    State(state): State<Arc<CoordinatorState>>,
    Extension(caller): Extension<Caller>,
) -> Json<CoordinatorHealth> {
    let shortage = state.links().shortage(state.scheme().manifest_quorum()).map(Into::into);
    let mut nodes = watch::statuses(&state);
    let mut earlier = earlier::shown(&state);
    if !caller.is_staff() {
        let all = nodes.iter_mut().chain(earlier.iter_mut().flat_map(|roster| &mut roster.nodes));
        for health in all.filter_map(|status| status.health.as_mut()) {
            health.links.clear();
            health.usage = None;
        }
    }
    Json(CoordinatorHealth {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        roster: state.roster_digest,
        now: state.clock.now(),
        nodes,
        shortage,
        earlier,
    })
}

/// The signed roster, for bidders who have only its digest yet.
pub async fn roster(State(state): State<Arc<CoordinatorState>>) -> Json<Signed<Roster>> {
    Json(Signed::clone(&state.roster))
}

/// Every event of every session from now on, the nodes' among them.
pub async fn events(
    State(state): State<Arc<CoordinatorState>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(event_stream(state.events.subscribe())).keep_alive(KeepAlive::default())
}
