//! Keys, roster and servers of a demo: every node and the coordinator on its own port of
//! 127.0.0.1, with its own keys and its own database.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::{join_all, select_all};

use crate::base::Clock;
use crate::cli::commands::serve::{start_coordinator, start_node};
use crate::cli::failure::Failure;
use crate::cli::home::{create_private, write_json};
use crate::cli::host::Host;
use crate::client::Network;
use crate::coordinator::Coordinator;
use crate::identity::key_file::{CoordinatorKeys, NodeKeys};
use crate::identity::{Roster, Signed};
use crate::node::{self, Node};
use crate::sharing::Scheme;
use crate::storage::Database;
use crate::transport::server::listen::{self, Listener};

/// Names of the demo's nodes.
const NAMES: [&str; 9] =
    ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ironwood"];

/// Everything that runs.
pub struct World {
    /// Connections to all of it, as the coordinator's operator.
    pub network: Network,
    nodes: Vec<Node>,
    coordinator: Coordinator,
    hosts: Vec<Host>,
    databases: Vec<Database>,
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
}

impl World {
    /// Make keys, put the bound ports into a signed roster, start every server.
    ///
    /// # Errors
    /// When the folder or a port cannot be used.
    pub async fn start(folder: &Path, scheme: Scheme) -> Result<Self, Failure> {
        Self::start_with(folder, scheme, node::Options::default()).await
    }

    /// The same, with other options for the nodes.
    ///
    /// # Errors
    /// When the folder or a port cannot be used.
    pub async fn start_with(
        folder: &Path,
        scheme: Scheme,
        options: node::Options,
    ) -> Result<Self, Failure> {
        let mut places = Vec::new();
        let mut cards = Vec::new();
        for (node, name) in scheme.all().iter().zip(NAMES) {
            let keys = NodeKeys::generate("127.0.0.1")?;
            let place = Place::new(folder.join(format!("node-{node}")), keys).await?;
            place.keys.save(&place.folder.join("node.key"), None)?;
            cards.push(place.keys.card(name, &place.address).body);
            places.push(place);
        }
        let keys = CoordinatorKeys::generate("127.0.0.1")?;
        let lead = Place::new(folder.join("coordinator"), keys).await?;
        lead.keys.save(&lead.folder.join("coordinator.key"), None)?;
        let card = lead.keys.card("Auction house", &lead.address);
        let roster = Roster { scheme, coordinator: card, nodes: cards, succession: None };
        let roster = Signed::new(roster, &lead.keys.identity).checked()?;
        write_json(&folder.join("roster.json"), &roster)?;
        let operator = Arc::new(lead.keys.identity.clone());
        let network = Network::new(roster.clone(), Some(operator), Clock::System)?;

        let (mut nodes, mut hosts, mut databases) = (Vec::new(), Vec::new(), Vec::new());
        for place in places {
            let database = Database::open(&place.folder.join("gavel.db")).await?;
            let tls = place.keys.tls.clone();
            let node = start_node(place.keys, &roster, &database, options)?;
            hosts.push(Host::start(place.listener, &tls, node.router())?);
            nodes.push(node);
            databases.push(database);
        }
        let database = Database::open(&lead.folder.join("gavel.db")).await?;
        let tls = lead.keys.tls.clone();
        let coordinator = start_coordinator(lead.keys, &roster, &database).await?;
        hosts.push(Host::start(lead.listener, &tls, coordinator.router())?);
        databases.push(database);
        Ok(Self { network, nodes, coordinator, hosts, databases })
    }

    /// Waits until a server fails.
    pub async fn failed(&mut self) -> Failure {
        select_all(self.hosts.iter_mut().map(|host| Box::pin(host.failed()))).await.0
    }

    /// Stop everything, servers last, and close the databases.
    pub async fn stop(self) {
        self.coordinator.stop();
        join_all(self.nodes.iter().map(Node::stop)).await;
        join_all(self.hosts.into_iter().map(Host::stop)).await;
        join_all(self.databases.iter().map(Database::close)).await;
    }
}
