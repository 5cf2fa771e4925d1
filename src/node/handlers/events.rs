//! A node's live events, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::node::NodeState;
use crate::session::progress;

/// Every event from now on. A listener that is too slow loses the oldest.
pub async fn events(State(node): State<Arc<NodeState>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream_of(node.events.subscribe())).keep_alive(KeepAlive::default())
}

/// A queue of events as a stream of server-sent events.
pub fn stream_of(events: Receiver<progress::Event>) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(events, |mut events| async move {
        loop {
            match events.recv().await {
                Ok(event) => return Some((event, events)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    })
    .filter_map(|event| async move { Event::default().json_data(event).ok().map(Ok) })
}
