//! What every handler of a node shares.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Semaphore, broadcast, watch};
use tokio::task::AbortHandle;

use super::attempts::Attempts;
use super::config::{Config, Replica, StartError};
use super::logins::Logins;
use super::makings::{Dealt, Makings};
use super::meter::Meter;
use super::pace::Pace;
use super::parts::PartCache;
use crate::base::Clock;
use crate::base::Timestamp;
use crate::base::lock;
use crate::identity::key_file::NodeKeys;
use crate::identity::token::{self, ReplayGuard};
use crate::identity::vault::Vault;
use crate::identity::{Digest, Roster, Signed, Statement as _};
use crate::protocol::Channel;
use crate::session::care::Care;
use crate::session::progress::{Event, What};
use crate::session::{Announcement, Phase, SessionId};
use crate::sharing::{NodeIndex, NodeSet, Scheme};
use crate::storage::node::NodeSession;
use crate::storage::{Leadership, NodeStore, StorageError, Tenure};
use crate::transport::client::http::{HttpOptions, PeerClient};
use crate::transport::net::Net;
use crate::transport::server::limits::Limits;
use crate::transport::streams::lying::{At, Lie, Lying};
use crate::transport::streams::mesh::{Mesh, MeshOptions};
use crate::transport::target::Target;

/// Owners' halves that are on their way at a time.
const HANDOUTS: usize = 4;

/// Events that a slow listener may lag behind before it loses the oldest.
const EVENT_QUEUE: usize = 1024;

/// What every handler of a node shares.
pub struct NodeState {
    /// This node's index.
    pub me: NodeIndex,
    /// This node's private keys.
    pub keys: NodeKeys,
    /// What it encrypts for itself.
    pub(super) vault: Vault,
    /// The roster.
    pub roster: Arc<Signed<Roster>>,
    /// Its digest.
    pub roster_digest: Digest,
    /// What is on disk.
    pub store: NodeStore,
    /// Streams to the other nodes, and how to begin with new ones.
    mesh: Mutex<Arc<Mesh>>,
    /// Whether its operator lets each job run.
    approves: bool,
    /// Stored variables of which it lets no job reveal anything.
    pub(super) never_reveal: Vec<String>,
    /// A lie that this node tells in every attempt.
    lie: Option<Lie>,
    make_mesh: Box<dyn Fn() -> Arc<Mesh> + Send + Sync>,
    /// Which replica of the node this is.
    pub(super) replica: Replica,
    /// Whether it computes, and in which turn.
    pub(super) computing: watch::Receiver<Tenure>,
    /// Whether the other nodes have been asked, since the start, for what this one may lack.
    pub(super) caught_up: watch::Sender<bool>,
    /// Tasks that end with the node.
    tasks: Mutex<Vec<AbortHandle>>,
    /// HTTPS to the other nodes.
    pub peers: HashMap<NodeIndex, PeerClient>,
    /// The clock by which envelopes are dated and refused.
    pub clock: Clock,
    /// When the process started.
    pub started: Timestamp,
    /// What this process takes of its machine.
    pub meter: Meter,
    /// Live events.
    pub events: broadcast::Sender<Event>,
    /// Attempts that run or have just ended.
    pub attempts: Attempts,
    /// How many owners' halves are on their way at a time: each takes memory for a whole part.
    pub(super) handouts: Arc<Semaphore>,
    /// The batch of material that is being made.
    pub(super) makings: Makings,
    /// What this process has done as a dealer.
    pub(super) dealt: Dealt,
    /// Opened parts of envelopes, in memory only.
    pub parts: PartCache,
    /// How much is taken.
    pub limits: Arc<Limits>,
    /// How fast bids are replaced.
    pub pace: Pace,
    /// Tokens seen, so that each is used once.
    pub replay: Arc<ReplayGuard>,
    /// Whose access tokens count no more.
    pub logins: Arc<Logins>,
    /// Which of the sessions in the store are looked after here.
    care: Care,
    /// One closing step of a session at a time.
    closing: Mutex<HashMap<SessionId, Arc<tokio::sync::Mutex<()>>>>,
}

/// What the states of a node under several rosters have in common.
#[derive(Default)]
pub(super) struct Common {
    limits: Arc<Limits>,
    replay: Arc<ReplayGuard>,
    logins: Arc<Logins>,
}

impl NodeState {
    /// Set up; nothing runs yet.
    pub(super) fn new(
        net: &dyn Net,
        config: Config,
        replica: Replica,
        me: NodeIndex,
        common: Common,
        care: Care,
    ) -> Result<Arc<Self>, StartError> {
        let Config { keys, roster, store, clock, options } = config;
        let computing = store.database().watch(Leadership::Computing);
        let roster = Arc::new(roster);
        let tokens = token_source(&keys, &roster, &clock);
        let mesh_options = MeshOptions {
            rtt_delay: options.simulated_delay,
            deadline: options.message_deadline,
            ..MeshOptions::default()
        };
        let stream_tokens = Arc::new({
            let tokens = tokens.clone();
            move |target| tokens(target).unwrap_or_default()
        });
        let dialer = net.dialer(Arc::clone(&roster), stream_tokens, mesh_options.dial_deadline);
        let nodes = roster.body.scheme.nodes();
        let make_mesh =
            Box::new(move || Mesh::with_dialer(me, nodes, Arc::clone(&dialer), mesh_options));
        let mut peers = HashMap::new();
        for index in roster.body.scheme.all().without(me).iter() {
            let Some(card) = roster.body.node(index) else { continue };
            let tokens = tokens.clone();
            let options = HttpOptions {
                deadline: PEER_DEADLINE,
                roster: Some(roster.body.line()),
                ..HttpOptions::default()
            };
            let client = net
                .client(Target::from(card), Arc::new(move || tokens(index)), options)
                .map_err(|error| StartError::Client { node: index, error })?;
            peers.insert(index, client);
        }
        Ok(Arc::new(Self {
            me,
            roster_digest: roster.body.digest(),
            started: clock.now(),
            meter: Meter::new(store.database().file().map(Path::to_owned)),
            events: broadcast::channel(EVENT_QUEUE).0,
            attempts: Attempts::default(),
            handouts: Arc::new(Semaphore::new(HANDOUTS)),
            makings: Makings::default(),
            dealt: Dealt::default(),
            parts: PartCache::default(),
            limits: common.limits,
            pace: Pace::default(),
            replay: common.replay,
            logins: common.logins,
            care,
            closing: Mutex::default(),
            vault: Vault::of(&keys.identity),
            keys,
            roster,
            store,
            mesh: Mutex::new(make_mesh()),
            make_mesh,
            approves: options.approve_jobs,
            never_reveal: options.never_reveal,
            lie: options.lie,
            replica,
            computing,
            caught_up: watch::Sender::new(false),
            tasks: Mutex::default(),
            peers,
            clock,
        }))
    }

