//! Keeps every model's stock of material filled, and its books true.
//!
//! One batch is made at a time, by the dealers that are there, and only while no session computes; one
//! that is under way when a session begins to compute is called off, and begun anew later. It is in the
//! books as ready only when all its makers have signed that it is on their disks. Everything else is
//! withdrawn: what failed, what was under way when this process ended, what dealers have lost, and what
//! was promised and not fetched in time. Who lied in a batch is left out of the next ones, until this
//! coordinator's operator has it forgotten; so is who gave out something else than it had made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use tokio::time::Instant;

use super::CoordinatorState;
use super::given;
use super::making::{self, Ended};
use super::past::{Blame, Doubts, Past};
use crate::base::lock;
use crate::identity::Digest;
use crate::session::accusation;
use crate::session::scoring::{BatchId, givers};
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::StorageError;
use crate::storage::coordinator::books::{BookState, BookedBatch, BookedModel};
use crate::storage::coordinator::doubts::Doubt;
use crate::transport::client::http::PeerClient;
use crate::wire::dealer_api::{DealingWait, StartBatch};
use crate::wire::paths;
use crate::wire::reason::AttemptTrouble;

/// Between two looks at the books where something is to be done, and where nothing is.
const LOOK: Duration = Duration::from_millis(500);
const QUIET: Duration = Duration::from_secs(2);

/// The same where there is no model and never was.
const IDLE: Duration = Duration::from_secs(60);

/// How often the dealers' stores are compared with the books.
const COMPARE: Duration = Duration::from_secs(15);

/// Most batches that one dealer is told to withdraw in a turn because the books do not have them.
const MOST_TOLD: usize = 100;

/// How often what has ended long ago is forgotten.
const FORGET: Duration = Duration::from_secs(60 * 60);

/// How many ids are drawn for a batch that none of the doubted dealers gives out.
const DRAWN: usize = 100;

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
    /// What is remembered of how earlier batches failed.
    troubles: Vec<AttemptTrouble>,
    /// When what has ended long ago was last forgotten.
    forgot: Option<Instant>,
    attempt: u32,
}

