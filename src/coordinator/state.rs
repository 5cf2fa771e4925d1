//! What handlers and drivers of a coordinator share.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accounts::Accounts;
use super::config::{Config, Options, StartError};
use super::links::Links;
use super::past::Past;
use super::records::Records;
use crate::base::Clock;
use crate::base::lock;
use crate::identity::key_file::CoordinatorKeys;
use crate::identity::token::{self, ReplayGuard};
use crate::identity::{Digest, Roster, Signed, Statement as _};
use crate::session::care::Care;
use crate::session::progress::{Event, What};
use crate::session::{Phase, SessionId, Shortage};
use crate::sharing::{NodeIndex, NodeSet, Scheme};
use crate::storage::coordinator::books::BookState;
use crate::storage::{AccountStore, CoordinatorStore};
use crate::transport::client::http::{HttpOptions, PeerClient};
use crate::transport::server::limits::Limits;
use crate::transport::target::Target;
use crate::transport::{HttpError, Net};
use crate::wire::coordinator_api::NodeStatus;
use crate::wire::dealer_api::DealingLine;
use crate::wire::reason::Reason;

/// Events that a slow listener may lag behind before it loses the oldest.
const EVENT_QUEUE: usize = 4096;

/// What handlers and drivers of a coordinator share.
pub struct CoordinatorState {
    /// The coordinator's private keys.
    pub keys: CoordinatorKeys,
    /// The roster that new sessions are opened under.
    pub roster: Arc<Signed<Roster>>,
    /// Its digest.
    pub roster_digest: Digest,
    /// What is on disk.
    pub store: CoordinatorStore,
    /// Logins of operators and bidders.
    pub accounts: Arc<Accounts>,
    /// HTTPS to the nodes.
    pub nodes: BTreeMap<NodeIndex, PeerClient>,
    /// The clock by which sessions close and tokens end.
    pub clock: Clock,
    /// Deadlines.
    pub options: Options,
    /// Live events: its own and those of the nodes.
    pub events: broadcast::Sender<Event>,
    /// The nodes as last seen.
    pub watched: Mutex<BTreeMap<NodeIndex, NodeStatus>>,
    /// How much is taken.
    pub limits: Arc<Limits>,
    /// Records that are being downloaded.
    pub records: Arc<Records>,
    /// Tokens seen, so that each is used once.
    pub replay: Arc<ReplayGuard>,
    /// Nodes for which a session waits, and why.
    pub waiting: Mutex<HashMap<SessionId, (NodeSet, Reason)>>,
    /// Held while a draft is written anew, and from reading one until it is open: what is opened is
    /// what was written last.
    pub drafts: tokio::sync::Mutex<()>,
    /// Held while an order to pause or go on is made and kept, so that each is later than the one
    /// before.
    pub pauses: tokio::sync::Mutex<()>,
    /// Held while a job is posted, so that one key makes one job.
    pub jobs: tokio::sync::Mutex<()>,
    /// Attempts of sessions that are under way: meanwhile no material is made.
    pub(super) at_work: watch::Sender<usize>,
    /// How many batches of material have come how far, as last read from the books.
    pub(super) stock: Mutex<BTreeMap<(Digest, BookState), u32>>,
    /// How the making of batches stands.
    pub(super) dealt: Mutex<DealingLine>,
    /// When dealers were last asked what they have given out, because a client has many promises; held
    /// meanwhile.
    pub(super) given: tokio::sync::Mutex<Option<tokio::time::Instant>>,
    /// Wakes the task that keeps stocks of material.
    pub(super) dealing: Notify,
    /// Levels that nodes have told to be done of what they compute.
    levels: Mutex<HashMap<SessionId, u32>>,
    /// What failed attempts say about who can compute a session.
    past: Mutex<HashMap<SessionId, Past>>,
    /// Nodes that have said, since the start, where their sessions stand.
    pub(super) heard: Mutex<NodeSet>,
    /// Sessions that are not decided yet.
    undecided: Mutex<BTreeSet<SessionId>>,
    /// What was last told of nodes that are missing.
    short: Mutex<Option<Shortage>>,
    /// Wakes the driver of a session.
    drivers: Mutex<HashMap<SessionId, Arc<Notify>>>,
    /// Which of the sessions in the store are looked after under this roster.
    pub(super) care: Care,
    /// The same coordinator as it goes on under earlier rosters, each with its sessions.
    pub(super) earlier: Mutex<Vec<Arc<Self>>>,
    /// Every task of this coordinator.
    pub tasks: TaskTracker,
    /// Ends them.
    pub stopped: CancellationToken,
}

