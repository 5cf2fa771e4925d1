//! The nodes' health, asked twice a second, and their events, passed on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::Method;
use futures_util::StreamExt as _;

use super::CoordinatorState;
use crate::base::lock;
use crate::session::progress::Event;
use crate::sharing::NodeIndex;
use crate::transport::{HttpError, PeerClient};
use crate::wire::coordinator_api::NodeStatus;
use crate::wire::node_api::{EndedLogins, NodeHealth};
use crate::wire::paths;

/// Between two questions after a node's health.
const INTERVAL: Duration = Duration::from_millis(500);

/// Longest wait for a node's health. Together with the intervals of whoever asks the coordinator
/// for it, the loss of a node is to show within two seconds.
const DEADLINE: Duration = Duration::from_secs(1);

/// Before a broken stream of events is taken up again.
const AGAIN: Duration = Duration::from_secs(1);

/// Watch every node until the coordinator stops.
pub fn start(state: &Arc<CoordinatorState>) {
    for (&node, client) in &state.nodes {
        let tasks = [
            tokio::spawn(follow_health(Arc::clone(state), node, client.clone())),
            tokio::spawn(follow_events(Arc::clone(state), node, client.clone())),
        ];
        for task in tasks {
            let stopped = state.stopped.clone();
            let end = task.abort_handle();
            state.tasks.spawn(async move {
                stopped.cancelled().await;
                end.abort();
            });
        }
    }
}

async fn follow_health(state: Arc<CoordinatorState>, node: NodeIndex, client: PeerClient) {
    let client = client.with_deadline(DEADLINE);
    let mut told = None;
    loop {
        let asked = Instant::now();
        let answer = client.get::<NodeHealth>(paths::NODE_HEALTH).await;
        let round_trip = asked.elapsed();
        if answer.is_ok() {
            told = tell_of_ended_logins(&state, node, &client, told).await;
        } else {
            // It may come back with another store.
            told = None;
        }
        let before = state.links();
        note(&state, node, answer, round_trip);
        if state.links() != before {
            state.links_changed();
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Tell a node whose access tokens count no more, unless it knows. Which version it knows then.
async fn tell_of_ended_logins(
    state: &CoordinatorState,
    node: NodeIndex,
    client: &PeerClient,
    told: Option<u64>,
) -> Option<u64> {
    let version = state.accounts.ended_version();
    if told == Some(version) {
        return told;
    }
    for ended in state.accounts.ended_lately(state.clock.now()).chunks(EndedLogins::MOST) {
        let ended = EndedLogins { ended: ended.to_vec() };
        let sent = client.request(Method::PUT, paths::NODE_LOGINS, Some(&ended)).await;
        if let Err::<(), _>(error) = sent {
            tracing::warn!(%node, %error, "the node could not be told which logins have ended");
            return None;
        }
    }
    Some(version)
}

fn note(
    state: &CoordinatorState,
    node: NodeIndex,
    answer: Result<NodeHealth, HttpError>,
    round_trip: Duration,
) {
    let now = state.clock.now();
    let mut watched = lock(&state.watched);
    let status = watched.entry(node).or_insert_with(|| unseen(state, node));
    match answer {
        Ok(health) => {
            let micros = u64::try_from(round_trip.as_micros()).unwrap_or(u64::MAX);
            let half = i64::try_from(micros / 2000).unwrap_or(0);
            status.round_trip_micros = Some(micros);
            status.clock_difference_millis = Some(health.now.millis() - (now.millis() - half));
            status.last_seen = Some(now);
            status.trouble = (health.roster != state.roster_digest)
                .then(|| "it holds another roster than the coordinator".to_owned());
            status.health = Some(health);
        }
        Err(error) => {
            status.health = None;
            status.round_trip_micros = None;
            status.trouble = Some(error.to_string());
        }
    }
}

/// A node of the roster that has not been asked yet.
pub fn unseen(state: &CoordinatorState, node: NodeIndex) -> NodeStatus {
    let card = state.roster.body.node(node);
    NodeStatus {
        node,
        name: card.map(|card| card.name.clone()).unwrap_or_default(),
        address: card.map(|card| card.address.clone()).unwrap_or_default(),
        health: None,
        trouble: None,
        round_trip_micros: None,
        last_seen: None,
        clock_difference_millis: None,
    }
}

/// All nodes of the roster, as last seen.
pub fn statuses(state: &CoordinatorState) -> Vec<NodeStatus> {
    let watched = lock(&state.watched);
    let status = |&node| watched.get(&node).cloned().unwrap_or_else(|| unseen(state, node));
    state.nodes.keys().map(status).collect()
}

/// Pass on a node's events, whoever it says it is.
async fn follow_events(state: Arc<CoordinatorState>, node: NodeIndex, client: PeerClient) {
    loop {
        let mut events = client.events::<Event>(paths::NODE_EVENTS);
        while let Some(Ok(event)) = events.next().await {
            state.note_progress(&event);
            // Nobody listening is fine.
            let _ = state.events.send(Event { node: Some(node), ..event });
        }
        tokio::time::sleep(AGAIN).await;
    }
}
