//! Closing a session of many bidders: coordinator and three nodes in one process, with their own
//! routers, stores and papers, and the memory that they take.
//!
//! Sealing a million bids takes hours, so the nodes' stores are filled with envelopes that nobody
//! has sealed: for inventories, verdicts, bundle and manifest nobody looks into what a node has given
//! a receipt for. Nodes do before they sign the manifest, some envelopes at a time, and ask each other
//! for the seeds of those that they cannot open; so this goes up to where every node has asked. What
//! is measured is the memory of all four servers together, above what they took before, at its peak.
//!
//! `GAVEL_CLOSING_BIDS=1000000 cargo test --release --test closing -- --nocapture` closes a million.

// Helpers of tests may fail the test, as tests themselves may; an allocator is unsafe code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
mod closing {
    pub mod bids;
}

use std::collections::HashMap;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::future::join_all;
use gavel::base::Clock;
use gavel::client::Network;
use gavel::coordinator::{self, Coordinator};
use gavel::identity::key_file::{CoordinatorKeys, NodeKeys};
use gavel::identity::{Roster, Signed};
use gavel::node::{self, Node};
use gavel::session::Manifest;
use gavel::sharing::{NodeIndex, NodeSet, Scheme};
use gavel::storage::{CoordinatorStore, Database, NodeStore};
use gavel::transport::client::carrier::Carrier;
use gavel::transport::client::http::{HttpOptions, PeerClient, TokenSource};
use gavel::transport::streams::upgrade::{BoxIo, Dial, StreamTokens};
use gavel::transport::target::Target;
use gavel::transport::{HttpError, Net};
use gavel::wire::coordinator_api::NewSession;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use closing::bids;

/// Bidders in a `cargo test`.
const BIDS: u32 = 3_000;

/// Bytes of memory that this program asks for, for each bidder, of coordinator and three nodes
/// together, at most. See docs/operating.md.
const EACH: usize = 4_000;

/// The same as the operating system counts, with the databases' own copies of what is stored.
const RESIDENT_EACH: usize = 6_000;

/// Bytes besides: what requests, connections to databases and the like take.
const BESIDES: usize = 64 << 20;

/// Longest wait for the bundle, so that nothing hangs.
const PATIENCE: Duration = Duration::from_secs(1_800);

static HELD: AtomicIsize = AtomicIsize::new(0);
static MOST: AtomicIsize = AtomicIsize::new(0);

struct Counting;

fn count(change: usize, back: bool) {
    let change = isize::try_from(change).unwrap_or(isize::MAX);
    let change = if back { -change } else { change };
    let held = HELD.fetch_add(change, Ordering::Relaxed) + change;
    MOST.fetch_max(held, Ordering::Relaxed);
}

// SAFETY: everything is handed to the system's allocator as it comes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), false);
        // SAFETY: as the caller vouches.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(layout.size(), true);
        // SAFETY: as the caller vouches.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the steps of closing are known by: the last word of what is asked for first.
const STEPS: [&str; 4] = ["freeze", "verdict", "manifest", "seeds"];

/// A step of closing: when it began, and the most memory from there to the next one, as it was asked
/// for and as the process had it.
struct Step {
    name: &'static str,
    began: Instant,
    most: isize,
    resident: Option<usize>,
}

/// How closing goes.
#[derive(Default)]
struct Course {
    /// The steps so far.
    steps: Vec<Step>,
    /// The nodes that open their parts.
    opening: NodeSet,
}

impl Course {
    fn asked(&mut self, path: &str, from: Option<NodeIndex>) {
        let Some(step) = STEPS.into_iter().find(|step| path.ends_with(step)) else { return };
        if self.steps.iter().all(|known| known.name != step) {
            self.end();
            self.steps.push(Step { name: step, began: Instant::now(), most: 0, resident: None });
        }
        if step == "seeds" {
            self.opening = self.opening.union(from.into_iter().collect());
        }
    }

