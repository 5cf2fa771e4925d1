//! What the parts of a simulated world share: who is up, who reaches whom, whose clock says what,
//! and what goes wrong next.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use gavel::base::Clock;
use gavel::sharing::NodeIndex;
use gavel::storage::{Disk, Fate};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::books::Books;
use super::chance::Chance;
use super::net::Way;
use super::sabotage::Sabotage;

/// The time at which every run begins, in milliseconds since the epoch.
const EPOCH: i64 = 1_800_000_000_000;

/// A process: 0 is the coordinator, 1 to 9 are the nodes, the rest bidders.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Host(pub u8);

impl Host {
    /// The coordinator.
    pub const COORDINATOR: Self = Self(0);

    /// A node.
    pub const fn of(node: NodeIndex) -> Self {
        Self(node.get())
    }

    /// The node that it is.
    pub fn node(self) -> Option<NodeIndex> {
        NodeIndex::new(self.0)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("coordinator"),
            1..10 => write!(f, "node-{}", self.0),
            other => write!(f, "bidder-{}", other - 10),
        }
    }
}

/// How rough a run is.
#[derive(Clone, Debug, Default)]
pub struct Noise {
    /// A request or its answer is lost, or arrives twice: each so likely.
    pub messages: f64,
    /// A stream is cut at a chunk.
    pub cut: f64,
    /// Longest delay of a message, in milliseconds.
    pub delay: u64,
    /// A process dies at a commit, before or after it.
    pub crash: f64,
    /// This process dies at its so-many-th commit.
    pub crash_at: Option<(Host, u64, Moment)>,
}

/// When at a commit a process dies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// Before it.
    Before,
    /// After it, before the store's mark.
    Committed,
    /// After the mark, before anybody hears of it.
    Marked,
}

impl Moment {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Before, Self::Committed, Self::Marked];
}

#[derive(Default)]
struct Server {
    life: u32,
    router: Option<Router>,
    tasks: Vec<AbortHandle>,
    commits: u64,
    full: bool,
    clock: Arc<AtomicI64>,
    ahead: i64,
}

struct State {
    chance: Chance,
    noise: Noise,
    servers: BTreeMap<Host, Server>,
    parted: BTreeSet<(Host, Host)>,
    links: Vec<(Host, Host, CancellationToken)>,
    /// Processes that stay down until they are let up again.
    down: BTreeSet<Host>,
    lines: Vec<String>,
    crashes: u64,
}

/// A simulated world.
pub struct Core {
    state: Mutex<State>,
    books: Mutex<Books>,
    started: Instant,
    dead: mpsc::UnboundedSender<Host>,
    /// What has been broken on purpose.
    pub sabotage: Option<Sabotage>,
}

impl Core {
    /// A world in which nothing runs yet, and who has died in it.
    pub fn new(
        seed: u64,
        noise: Noise,
        books: Books,
        sabotage: Option<Sabotage>,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Host>) {
        let (dead, died) = mpsc::unbounded_channel();
        let state = State {
            chance: Chance::new(seed),
            noise,
            servers: BTreeMap::new(),
            parted: BTreeSet::new(),
            links: Vec::new(),
            down: BTreeSet::new(),
            lines: Vec::new(),
            crashes: 0,
        };
        let core = Self {
            state: Mutex::new(state),
            books: Mutex::new(books),
            started: Instant::now(),
            dead,
            sabotage,
        };
        (Arc::new(core), died)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while locked")
    }

