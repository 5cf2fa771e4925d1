//! Who plays in [`super::lies`]: nodes of the product, nodes that lie, and the coordinator's key in
//! the hands of a script.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use gavel::base::{Clock, lock};
use gavel::identity::{Digest, KeyPair, Roster, Signed, token};
use gavel::node::{self, Node};
use gavel::session::Envelope;
use gavel::sharing::{NodeIndex, NodeSet};
use gavel::storage::{Database, NodeStore};
use gavel::transport::PeerClient;
use gavel::transport::client::http::HttpOptions;
use gavel::transport::net::Net as _;
use gavel::transport::target::Target;
use gavel::wire::node_api::CommittedBundle;

use super::chance::Chance;
use super::core::{Core, Host, SimDisk};
use super::net::Line;
use super::papers::{Secrets, node_keys};

/// A node of the product.
pub fn honest(
    core: &Arc<Core>,
    folder: &Path,
    roster: &Signed<Roster>,
    secrets: &[Secrets],
    host: Host,
) -> Node {
    let (life, clock) = core.begin(host);
    let disk = Arc::new(SimDisk { core: Arc::clone(core), host, life });
    let database = Database::open_in_place(&folder.join(format!("{host}.db")), disk);
    let config = node::Config {
        keys: node_keys(secrets, host),
        roster: roster.clone(),
        store: NodeStore::new(database.expect("a database")),
        clock,
        options: node::Options::default(),
    };
    let node = Node::start_over(&Line { core: Arc::clone(core), host, life }, config);
    let node = node.expect("a node");
    core.serve(host, node.router());
    node
}

/// What a lying node answers other nodes: envelopes to some, and another bundle each time.
pub fn liar(core: &Arc<Core>, stash: &Arc<Mutex<BTreeMap<Digest, Envelope>>>) -> Router {
    let (core, stash) = (Arc::clone(core), Arc::clone(stash));
    Router::new().fallback(move |request: axum::extract::Request| {
        let answer = answer(&core, &lock(&stash), request.uri().path());
        async move { answer }
    })
}

fn answer(core: &Core, stash: &BTreeMap<Digest, Envelope>, path: &str) -> Response {
    let nothing = || StatusCode::NOT_FOUND.into_response();
    let json = |bytes: serde_json::Result<Vec<u8>>| {
        let kind = [(axum::http::header::CONTENT_TYPE, "application/json")];
        (kind, Body::from(bytes.expect("an answer"))).into_response()
    };
    let last = path.rsplit('/').next().unwrap_or_default();
    if last == "bundle" {
        let other = core.decide(|chance| chance.happens(0.5).then(|| chance.between(0, 255)));
        let bundle = other.map(|byte| Digest([byte as u8; 32]));
        return json(serde_json::to_vec(&CommittedBundle { bundle }));
    }
    let envelope = last.parse().ok().and_then(|digest: Digest| stash.get(&digest));
    match envelope {
        Some(envelope) if core.decide(|chance| chance.happens(0.5)) => {
            json(serde_json::to_vec(envelope))
        }
        _ => nothing(),
    }
}

/// Requests to a node that the coordinator's key signs.
pub fn client(
    line: &Line,
    roster: &Roster,
    node: NodeIndex,
    coordinator: KeyPair,
    clock: Clock,
) -> PeerClient {
    let card = roster.node(node).expect("a card");
    let audience = card.key;
    let tokens = move || {
        let token = token::issue(&coordinator, &audience, clock.now()).ok()?;
        Some(token.expose().to_owned())
    };
    let options = HttpOptions { deadline: Duration::from_secs(120), ..HttpOptions::default() };
    line.client(Target::from(card), Arc::new(tokens), options).expect("a client")
}

/// One of these nodes.
pub fn any(chance: &mut Chance, from: NodeSet) -> NodeIndex {
    *chance.pick(&from.iter().collect::<Vec<_>>())
}

/// Some of these nodes, each so likely.
pub fn some(chance: &mut Chance, from: NodeSet, odds: f64) -> NodeSet {
    from.iter().filter(|_| chance.happens(odds)).collect()
}

/// Put them in some order.
pub fn shuffle<T>(chance: &mut Chance, things: &mut [T]) {
    for last in (1..things.len()).rev() {
        things.swap(last, chance.between(0, last as u64) as usize);
    }
}
