//! A node's live events, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;

use crate::node::NodeState;
use crate::transport::server::reply::event_stream;

/// Every event from now on. A listener that is too slow loses the oldest.
pub async fn events(
    State(node): State<Arc<NodeState>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(event_stream(node.events.subscribe())).keep_alive(KeepAlive::default())
}
