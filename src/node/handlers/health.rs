//! A node's health.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};

use crate::node::NodeState;
use crate::node::access::Caller;
use crate::node::refusals::of_store;
use crate::transport::server::reply::Reply;
use crate::wire::node_api::{Link, NodeHealth};

/// This node's version, clock and sessions at work; its links to the others for those who run part
/// of the system.
pub async fn health(
    State(node): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
) -> Reply<NodeHealth> {
    let sessions = node.store.unfinished().await.map_err(|error| of_store(&error))?;
    // A replica that does not compute has no streams, and knows nothing of those of the one that
    // does.
    let told = caller.is_staff() && node.computes();
    let peers = if told { node.mesh().peer_status() } else { Vec::new() };
    let links = peers.into_iter().map(|peer| Link {
        node: peer.node,
        connected: peer.connected,
        round_trip_micros: peer.rtt_micros,
        bytes_in: peer.bytes_in,
        bytes_out: peer.bytes_out,
        bytes_per_second: peer.bytes_per_second,
    });
    Ok(Json(NodeHealth {
        node: node.me,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        roster: node.roster_digest,
        now: node.clock.now(),
        started: node.started,
        sessions,
        links: links.collect(),
    }))
}
