//! Keys, roster and servers of a demo: every node and the coordinator on its own port of
//! 127.0.0.1, with its own keys and its own database. They are tasks of this process, or processes of
//! their own, each with a home as `gavel init` makes it.

use std::collections::BTreeSet;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{join_all, try_join_all};
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::base::Clock;
use crate::cli::failure::Failure;
use crate::cli::home::{Home, Links, create_private, write_json};
use crate::cli::servers::Servers;
use crate::client::Network;
use crate::coordinator;
use crate::identity::key_file::{CoordinatorKeys, NodeKeys};
use crate::identity::{Roster, Signed};
use crate::launch::{Net, Place, Process, Role};
use crate::node::{self, Replica};
use crate::sharing::{NodeIndex, Scheme};
use crate::storage::{Address, Opening};
use crate::transport::server::listen::{self, Listener};
use crate::transport::server::serve::PortOptions;
use crate::transport::streams::lying::Lie;
use crate::wire::coordinator_api::NodeStatus;

/// Names of the demo's nodes.
const NAMES: [&str; 10] =
    ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ironwood", "Juniper"];

/// Name of its coordinator.
const HOUSE: &str = "Auction house";

/// Longest wait for the nodes to find each other.
const PATIENCE: Duration = Duration::from_secs(15);

/// Between two looks at whether they have.
const LOOK: Duration = Duration::from_millis(50);

/// Who is there, and where it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Staging {
    /// Nodes and threshold.
    pub scheme: Scheme,
    /// A node that lies. It runs in this process whatever else does: no option of `gavel serve` makes a
    /// node lie.
    pub liar: Option<NodeIndex>,
    /// How long messages between nodes are held back.
    pub delay: Option<Duration>,
    /// Whether every other server is a process of its own.
    pub apart: bool,
}

impl Staging {
    fn options(&self, node: NodeIndex) -> node::Options {
        let lie = (self.liar == Some(node)).then_some(Lie::IN_FIRST_GATES);
        node::Options { lie, simulated_delay: self.delay, ..node::Options::default() }
    }
}

/// Everything that runs.
pub struct World {
    /// Connections to all of it, as the coordinator's operator.
    pub network: Network,
    /// What runs in this process.
    tasks: Option<Servers>,
    /// What runs in others.
    processes: Vec<Process>,
}

/// A node or coordinator of this process before it is started.
struct Seat<K> {
    keys: K,
    listener: Listener,
    address: String,
    folder: PathBuf,
}

impl<K> Seat<K> {
    async fn new(folder: PathBuf, keys: K) -> Result<Self, Failure> {
        create_private(&folder)?;
        Self::at("127.0.0.1:0", folder, keys).await
    }

    async fn at(address: &str, folder: PathBuf, keys: K) -> Result<Self, Failure> {
        let listener = listen::bind(address).await?;
        let address = listener.local().to_string();
        Ok(Self { keys, listener, address, folder })
    }

    fn database(&self) -> Address {
        Address::File(self.folder.join("gavel.db"))
    }
}

impl World {
    /// Make keys, put the ports into a signed roster, start every server; one of the nodes may be a
    /// liar.
    ///
    /// # Errors
    /// When the folder or a port cannot be used, or a server does not start.
    pub async fn start(folder: &Path, staging: &Staging) -> Result<Self, Failure> {
        if staging.apart {
            Box::pin(Self::start_apart(folder, staging)).await
        } else {
            Box::pin(Self::start_here(folder, staging)).await
        }
    }

    async fn start_here(folder: &Path, staging: &Staging) -> Result<Self, Failure> {
        let scheme = staging.scheme;
        let mut seats = Vec::new();
        let mut cards = Vec::new();
        for (node, name) in scheme.all().iter().zip(NAMES) {
            let keys = NodeKeys::generate("127.0.0.1")?;
            let seat = Seat::new(folder.join(format!("node-{node}")), keys).await?;
            seat.keys.save(&seat.folder.join("node.key"), None)?;
            cards.push(seat.keys.card(name, &seat.address));
            seats.push((node, seat));
        }
        let keys = CoordinatorKeys::generate("127.0.0.1")?;
        let lead = Seat::new(folder.join("coordinator"), keys).await?;
        lead.keys.save(&lead.folder.join("coordinator.key"), None)?;
        let card = lead.keys.card(HOUSE, &lead.address);
        let roster = Roster::first(scheme, card, cards);
        let roster = Signed::new(roster, &lead.keys.identity).checked()?;
        write_json(&folder.join("roster.json"), &roster)?;
        let operator = Arc::new(lead.keys.identity.clone());
        let network = Network::new(roster.clone(), Some(operator), Clock::System)?;

        let mut servers = Servers::default();
        for (node, seat) in seats {
            start_node(&mut servers, seat, &roster, staging.options(node)).await?;
        }
        let database = servers.open(&lead.database(), &Opening::default()).await?;
        let (options, none) = (coordinator::Options::default(), BTreeSet::new());
        let started = servers.start_coordinator(lead.keys, &roster, &database, options, none);
        let (coordinator, tls) = started.await?;
        servers.serve(lead.listener, &tls, coordinator.router(), PortOptions::default())?;
        Ok(Self { network, tasks: Some(servers), processes: Vec::new() })
    }

