//! Batches of material for two parties, made with the other dealers of the roster.
//!
//! A batch is like an attempt of a session that has no entries: it has keys of its own, bound to its id,
//! its model and its makers; a lie in it names nodes, with this node's signature; and one that fails
//! leaves nothing behind, as it is put on disk whole or not at all. One is made at a time.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use sha2::{Digest as Hash, Sha256};
use tokio::sync::watch;

use super::attempt::{AttemptError, lie};
use super::makings::Dealt;
use super::state::NodeState;
use crate::base::offload::offload;
use crate::dealer::stock;
use crate::field::Pair127;
use crate::identity::{Blob, Digest, Signed, Statement as _};
use crate::protocol::bits::BitContext;
use crate::protocol::material::{Material, make, new_key};
use crate::protocol::{Context, Tactics};
use crate::runs::{RunError, score};
use crate::session::SessionId;
use crate::session::accusation::Accusation;
use crate::session::dealing::InStock;
use crate::session::scoring::BatchId;
use crate::storage::NodeStore;
use crate::storage::node::material::{Batch, StockError};
use crate::wire::dealer_api::{MakingProgress, MakingState, StartBatch};
use crate::wire::reason::AttemptFailure;

/// Why a batch is not made at this node.
enum MakingError {
    /// The joint computation.
    Attempt(AttemptError),
    /// It cannot be put on disk.
    Stock(String),
}

impl<E: Into<AttemptError>> From<E> for MakingError {
    fn from(error: E) -> Self {
        Self::Attempt(error.into())
    }
}

/// A batch as it is begun.
struct Task {
    node: Arc<NodeState>,
    store: NodeStore,
    start: StartBatch,
    state: watch::Sender<MakingState>,
}

/// Begin to make a batch in a task of its own; one that is being made is called off. The same one again
/// changes nothing.
pub(super) fn start(node: &Arc<NodeState>, store: NodeStore, start: StartBatch) {
    node.makings.begin(start.batch, |state| {
        let task = Task { node: Arc::clone(node), store, start, state };
        tokio::spawn(task.run()).abort_handle()
    });
}

impl Task {
    async fn run(self) {
        let batch = self.start.batch;
        let begun = Instant::now();
        let ended = match self.compute().await {
            Ok(word) => {
                let seconds = begun.elapsed().as_secs_f64();
                Dealt::count(&self.node.dealt.made);
                tracing::info!(%batch, seconds, "a batch of material is on disk");
                MakingState::Done { word: Box::new(word), seconds }
            }
            Err(error) => {
                let failure = self.failure(error);
                tracing::warn!(%batch, %failure, "a batch of material was not made");
                MakingState::Failed { failure }
            }
        };
        self.state.send_replace(ended);
    }

    /// What the coordinator is told of a failure; of lies, with this node's signature.
    fn failure(&self, error: MakingError) -> AttemptFailure {
        let error = match error {
            MakingError::Attempt(error) => error,
            MakingError::Stock(detail) => return AttemptFailure::Store { detail },
        };
        let StartBatch { batch, attempt, makers, naming, .. } = self.start;
        let naming = naming || self.node.scheme().nodes() == 3;
        let Some((fault, complaint)) = lie(self.node.me, &error, makers, naming) else {
            return error.into();
        };
        let accusation = Accusation {
            session: SessionId(batch.0),
            manifest: self.start.model.body.digest(),
            attempt,
            participants: makers,
            node: self.node.me,
            fault,
            sets: complaint.sets().to_vec(),
        };
        let accusation = Box::new(Signed::new(accusation, &self.node.keys.identity));
        AttemptFailure::Lie { accusation, detail: error.to_string() }
    }

    /// Make it, put it on disk, and give this node's word for that.
    async fn compute(&self) -> Result<Signed<InStock>, MakingError> {
        let (node, start) = (&self.node, &self.start);
        let StartBatch { batch, attempt, makers, naming, .. } = *start;
        let terms = &start.model.body;
        let shape = score::material(&terms.structure, terms.learner.party());
        let shape = shape.map_err(|error| MakingError::Stock(error.to_string()))?;
        let channel = node.channel(SessionId(batch.0), attempt, makers);
        let tactics = Tactics { naming, ..Tactics::default() };
        let (scheme, binding) = (node.scheme(), self.binding(&tactics));
        let context = Context::establish(node.me, scheme, makers, channel, binding).await?;
        let context = BitContext::new(&context.with_tactics(tactics));
        let key = new_key::<Pair127>(&context.narrow("key")).map_err(RunError::from)?;
        let cost = context.cost_model();
        let total = (cost.keys() + cost.material::<Pair127>(&shape)).rounds;
        let step = context.narrow("batch");
        let made = Box::pin(make(&step, &key, &shape));
        let material = self.told(context.base(), total, made).await.map_err(RunError::from)?;
        drop((step, context));

        let keeper = Arc::clone(node);
        let locked = offload(move || lock_up(&keeper, batch, &material)).await;
        let (shares, components) = locked.map_err(|error| MakingError::Stock(error.to_string()))?;
        let model = terms.id();
        let stocked = Batch {
            id: batch,
            model: model.to_string(),
            shape,
            roster: terms.roster,
            makers,
            made: node.clock.now(),
        };
        self.store.stock(&stocked, shares).await.map_err(|error| match error {
            StockError::Storage(error) => MakingError::Attempt(error.into()),
            error => MakingError::Stock(error.to_string()),
        })?;
        let word = InStock { batch, model, node: node.me, makers, components };
        Ok(Signed::new(word, &node.keys.identity))
    }

    /// Make it, and tell how far it is as rounds pass.
    async fn told<T>(&self, context: &Context, total: u64, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut last = None;
        poll_fn(|waker| {
            let polled = work.as_mut().poll(waker);
            let spent = context.counters();
            if last != Some(spent.rounds) {
                last = Some(spent.rounds);
                let progress = MakingProgress {
                    rounds: spent.rounds,
                    rounds_total: total,
                    bytes_sent: spent.bytes_sent,
                };
                self.state.send_replace(MakingState::Running(progress));
            }
            polled
        })
        .await
    }

    /// What the keys of this batch are bound to.
    fn binding(&self, tactics: &Tactics) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"gavel/v1/batch\0")
            .chain_update(self.start.batch.0)
            .chain_update(self.start.attempt.to_le_bytes())
            .chain_update(self.start.makers.bits().to_le_bytes())
            .chain_update(self.start.model.body.digest().0)
            .chain_update(tactics.digest())
            .finalize()
            .into()
    }
}

/// Encrypt this node's shares of a batch, and hash each component that it holds.
fn lock_up(
    node: &NodeState,
    batch: BatchId,
    material: &Material<Pair127>,
) -> Result<(Blob, Vec<Digest>), stock::StockError> {
    Ok((stock::lock(&node.vault, batch, material)?, stock::digests(batch, material)))
}
