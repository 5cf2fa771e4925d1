//! Nodes and a coordinator in this process, each with real TLS, its own port, its own database and
//! its own runtime, so that one of them can be killed in the middle of anything and started again.

use std::any::Any;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use gavel::base::Clock;
use gavel::client::Network;
use gavel::coordinator::{self, Coordinator};
use gavel::identity::key_file::{CoordinatorKeys, NodeKeys};
use gavel::identity::{KeyPair, Roster, Signed};
use gavel::node::{self, Node};
use gavel::sharing::{NodeIndex, Scheme};
use gavel::storage::{CoordinatorStore, Database, NodeStore};
use gavel::testkit::Lie;
use gavel::transport::HttpError;
use gavel::transport::client::http::{HttpOptions, PeerClient};
use gavel::transport::server::host::Host;
use gavel::transport::server::listen::{ListenError, Listener, bind};
use gavel::transport::target::Target;
use gavel::wire::coordinator_api::NodeStatus;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::altering::{Alters, altering};
use super::auction::Auction;

pub fn index(node: u8) -> NodeIndex {
    NodeIndex::new(node).unwrap()
}

/// A port that the operating system does not give to outgoing connections, so that a server that
/// is away for a moment finds its port free.
pub async fn free_port() -> Listener {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(61);
    loop {
        let number = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        if let Ok(listener) = bind(&format!("127.0.0.1:{}", 20_000 + number % 12_000)).await {
            return listener;
        }
    }
}

/// What a test wants of its servers.
#[derive(Clone, Copy)]
pub struct Setup {
    pub nodes: u8,
    pub threshold: u8,
    /// One way, between nodes: makes computing last.
    pub delay: Option<Duration>,
    pub grace: Duration,
    /// For one message between nodes.
    pub deadline: Duration,
    /// Whether everything that goes to the last node goes through a [`wiretap`].
    pub tapped: bool,
    /// Whether nodes ask their operators before they compute a job.
    pub approve: bool,
    /// A node whose operator lets no job reveal anything of a stored variable.
    pub forbids: Option<(u8, &'static str)>,
    /// How long after variables were shared last they are dealt anew.
    pub refresh_every: Option<Duration>,
    /// A node that lies, and how.
    pub liar: Option<(u8, Lie)>,
    /// Whether all that is asked of servers, and what they answer, is listened to.
    pub overheard: bool,
    /// A dealer that gives something else than it has.
    pub alters: Option<(u8, Alters)>,
}

impl Setup {
    pub const fn new(nodes: u8, threshold: u8) -> Self {
        let grace = Duration::from_millis(600);
        let deadline = Duration::from_secs(10);
        Self {
            nodes,
            threshold,
            delay: None,
            grace,
            deadline,
            tapped: false,
            approve: false,
            forbids: None,
            refresh_every: None,
            liar: None,
            overheard: false,
            alters: None,
        }
    }

    pub const fn delayed(self, millis: u64) -> Self {
        Self { delay: Some(Duration::from_millis(millis)), ..self }
    }

    fn node_options(self, node: NodeIndex) -> node::Options {
        let lie = self.liar.filter(|(liar, _)| *liar == node.get()).map(|(_, lie)| lie);
        let (message_deadline, simulated_delay) = (self.deadline, self.delay);
        let forbids = self.forbids.filter(|(own, _)| *own == node.get());
        node::Options {
            message_deadline,
            simulated_delay,
            approve_jobs: self.approve,
            never_reveal: forbids.map(|(_, name)| name.to_owned()).into_iter().collect(),
            lie,
        }
    }

    const fn coordinator_options(self) -> coordinator::Options {
        let (grace, pause) = (self.grace, Duration::from_millis(100));
        coordinator::Options { grace, pause, attempts: 8, refresh_every: self.refresh_every }
    }
}

/// Requests and answers as servers see them, one behind the other.
pub type Overheard = Arc<Mutex<Vec<u8>>>;

/// The same router, with everything that passes kept as well, where that is asked for.
fn overhearing(router: Router, heard: Option<Overheard>) -> Router {
    let Some(heard) = heard else { return router };
    let keep = move |body: Body| {
        let heard = Arc::clone(&heard);
        let tapped = body.map_frame(move |frame| {
            if let Some(data) = frame.data_ref() {
                heard.lock().unwrap().extend_from_slice(data);
            }
            frame
        });
        Body::new(tapped)
    };
    router.layer(from_fn(move |request: Request, next: Next| {
        let keep = keep.clone();
        async move {
            let (head, body) = request.into_parts();
            let line = format!("\n{} {}\n{:?}\n", head.method, head.uri, head.headers);
            drop(to_bytes(keep(Body::from(line)), 1 << 20).await);
            let (head, body) = next.run(Request::from_parts(head, keep(body))).await.into_parts();
            Response::from_parts(head, keep(body))
        }
    }))
}

/// One server: its folder, its place, and what runs there now.
struct Seat {
    folder: PathBuf,
    address: String,
    runtime: Option<Runtime>,
}

impl Seat {
    async fn new(folder: PathBuf) -> (Self, Listener) {
        std::fs::create_dir_all(&folder).unwrap();
        let listener = free_port().await;
        let address = listener.local().to_string();
        (Self { folder, address, runtime: None }, listener)
    }

