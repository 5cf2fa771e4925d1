//! Closing a session of many bidders: coordinator and three nodes in one process, with their own
//! routers, stores and papers, and the memory that they take.
//!
//! Sealing a million bids takes hours, so the nodes' stores are filled with envelopes that nobody
//! has sealed: for inventories, verdicts and bundle nobody looks into what a node has given a
//! receipt for. Nodes do before they sign the manifest, so this goes up to the manifest that
//! follows from the bundle on the coordinator's disk. What is measured is the memory of all four
//! servers together, above what they took before, at its peak.
//!
//! `GAVEL_CLOSING_BIDS=1000000 cargo test --release --test closing` closes a million.

// Helpers of tests may fail the test, as tests themselves may; an allocator is unsafe code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashMap;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use gavel::base::{Clock, Timestamp};
use gavel::client::Network;
use gavel::coordinator::{self, Coordinator};
use gavel::identity::key_file::{CoordinatorKeys, NodeKeys};
use gavel::identity::{
    Blob, Digest, KeyPair, PublicKey, Roster, Signature, Signed, Statement as _,
};
use gavel::node::{self, Node};
use gavel::session::envelope::{Envelope, EnvelopeBody, SUITE_BITS_XWING};
use gavel::session::{Announcement, Manifest, Receipt};
use gavel::sharing::{NodeIndex, Scheme};
use gavel::storage::{CoordinatorStore, Database, NodeStore};
use gavel::transport::client::carrier::Carrier;
use gavel::transport::client::http::{HttpOptions, PeerClient, TokenSource};
use gavel::transport::streams::upgrade::{BoxIo, Dial, StreamTokens};
use gavel::transport::target::Target;
use gavel::transport::{HttpError, Net};
use gavel::wire::coordinator_api::NewSession;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// Bidders in a `cargo test`.
const BIDS: u32 = 3_000;

/// Bytes of memory for each bidder, of coordinator and three nodes together, at most. See
/// docs/operating.md.
const EACH: usize = 4_000;

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

/// Requests go straight to the routers; streams between nodes do not come about.
#[derive(Clone, Default)]
struct Street(Arc<Mutex<HashMap<String, Router>>>);

impl Carrier for Street {
    fn carry(
        &self,
        target: &Target,
        mut request: reqwest::Request,
    ) -> BoxFuture<'static, Result<reqwest::Response, HttpError>> {
        let address = target.address.clone();
        let router = self.0.lock().unwrap().get(&address).cloned();
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
            let node = Node::start_over(&street, config).unwrap();
            street.0.lock().unwrap().insert(format!("127.0.0.1:{at}"), node.router());
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
        street.0.lock().unwrap().insert("127.0.0.1:99".to_owned(), coordinator.router());
        let network =
            Network::over(&street, roster, Some(Arc::new(signer)), Clock::System).unwrap();
        Self { coordinator, store, nodes, network, _folder: folder }
    }

    async fn stop(self) {
        self.coordinator.stop();
        for (node, _) in &self.nodes {
            node.stop().await;
        }
    }
}

/// The bid of bidder number `at`, which nobody has sealed.
fn envelope(announcement: &Announcement, digest: Digest, at: u32) -> Envelope {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&at.to_le_bytes());
    Envelope {
        body: EnvelopeBody {
            suite: SUITE_BITS_XWING,
            session: announcement.session,
            announcement: digest,
            bidder: format!("bidder {at:07}"),
            key: PublicKey::from_bytes(key),
            revision: 1,
            correction: Blob::default(),
            commitments: Vec::new(),
            parts: Vec::new(),
        },
        admission: any_signature(),
        signature: any_signature(),
    }
}

/// A signature that nobody looks at.
fn any_signature() -> Signature {
    static ANY: std::sync::OnceLock<Signature> = std::sync::OnceLock::new();
    *ANY.get_or_init(|| KeyPair::from_secret(&[1; 32]).sign(&Digest([0; 32])))
}

fn receipt(node: NodeIndex, envelope: &Envelope, at: u32) -> Signed<Receipt> {
    Signed {
        body: Receipt {
            session: envelope.body.session,
            node,
            bidder: envelope.body.bidder.clone(),
            key: envelope.body.key,
            revision: 1,
            envelope: envelope.digest(),
            received: Timestamp::from_millis(1_700_000_000_000 + i64::from(at)),
        },
        signature: any_signature(),
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
    let digest = announcement.digest();
    for (node, store) in &town.nodes {
        let index = node.index();
        let announcement = &announcement;
        stream::iter(0..bids)
            .map(|at| async move {
                let envelope = envelope(announcement, digest, at);
                let receipt = receipt(index, &envelope, at);
                store.put_envelope(&envelope, &receipt, false).await.unwrap();
            })
            .buffer_unordered(512)
            .collect::<()>()
            .await;
    }

    let before = HELD.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    town.network.coordinator().close(session).await.unwrap();
    let bundled = async {
        loop {
            if let Some(bundle) = town.store.bundle(session).await.unwrap() {
                break Manifest::derive(&announcement, scheme, &bundle);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let manifest = tokio::time::timeout(PATIENCE, bundled).await.expect("a bundle");
    let took = usize::try_from(MOST.load(Ordering::Relaxed) - before).unwrap_or(0);
    println!(
        "{bids} bids: {} MB for coordinator and three nodes, {} bytes a bid",
        took / 1_000_000,
        took / bids as usize
    );
    assert_eq!((manifest.entries.len(), manifest.excluded.len()), (bids as usize, 0));
    assert!(took <= BESIDES + EACH * bids as usize, "{took} bytes for {bids} bids");
    town.stop().await;
}