    async fn start_apart(folder: &Path, staging: &Staging) -> Result<Self, Failure> {
        let names: Vec<_> = staging.scheme.all().iter().zip(NAMES).collect();
        let organisation = |role: Role| match role {
            Role::Node(index) => {
                names.iter().find(|(node, _)| *node == index).map(|(_, name)| *name)
            }
            Role::Coordinator => Some(HOUSE),
        };
        let organisation = |role: Role| organisation(role).unwrap_or_default().to_owned();
        let Net { nodes, lead, roster, .. } =
            Net::set_up(folder, staging.scheme, organisation).await?;
        let operator = Arc::new(CoordinatorKeys::load(&lead.key_file, None)?.identity);
        let network = Network::new(roster.clone(), Some(operator), Clock::System)?;
        let mut tasks = None;
        let mut apart = Vec::new();
        for place in nodes.into_iter().chain([lead]) {
            furnish(&place, &roster, staging.delay)?;
            match place.role {
                Role::Node(node) if staging.liar == Some(node) => {
                    let seat = seat_of(place).await?;
                    let servers = tasks.insert(Servers::default());
                    start_node(servers, seat, &roster, staging.options(node)).await?;
                }
                _ => apart.push(place.serve::<&str>([])),
            }
        }
        let processes = try_join_all(apart).await?;
        Ok(Self { network, tasks, processes })
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

    /// Waits until a server fails, or its process ends.
    pub async fn failed(&mut self) -> Failure {
        let Self { tasks, processes, .. } = self;
        let task = async {
            match tasks {
                Some(servers) => servers.failed().await,
                None => pending().await,
            }
        };
        let mut ends: FuturesUnordered<_> = processes.iter_mut().map(Process::ended).collect();
        tokio::select! {
            failure = task => failure,
            Some(error) = ends.next() => error.into(),
        }
    }

    /// Stop everything.
    pub async fn stop(self) {
        let processes = join_all(self.processes.into_iter().map(Process::stop));
        let tasks = async {
            if let Some(servers) = self.tasks {
                servers.stop().await;
            }
        };
        tokio::join!(processes, tasks);
    }
}

/// Start a node in this process, and serve it.
async fn start_node(
    servers: &mut Servers,
    seat: Seat<NodeKeys>,
    roster: &Signed<Roster>,
    options: node::Options,
) -> Result<(), Failure> {
    let database = servers.open(&seat.database(), &Opening::default()).await?;
    let (replica, none) = (Replica::default(), BTreeSet::new());
    let started = servers.start_node(seat.keys, roster, &database, options, replica, none);
    let (node, tls) = started.await?;
    servers.serve(seat.listener, &tls, node.router(), PortOptions::default())
}

/// A node's home and port, for this process.
async fn seat_of(mut place: Place) -> Result<Seat<NodeKeys>, Failure> {
    let keys = NodeKeys::load(&place.key_file, None)?;
    place.release();
    Seat::at(&place.address, place.home, keys).await
}

/// Put the roster into a server's home, and what its settings say of its links.
fn furnish(place: &Place, roster: &Signed<Roster>, delay: Option<Duration>) -> Result<(), Failure> {
    let home = Home::find(Some(&place.home))?;
    write_json(&home.file("roster.json"), roster)?;
    home.pin(&roster.body)?;
    let (Some(delay), Role::Node(_)) = (delay, place.role) else { return Ok(()) };
    let mut settings = home.settings()?;
    let millis = u32::try_from(delay.as_millis()).unwrap_or(u32::MAX);
    settings.links = Some(Links { simulated_delay_ms: Some(millis) });
    home.save_settings(&settings)
}

/// Whether a node answers and is linked to all others.
fn is_connected(node: &NodeStatus) -> bool {
    node.health.as_ref().is_some_and(|health| health.links.iter().all(|link| link.connected))
}