    /// The books.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("no panic while locked")
    }

    /// Decide something.
    pub fn decide<T>(&self, how: impl FnOnce(&mut Chance) -> T) -> T {
        how(&mut self.state().chance)
    }

    /// Write a line of the run's history.
    pub fn note(&self, what: fmt::Arguments<'_>) {
        let at = self.started.elapsed();
        self.state().lines.push(format!("{:9.3} {what}", at.as_secs_f64()));
    }

    /// The run's history, and how many processes died in it.
    pub fn history(&self) -> (Vec<String>, u64) {
        let state = self.state();
        (state.lines.clone(), state.crashes)
    }

    /// The host behind an address.
    pub fn host_at(address: &str) -> Host {
        let number = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        Host(number.and_then(|port| u8::try_from(port - 7000).ok()).expect("an address"))
    }

    /// The address of a host.
    pub fn address(host: Host) -> String {
        format!("sim.example:{}", 7000 + u16::from(host.0))
    }

    /// A process begins a new life. Gives its number and the host's clock.
    pub fn begin(&self, host: Host) -> (u32, Clock) {
        let mut state = self.state();
        let server = state.servers.entry(host).or_default();
        server.life += 1;
        let clock = Clock::Manual(Arc::clone(&server.clock));
        let life = server.life;
        drop(state);
        self.tick();
        (life, clock)
    }

    /// The process takes requests from now on.
    pub fn serve(&self, host: Host, router: Router) {
        self.note(format_args!("{host} is up"));
        if let Some(server) = self.state().servers.get_mut(&host) {
            server.router = Some(router);
        }
    }

    /// Whether a life of a process goes on.
    pub fn alive(&self, host: Host, life: u32) -> bool {
        host.0 >= 10 || self.state().servers.get(&host).is_some_and(|server| server.life == life)
    }

    /// A server's routes; `None` when it is down.
    pub fn router(&self, host: Host) -> Option<Router> {
        self.state().servers.get(&host)?.router.clone()
    }

    /// A task ends with the process.
    pub fn belongs(&self, host: Host, task: AbortHandle) {
        if let Some(server) = self.state().servers.get_mut(&host) {
            server.tasks.retain(|task| !task.is_finished());
            server.tasks.push(task);
        }
    }

    /// A stream between two hosts; ends with either.
    pub fn link(&self, from: Host, to: Host) -> CancellationToken {
        let token = CancellationToken::new();
        let mut state = self.state();
        state.links.retain(|(_, _, link)| !link.is_cancelled());
        state.links.push((from, to, token.clone()));
        token
    }

    /// The process dies, now: nothing more leaves it or reaches its disk.
    pub fn kill(&self, host: Host) {
        let mut state = self.state();
        let Some(server) = state.servers.get_mut(&host) else { return };
        if server.router.take().is_none() {
            return;
        }
        server.life += 1;
        server.full = false;
        server.tasks.drain(..).for_each(|task| task.abort());
        for (from, to, link) in &state.links {
            if *from == host || *to == host {
                link.cancel();
            }
        }
        state.crashes += 1;
        drop(state);
        self.note(format_args!("{host} dies"));
        // The run may be over.
        let _ = self.dead.send(host);
    }

    /// The process dies and does not come back, or may come back.
    pub fn keep_down(&self, host: Host, down: bool) {
        if down {
            self.state().down.insert(host);
            self.kill(host);
        } else {
            self.state().down.remove(&host);
        }
    }

    /// Whether the process stays down until it is let up again.
    pub fn is_down(&self, host: Host) -> bool {
        self.state().down.contains(&host)
    }

    /// Set every clock to the present, as far ahead or behind as it is.
    pub fn tick(&self) {
        let now = EPOCH + i64::try_from(self.started.elapsed().as_millis()).expect("a short run");
        for server in self.state().servers.values() {
            server.clock.store(now + server.ahead, Ordering::SeqCst);
        }
    }

    /// A host's clock.
    pub fn clock(&self, host: Host) -> Clock {
        let state = self.state();
        let clock = state.servers.get(&host).map(|server| Arc::clone(&server.clock));
        Clock::Manual(clock.unwrap_or_default())
    }

    /// A host's clock jumps.
    pub fn jump(&self, host: Host, ahead: i64) {
        if let Some(server) = self.state().servers.get_mut(&host) {
            server.ahead = ahead;
        }
        self.note(format_args!("{host}'s clock is {ahead} ms ahead"));
        self.tick();
    }

    /// A host's disk is full, or not any more.
    pub fn fill(&self, host: Host, full: bool) {
        if let Some(server) = self.state().servers.get_mut(&host) {
            server.full = full;
        }
        self.note(format_args!("{host}'s disk full: {full}"));
    }

    /// Two hosts do not reach each other, or do again.
    pub fn part(&self, a: Host, b: Host, parted: bool) {
        let pair = (a.min(b), a.max(b));
        let mut state = self.state();
        if parted {
            state.parted.insert(pair);
        } else {
            state.parted.remove(&pair);
        }
        drop(state);
        self.note(format_args!("{a} and {b} parted: {parted}"));
    }

    /// Whether two hosts cannot reach each other.
    pub fn parted(&self, a: Host, b: Host) -> bool {
        self.state().parted.contains(&(a.min(b), a.max(b)))
    }

    /// The run is over: servers and what they hold are let go.
    pub fn end(&self) {
        let servers = std::mem::take(&mut self.state().servers);
        drop(servers);
    }

    /// Nothing goes wrong any more.
    pub fn calm(&self) {
        let mut state = self.state();
        state.noise = Noise { delay: 5, ..Noise::default() };
        state.parted.clear();
        for server in state.servers.values_mut() {
            (server.full, server.ahead) = (false, 0);
        }
        drop(state);
        self.note(format_args!("calm"));
        self.tick();
    }

    /// What becomes of a request between two hosts.
    pub fn way(&self, from: Host, to: Host) -> Way {
        let mut state = self.state();
        let State { chance, noise, .. } = &mut *state;
        // The coordinator's operator sits beside it.
        let odds = if from.0 >= 100 && to == Host::COORDINATOR { 0.0 } else { noise.messages };
        let mut delay = || {
            let longest = if chance.happens(0.05) { noise.delay * 10 } else { noise.delay };
            Duration::from_millis(chance.between(0, longest))
        };
        let (out, back, later) = (delay(), delay(), delay());
        Way {
            out,
            back,
            lost: chance.happens(odds),
            twice: chance.happens(odds).then_some(later),
            answer_lost: chance.happens(odds),
            noticed: chance.happens(0.7),
        }
    }

    /// Delay of a chunk of a stream.
    pub fn stream_delay(&self) -> Duration {
        let mut state = self.state();
        let longest = state.noise.delay / 4;
        Duration::from_millis(state.chance.between(0, longest))
    }

    /// Whether a stream is cut at this chunk.
    pub fn cuts(&self) -> bool {
        let mut state = self.state();
        let odds = state.noise.cut;
        state.chance.happens(odds)
    }

    /// How many commits a host has made.
    pub fn commits(&self, host: Host) -> u64 {
        self.state().servers.get(&host).map_or(0, |server| server.commits)
    }
}

