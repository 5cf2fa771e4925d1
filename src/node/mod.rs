//! The node's server: router, access, one handler file per group of endpoints, and the attempts it
//! computes.
//!
//! - `config`: what a node is started with, and why it does not start
//! - [`state`]: what every handler shares
//! - [`access`]: who may call what
//! - [`handlers`]: the endpoints
//! - `refusals`: turns a node's errors into problem documents
//! - [`intake`]: every check of an envelope that needs this node's key
//! - [`meter`]: what this node takes of its machine
//! - [`pace`]: how fast a bidder may replace a bid
//! - [`parts`]: opened parts of envelopes, in memory
//! - `mend`: parts put together from other nodes' seeds, where the bidder's do not fit
//! - `verdict`: fetches missing envelopes from other nodes, and says what is wrong with any
//! - `logins`: whose access tokens count no more
//! - `manifest`: the one bundle a node commits to, and the manifest it accepts
//! - `disclosure`: what this node discloses to the operator of a session, where the terms say so
//! - `papers`: what other nodes hold and this one lacks
//! - [`attempts`]: the list of attempts that run or have just ended
//! - [`attempt`]: computing one of them, from the manifest to the signed outcome
//! - `making`: batches of material for two parties, made with the other dealers
//! - `makings`: the batch that is being made, or was made last
//! - `handout`: a party's half of a batch, this node's part of it
//! - `variables`: this node's shares of variables that stay after their job
//! - [`replica`]: several replicas of one node on one store

pub mod access;
pub mod attempt;
pub mod attempts;
mod config;
mod disclosure;
pub mod handlers;
mod handout;
pub mod intake;
mod logins;
mod making;
mod makings;
mod manifest;
mod mend;
pub mod meter;
pub mod pace;
mod papers;
pub mod parts;
mod refusals;
pub mod replica;
pub mod state;
mod variables;
mod verdict;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::middleware;

use crate::identity::Roster;
use crate::identity::key_file::NodeKeys;
use crate::session::SessionId;
use crate::session::care::Care;
use crate::sharing::NodeIndex;
use crate::transport::server::access as guard;
use crate::transport::server::metrics::Figure;
use crate::transport::streams::mesh::PeerStatus;
use crate::transport::{Internet, Net};
use state::Common;

pub use config::{Config, Options, Replica, StartError};
pub use state::NodeState;

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
        Self::start_as(net, config, Replica::default(), BTreeSet::new())
    }

    /// The same for one of several replicas on one store. `earlier` are sessions that go on under an
    /// earlier roster ([`Node::beside`]).
    ///
    /// # Errors
    /// When keys and roster do not fit together.
    pub fn start_replica(
        config: Config,
        replica: Replica,
        earlier: BTreeSet<SessionId>,
    ) -> Result<Self, StartError> {
        Self::start_as(&Internet, config, replica, earlier)
    }

    fn start_as(
        net: &dyn Net,
        config: Config,
        replica: Replica,
        earlier: BTreeSet<SessionId>,
    ) -> Result<Self, StartError> {
        let mut config = config;
        let me = fit_keys(&mut config.keys, &config.roster.body)?;
        let (common, care) = (Common::default(), Care::AllBut(earlier));
        let state = NodeState::new(net, config, replica, me, common, care)?;
        let logins = logins::follow(Arc::clone(&state.logins), state.store.clone());
        state.keep(tokio::spawn(logins).abort_handle());
        replica::start(&state);
        papers::start(&state);
        Ok(Self { state })
    }

    /// Go on with these sessions under an earlier roster, on the same store: the node as it is under
    /// that roster, which takes no other session.
    ///
    /// # Errors
    /// When keys and roster do not fit together.
    pub fn beside(
        &self,
        mut config: Config,
        sessions: BTreeSet<SessionId>,
    ) -> Result<Self, StartError> {
        let me = fit_keys(&mut config.keys, &config.roster.body)?;
        let (replica, common) = (self.state.replica.clone(), self.state.common());
        let state = NodeState::new(&Internet, config, replica, me, common, Care::Only(sessions))?;
        replica::start(&state);
        papers::start(&state);
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
                handlers::of_this_roster,
            ))
            .route_layer(middleware::from_fn_with_state(
                Arc::clone(&self.state),
                guard::guard::<NodeState>,
            ))
            .with_state(Arc::clone(&self.state))
            .merge(handlers::reflection::router(&self.state))
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
        figures.extend(self.state.dealt.figures());
        figures.extend(self.state.limits.figures("node"));
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
