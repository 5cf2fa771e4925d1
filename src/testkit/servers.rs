//! A coordinator and one node of three as routers, without sockets, and tokens of every kind.

use std::error::Error;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::base::Clock;
use crate::coordinator::{self, Coordinator};
use crate::identity::key_file::{CoordinatorKeys, NodeKeys};
use crate::identity::{KeyPair, PublicKey, Roster, Signed, token};
use crate::node::{self, Node};
use crate::sharing::Scheme;
use crate::storage::{CoordinatorStore, Database, NodeStore};

/// What goes wrong while setting up.
pub type Trouble = Box<dyn Error + Send + Sync>;

/// A coordinator and the first node of its roster.
pub struct Servers {
    /// The coordinator's identity key.
    pub coordinator: KeyPair,
    /// The nodes' identity keys in order of index.
    pub nodes: Vec<KeyPair>,
    /// The roster.
    pub roster: Signed<Roster>,
    /// The coordinator's routes.
    pub coordinator_router: Router,
    /// The first node's routes.
    pub node_router: Router,
    running: (Coordinator, Node),
    _directory: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; null when it is empty or no JSON.
    pub body: Value,
}

impl Servers {
    /// Start both.
    ///
    /// # Errors
    /// When keys or databases cannot be made.
    pub async fn start() -> Result<Self, Trouble> {
        crate::transport::tls::install_provider();
        let directory = tempfile::tempdir()?;
        let lead = CoordinatorKeys::generate("127.0.0.1")?;
        let mut keys = Vec::new();
        let mut cards = Vec::new();
        for port in 1..=3_u16 {
            let node = NodeKeys::generate("127.0.0.1")?;
            // Ports that nothing listens on: these servers speak to nobody.
            cards.push(node.card(&format!("node {port}"), &format!("127.0.0.1:{port}")));
            keys.push(node);
        }
        let card = lead.card("Auction house", "127.0.0.1:9");
        let roster = Roster::first(Scheme::new(3, 1)?, card, cards);
        let roster = Signed::new(roster, &lead.identity).checked()?;
        let identities = keys.iter().map(|keys| keys.identity.clone()).collect();
        let identity = lead.identity.clone();
        let database = Database::open(&directory.path().join("coordinator.db")).await?;
        let coordinator = Coordinator::start(coordinator::Config {
            keys: lead,
            roster: roster.clone(),
            store: CoordinatorStore::new(database),
            clock: Clock::System,
            options: coordinator::Options::default(),
        })
        .await?;
        let database = Database::open(&directory.path().join("node.db")).await?;
        let node = Node::start(node::Config {
            keys: keys.remove(0),
            roster: roster.clone(),
            store: NodeStore::new(database),
            clock: Clock::System,
            options: node::Options::default(),
        })?;
        Ok(Self {
            coordinator: identity,
            nodes: identities,
            coordinator_router: coordinator.router(),
            node_router: node.router(),
            roster,
            running: (coordinator, node),
            _directory: directory,
        })
    }

    /// A single-use token of a roster key for one server.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn single_use(signer: &KeyPair, server: &PublicKey) -> Result<String, Trouble> {
        Ok(token::issue(signer, server, Clock::System.now())?.expose().to_owned())
    }

    /// The token of the coordinator's own key for the coordinator.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn root(&self) -> Result<String, Trouble> {
        Self::single_use(&self.coordinator, &self.coordinator.public())
    }

    /// Ask the coordinator.
    ///
    /// # Errors
    /// When the request cannot be made.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Result<Answer, Trouble> {
        ask(&self.coordinator_router, method, path, token, body).await
    }

    /// Stop both.
    pub async fn stop(self) {
        self.running.0.stop();
        self.running.1.stop().await;
    }
}

/// One request to a router.
///
/// # Errors
/// When the request cannot be made.
pub async fn ask(
    router: &Router,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<Value>,
) -> Result<Answer, Trouble> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let body = match body {
        Some(body) => {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    let response = router.clone().oneshot(request.body(body)?).await?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let endless = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let body = if endless {
        Value::Null
    } else {
        let bytes = response.into_body().collect().await?.to_bytes();
        serde_json::from_slice(&bytes).unwrap_or(Value::Null)
    };
    Ok(Answer { status, headers, body })
}
