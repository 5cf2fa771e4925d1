//! The attempts that run at this node or have just ended.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::base::lock;
use crate::session::SessionId;
use crate::wire::node_api::AttemptState;
use crate::wire::reason::AttemptFailure;

/// Attempts that run or have just ended, the latest of each session.
#[derive(Default)]
pub struct Attempts(Mutex<HashMap<SessionId, Entry>>);

/// An attempt as it was started.
pub(super) struct Entry {
    pub(super) attempt: u32,
    pub(super) state: watch::Receiver<AttemptState>,
    pub(super) task: AbortHandle,
}

impl Attempts {
    /// Note an attempt that was started; an earlier one of the session is called off.
    pub(super) fn put(&self, session: SessionId, entry: Entry) {
        let mut entries = lock(&self.0);
        if let Some(earlier) = entries.insert(session, entry) {
            earlier.task.abort();
        }
    }

    /// The state of an attempt, now and as it changes; `None` when this process never started it.
    pub fn find(&self, session: SessionId, attempt: u32) -> Option<watch::Receiver<AttemptState>> {
        let entries = lock(&self.0);
        entries
            .get(&session)
            .filter(|entry| entry.attempt == attempt)
            .map(|entry| entry.state.clone())
    }

    /// Call an attempt off. One that has ended stays as it is.
    pub fn call_off(&self, session: SessionId, attempt: u32) {
        let entries = lock(&self.0);
        if let Some(entry) = entries.get(&session).filter(|entry| entry.attempt == attempt) {
            entry.task.abort();
        }
    }

    pub(super) fn stop_all(&self) {
        let entries = lock(&self.0);
        entries.values().for_each(|entry| entry.task.abort());
    }
}

/// The state of an attempt once it has ended, or as it is after `patience`.
pub(super) async fn wait(
    mut state: watch::Receiver<AttemptState>,
    patience: Duration,
) -> AttemptState {
    let ended = |state: &AttemptState| !matches!(state, AttemptState::Running { .. });
    let waited = tokio::time::timeout(patience, state.wait_for(ended)).await;
    match waited.map(|waited| waited.map(|state| state.clone())) {
        Ok(Ok(state)) => return state,
        // The task was called off before it came to an end.
        Ok(Err(_)) => {}
        Err(_) => return state.borrow().clone(),
    }
    AttemptState::Failed { failure: AttemptFailure::CalledOff }
}
