//! Keeps every model's stock of material filled, and its books true.
//!
//! One batch is made at a time, by the dealers that are there, and only while no session computes; one
//! that is under way when a session begins to compute is called off, and begun anew later. It is in the
//! books as ready only when all its makers have signed that it is on their disks. Everything else is
//! withdrawn: what failed, what was under way when this process ended, what dealers have lost, and what
//! was promised and not fetched in time. Who lied in a batch is left out of the next ones.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use tokio::time::Instant;

use super::CoordinatorState;
use super::making::{self, Ended};
use super::nodes::split;
use super::past::{Doubts, Past};
use crate::base::lock;
use crate::identity::Digest;
use crate::session::accusation;
use crate::session::scoring::{BatchId, givers};
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::StorageError;
use crate::storage::coordinator::books::{BookState, BookedBatch, BookedModel};
use crate::transport::client::http::PeerClient;
use crate::wire::dealer_api::{DealingWait, HeldBatch, StartBatch};
use crate::wire::paths;
use crate::wire::reason::AttemptTrouble;

/// Between two looks at the books where something is to be done, and where nothing is.
const LOOK: Duration = Duration::from_millis(500);
const QUIET: Duration = Duration::from_secs(2);

/// The same where there is no model and never was.
const IDLE: Duration = Duration::from_secs(60);

/// How often the dealers' stores are compared with the books.
const COMPARE: Duration = Duration::from_secs(15);

/// How many failed batches are remembered, and for how long.
const REMEMBERED: usize = 64;
const LONG: Duration = Duration::from_secs(60 * 60);

/// Start the task.
pub(super) fn start(state: &Arc<CoordinatorState>) {
    let (state, stopped) = (Arc::clone(state), state.stopped.clone());
    state.tasks.clone().spawn(async move {
        tokio::select! {
            () = stopped.cancelled() => {}
            () = keep(&state) => {}
        }
    });
}

async fn keep(state: &Arc<CoordinatorState>) {
    let mut dealing = Dealing::new(state);
    loop {
        let nap = dealing.turn().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the books of material cannot be kept at present");
            QUIET
        });
        // Woken early by a new model or a promise.
        let _ = tokio::time::timeout(nap, state.dealing.notified()).await;
    }
}

struct Dealing<'a> {
    state: &'a Arc<CoordinatorState>,
    /// Whether what an earlier process left under way has been withdrawn.
    begun: bool,
    /// When the dealers' stores were last compared with the books, and who was there.
    compared: Option<(Instant, NodeSet)>,
    past: Past,
    /// How earlier batches failed.
    failed: VecDeque<(Instant, AttemptTrouble)>,
    attempt: u32,
}

impl<'a> Dealing<'a> {
    const fn new(state: &'a Arc<CoordinatorState>) -> Self {
        Self {
            state,
            begun: false,
            compared: None,
            past: Past::new(),
            failed: VecDeque::new(),
            attempt: 0,
        }
    }

    /// Do what is due; how long there is nothing else to do.
    async fn turn(&mut self) -> Result<Duration, StorageError> {
        let store = &self.state.store;
        let (models, counts) = (store.models().await?, store.counts().await?);
        if models.is_empty() && counts.is_empty() {
            return Ok(IDLE);
        }
        if !self.begun {
            for batch in store.booked(BookState::Making).await? {
                self.withdraw(&batch, "the coordinator ended while it was made").await?;
            }
            self.begun = true;
        }
        self.expire().await?;
        let there = self.state.links().there();
        let due = self.compared.is_none_or(|(at, who)| at.elapsed() >= COMPARE || who != there);
        if due {
            self.compared = Some((Instant::now(), there));
            self.compare(there).await?;
        }
        self.forget();
        let Some(model) = self.wanted().await? else {
            self.stand(None);
            return Ok(QUIET);
        };
        if *self.state.at_work.borrow() > 0 {
            self.stand(Some(DealingWait::Session));
            return Ok(LOOK);
        }
        Ok(if self.make(&model).await? { Duration::ZERO } else { LOOK })
    }

    /// Forget failures of long ago.
    fn forget(&mut self) {
        while self.failed.front().is_some_and(|(at, _)| at.elapsed() > LONG)
            || self.failed.len() > REMEMBERED
        {
            self.failed.pop_front();
        }
    }

    /// Note for those who ask why nothing is made, and who of the dealers that are there is left out
    /// of what is made next.
    fn stand(&self, waits: Option<DealingWait>) {
        let (scheme, doubts) = (self.state.scheme(), self.doubts());
        let accusations = self.failed.iter().flat_map(|(_, trouble)| trouble.accusations());
        let findings =
            accusation::findings(scheme.threshold(), accusations.map(|signed| &signed.body));
        let liars = accusation::named(scheme.threshold(), &findings);
        let links = self.state.links();
        let chosen = self.past.choose(&links, &doubts, scheme.quorum(), Instant::now());
        let left_out = chosen.map_or(NodeSet::EMPTY, |makers| links.there().difference(makers));
        let mut dealt = lock(&self.state.dealt);
        dealt.waits = waits;
        dealt.left_out = left_out.union(liars);
        dealt.liars = liars;
    }

