//! One run: from a seed to the rules that were broken in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use gavel::base::Clock;
use gavel::client::Network;
use gavel::coordinator::{self, Coordinator};
use gavel::identity::key_file::{CoordinatorKeys, NodeKeys};
use gavel::identity::{KeyPair, Roster, Signed};
use gavel::node::{self, Node};
use gavel::session::{Phase, SessionId};
use gavel::sharing::Scheme;
use gavel::storage::{CoordinatorStore, Database, NodeStore};
use gavel::wire::paths;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::bidders;
use super::books::{Books, SessionBooks};
use super::chance::{self, Chance};
use super::core::{Core, Host, Noise, SimDisk};
use super::drawn::{self, ROUGH, file, mallory, plans, trouble};
use super::faults::{Scene, Script};
use super::net::Line;
use super::papers::{Secrets, certificate, node_keys, papers};
use super::sabotage::{Bug, Sabotage};

/// How long everything may take once nothing goes wrong any more.
const END: Duration = Duration::from_secs(240);

/// What a run does.
#[derive(Clone, Debug)]
pub struct Options {
    /// Decides everything.
    pub seed: u64,
    /// A bug to be found.
    pub bug: Option<Bug>,
    /// What goes wrong, instead of what the seed says.
    pub noise: Option<Noise>,
    /// What goes wrong by plan, instead of by chance.
    pub script: Option<Script>,
}

impl Options {
    /// A run of the product as it is.
    pub const fn of(seed: u64) -> Self {
        Self { seed, bug: None, noise: None, script: None }
    }
}

/// What came of a run.
#[derive(Default)]
pub struct Report {
    /// Rules that were broken.
    pub broken: Vec<String>,
    /// What happened, line by line.
    pub history: Vec<String>,
    /// How many processes died.
    pub crashes: u64,
    /// How many attempts were made.
    pub attempts: u32,
    /// How many bids had their receipts.
    pub acknowledged: usize,
    /// Commits of every host.
    pub commits: BTreeMap<Host, u64>,
    /// Bids that took part although some nodes had been handed garbage.
    pub mended: usize,
}

/// Run a seed.
pub fn run(options: Options) -> Report {
    let seed = options.seed;
    let world = |folder: PathBuf| async move { World::run(&folder, options).await };
    apart(seed, world).unwrap_or_else(|panic| Report {
        broken: vec![format!("panic: {panic}")],
        ..Report::default()
    })
}

/// Do something with a seed's randomness, in simulated time, on a thread of its own and with a
/// folder for its databases. If it panics, its words.
pub fn apart<T: Send + 'static, F: Future<Output = T>>(
    seed: u64,
    work: impl FnOnce(PathBuf) -> F + Send + 'static,
) -> Result<T, String> {
    let thread = std::thread::Builder::new().name(format!("seed {seed}"));
    let run = thread.spawn(move || {
        chance::fix(seed);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let folder = Folder::new();
        let done = runtime.block_on(work(folder.0.clone()));
        drop(runtime);
        done
    });
    run.expect("a thread").join().map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        text.unwrap_or_default()
    })
}

