//! Keys, roster and servers of a demo: every node and the coordinator on its own port of
//! 127.0.0.1, with its own keys and its own database.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::base::Clock;
use crate::cli::failure::Failure;
use crate::cli::home::{create_private, write_json};
use crate::cli::servers::Servers;
use crate::client::Network;
use crate::coordinator;
use crate::identity::key_file::{CoordinatorKeys, NodeKeys};
use crate::identity::{Roster, Signed};
use crate::node::{self, Replica};
use crate::sharing::{NodeIndex, Scheme};
use crate::storage::{Address, Opening};
use crate::transport::server::listen::{self, Listener};
use crate::transport::server::serve::PortOptions;
use crate::transport::streams::lying::Lie;
use crate::wire::coordinator_api::NodeStatus;

/// Names of the demo's nodes.
const NAMES: [&str; 9] =
    ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ironwood"];

/// Longest wait for the nodes to find each other.
const PATIENCE: Duration = Duration::from_secs(15);

/// Between two looks at whether they have.
const LOOK: Duration = Duration::from_millis(50);

/// Everything that runs.
pub struct World {
    /// Connections to all of it, as the coordinator's operator.
    pub network: Network,
    servers: Servers,
}

/// A node or coordinator before it is started.
struct Place<K> {
    keys: K,
    listener: Listener,
    address: String,
    folder: std::path::PathBuf,
}

impl<K> Place<K> {
    async fn new(folder: std::path::PathBuf, keys: K) -> Result<Self, Failure> {
        create_private(&folder)?;
        let listener = listen::bind("127.0.0.1:0").await?;
        let address = listener.local().to_string();
        Ok(Self { keys, listener, address, folder })
    }

    fn database(&self) -> Address {
        Address::File(self.folder.join("gavel.db"))
    }
}

impl World {
    /// Make keys, put the bound ports into a signed roster, start every server; one of the nodes may
    /// be a liar.
    ///
    /// # Errors
    /// When the folder or a port cannot be used.
    pub async fn start(
        folder: &Path,
        scheme: Scheme,
        options: node::Options,
        liar: Option<NodeIndex>,
    ) -> Result<Self, Failure> {
        let mut places = Vec::new();
        let mut cards = Vec::new();
        for (node, name) in scheme.all().iter().zip(NAMES) {
            let keys = NodeKeys::generate("127.0.0.1")?;
            let place = Place::new(folder.join(format!("node-{node}")), keys).await?;
            place.keys.save(&place.folder.join("node.key"), None)?;
            cards.push(place.keys.card(name, &place.address));
            places.push(place);
        }
        let keys = CoordinatorKeys::generate("127.0.0.1")?;
        let lead = Place::new(folder.join("coordinator"), keys).await?;
        lead.keys.save(&lead.folder.join("coordinator.key"), None)?;
        let card = lead.keys.card("Auction house", &lead.address);
        let roster = Roster::first(scheme, card, cards);
        let roster = Signed::new(roster, &lead.keys.identity).checked()?;
        write_json(&folder.join("roster.json"), &roster)?;
        let operator = Arc::new(lead.keys.identity.clone());
        let network = Network::new(roster.clone(), Some(operator), Clock::System)?;

        let mut servers = Servers::default();
        for (place, node) in places.into_iter().zip(scheme.all().iter()) {
            let lie = (liar == Some(node)).then_some(Lie::IN_FIRST_GATES);
            let options = node::Options { lie, ..options.clone() };
            let database = servers.open(&place.database(), &Opening::default()).await?;
            let (replica, none) = (Replica::default(), BTreeSet::new());
            let started =
                servers.start_node(place.keys, &roster, &database, options, replica, none);
            let (node, tls) = started.await?;
            servers.serve(place.listener, &tls, node.router(), PortOptions::default())?;
        }
        let database = servers.open(&lead.database(), &Opening::default()).await?;
        let (options, none) = (coordinator::Options::default(), BTreeSet::new());
        let started = servers.start_coordinator(lead.keys, &roster, &database, options, none);
        let (coordinator, tls) = started.await?;
        servers.serve(lead.listener, &tls, coordinator.router(), PortOptions::default())?;
        Ok(Self { network, servers })
    }

    /// Wait until the coordinator hears every node and the nodes hear each other; not for ever, as
    /// the rest goes without.
    pub async fn connected(&self) {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Ok(health) = self.network.coordinator().health().await
                && health.nodes.iter().all(is_connected)
            {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until a server fails.
    pub async fn failed(&mut self) -> Failure {
        self.servers.failed().await
    }

    /// Stop everything.
    pub async fn stop(self) {
        self.servers.stop().await;
    }
}

/// Whether a node answers and is linked to all others.
fn is_connected(node: &NodeStatus) -> bool {
    node.health.as_ref().is_some_and(|health| health.links.iter().all(|link| link.connected))
}
