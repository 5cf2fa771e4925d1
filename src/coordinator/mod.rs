//! The coordinator: opening, closing, retrying; watching the nodes.
//!
//! It learns who bid and when, never an amount. Every step of a session is on its disk before it
//! is acted on; a coordinator that is killed goes on from there.
//!
//! - [`access`]: who may call what
//! - [`accounts`], [`passwords`], [`throttle`]: logins of operators and bidders
//! - [`state`]: what handlers and drivers share
//! - [`handlers`]: one file per group of endpoints
//! - [`driver`]: one task per session that moves it from phase to phase
//! - [`closing`]: freeze, verdicts, bundle, manifest
//! - [`computing`]: attempts, until the outcome is signed
//! - [`watch`]: the nodes' health and events

pub mod access;
pub mod accounts;
pub mod closing;
pub mod computing;
pub mod driver;
pub mod handlers;
pub mod passwords;
pub mod state;
pub mod throttle;
pub mod watch;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware;

use crate::base::Clock;
use crate::base::lock;
use crate::identity::key_file::CoordinatorKeys;
use crate::identity::{PublicKey, Roster, Signed};
use crate::storage::{CoordinatorStore, Role};
use crate::transport::server::access as guard;
use crate::transport::server::metrics::Figure;
use crate::transport::{Internet, Net};
use crate::wire::coordinator_api::NodeStatus;

pub use state::CoordinatorState;

/// What a coordinator is started with.
pub struct Config {
    /// The coordinator's private keys.
    pub keys: CoordinatorKeys,
    /// The roster, checked.
    pub roster: Signed<Roster>,
    /// What the coordinator keeps.
    pub store: CoordinatorStore,
    /// Where the time comes from.
    pub clock: Clock,
    /// Deadlines and the like.
    pub options: Options,
}

/// Deadlines of a coordinator.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long closing waits for nodes beyond the 2t+1 it needs.
    pub grace: Duration,
    /// Pause before something that did not work is tried again.
    pub pause: Duration,
    /// Failed attempts in a row, with enough nodes there, before the session counts as failed.
    pub attempts: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { grace: Duration::from_secs(5), pause: Duration::from_millis(500), attempts: 5 }
    }
}

/// Why a coordinator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The roster names another coordinator.
    #[error(
        "the roster names another coordinator ({expected}) than this key ({key}); give the roster \
         that this coordinator signed, or its key file"
    )]
    NotInRoster {
        /// As in the roster.
        expected: PublicKey,
        /// The coordinator's public key.
        key: PublicKey,
    },
    /// The roster lists another TLS certificate.
    #[error(
        "the roster lists another TLS certificate than the coordinator's key file holds; make the roster again"
    )]
    OtherCertificate,
    /// The TLS keys cannot be used.
    #[error("the TLS keys cannot be used: {0}")]
    Tls(String),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] crate::storage::StorageError),
}

/// A coordinator that runs.
#[derive(Clone)]
pub struct Coordinator {
    state: Arc<CoordinatorState>,
}

impl Coordinator {
    /// Check keys against the roster, watch the nodes, and go on with every session that is under
    /// way.
    ///
    /// # Errors
    /// When keys and roster do not fit together, or the store cannot be read.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::start_over(&Internet, config).await
    }

    /// The same over another way to the nodes than the network.
    ///
    /// # Errors
    /// When keys and roster do not fit together, or the store cannot be read.
    pub async fn start_over(net: &dyn Net, config: Config) -> Result<Self, StartError> {
        let card = &config.roster.body.coordinator;
        let key = config.keys.identity.public();
        if card.key != key {
            return Err(StartError::NotInRoster { expected: card.key, key });
        }
        if card.certificate != config.keys.tls.fingerprint() {
            return Err(StartError::OtherCertificate);
        }
        // Two coordinators on one store would open and close sessions in each other's way.
        config.store.database().claim(Role::Coordinator).await?;
        let state = CoordinatorState::new(net, config)?;
        state.accounts.load().await?;
        watch::start(&state);
        for session in state.store.undelivered(state.nodes.len()).await? {
            driver::start(&state, session);
        }
        Ok(Self { state })
    }

    /// The coordinator's routes.
    pub fn router(&self) -> Router {
        handlers::router()
            .route_layer(middleware::from_fn_with_state(
                Arc::clone(&self.state),
                guard::guard::<CoordinatorState>,
            ))
            .with_state(Arc::clone(&self.state))
    }

    /// Its figures, for `/metrics`.
    pub fn figures(&self) -> Vec<Figure> {
        let watched = lock(&self.state.watched);
        let figure = |(node, status): (&crate::sharing::NodeIndex, &NodeStatus)| Figure {
            name: "gavel_node_up",
            help: "Whether the node answers the coordinator.",
            kind: "gauge",
            labels: vec![("node", node.to_string())],
            value: f64::from(u8::from(status.health.is_some())),
        };
        watched.iter().map(figure).collect()
    }

    /// Waits until another process may have become the coordinator on this store: from then on
    /// this one writes nothing more.
    pub async fn lost(&self) {
        let mut role = self.state.store.database().watch(Role::Coordinator);
        // An error means that the store is closed.
        drop(role.wait_for(|held| !held).await);
    }

    /// Stop every task.
    pub fn stop(&self) {
        self.state.stop();
    }
}