    /// Run something on a runtime of its own. What it gives is held until the runtime is killed.
    async fn run<F>(&mut self, start: F)
    where
        F: Future<Output = Box<dyn Any + Send>> + Send + 'static,
    {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let (ready, started) = oneshot::channel();
        runtime.spawn(async move {
            let held = start.await;
            ready.send(()).unwrap();
            std::future::pending::<()>().await;
            drop(held);
        });
        self.runtime = Some(runtime);
        started.await.expect("the server starts");
    }

    async fn run_node(
        &mut self,
        listener: Listener,
        roster: Signed<Roster>,
        setup: Setup,
        heard: Option<Overheard>,
    ) {
        let folder = self.folder.clone();
        self.run(async move {
            let keys = NodeKeys::load(&folder.join("node.key"), None).unwrap();
            let database = Database::open(&folder.join("gavel.db")).await.unwrap();
            let tls = keys.tls.clone();
            let store = NodeStore::new(database);
            let me = roster.body.nodes.iter().position(|card| card.key == keys.identity.public());
            let me = index(u8::try_from(me.unwrap()).unwrap() + 1);
            let (clock, options) = (Clock::System, setup.node_options(me));
            let (own, known) = (keys.identity.clone(), roster.body.clone());
            let config = node::Config { keys, roster, store, clock, options };
            let node = Node::start(config).unwrap();
            let router = match setup.alters.filter(|(dealer, _)| *dealer == me.get()) {
                Some((_, alters)) => altering(node.router(), me, own, known, alters),
                None => node.router(),
            };
            let host = Host::start(listener, &tls, overhearing(router, heard)).unwrap();
            Box::new((node, host)) as Box<dyn Any + Send>
        })
        .await;
    }

    async fn run_coordinator(
        &mut self,
        listener: Listener,
        roster: Signed<Roster>,
        setup: Setup,
        heard: Option<Overheard>,
    ) {
        let folder = self.folder.clone();
        self.run(async move {
            let keys = CoordinatorKeys::load(&folder.join("coordinator.key"), None).unwrap();
            let database = Database::open(&folder.join("gavel.db")).await.unwrap();
            let tls = keys.tls.clone();
            let store = CoordinatorStore::new(database);
            let (clock, options) = (Clock::System, setup.coordinator_options());
            let config = coordinator::Config { keys, roster, store, clock, options };
            let coordinator = Coordinator::start(config).await.unwrap();
            let router = overhearing(coordinator.router(), heard);
            let host = Host::start(listener, &tls, router).unwrap();
            Box::new((coordinator, host)) as Box<dyn Any + Send>
        })
        .await;
    }

    /// Its old port, as soon as the operating system lets go of it.
    async fn port_again(&self) -> Listener {
        for _ in 0..200 {
            match bind(&self.address).await {
                Ok(listener) => return listener,
                Err(ListenError::InUse { .. }) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
        panic!("{} stays in use", self.address);
    }

    /// Every task ends where it is, every socket closes.
    fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.kill();
    }
}

/// All servers of a roster.
pub struct Net {
    pub folder: tempfile::TempDir,
    pub network: Network,
    pub roster: Signed<Roster>,
    /// The coordinator's key.
    pub operator: KeyPair,
    /// The nodes' keys by position.
    pub node_keys: Vec<KeyPair>,
    /// What was asked of nodes and coordinator and what they answered, in the clear, if it is listened to.
    pub overheard: Option<Overheard>,
    /// What went to and from the last node, if that is tapped.
    pub wire: Option<Arc<Mutex<Vec<u8>>>>,
    /// Whether nothing gets through the tap at present.
    parted: Arc<AtomicBool>,
    /// For servers that are started from now on.
    pub setup: Setup,
    seats: Vec<Seat>,
    lead: Seat,
}

impl Net {
    pub async fn start(setup: Setup) -> Self {
        gavel::transport::tls::install_provider();
        let folder = tempfile::tempdir().unwrap();
        let scheme = Scheme::any(setup.nodes, setup.threshold).unwrap();
        let (mut seats, mut listeners, mut cards, mut node_keys) = (vec![], vec![], vec![], vec![]);
        let (mut wire, parted) = (None, Arc::new(AtomicBool::new(false)));
        for node in scheme.all().iter() {
            let (seat, listener) = Seat::new(folder.path().join(format!("node-{node}"))).await;
            let keys = NodeKeys::generate("127.0.0.1").unwrap();
            keys.save(&seat.folder.join("node.key"), None).unwrap();
            let mut address = seat.address.clone();
            if setup.tapped && node.get() == setup.nodes {
                let (outside, kept) = wiretap(address, Arc::clone(&parted)).await;
                (address, wire) = (outside, Some(kept));
            }
            cards.push(keys.card(&format!("Node {node}"), &address));
            node_keys.push(keys.identity);
            seats.push(seat);
            listeners.push(listener);
        }
        let (mut lead, listener) = Seat::new(folder.path().join("coordinator")).await;
        let keys = CoordinatorKeys::generate("127.0.0.1").unwrap();
        keys.save(&lead.folder.join("coordinator.key"), None).unwrap();
        let card = keys.card("Coordinator", &lead.address);
        let operator = keys.identity;
        let roster = Roster::first(scheme, card, cards);
        let roster = Signed::new(roster, &operator).checked().unwrap();
        let overheard = setup.overheard.then(Overheard::default);
        for (seat, listener) in seats.iter_mut().zip(listeners) {
            seat.run_node(listener, roster.clone(), setup, overheard.clone()).await;
        }
        lead.run_coordinator(listener, roster.clone(), setup, overheard.clone()).await;
        let signer = Some(Arc::new(operator.clone()));
        let network = Network::new(roster.clone(), signer, Clock::System).unwrap();
        Self {
            folder,
            network,
            roster,
            operator,
            node_keys,
            overheard,
            wire,
            parted,
            setup,
            seats,
            lead,
        }
    }

