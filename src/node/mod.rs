//! The node's server: router, access, one handler file per group of endpoints, and the attempts it
//! computes.
//!
//! - [`mod@bench`]: the engine of an attempt alone, for `gavel bench`
//! - [`access`]: who may call what
//! - [`state`]: what every handler shares
//! - [`handlers`]: one file per group of endpoints
//! - [`intake`]: every check of an envelope that needs this node's key
//! - [`replica`]: several replicas of one node on one store
//! - [`attempt`]: one attempt, from the manifest to the signed outcome

pub mod access;
pub mod attempt;
mod closing;
pub mod handlers;
pub mod intake;
pub mod replica;
pub mod state;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware;

use crate::base::Clock;
use crate::identity::key_file::NodeKeys;
use crate::identity::{Roster, Signed};
use crate::sharing::NodeIndex;
use crate::storage::NodeStore;
use crate::transport::server::access as guard;
use crate::transport::server::metrics::Figure;
use crate::transport::streams::mesh::PeerStatus;
use crate::transport::{Internet, Net};

pub use replica::Replica;
pub use state::NodeState;

/// What a node is started with.
pub struct Config {
    /// The node's private keys.
    pub keys: NodeKeys,
    /// The roster, checked.
    pub roster: Signed<Roster>,
    /// What the node keeps.
    pub store: NodeStore,
    /// Where the time comes from.
    pub clock: Clock,
    /// Deadlines and the like.
    pub options: Options,
}

/// Deadlines of a node.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long an attempt waits for one message of another node.
    pub message_deadline: Duration,
    /// Delay added to every message between nodes, one way.
    pub simulated_delay: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self { message_deadline: Duration::from_secs(20), simulated_delay: None }
    }
}

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The node's key is not in the roster.
    #[error(
        "this node's key {key} is not in the roster; give the roster that lists it, or send the \
         coordinator this node's card (gavel init node prints it) for a new roster"
    )]
    NotInRoster {
        /// The node's public key.
        key: crate::identity::PublicKey,
    },
    /// The roster lists another TLS certificate or sealing key for this node.
    #[error(
        "the roster lists another {what} for node {node} than its key file holds; send the \
         coordinator this node's present card for a new roster"
    )]
    OtherKeys {
        /// Which key.
        what: &'static str,
        /// The node.
        node: NodeIndex,
    },
    /// The TLS keys cannot be used.
    #[error("the TLS keys cannot be used: {0}")]
    Tls(String),
}

/// A node that runs: its state, ready to be served.
#[derive(Clone)]
pub struct Node {
    state: Arc<NodeState>,
}

impl Node {
    /// Check keys against the roster and start the links to the other nodes.
    ///
    /// # Errors
    /// When keys and roster do not fit together.
    pub fn start(config: Config) -> Result<Self, StartError> {
        Self::start_over(&Internet, config)
    }

    /// The same over another way to the other nodes than the network.
    ///
    /// # Errors
    /// When keys and roster do not fit together.
    pub fn start_over(net: &dyn Net, config: Config) -> Result<Self, StartError> {
        Self::start_as(net, config, Replica::default())
    }

    /// The same for one of several replicas on one store.
    ///
    /// # Errors
    /// When keys and roster do not fit together.
    pub fn start_replica(config: Config, replica: Replica) -> Result<Self, StartError> {
        Self::start_as(&Internet, config, replica)
    }

    fn start_as(net: &dyn Net, config: Config, replica: Replica) -> Result<Self, StartError> {
        let mut config = config;
        let me = fit_keys(&mut config.keys, &config.roster.body)?;
        let state = NodeState::new(net, config, replica, me)?;
        replica::start(&state);
        Ok(Self { state })
    }

    /// This node's index.
    pub fn index(&self) -> NodeIndex {
        self.state.me
    }

    /// The node's routes.
    pub fn router(&self) -> Router {
        handlers::router(&self.state)
            .route_layer(middleware::from_fn_with_state(
                Arc::clone(&self.state),
                guard::guard::<NodeState>,
            ))
            .with_state(Arc::clone(&self.state))
    }

    /// Its figures, for `/metrics`.
    pub fn figures(&self) -> Vec<Figure> {
        let peers = self.state.mesh().peer_status();
        let each = |name, help, kind, value: fn(&PeerStatus) -> f64| {
            let figure = move |peer: &PeerStatus| Figure {
                name,
                help,
                kind,
                labels: vec![("node", peer.node.to_string())],
                value: value(peer),
            };
            peers.iter().map(figure).collect::<Vec<_>>()
        };
        let mut figures = each("gavel_link_up", "Whether the stream stands.", "gauge", |peer| {
            f64::from(u8::from(peer.connected))
        });
        figures.extend(each(
            "gavel_link_received_bytes_total",
            "Bytes received.",
            "counter",
            |peer| peer.bytes_in as f64,
        ));
        figures.extend(each("gavel_link_sent_bytes_total", "Bytes sent.", "counter", |peer| {
            peer.bytes_out as f64
        }));
        figures
    }

    /// Whether this replica computes at present.
    pub fn computes(&self) -> bool {
        self.state.computes()
    }

    /// The node's events from now on.
    pub fn events(&self) -> tokio::sync::broadcast::Receiver<crate::session::progress::Event> {
        self.state.events.subscribe()
    }

    /// Stop computing and close the links.
    pub async fn stop(&self) {
        self.state.stop().await;
    }
}

/// Use those of a node's keys that the roster lists; the node's index.
///
/// # Errors
/// When the roster does not list the node, or lists keys that it does not have.
pub fn fit_keys(keys: &mut NodeKeys, roster: &Roster) -> Result<NodeIndex, StartError> {
    let key = keys.identity.public();
    let me = roster.index_of(&key).ok_or(StartError::NotInRoster { key })?;
    let card = roster.node(me).ok_or(StartError::NotInRoster { key })?;
    keys.fit(card).map_err(|what| StartError::OtherKeys { what, node: me })?;
    Ok(me)
}