    fn doubts(&self) -> Doubts {
        let troubles: Vec<_> = self.failed.iter().map(|(_, trouble)| trouble.clone()).collect();
        Doubts::of(self.state.scheme().threshold(), &troubles)
    }

    /// The model whose stock is the emptiest, of those that lack something.
    async fn wanted(&self) -> Result<Option<BookedModel>, StorageError> {
        let counts = self.state.store.counts().await?;
        let ready = |model: &Digest| counts.get(&(*model, BookState::Ready)).copied().unwrap_or(0);
        let models = self.state.store.models().await?;
        let announced = |(model, _): &(Digest, BookState), _: &mut u32| {
            models.iter().any(|known| known.model == *model)
        };
        let mut told = counts.clone();
        told.retain(announced);
        *lock(&self.state.stock) = told;
        let covered = |model: &BookedModel| {
            self.state.roster.body.covers(&model.terms.body.roster)
                && ready(&model.model) < model.stock
        };
        let share = |model: &BookedModel| {
            u64::from(ready(&model.model)) * 1_000_000 / u64::from(model.stock.max(1))
        };
        Ok(models.into_iter().filter(covered).min_by_key(share))
    }

    /// Take a batch out of the books, whatever its state.
    async fn withdraw(&self, batch: &BookedBatch, why: &str) -> Result<(), StorageError> {
        let step = (batch.state, BookState::Withdrawn);
        if self.state.store.bring_on(batch.batch, step, Some(why.to_owned())).await? {
            tracing::info!(batch = %batch.batch, why, "a batch of material is withdrawn");
            self.tell_withdrawn(batch.batch, batch.makers).await;
        }
        Ok(())
    }

    /// Tell dealers to withdraw a batch. Whoever cannot be told is told when stores are compared.
    async fn tell_withdrawn(&self, batch: BatchId, nodes: NodeSet) {
        let path = &paths::batch(batch);
        let tell = |_, node: PeerClient| async move {
            node.request::<(), ()>(Method::DELETE, path, None).await
        };
        drop(self.state.ask(nodes, tell).await);
    }

    /// Withdraw what was promised and not fetched in time.
    async fn expire(&self) -> Result<(), StorageError> {
        let now = self.state.clock.now();
        let promised = self.state.store.booked(BookState::Promised).await?;
        let over = |batch: &&BookedBatch| {
            batch.promise.as_ref().is_none_or(|promise| promise.body.until <= now)
        };
        let over: Vec<_> = promised.iter().filter(over).collect();
        if over.is_empty() {
            return Ok(());
        }
        // What was fetched meanwhile counts as given.
        let held = self.held(self.state.links().there()).await;
        for batch in over {
            if !self.note_given(batch, &held).await? {
                self.withdraw(batch, "it was promised and not fetched in time").await?;
            }
        }
        Ok(())
    }

    /// What each of these dealers has in its store; of those that answer.
    async fn held(&self, nodes: NodeSet) -> BTreeMap<NodeIndex, BTreeMap<BatchId, HeldBatch>> {
        let ask = |_, node: PeerClient| async move {
            node.get::<Vec<HeldBatch>>(paths::NODE_MATERIAL).await
        };
        let (told, _) = split(self.state.ask(nodes, ask).await);
        let by_id =
            |held: Vec<HeldBatch>| held.into_iter().map(|held| (held.batch, held)).collect();
        told.into_iter().map(|(node, held)| (node, by_id(held))).collect()
    }

    /// Note that a promised batch is given, where all that were chosen have given both halves.
    async fn note_given(
        &self,
        batch: &BookedBatch,
        held: &BTreeMap<NodeIndex, BTreeMap<BatchId, HeldBatch>>,
    ) -> Result<bool, StorageError> {
        let Some(promise) = &batch.promise else { return Ok(false) };
        let given = promise.body.chosen.iter().all(|node| {
            let line = held.get(&node).and_then(|lines| lines.get(&batch.batch));
            line.is_some_and(|line| line.client.is_some() && line.owner.is_some())
        });
        if given {
            let step = (BookState::Promised, BookState::Given);
            self.state.store.bring_on(batch.batch, step, None).await?;
        }
        Ok(given)
    }