/// What the states of a coordinator under several rosters have in common.
pub(super) struct Common {
    accounts: Arc<Accounts>,
    events: broadcast::Sender<Event>,
    limits: Arc<Limits>,
    records: Arc<Records>,
    replay: Arc<ReplayGuard>,
}

impl Common {
    /// For the first of them, on this store.
    pub(super) fn new(store: &CoordinatorStore) -> Self {
        Self {
            accounts: Arc::new(Accounts::new(AccountStore::new(store.database().clone()))),
            events: broadcast::channel(EVENT_QUEUE).0,
            limits: Arc::default(),
            records: Arc::default(),
            replay: Arc::default(),
        }
    }
}

impl CoordinatorState {
    pub(super) fn new(
        net: &dyn Net,
        config: Config,
        common: Common,
        care: Care,
    ) -> Result<Arc<Self>, StartError> {
        let Config { keys, roster, store, clock, options } = config;
        let mut nodes = BTreeMap::new();
        for (index, card) in (1..).map_while(NodeIndex::new).zip(&roster.body.nodes) {
            let (identity, audience, clock) = (keys.identity.clone(), card.key, clock.clone());
            let tokens = move || {
                let token = token::issue(&identity, &audience, clock.now()).ok()?;
                Some(token.expose().to_owned())
            };
            let roster = Some(roster.body.line());
            let options = HttpOptions { deadline: SHORT, roster, ..HttpOptions::default() };
            let client = net
                .client(Target::from(card), Arc::new(tokens), options)
                .map_err(|error| StartError::Client { node: index, error })?;
            nodes.insert(index, client);
        }
        Ok(Arc::new(Self {
            roster_digest: roster.body.digest(),
            roster: Arc::new(roster),
            accounts: common.accounts,
            events: common.events,
            watched: Mutex::default(),
            limits: common.limits,
            records: common.records,
            replay: common.replay,
            waiting: Mutex::default(),
            drafts: tokio::sync::Mutex::default(),
            pauses: tokio::sync::Mutex::default(),
            jobs: tokio::sync::Mutex::default(),
            at_work: watch::Sender::new(0),
            stock: Mutex::default(),
            dealt: Mutex::default(),
            given: tokio::sync::Mutex::default(),
            dealing: Notify::new(),
            levels: Mutex::default(),
            past: Mutex::default(),
            heard: Mutex::new(NodeSet::EMPTY),
            undecided: Mutex::default(),
            short: Mutex::default(),
            drivers: Mutex::default(),
            care,
            earlier: Mutex::default(),
            tasks: TaskTracker::new(),
            stopped: CancellationToken::new(),
            keys,
            store,
            nodes,
            clock,
            options,
        }))
    }

    /// What a state of this coordinator under another roster has in common with this one.
    pub(super) fn common(&self) -> Common {
        Common {
            accounts: Arc::clone(&self.accounts),
            events: self.events.clone(),
            limits: Arc::clone(&self.limits),
            records: Arc::clone(&self.records),
            replay: Arc::clone(&self.replay),
        }
    }

    /// Number of nodes and threshold.
    pub fn scheme(&self) -> Scheme {
        self.roster.body.scheme
    }

    /// Tell whoever listens.
    pub fn tell(&self, session: SessionId, what: What) {
        // Nobody listening is fine.
        let _ = self.events.send(Event { at: self.clock.now(), session, node: None, what });
    }

    /// Tell that the session is in this phase now.
    pub fn tell_phase(&self, session: SessionId, phase: Phase, reason: Option<String>) {
        tracing::info!(%session, %phase, reason, "phase");
        self.tell(session, What::Phase { phase, reason });
    }

    /// Note for whom a session waits; told once per change.
    pub fn wait_for(&self, session: SessionId, nodes: NodeSet, why: Reason) {
        let entry = (nodes, why);
        let mut waiting = lock(&self.waiting);
        if waiting.get(&session) != Some(&entry) {
            tracing::warn!(%session, %nodes, why = %entry.1, "waiting");
            waiting.insert(session, entry);
            self.tell(session, What::Waiting { nodes });
        }
    }

    /// The session waits for nobody any more.
    pub fn go_on(&self, session: SessionId) {
        if lock(&self.waiting).remove(&session).is_some() {
            self.tell(session, What::Waiting { nodes: NodeSet::EMPTY });
        }
    }

    /// Who is there and who reaches whom, as the nodes last reported.
    pub fn links(&self) -> Links {
        Links::reported(self.scheme().all(), &lock(&self.watched))
    }