    /// What a state of this node under another roster has in common with this one.
    pub(super) fn common(&self) -> Common {
        let (limits, replay) = (Arc::clone(&self.limits), Arc::clone(&self.replay));
        Common { limits, replay, logins: Arc::clone(&self.logins) }
    }

    /// Whether a session is looked after under this roster.
    pub(super) fn looks_after(&self, session: SessionId) -> bool {
        self.care.of(session)
    }

    /// Number of nodes and threshold.
    pub fn scheme(&self) -> Scheme {
        self.roster.body.scheme
    }

    /// Tell whoever listens.
    pub fn tell(&self, session: SessionId, what: What) {
        // Nobody listening is fine.
        let _ =
            self.events.send(Event { at: self.clock.now(), session, node: Some(self.me), what });
    }

    /// Tell that the session is in this phase now.
    pub fn tell_phase(&self, session: SessionId, phase: Phase) {
        tracing::info!(%session, %phase, "phase");
        self.tell(session, What::Phase { phase, reason: None });
    }

    /// A session as stored.
    ///
    /// # Errors
    /// When this node does not know it, or the store cannot be read.
    pub async fn session(&self, session: SessionId) -> Result<NodeSession, StorageError> {
        self.store.session(session).await?.ok_or(StorageError::NoSession { session })
    }

    /// Whether this node does not compute a session before its operator has let it run.
    ///
    /// # Errors
    /// When this node does not know it, or the store cannot be read.
    pub async fn awaits_approval(&self, announced: &Announcement) -> Result<bool, StorageError> {
        // Dealing shares anew changes no value and tells nobody anything. To whom they are handed over, the
        // operator says and no setting.
        let asks = announced.terms.question.as_job().is_some_and(|job| {
            job.hands_over().is_some() || self.approves && !job.only_refreshes()
        });
        Ok(asks && self.store.approved(announced.session).await?.is_none())
    }

    /// Wait for this session's turn: closing steps of one session never overlap at a node.
    pub async fn turn(&self, session: SessionId) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut turns = lock(&self.closing);
            turns.retain(|_, lock| Arc::strong_count(lock) > 1);
            Arc::clone(turns.entry(session).or_default())
        };
        lock.lock_owned().await
    }

    /// Streams to the other nodes.
    pub fn mesh(&self) -> Arc<Mesh> {
        Arc::clone(&lock(&self.mesh))
    }

    /// The channel of an attempt, among these nodes.
    pub(super) fn channel(
        &self,
        session: SessionId,
        attempt: u32,
        participants: NodeSet,
    ) -> Arc<dyn Channel> {
        let channel = self.mesh().channel(session, attempt, participants);
        match self.lie {
            Some(lie) => Arc::new(Lying::new(channel, lie)),
            None => channel,
        }
    }

    /// Whether the node is made to lie by never signing an outcome.
    pub(super) fn never_signs(&self) -> bool {
        self.lie.is_some_and(|lie| lie.at == At::Signature)
    }

    /// Whether the node is made to lie in what it discloses to an operator.
    pub(super) fn bends_disclosures(&self) -> bool {
        self.lie.is_some_and(|lie| lie.at == At::Disclosure)
    }

    /// End every stream to the other nodes; new ones are not begun yet.
    pub(super) async fn renew_mesh(&self) {
        let fresh = (self.make_mesh)();
        let old = std::mem::replace(&mut *lock(&self.mesh), fresh);
        old.shutdown().await;
    }

    /// End this task with the node.
    pub(super) fn keep(&self, task: AbortHandle) {
        lock(&self.tasks).push(task);
    }

    /// Stop attempts, links and the store.
    pub(super) async fn stop(&self) {
        self.attempts.stop_all();
        self.makings.stop();
        for task in lock(&self.tasks).drain(..) {
            task.abort();
        }
        self.mesh().shutdown().await;
        self.store.database().close().await;
    }
}

/// Longest wait for another node's answer at closing.
pub const PEER_DEADLINE: Duration = Duration::from_secs(10);

/// Tokens of this node for the other nodes.
fn token_source(
    keys: &NodeKeys,
    roster: &Arc<Signed<Roster>>,
    clock: &Clock,
) -> impl Fn(NodeIndex) -> Option<String> + Clone + Send + Sync + 'static {
    let (identity, roster, clock) = (keys.identity.clone(), Arc::clone(roster), clock.clone());
    move |target| {
        let card = roster.body.node(target)?;
        Some(token::issue(&identity, &card.key, clock.now()).ok()?.expose().to_owned())
    }
}
