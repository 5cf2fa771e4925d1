//! The batch of material that is being made at this node, or was made last.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::base::lock;
use crate::session::scoring::BatchId;
use crate::wire::dealer_api::MakingState;
use crate::wire::reason::AttemptFailure;

/// The batch that is being made, or was made last.
#[derive(Default)]
pub(super) struct Makings(Mutex<Option<Entry>>);

struct Entry {
    batch: BatchId,
    state: watch::Receiver<MakingState>,
    task: AbortHandle,
}

impl Makings {
    /// Begin with a batch, in the task that is given back; one that is being made is called off. The same
    /// one again changes nothing.
    pub(super) fn begin(
        &self,
        batch: BatchId,
        spawn: impl FnOnce(watch::Sender<MakingState>) -> AbortHandle,
    ) {
        let mut entry = lock(&self.0);
        if let Some(earlier) = entry.as_ref() {
            if earlier.batch == batch {
                return;
            }
            earlier.task.abort();
        }
        let (sender, state) = watch::channel(MakingState::Running);
        *entry = Some(Entry { batch, state, task: spawn(sender) });
    }

    /// The state of a batch, now and as it changes; `None` when it is not the latest of this process.
    fn find(&self, batch: BatchId) -> Option<watch::Receiver<MakingState>> {
        let entry = lock(&self.0);
        entry.as_ref().filter(|entry| entry.batch == batch).map(|entry| entry.state.clone())
    }

    /// Stop making this batch, if it is being made.
    pub(super) fn call_off(&self, batch: BatchId) {
        if let Some(entry) = lock(&self.0).as_ref().filter(|entry| entry.batch == batch) {
            entry.task.abort();
        }
    }

    /// Stop making anything.
    pub(super) fn stop(&self) {
        if let Some(entry) = lock(&self.0).as_ref() {
            entry.task.abort();
        }
    }

    /// The state of a batch once it has ended, or as it is after `patience`; `None` when it is not the
    /// latest of this process.
    pub(super) async fn wait(&self, batch: BatchId, patience: Duration) -> Option<MakingState> {
        let mut state = self.find(batch)?;
        let ended = |state: &MakingState| !matches!(state, MakingState::Running);
        let waited = tokio::time::timeout(patience, state.wait_for(ended)).await;
        Some(match waited.map(|waited| waited.map(|state| state.clone())) {
            Ok(Ok(state)) => state,
            // The task was called off before it came to an end.
            Ok(Err(_)) => MakingState::Failed { failure: AttemptFailure::CalledOff },
            Err(_) => state.borrow().clone(),
        })
    }
}