    /// A node tells how far it has come.
    pub(super) fn note_progress(&self, event: &Event) {
        if let What::Progress(progress) = &event.what {
            // Of what no driver brings on, nothing is kept.
            let mut levels = lock(&self.levels);
            if lock(&self.undecided).contains(&event.session) {
                levels.insert(event.session, progress.level);
            }
        }
    }

    /// Levels that are done of what is computed, as nodes last told.
    pub fn levels_done(&self, session: SessionId) -> u32 {
        lock(&self.levels).get(&session).copied().unwrap_or(0)
    }

    /// Why a session in this phase could not be settled at present; `None` where enough nodes are
    /// there, or it needs none any more.
    pub fn shortage(&self, phase: Phase) -> Option<Shortage> {
        let scheme = self.scheme();
        match phase {
            _ if phase.is_final() => None,
            // The bids are fixed; what is left takes fewer nodes.
            Phase::Computing | Phase::Failed => self.links().shortage(scheme.quorum()),
            _ => self.links().shortage(scheme.manifest_quorum()),
        }
    }

    /// A session entered a phase, or its driver has found it there.
    pub(super) fn note_phase(&self, session: SessionId, phase: Phase) {
        if phase != Phase::Computing {
            lock(&self.levels).remove(&session);
            lock(&self.past).remove(&session);
        }
        let mut undecided = lock(&self.undecided);
        if phase.is_final() {
            undecided.remove(&session);
        } else {
            undecided.insert(session);
        }
    }

    /// What the nodes report of themselves and their links has changed: say so where too few are
    /// left or enough are back, and let every session look again.
    pub(super) fn links_changed(&self) {
        let shortage = self.links().shortage(self.scheme().manifest_quorum());
        let news = {
            let mut short = lock(&self.short);
            let news = *short != shortage;
            short.clone_from(&shortage);
            news
        };
        if news {
            if let Some(shortage) = &shortage {
                tracing::warn!(%shortage, "no session can be settled");
            } else {
                tracing::info!("enough nodes are there and reach each other");
            }
            for &session in lock(&self.undecided).iter() {
                self.tell(session, What::Shortage { shortage: shortage.clone() });
            }
        }
        lock(&self.drivers).values().for_each(|driver| driver.notify_one());
    }

    /// What failed attempts say about who can compute a session: read or note something.
    pub(super) fn past<T>(&self, session: SessionId, with: impl FnOnce(&mut Past) -> T) -> T {
        with(lock(&self.past).entry(session).or_default())
    }

    /// Make one request to each of these nodes at once.
    pub async fn ask<T, F>(
        &self,
        nodes: NodeSet,
        request: impl Fn(NodeIndex, PeerClient) -> F,
    ) -> BTreeMap<NodeIndex, Result<T, HttpError>>
    where
        F: Future<Output = Result<T, HttpError>>,
    {
        let asked = nodes.iter().filter_map(|node| {
            let answer = request(node, self.nodes.get(&node)?.clone());
            Some(async move { (node, answer.await) })
        });
        join_all(asked).await.into_iter().collect()
    }

    /// What wakes the driver of a session.
    pub fn driver(&self, session: SessionId) -> Arc<Notify> {
        let mut drivers = lock(&self.drivers);
        Arc::clone(drivers.entry(session).or_default())
    }

    /// The driver of a session has come to its end.
    pub(super) fn forget_driver(&self, session: SessionId) {
        lock(&self.drivers).remove(&session);
        lock(&self.levels).remove(&session);
        lock(&self.past).remove(&session);
        lock(&self.undecided).remove(&session);
        self.go_on(session);
    }

    /// The sessions that are not decided, as far as drivers have found.
    pub(super) fn undecided(&self) -> Vec<SessionId> {
        lock(&self.undecided).iter().copied().collect()
    }

    /// These are not decided until their drivers find that they are.
    pub(super) fn expect(&self, sessions: &BTreeSet<SessionId>) {
        lock(&self.undecided).extend(sessions);
    }

    /// An attempt of a session is under way until this is dropped.
    pub(super) fn work(&self) -> AtWork<'_> {
        self.at_work.send_modify(|count| *count += 1);
        AtWork(&self.at_work)
    }

    /// Stop every task.
    pub(super) fn stop(&self) {
        self.stopped.cancel();
        self.tasks.close();
    }
}

/// An attempt that is under way.
pub(super) struct AtWork<'a>(&'a watch::Sender<usize>);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// Longest wait for a node's answer to a small request.
pub const SHORT: Duration = Duration::from_secs(5);