    /// The step comes to its end, or the time before the first one.
    fn end(&mut self) {
        let most = MOST.swap(HELD.load(Ordering::Relaxed), Ordering::Relaxed);
        let resident = resident();
        if let Some(step) = self.steps.last_mut() {
            (step.most, step.resident) = (most, resident);
        }
    }
}

/// Most bytes of the process in memory since this was last asked; `None` where that is not told.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let most: usize = most.trim().strip_suffix(" kB")?.parse().ok()?;
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    Some(most * 1024)
}

/// Requests go straight to the routers; streams between nodes do not come about.
#[derive(Clone, Default)]
struct Street {
    routers: Arc<Mutex<HashMap<String, Router>>>,
    course: Arc<Mutex<Course>>,
    /// The node that asks.
    from: Option<NodeIndex>,
}

impl Carrier for Street {
    fn carry(
        &self,
        target: &Target,
        mut request: reqwest::Request,
    ) -> BoxFuture<'static, Result<reqwest::Response, HttpError>> {
        let address = target.address.clone();
        let router = self.routers.lock().unwrap().get(&address).cloned();
        self.course.lock().unwrap().asked(request.url().path(), self.from);
        async move {
            let router = router.ok_or(HttpError::Refused { address })?;
            let body = request.body_mut().take().map_or_else(Body::empty, Body::new);
            let mut asked = axum::extract::Request::new(body);
            *asked.method_mut() = request.method().clone();
            *asked.uri_mut() = request.url().path().parse().unwrap();
            *asked.headers_mut() = request.headers().clone();
            let answer = router.oneshot(asked).await.unwrap();
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            Ok(reqwest::Response::from(axum::http::Response::from_parts(parts, body)))
        }
        .boxed()
    }
}

struct NoStreams;

impl Dial for NoStreams {
    fn dial(&self, to: NodeIndex) -> BoxFuture<'_, Result<BoxIo, HttpError>> {
        async move { Err(HttpError::Refused { address: to.to_string() }) }.boxed()
    }
}

impl Net for Street {
    fn client(
        &self,
        target: Target,
        tokens: TokenSource,
        options: HttpOptions,
    ) -> Result<PeerClient, HttpError> {
        Ok(PeerClient::over(Arc::new(self.clone()), target, tokens, options))
    }

    fn dialer(&self, _: Arc<Signed<Roster>>, _: StreamTokens, _: Duration) -> Arc<dyn Dial> {
        Arc::new(NoStreams)
    }
}

struct Town {
    street: Street,
    coordinator: Coordinator,
    store: CoordinatorStore,
    nodes: Vec<(Node, NodeStore)>,
    network: Network,
    _folder: tempfile::TempDir,
}

impl Town {
    async fn new(scheme: Scheme) -> Self {
        gavel::transport::tls::install_provider();
        let folder = tempfile::tempdir().unwrap();
        let street = Street::default();
        let lead = CoordinatorKeys::generate("127.0.0.1").unwrap();
        let keys: Vec<NodeKeys> =
            scheme.all().iter().map(|_| NodeKeys::generate("127.0.0.1").unwrap()).collect();
        let cards = keys
            .iter()
            .zip(1..)
            .map(|(keys, at)| keys.card(&format!("node {at}"), &format!("127.0.0.1:{at}")));
        let place = lead.card("Auction house", "127.0.0.1:99");
        let roster = Roster::first(scheme, place, cards.collect());
        let signer = lead.identity.clone();
        let roster = Signed::new(roster, &signer).checked().unwrap();
        let mut nodes = Vec::new();
        for (keys, at) in keys.into_iter().zip(1..) {
            let path = folder.path().join(format!("node-{at}.db"));
            let store = NodeStore::new(Database::open(&path).await.unwrap());
            let config = node::Config {
                keys,
                roster: roster.clone(),
                store: store.clone(),
                clock: Clock::System,
                options: node::Options::default(),
            };
            let from = Some(NodeIndex::new(at).unwrap());
            let node = Node::start_over(&Street { from, ..street.clone() }, config).unwrap();
            street.routers.lock().unwrap().insert(format!("127.0.0.1:{at}"), node.router());
            nodes.push((node, store));
        }
        let database = Database::open(&folder.path().join("coordinator.db")).await.unwrap();
        let store = CoordinatorStore::new(database);
        let config = coordinator::Config {
            keys: lead,
            roster: roster.clone(),
            store: store.clone(),
            clock: Clock::System,
            options: coordinator::Options::default(),
        };
        let coordinator = Coordinator::start_over(&street, config).await.unwrap();
        street.routers.lock().unwrap().insert("127.0.0.1:99".to_owned(), coordinator.router());
        let network =
            Network::over(&street, roster, Some(Arc::new(signer)), Clock::System).unwrap();
        Self { street, coordinator, store, nodes, network, _folder: folder }
    }