/// A process's disk.
pub struct SimDisk {
    /// The world.
    pub core: Arc<Core>,
    /// Whose it is.
    pub host: Host,
    /// In which life.
    pub life: u32,
}

impl SimDisk {
    fn dies(&self, moment: Moment) -> bool {
        let mut state = self.core.state();
        let State { chance, noise, servers, .. } = &mut *state;
        // A process that is not up yet has promised nothing; it dies later.
        let Some(server) = servers.get(&self.host).filter(|server| server.router.is_some()) else {
            return false;
        };
        let commits = server.commits;
        let aimed = noise.crash_at == Some((self.host, commits, moment));
        if aimed {
            noise.crash_at = None;
        }
        let dies = chance.happens(noise.crash) || aimed;
        drop(state);
        if dies {
            self.core.kill(self.host);
        }
        dies
    }
}

impl Disk for SimDisk {
    fn before_commit(&self) -> Fate {
        if !self.core.alive(self.host, self.life) {
            return Fate::Dies;
        }
        let mut state = self.core.state();
        let Some(server) = state.servers.get_mut(&self.host) else { return Fate::Dies };
        if server.full {
            return Fate::Fails("the disk is full".to_owned());
        }
        server.commits += 1;
        drop(state);
        if self.dies(Moment::Before) { Fate::Dies } else { Fate::Done }
    }

    fn after_commit(&self) -> Fate {
        if self.dies(Moment::Committed) { Fate::Dies } else { Fate::Done }
    }

    fn after_mark(&self) -> Fate {
        if self.dies(Moment::Marked) { Fate::Dies } else { Fate::Done }
    }
}