    /// Compare what dealers have in their stores with the books.
    async fn compare(&self, there: NodeSet) -> Result<(), StorageError> {
        let held = self.held(there).await;
        let mut kept = BTreeMap::new();
        let threshold = self.state.scheme().threshold();
        for batch in self.state.store.booked(BookState::Ready).await? {
            let lost = |node: &NodeIndex| {
                held.get(node).is_some_and(|lines| {
                    lines.get(&batch.batch).is_none_or(|line| line.state != "made")
                })
            };
            let lost: NodeSet = batch.holders.iter().filter(lost).collect();
            let holders = batch.holders.difference(lost);
            if !self.state.roster.body.covers(&batch.roster) {
                self.withdraw(&batch, "it was made under another roster").await?;
            } else if !givers(batch.batch, batch.makers, threshold).is_subset_of(holders) {
                self.withdraw(&batch, "a dealer that gives it out has lost its part").await?;
            } else {
                if !lost.is_empty() {
                    tracing::warn!(batch = %batch.batch, %lost, "dealers have lost their part");
                    self.state.store.note_holders(batch.batch, holders).await?;
                }
                kept.insert(batch.batch, holders);
            }
        }
        for batch in self.state.store.booked(BookState::Promised).await? {
            let chosen = batch.promise.as_ref().map_or(batch.makers, |promise| promise.body.chosen);
            let lost = |node: &NodeIndex| {
                held.get(node).is_some_and(|lines| {
                    lines.get(&batch.batch).is_none_or(|line| line.state == "withdrawn")
                })
            };
            if self.note_given(&batch, &held).await? {
                continue;
            }
            if chosen.iter().any(|node| lost(&node)) {
                self.withdraw(&batch, "a dealer has lost its part of what was promised").await?;
            } else {
                kept.insert(batch.batch, batch.holders);
            }
        }
        for (node, lines) in held {
            for (batch, line) in lines {
                let usable = line.state == "made" || line.state == "promised";
                let own = kept.get(&batch).is_some_and(|holders| holders.contains(node));
                if usable && !own && !self.promised_since(batch).await? {
                    self.tell_withdrawn(batch, NodeSet::EMPTY.with(node)).await;
                }
            }
        }
        Ok(())
    }

    /// Whether a batch has been promised since the books were read.
    async fn promised_since(&self, batch: BatchId) -> Result<bool, StorageError> {
        let promised = self.state.store.booked(BookState::Promised).await?;
        Ok(promised.iter().any(|booked| booked.batch == batch))
    }

    /// Make one batch for a model. Whether it is in stock.
    async fn make(&mut self, model: &BookedModel) -> Result<bool, StorageError> {
        let (scheme, now) = (self.state.scheme(), Instant::now());
        let (doubts, links) = (self.doubts(), self.state.links());
        let chosen = self.past.choose(&links, &doubts, scheme.quorum(), now);
        let Some(makers) = chosen else {
            self.stand(Some(DealingWait::Dealers));
            return Ok(false);
        };
        if !self.past.pause(makers, self.state.options.pause, now).is_zero() {
            self.stand(Some(DealingWait::Failure));
            return Ok(false);
        }
        let batch = match BatchId::random() {
            Ok(batch) => batch,
            Err(error) => {
                tracing::error!(%error, "no batch can be begun");
                return Ok(false);
            }
        };
        self.attempt = self.attempt.wrapping_add(1).max(1);
        let begun = self.state.clock.now();
        let roster = model.terms.body.roster;
        self.state.store.begin_batch(batch, model.model, roster, makers, begun).await?;
        let start = StartBatch {
            batch,
            model: model.terms.clone(),
            attempt: self.attempt,
            makers,
            naming: doubts.lies,
        };
        self.stand(None);
        let ended = making::run(self.state, &start, begun).await;
        let (to, why) = match &ended {
            Ended::Made => (BookState::Ready, None),
            Ended::GaveWay => (BookState::Withdrawn, Some("it gave way to a session".to_owned())),
            Ended::Failed(trouble) => (BookState::Withdrawn, Some(trouble.to_string())),
        };
        self.state.store.bring_on(batch, (BookState::Making, to), why).await?;
        match ended {
            Ended::Made => {
                tracing::info!(%batch, model = %model.model.short(), %makers, "a batch is in stock");
                return Ok(true);
            }
            Ended::GaveWay => tracing::debug!(%batch, "a batch gave way to a session"),
            Ended::Failed(trouble) => {
                tracing::warn!(%batch, %makers, %trouble, "a batch was not made");
                self.tell_lies(&trouble);
                self.past.failed(makers, &trouble, &links, Instant::now());
                self.failed.push_back((Instant::now(), trouble));
            }
        }
        self.tell_withdrawn(batch, makers).await;
        Ok(false)
    }

    /// Say what follows from the dealers' accusations.
    fn tell_lies(&self, trouble: &AttemptTrouble) {
        let threshold = self.state.scheme().threshold();
        let accusations = trouble.accusations().map(|signed| &signed.body);
        for finding in accusation::findings(threshold, accusations) {
            let named = accusation::named(threshold, std::slice::from_ref(&finding));
            tracing::warn!(%named, "a dealer lied while a batch was made");
        }
    }
}