    async fn stop(self) {
        self.coordinator.stop();
        for (node, _) in &self.nodes {
            node.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_takes_the_memory_that_is_stated() {
    let bids = std::env::var("GAVEL_CLOSING_BIDS").ok().map_or(BIDS, |text| text.parse().unwrap());
    let scheme = Scheme::new(3, 1).unwrap();
    let town = Town::new(scheme).await;
    let file = format!(
        "title = \"Many\"\nkind = \"second-price\"\nbids_until = \"12h\"\nmax_bids = {bids}\n"
    );
    let new = NewSession { file, open: true, bidders: Vec::new() };
    let detail = town.network.coordinator().new_session(&new).await.unwrap();
    let session = detail.summary.session;
    let announcement = detail.announcement.unwrap().body;
    let began = Instant::now();
    join_all(town.nodes.iter().map(|(node, store)| {
        let (node, store, announcement) = (node.index(), store.clone(), announcement.clone());
        let filling = async move { bids::fill(&store, node, &announcement, bids).await };
        tokio::spawn(filling).map(Result::unwrap)
    }))
    .await;
    println!("filled in {:.1} s", began.elapsed().as_secs_f64());

    let before = HELD.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    gavel::base::memory::give_back();
    let process = resident().and_then(|_| resident());
    town.network.coordinator().close(session).await.unwrap();
    let opening = async {
        while town.street.course.lock().unwrap().opening != scheme.all() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, opening).await.expect("every node opens its parts");
    let took = {
        let mut course = town.street.course.lock().unwrap();
        course.end();
        told(&course, before, process, bids)
    };
    let bundle = town.store.bundle(session).await.unwrap().unwrap();
    let manifest = Manifest::derive(&announcement, scheme, &bundle);
    assert_eq!((manifest.entries.len(), manifest.excluded.len()), (bids as usize, 0));
    let [asked, resident] = took;
    assert!(asked <= BESIDES + EACH * bids as usize, "{asked} bytes for {bids} bids");
    assert!(resident <= BESIDES + RESIDENT_EACH * bids as usize, "{resident} for {bids} bids");
    town.stop().await;
}

/// Most bytes taken above what was before, as they were asked for and as the operating system counts,
/// after telling how closing went.
fn told(course: &Course, before: isize, process: Option<usize>, bids: u32) -> [usize; 2] {
    let taken = |step: &Step| {
        let asked = usize::try_from(step.most - before).unwrap_or(0);
        let resident = step.resident.zip(process);
        [asked, resident.map_or(0, |(now, before)| now.saturating_sub(before))]
    };
    let ends = course.steps[1..].iter().map(|step| step.began).chain([Instant::now()]);
    let (mut most, bids) = ([0, 0], bids as usize);
    for (step, end) in course.steps.iter().zip(ends) {
        let seconds = end.duration_since(step.began).as_secs_f64();
        let [asked, resident] = taken(step);
        println!("{}: {seconds:.1} s, {asked} bytes, resident {resident}", step.name);
        most = [most[0].max(asked), most[1].max(resident)];
    }
    println!("{bids} bids: {} bytes each, resident {}", most[0] / bids, most[1] / bids);
    most
}
