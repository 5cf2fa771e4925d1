//! Sessions that were opened under an earlier roster, and until when its nodes are needed.
//!
//! A coordinator goes on with them under that roster beside the present one. Once all are decided, it
//! says which nodes may be switched off; once all nodes have heard it as well, it has nothing more to
//! do under that roster.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::state::CoordinatorState;
use super::watch;
use crate::base::lock;
use crate::identity::Roster;
use crate::session::SessionId;
use crate::storage::StorageError;
use crate::wire::coordinator_api::EarlierRoster;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(2);

/// Watch over the end of an earlier roster's sessions.
pub(super) fn follow(state: &Arc<CoordinatorState>, sessions: BTreeSet<SessionId>) {
    let (watching, stopped) = (Arc::clone(state), state.stopped.clone());
    state.tasks.clone().spawn(async move {
        stopped.run_until_cancelled(watch_over(&watching, &sessions)).await;
    });
}

async fn watch_over(state: &CoordinatorState, sessions: &BTreeSet<SessionId>) {
    let roster = state.roster_digest;
    let mut decided = false;
    loop {
        tokio::time::sleep(INTERVAL).await;
        if !decided && state.undecided().is_empty() {
            decided = true;
            tracing::info!(%roster, "every session of the earlier roster is decided: its nodes that the present one does not list may be switched off");
        }
        match all_heard(state, sessions).await {
            Ok(true) if decided => {
                tracing::info!(%roster, "every node has heard how the sessions of the earlier roster ended");
                state.stop();
                return;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the store cannot be read"),
        }
    }
}

async fn all_heard(
    state: &CoordinatorState,
    sessions: &BTreeSet<SessionId>,
) -> Result<bool, StorageError> {
    for &session in sessions {
        if state.store.delivered(session).await? != state.scheme().all() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The earlier rosters under which sessions are not decided.
pub(super) fn shown(present: &CoordinatorState) -> Vec<EarlierRoster> {
    let earlier = lock(&present.earlier).clone();
    let open = earlier.iter().map(|state| (state, state.undecided()));
    let open = open.filter(|(_, sessions)| !sessions.is_empty());
    open.map(|(state, sessions)| EarlierRoster {
        roster: state.roster_digest,
        leaving: leaving(&state.roster.body, &present.roster.body),
        nodes: watch::statuses(state),
        shortage: state.links().shortage(state.scheme().manifest_quorum()).map(Into::into),
        sessions,
    })
    .collect()
}

/// The names of the nodes that a later roster does not list.
fn leaving(earlier: &Roster, present: &Roster) -> Vec<String> {
    let gone = earlier.nodes.iter().filter(|card| present.index_of(&card.key).is_none());
    gone.map(|card| card.name.clone()).collect()
}
