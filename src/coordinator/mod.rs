//! The coordinator: opening, closing, retrying; watching the nodes.
//!
//! It learns who bid and when, never an amount. Every step of a session is on its disk before it is
//! acted on; a coordinator that is killed goes on from there.
//!
//! - `config`: what a coordinator is started with, and why it does not start
//! - [`state`]: what handlers and drivers share
//! - [`access`]: who may call what
//! - [`handlers`]: the endpoints
//! - [`accounts`]: whose tokens still count, and what an account may do
//! - `login`: logins of operators and bidders
//! - [`passwords`]: hashing passwords, a few at a time
//! - `blocks`: the memory that passwords are hashed in
//! - [`records`]: the records that people download
//! - [`throttle`]: slowing down who guesses passwords or codes
//! - [`driver`]: one task per session that moves it from phase to phase
//! - [`step`]: how a step of a session ends
//! - [`links`]: who is there, and who reaches whom
//! - `nodes`: announcing a session to nodes, and whether enough of them have answered
//! - `papers`: what nodes hold and the coordinator lacks
//! - [`manifest`]: from frozen nodes to the bundle and the signed manifest
//! - [`attempts`]: starting attempts until the outcome is signed
//! - `ends`: how an attempt ends at its nodes, and what follows
//! - [`past`]: what failed attempts say about who can compute together
//! - [`delivery`]: bringing every node the outcome, or the news that a session was cancelled
//! - `variables`: variables that stay at the nodes, as jobs load and change them
//! - `receipts`: which nodes have given a receipt to which bidder
//! - `complete`: sessions that close once all whom they name have handed in
//! - `making`: has one batch of material made by its dealers
//! - `dealing`: keeps every model's stock of material filled, and its books true
//! - `given`: what dealers have given out
//! - `earlier`: sessions that were opened under an earlier roster, and until when its nodes are needed
//! - `refresh`: stored variables dealt anew by the clock
//! - `kept`: how reasons and results are stored
//! - [`watch`]: the nodes' health and events

pub mod access;
pub mod accounts;
pub mod attempts;
mod blocks;
mod complete;
mod config;
mod dealing;
pub mod delivery;
pub mod driver;
mod earlier;
mod ends;
mod given;
pub mod handlers;
mod handovers;
mod kept;
pub mod links;
mod login;
mod making;
pub mod manifest;
mod nodes;
mod papers;
pub mod passwords;
pub mod past;
mod receipts;
pub mod records;
mod refresh;
pub mod state;
pub mod step;
pub mod throttle;
mod variables;
pub mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::middleware;

use crate::base::lock;
use crate::identity::Roster;
use crate::identity::key_file::CoordinatorKeys;
use crate::session::SessionId;
use crate::session::care::Care;
use crate::storage::{Leadership, Tenure};
use crate::transport::server::access as guard;
use crate::transport::server::metrics::Figure;
use crate::transport::{Internet, Net};
use crate::wire::coordinator_api::NodeStatus;

pub use config::{Config, Options, StartError};
use state::Common;
pub use state::CoordinatorState;

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
        Self::start_as(net, config, BTreeSet::new()).await
    }

    /// The same where these sessions go on under an earlier roster ([`Coordinator::beside`]).
    ///
    /// # Errors
    /// When keys and roster do not fit together, or the store cannot be read.
    pub async fn start_leaving(
        config: Config,
        earlier: BTreeSet<SessionId>,
    ) -> Result<Self, StartError> {
        Self::start_as(&Internet, config, earlier).await
    }

    async fn start_as(
        net: &dyn Net,
        mut config: Config,
        earlier: BTreeSet<SessionId>,
    ) -> Result<Self, StartError> {
        fit_keys(&mut config.keys, &config.roster.body)?;
        // Two coordinators on one store would open and close sessions in each other's way.
        config.store.database().claim(Leadership::Coordinator).await?;
        let common = Common::new(&config.store);
        let state = CoordinatorState::new(net, config, common, Care::AllBut(earlier))?;
        state.accounts.load().await?;
        watch::start(&state);
        papers::start(&state).await;
        for session in state.store.undelivered(state.nodes.len()).await? {
            // What was settled under a roster of other nodes is theirs.
            let row = state.store.session(session).await?;
            let announced = row.and_then(|row| row.announcement);
            let roster = announced.map(|announced| announced.body.roster);
            if roster.is_none_or(|roster| state.roster.body.covers(&roster)) {
                driver::start(&state, session);
            }
        }
        refresh::start(&state);
        dealing::start(&state);
        Ok(Self { state })
    }

    /// Go on with these sessions under an earlier roster, on the same store, until they are decided:
    /// the coordinator as it is under that roster, which opens no other session.
    ///
    /// # Errors
    /// When keys and roster do not fit together.
    pub async fn beside(
        &self,
        mut config: Config,
        sessions: BTreeSet<SessionId>,
    ) -> Result<Self, StartError> {
        fit_keys(&mut config.keys, &config.roster.body)?;
        let (common, care) = (self.state.common(), Care::Only(sessions.clone()));
        let state = CoordinatorState::new(&Internet, config, common, care)?;
        watch::start(&state);
        papers::start(&state).await;
        state.expect(&sessions);
        for &session in &sessions {
            driver::start(&state, session);
        }
        earlier::follow(&state, sessions);
        lock(&self.state.earlier).push(Arc::clone(&state));
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
        let nodes: Vec<Figure> = watched.iter().map(figure).collect();
        let passwords = &self.state.accounts.passwords;
        let figure = |name, help, value: usize| Figure {
            name,
            help,
            kind: "gauge",
            labels: Vec::new(),
            value: value as f64,
        };
        let logins = [
            figure(
                "gavel_logins_under_way",
                "Passwords being hashed, or waiting for it.",
                passwords.under_way(),
            ),
            figure(
                "gavel_logins_kept_bytes",
                "Memory kept for the next passwords.",
                passwords.kept(),
            ),
        ];
        let stock: Vec<Figure> = lock(&self.state.stock)
            .iter()
            .map(|((model, state), &count)| Figure {
                name: "gavel_stock_batches",
                help: "Batches of material by model and how far they have come.",
                kind: "gauge",
                labels: vec![("model", model.to_string()), ("state", state.name().to_owned())],
                value: f64::from(count),
            })
            .collect();
        let limits = self.state.limits.figures("coordinator");
        nodes.into_iter().chain(logins).chain(stock).chain(limits).collect()
    }

    /// Waits until another process has become the coordinator on this store: this one can write
    /// nothing more.
    pub async fn lost(&self) {
        let mut role = self.state.store.database().watch(Leadership::Coordinator);
        // An error means that the store is closed.
        drop(role.wait_for(|tenure| *tenure == Tenure::Superseded).await);
    }

    /// Stop every task.
    pub fn stop(&self) {
        lock(&self.state.earlier).iter().for_each(|earlier| earlier.stop());
        self.state.stop();
    }
}

/// Use the one of a coordinator's certificates that the roster lists.
///
/// # Errors
/// When it lists another coordinator, or a certificate that there is no key for.
pub fn fit_keys(keys: &mut CoordinatorKeys, roster: &Roster) -> Result<(), StartError> {
    let card = &roster.coordinator;
    let key = keys.identity.public();
    if card.key != key {
        return Err(StartError::NotInRoster { expected: card.key, key });
    }
    keys.fit(card).map_err(|_| StartError::OtherCertificate)
}
