//! The batch of material that is being made at this node, or was made last, and what it has done as a
//! dealer.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::base::lock;
use crate::session::scoring::BatchId;
use crate::transport::server::metrics::Figure;
use crate::wire::dealer_api::{MakingProgress, MakingState};
use crate::wire::reason::AttemptFailure;

/// What this process has done as a dealer, for its figures.
#[derive(Default)]
pub(super) struct Dealt {
    /// Batches put on disk.
    pub(super) made: AtomicU64,
    /// Clients' halves that have left.
    pub(super) clients: AtomicU64,
    /// Owners' halves that have left, or were on their way.
    pub(super) owners: AtomicU64,
}

impl Dealt {
    /// One more of something.
    pub(super) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// For `/metrics`.
    pub(super) fn figures(&self) -> [Figure; 3] {
        let figure = |name, help, labels, counter: &AtomicU64| Figure {
            name,
            help,
            kind: "counter",
            labels,
            value: counter.load(Ordering::Relaxed) as f64,
        };
        let halves = |party: &str, counter| {
            let labels = vec![("party", party.to_owned())];
            let help = "Halves of batches given out.";
            figure("gavel_material_halves_total", help, labels, counter)
        };
        let help = "Batches of material put on disk.";
        [
            figure("gavel_material_batches_made_total", help, Vec::new(), &self.made),
            halves("client", &self.clients),
            halves("owner", &self.owners),
        ]
    }
}

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
        let (sender, state) = watch::channel(MakingState::Running(MakingProgress::default()));
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
        let ended = |state: &MakingState| !matches!(state, MakingState::Running(_));
        let waited = tokio::time::timeout(patience, state.wait_for(ended)).await;
        Some(match waited.map(|waited| waited.map(|state| state.clone())) {
            Ok(Ok(state)) => state,
            // The task was called off before it came to an end.
            Ok(Err(_)) => MakingState::Failed { failure: AttemptFailure::CalledOff },
            Err(_) => state.borrow().clone(),
        })
    }
}