    /// Open a session for bids.
    pub async fn open(&self, file: &str) -> Auction {
        Auction::open(&self.network, file).await
    }

    /// Let nothing through to or from the last node, which is tapped, or let it through again.
    pub fn part_last(&self, parted: bool) {
        self.parted.store(parted, Ordering::SeqCst);
    }

    pub fn kill(&mut self, node: u8) {
        self.seats[index(node).position()].kill();
    }

    /// Until the coordinator has heard from all nodes that they reach each other: what it begins goes on
    /// without those of whom it has not.
    pub async fn together(&self) {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let health = self.network.coordinator().health().await.unwrap();
            let linked = |node: &NodeStatus| {
                let health = node.health.as_ref();
                health.is_some_and(|health| health.links.iter().all(|link| link.connected))
            };
            if health.nodes.iter().all(linked) {
                return;
            }
            assert!(Instant::now() < until, "not all nodes are there");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub async fn restart(&mut self, node: u8) {
        let seat = &mut self.seats[index(node).position()];
        seat.kill();
        let listener = seat.port_again().await;
        let heard = self.overheard.clone();
        seat.run_node(listener, self.roster.clone(), self.setup, heard).await;
    }

    pub async fn restart_coordinator(&mut self) {
        self.lead.kill();
        let listener = self.lead.port_again().await;
        let heard = self.overheard.clone();
        self.lead.run_coordinator(listener, self.roster.clone(), self.setup, heard).await;
    }

    /// The coordinator, killed.
    pub fn kill_coordinator(&mut self) {
        self.lead.kill();
    }

    /// Requests to a node that are signed by anybody's key.
    pub fn caller(&self, keys: &KeyPair, node: u8) -> PeerClient {
        let card = self.roster.body.node(index(node)).unwrap();
        client(keys, Target::from(card)).unwrap()
    }
}

/// A client that proves a key to its target.
pub fn client(keys: &KeyPair, target: Target) -> Result<PeerClient, HttpError> {
    let (keys, audience) = (keys.clone(), target.key);
    let tokens = move || {
        let token = gavel::identity::token::issue(&keys, &audience, Clock::System.now()).ok()?;
        Some(token.expose().to_owned())
    };
    PeerClient::new(target, Arc::new(tokens), HttpOptions::default())
}

/// Pass connections on, and keep every byte; hold everything back while parted.
async fn wiretap(target: String, parted: Arc<AtomicBool>) -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let kept = Arc::new(Mutex::new(Vec::new()));
    let tap = Arc::clone(&kept);
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let Ok(far) = TcpStream::connect(&target).await else { continue };
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            for (mut from, mut to) in [(near_in, far_out), (far_in, near_out)] {
                let (tap, parted) = (Arc::clone(&tap), Arc::clone(&parted));
                tokio::spawn(async move {
                    let mut bytes = vec![0; 1 << 16];
                    while let Ok(count @ 1..) = from.read(&mut bytes).await {
                        while parted.load(Ordering::SeqCst) {
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                        tap.lock().unwrap().extend_from_slice(&bytes[..count]);
                        if to.write_all(&bytes[..count]).await.is_err() {
                            break;
                        }
                    }
                });
            }
        }
    });
    (address, kept)
}