impl<'a> Dealing<'a> {
    const fn new(state: &'a Arc<CoordinatorState>) -> Self {
        Self {
            state,
            begun: false,
            compared: None,
            past: Past::new(),
            troubles: Vec::new(),
            forgot: None,
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
        if self.forgot.is_none_or(|at| at.elapsed() >= FORGET) {
            store.forget_batches(self.state.clock.now()).await?;
            self.forgot = Some(Instant::now());
        }
        self.expire().await?;
        let there = self.state.links().there();
        let due = self.compared.is_none_or(|(at, who)| at.elapsed() >= COMPARE || who != there);
        if due {
            self.compared = Some((Instant::now(), there));
            self.compare(there).await?;
        }
        self.troubles = troubles(self.state).await?;
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

    /// Note for those who ask why nothing is made, and who of the dealers that are there is left out
    /// of what is made next.
    fn stand(&self, waits: Option<DealingWait>) {
        let (scheme, doubts) = (self.state.scheme(), self.doubts());
        let accusations = self.troubles.iter().flat_map(AttemptTrouble::accusations);
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
        Doubts::of(self.state.scheme().threshold(), &self.troubles)
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
        let now = self.state.clock.now();
        if self.state.store.end_batch(batch.batch, step, Some(why.to_owned()), now).await? {
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
        let held = given::held(self.state, self.state.links().there()).await;
        for batch in over {
            if !given::note_batch(self.state, batch, &held).await? {
                self.withdraw(batch, "it was promised and not fetched in time").await?;
            }
        }
        Ok(())
    }

    /// Compare what dealers have in their stores with the books.
    async fn compare(&self, there: NodeSet) -> Result<(), StorageError> {
        let held = given::held(self.state, there).await;
        let mut kept = BTreeMap::new();
        let threshold = self.state.scheme().threshold();
        let announced: BTreeSet<Digest> =
            self.state.store.models().await?.into_iter().map(|model| model.model).collect();
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
            } else if !announced.contains(&batch.model) {
                self.withdraw(&batch, "the model was taken back").await?;
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
            if given::note_batch(self.state, &batch, &held).await? {
                continue;
            }
            if chosen.iter().any(|node| lost(&node)) {
                self.withdraw(&batch, "a dealer has lost its part of what was promised").await?;
            } else {
                kept.insert(batch.batch, batch.holders);
            }
        }
        // What has been promised since the books were read stays.
        let promised = self.state.store.booked(BookState::Promised).await?;
        let promised: BTreeSet<BatchId> = promised.into_iter().map(|booked| booked.batch).collect();
        for (node, lines) in held {
            let spare = lines.into_iter().filter(|(batch, line)| {
                let usable = line.state == "made" || line.state == "promised";
                let own = kept.get(batch).is_some_and(|holders| holders.contains(node));
                usable && !own && !promised.contains(batch)
            });
            // A dealer that tells of more has to wait for the next turn.
            for (batch, _) in spare.take(MOST_TOLD) {
                self.tell_withdrawn(batch, NodeSet::EMPTY.with(node)).await;
            }
        }
        Ok(())
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
        let batch = match drawn(makers, scheme.threshold(), doubts.nodes()) {
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
        let why = match &ended {
            Ended::Made(vouched) => {
                self.state.store.put_in_stock(batch, vouched).await?;
                tracing::info!(%batch, model = %model.model.short(), %makers, "a batch is in stock");
                return Ok(true);
            }
            Ended::GaveWay => "it gave way to a session".to_owned(),
            Ended::Failed(trouble) => trouble.to_string(),
        };
        let (step, at) = ((BookState::Making, BookState::Withdrawn), self.state.clock.now());
        self.state.store.end_batch(batch, step, Some(why), at).await?;
        match ended {
            Ended::Made(_) => {}
            Ended::GaveWay => tracing::debug!(%batch, "a batch gave way to a session"),
            Ended::Failed(trouble) => {
                tracing::warn!(%batch, %makers, %trouble, "a batch was not made");
                self.tell_lies(&trouble);
                self.past.failed(makers, &trouble, &links, Instant::now());
                if Blame::of(&trouble).stays() {
                    remember(self.state, batch, None, &trouble).await?;
                }
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

/// What is remembered of dealers.
pub(super) async fn doubts(state: &CoordinatorState) -> Result<Doubts, StorageError> {
    Ok(Doubts::of(state.scheme().threshold(), &troubles(state).await?))
}

async fn troubles(state: &CoordinatorState) -> Result<Vec<AttemptTrouble>, StorageError> {
    let doubts = state.store.doubts().await?;
    let told = doubts.iter().filter_map(|doubt| serde_json::from_str(&doubt.trouble).ok());
    Ok(told.collect())
}

/// Remember what went wrong with a batch while it was made, or what one dealer gave of it.
pub(super) async fn remember(
    state: &CoordinatorState,
    batch: BatchId,
    dealer: Option<NodeIndex>,
    trouble: &AttemptTrouble,
) -> Result<(), StorageError> {
    let trouble = serde_json::to_string(trouble).unwrap_or_default();
    let doubt = Doubt { batch, noted: state.clock.now(), trouble };
    state.store.note_doubt(doubt, dealer).await
}

/// A batch's id: one of a batch that none of the doubted dealers gives out, where that can be.
fn drawn(
    makers: NodeSet,
    threshold: u8,
    doubted: NodeSet,
) -> Result<BatchId, rand::rngs::SysError> {
    let mut batch = BatchId::random()?;
    for _ in 0..DRAWN {
        if givers(batch, makers, threshold).intersection(doubted).is_empty() {
            break;
        }
        batch = BatchId::random()?;
    }
    Ok(batch)
}