/// Databases of a run, in memory where the system has a place for it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let memory = PathBuf::from("/dev/shm");
        let place = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = place.join(format!("gavel-simulation-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process that runs.
enum Process {
    Node(Node),
    Coordinator(Coordinator),
}

struct World {
    core: Arc<Core>,
    folder: PathBuf,
    roster: Signed<Roster>,
    /// Secrets of the coordinator, then of the nodes.
    secrets: Vec<Secrets>,
    running: std::sync::Mutex<BTreeMap<Host, Process>>,
}

impl World {
    async fn run(folder: &Path, options: Options) -> Report {
        let mut chance = Chance::new(options.seed.rotate_left(17) ^ 1);
        let (nodes, threshold) = *chance.pick(&[(3, 1), (3, 1), (4, 1)]);
        let scene = options
            .script
            .map(|script| Scene::of(script, &mut Chance::new(options.seed.rotate_left(29) ^ 2)));
        let (nodes, threshold) = scene.as_ref().map_or((nodes, threshold), |scene| scene.scheme);
        let noise = options.noise.clone().or_else(|| scene.as_ref().map(Scene::noise));
        let rough = noise.is_none();
        let noise = noise.unwrap_or_else(|| drawn::noise(&mut chance, nodes));
        let scheme = Scheme::new(nodes, threshold).expect("a scheme");
        let (roster, secrets) = papers(scheme);
        let sabotage = options.bug.map(|bug| Sabotage {
            bug,
            keys: secrets[1..].iter().map(|(key, _)| KeyPair::from_secret(key)).collect(),
        });
        let books = Books::new(scheme.manifest_quorum());
        let (core, died) = Core::new(options.seed, noise.clone(), books, sabotage);
        core.note(format_args!("{nodes} nodes, {noise:?}"));
        let world = Arc::new(Self {
            core: Arc::clone(&core),
            folder: folder.to_owned(),
            roster,
            secrets,
            running: std::sync::Mutex::default(),
        });
        let clocks = Arc::clone(&core);
        tokio::spawn(async move {
            loop {
                sleep(Duration::from_millis(50)).await;
                clocks.tick();
            }
        });
        for host in (0..=nodes).map(Host) {
            world.start(host).await;
        }
        tokio::spawn(Arc::clone(&world).revive(died));
        let end = scene.as_ref().map_or(END, |scene| scene.script.end(END));
        if timeout(ROUGH + end, world.session(&mut chance, rough, scene)).await.is_err() {
            core.books().broke("the session does not end".to_owned());
        }
        let (history, crashes) = core.history();
        let commits = (0..=nodes).map(|host| (Host(host), core.commits(Host(host)))).collect();
        core.end();
        let books = core.books();
        Report {
            broken: books.broken.clone(),
            attempts: books.sessions().map(|session| session.attempts).sum(),
            acknowledged: books.sessions().map(|session| session.acknowledged.len()).sum(),
            mended: books.sessions().map(|session| session.mended).sum(),
            history,
            crashes,
            commits,
        }
    }

    /// A whole auction.
    async fn session(self: &Arc<Self>, chance: &mut Chance, rough: bool, mut scene: Option<Scene>) {
        let operator = self.network(100, true);
        let file = file(chance);
        let trouble = tokio::spawn(trouble(Arc::clone(&self.core), self.nodes(), rough));
        let session = bidders::open(&operator, &file).await;
        self.core.note(format_args!("open: {}", file.replace('\n', " ")));
        let terms = loop {
            let detail = operator.coordinator().session(session).await;
            match detail.map(|detail| detail.announcement) {
                Ok(Some(announcement)) => break announcement.body.terms,
                _ => sleep(Duration::from_millis(300)).await,
            }
        };
        let left = terms.bids_until.millis() - self.core.clock(Host::COORDINATOR).now().millis();
        let left = u64::try_from(left).unwrap_or(0);
        let mut plans = plans(chance, &self.folder, left, &terms);
        let away = scene.as_ref().map(|scene| scene.away).filter(|away| !away.is_empty());
        let scheme = self.roster.body.scheme;
        plans.extend(mallory(chance, &self.folder, left, (&terms, scheme), away));
        if let Some(scene) = &mut scene {
            for plan in &plans {
                scene.dent(plan.garbage);
            }
        }
        let script = scene.clone().map(|scene| {
            tokio::spawn(scene.play(Arc::clone(&self.core), operator.clone(), session, left))
        });
        let bidding = (101..).zip(plans).map(|(number, plan)| {
            let (core, network) = (Arc::clone(&self.core), self.network(number, false));
            if plan.garbage.is_empty() {
                tokio::spawn(bidders::bid(core, network, session, plan))
            } else {
                tokio::spawn(bidders::bid_garbage(core, network, session, plan))
            }
        });
        let bidding = bidding.collect::<Vec<_>>();
        bidders::look_after(&self.core, &operator, session).await;
        self.core.note(format_args!("settled at the coordinator"));
        if let Some(script) = script {
            script.abort();
        }
        if let Some(scene) = scene {
            scene.over(&self.core);
        }
        for bidder in join_all(bidding).await {
            if bidder.is_err() {
                self.core.books().broke("a bidder panicked".to_owned());
            }
        }
        trouble.await.expect("no panic");
        self.everywhere(&operator, session).await;
        let record = loop {
            match operator.coordinator().record(session).await {
                Ok(record) => break record,
                Err(_) => sleep(Duration::from_millis(300)).await,
            }
        };
        let keys: Vec<_> = (1..=self.nodes()).map(|node| self.node_keys(Host(node))).collect();
        let check = |books: &mut SessionBooks| books.settled(&self.roster, &keys, &record);
        self.core.books().session(session, check);
    }

    /// Wait until every node holds the outcome.
    async fn everywhere(&self, network: &Network, session: SessionId) {
        for node in network.nodes() {
            loop {
                match node.session(session).await.map(|known| known.phase) {
                    Ok(Phase::Settled) => break,
                    _ => sleep(Duration::from_millis(500)).await,
                }
            }
        }
        debug_assert!(paths::NODE_SESSION.contains("{session}"));
    }

    fn nodes(&self) -> u8 {
        self.roster.body.scheme.nodes()
    }

    fn network(&self, number: u8, operator: bool) -> Network {
        let line = Line { core: Arc::clone(&self.core), host: Host(number), life: 0 };
        let signer = operator.then(|| Arc::new(KeyPair::from_secret(&self.secrets[0].0)));
        let clock = self.core.clock(Host::COORDINATOR);
        Network::over(&line, self.roster.clone(), signer, clock).expect("a network")
    }

    fn node_keys(&self, host: Host) -> NodeKeys {
        node_keys(&self.secrets, host)
    }

    async fn start(self: &Arc<Self>, host: Host) {
        let (life, clock) = self.core.begin(host);
        let core = Arc::clone(&self.core);
        let disk = Arc::new(SimDisk { core: Arc::clone(&core), host, life });
        let database = Database::open_in_place(&self.folder.join(format!("{host}.db")), disk);
        let database = database.expect("a database");
        let line = Line { core: Arc::clone(&core), host, life };
        if host == Host::COORDINATOR {
            let started = self.coordinator(&line, database, clock).await;
            core.serve(host, started.router());
            self.running().insert(host, Process::Coordinator(started));
        } else {
            let config = node::Config {
                keys: self.node_keys(host),
                roster: self.roster.clone(),
                store: NodeStore::new(database),
                clock,
                options: node::Options {
                    message_deadline: Duration::from_secs(5),
                    ..node::Options::default()
                },
            };
            let node = Node::start_over(&line, config).expect("a node");
            core.serve(host, node.router());
            self.running().insert(host, Process::Node(node));
        }
    }

    async fn coordinator(&self, line: &Line, database: Database, clock: Clock) -> Coordinator {
        let config = coordinator::Config {
            keys: CoordinatorKeys {
                identity: KeyPair::from_secret(&self.secrets[0].0),
                tls: certificate(Host::COORDINATOR),
                others: Vec::new(),
            },
            roster: self.roster.clone(),
            store: CoordinatorStore::new(database),
            clock,
            options: coordinator::Options {
                grace: Duration::from_secs(2),
                ..coordinator::Options::default()
            },
        };
        Coordinator::start_over(line, config).await.expect("a coordinator")
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<Host, Process>> {
        self.running.lock().expect("no panic while locked")
    }

    /// Start again who has died, after a while.
    async fn revive(self: Arc<Self>, mut died: mpsc::UnboundedReceiver<Host>) {
        while let Some(host) = died.recv().await {
            // What is left of the process reaches neither disk nor network any more.
            match self.running().remove(&host) {
                Some(Process::Node(node)) => {
                    tokio::spawn(async move { node.stop().await });
                }
                Some(Process::Coordinator(coordinator)) => coordinator.stop(),
                None => {}
            }
            let world = Arc::clone(&self);
            tokio::spawn(async move {
                let pause = world.core.decide(|chance| chance.between(100, 5_000));
                sleep(Duration::from_millis(pause)).await;
                while world.core.is_down(host) {
                    sleep(Duration::from_millis(100)).await;
                }
                world.start(host).await;
            });
        }
    }
}
