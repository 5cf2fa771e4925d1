//! Nodes and a coordinator in this process, for `gavel serve` and `gavel demo`: started alike, and
//! stopped in order.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::{join_all, select_all};

use super::earlier::Earlier;
use super::failure::Failure;
use super::metrics::{self, Endpoint};
use crate::base::Clock;
use crate::coordinator::{self, Coordinator};
use crate::identity::key_file::{CoordinatorKeys, NodeKeys, TlsIdentity};
use crate::identity::{Roster, Signed, Statement as _};
use crate::node::{self, Node, Replica};
use crate::session::SessionId;
use crate::storage::{Address, CoordinatorStore, Database, Leadership, NodeStore, Opening};
use crate::transport::server::host::Host;
use crate::transport::server::listen::Listener;
use crate::transport::server::metrics::Metrics;
use crate::transport::server::serve::{PortOptions, Usage};
use crate::transport::server::site::Site;

/// What has been started.
#[derive(Default)]
pub struct Servers {
    nodes: Vec<Node>,
    coordinator: Option<Coordinator>,
    hosts: Vec<Host>,
    databases: Vec<Database>,
    metrics: Arc<Metrics>,
}

impl Servers {
    /// Open a database; it is closed when everything stops.
    ///
    /// # Errors
    /// When it cannot be used, or has lost something.
    pub async fn open(
        &mut self,
        address: &Address,
        opening: &Opening,
    ) -> Result<Database, Failure> {
        let database = Database::open_as(address, opening).await?;
        self.databases.push(database.clone());
        Ok(database)
    }

    /// Start a node on a database; the node, and the TLS keys to serve it with: those that the
    /// roster lists, which need not be the newest. `earlier` are sessions that go on under an earlier
    /// roster.
    ///
    /// # Errors
    /// When keys and roster do not fit, or the database is another node's.
    pub async fn start_node(
        &mut self,
        mut keys: NodeKeys,
        roster: &Signed<Roster>,
        database: &Database,
        options: node::Options,
        replica: Replica,
        earlier: BTreeSet<SessionId>,
    ) -> Result<(Node, TlsIdentity), Failure> {
        node::fit_keys(&mut keys, &roster.body)?;
        let store = NodeStore::new(database.clone());
        store.own(keys.identity.public()).await?;
        database.adopt(roster).await?;
        tell_of_spare_keys(&keys, &store, roster).await?;
        let tls = keys.tls.clone();
        let (roster, clock) = (roster.clone(), Clock::System);
        let config = node::Config { keys, roster, store, clock, options };
        let node = Node::start_replica(config, replica, earlier)?;
        self.nodes.push(node.clone());
        Ok((node, tls))
    }

    /// Let a node go on under an earlier roster too, at the same port with the same certificate;
    /// nothing where that does not list it.
    ///
    /// # Errors
    /// When its keys or its certificate do not fit that roster.
    pub fn go_on_with_node(
        &mut self,
        (node, tls): (&Node, &TlsIdentity),
        mut keys: NodeKeys,
        earlier: &Earlier,
        database: &Database,
        options: node::Options,
    ) -> Result<Option<Node>, Failure> {
        if earlier.roster.body.index_of(&keys.identity.public()).is_none() {
            return Ok(None);
        }
        node::fit_keys(&mut keys, &earlier.roster.body).map_err(|error| earlier.refused(error))?;
        same_certificate(tls, &keys.tls, earlier)?;
        let (roster, store) = (earlier.roster.clone(), NodeStore::new(database.clone()));
        let config = node::Config { keys, roster, store, clock: Clock::System, options };
        let beside = node.beside(config, earlier.sessions.clone())?;
        self.nodes.push(beside.clone());
        tell_of_earlier(earlier);
        Ok(Some(beside))
    }

    /// Start the coordinator on a database; the coordinator, and the TLS keys to serve it with:
    /// those that the roster lists, which need not be the newest.
    ///
    /// # Errors
    /// When keys and roster do not fit, its sessions cannot be read, or another process is this
    /// coordinator.
    pub async fn start_coordinator(
        &mut self,
        mut keys: CoordinatorKeys,
        roster: &Signed<Roster>,
        database: &Database,
        options: coordinator::Options,
        earlier: BTreeSet<SessionId>,
    ) -> Result<(Coordinator, TlsIdentity), Failure> {
        coordinator::fit_keys(&mut keys, &roster.body)?;
        // Nobody else's coordinator must find its roster out of date.
        database.claim(Leadership::Coordinator).await?;
        database.adopt(roster).await?;
        let others = keys.others.len();
        if others > 0 {
            tracing::info!(
                others,
                "certificates beside the roster's: `gavel rotate --forget` removes earlier ones"
            );
        }
        let tls = keys.tls.clone();
        let store = CoordinatorStore::new(database.clone());
        let (roster, clock) = (roster.clone(), Clock::System);
        let config = coordinator::Config { keys, roster, store, clock, options };
        let coordinator = Coordinator::start_leaving(config, earlier).await?;
        self.coordinator = Some(coordinator.clone());
        Ok((coordinator, tls))
    }

    /// Let the coordinator go on under an earlier roster too, at the same port with the same
    /// certificate.
    ///
    /// # Errors
    /// When its keys or its certificate do not fit that roster.
    pub async fn go_on_with_coordinator(
        &mut self,
        (coordinator, tls): (&Coordinator, &TlsIdentity),
        mut keys: CoordinatorKeys,
        earlier: &Earlier,
        database: &Database,
        options: coordinator::Options,
    ) -> Result<Coordinator, Failure> {
        let fitted = coordinator::fit_keys(&mut keys, &earlier.roster.body);
        fitted.map_err(|error| earlier.refused(error))?;
        same_certificate(tls, &keys.tls, earlier)?;
        let (roster, store) = (earlier.roster.clone(), CoordinatorStore::new(database.clone()));
        let config = coordinator::Config { keys, roster, store, clock: Clock::System, options };
        tell_of_earlier(earlier);
        Ok(coordinator.beside(config, earlier.sessions.clone()).await?)
    }

    /// Serve a site at a bound port.
    ///
    /// # Errors
    /// When the TLS keys cannot be used.
    pub fn serve(
        &mut self,
        listener: Listener,
        tls: &TlsIdentity,
        site: impl Into<Site>,
        options: PortOptions,
    ) -> Result<(), Failure> {
        self.hosts.push(Host::counted(listener, tls, site, &self.metrics, options)?);
        Ok(())
    }

    /// How the ports are used.
    pub fn usage(&self) -> Vec<Usage> {
        self.hosts.iter().map(Host::usage).collect()
    }

    /// Serve figures of all that runs there.
    ///
    /// # Errors
    /// When the place cannot be used.
    pub async fn open_metrics(&self, place: &str) -> Result<Endpoint, Failure> {
        let (node, coordinator) = (self.nodes().first().cloned(), self.coordinator().cloned());
        metrics::open(place, Arc::clone(&self.metrics), node, coordinator, self.usage()).await
    }

    /// The nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The coordinator, if it runs here.
    pub const fn coordinator(&self) -> Option<&Coordinator> {
        self.coordinator.as_ref()
    }

    /// Waits until a server fails, or this process is the coordinator no more.
    pub async fn failed(&mut self) -> Failure {
        let Self { hosts, coordinator, .. } = self;
        let lost = async {
            match coordinator {
                Some(coordinator) => coordinator.lost().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            (stopped, _, _) = select_all(hosts.iter_mut().map(|host| Box::pin(host.failed()))) => {
                stopped.into()
            }
            () = lost => Failure::new(
                "in-use",
                "another process has taken the coordinator's place on this database; end that one first if this one is to go on",
            ),
        }
    }

    /// Stop everything, servers last, and close the databases.
    pub async fn stop(self) {
        if let Some(coordinator) = &self.coordinator {
            coordinator.stop();
        }
        join_all(self.nodes.iter().map(Node::stop)).await;
        join_all(self.hosts.into_iter().map(Host::stop)).await;
        join_all(self.databases.iter().map(Database::close)).await;
    }
}

/// That a server shows one certificate under both rosters: a port has one.
fn same_certificate(
    present: &TlsIdentity,
    before: &TlsIdentity,
    earlier: &Earlier,
) -> Result<(), Failure> {
    if present.fingerprint() == before.fingerprint() {
        return Ok(());
    }
    Err(earlier.refused(
        "it lists another TLS certificate for this server than the one that is here, and a port has one; \
         change certificates before the nodes or after them, with `gavel roster update`",
    ))
}

/// Say it in the log when sessions go on under an earlier roster.
fn tell_of_earlier(earlier: &Earlier) {
    let (roster, sessions) = (earlier.roster.body.digest(), earlier.sessions.len());
    tracing::info!(%roster, sessions, "sessions of an earlier roster go on under that one");
}

/// Say it in the log when earlier keys are no longer needed.
async fn tell_of_spare_keys(
    keys: &NodeKeys,
    store: &NodeStore,
    roster: &Signed<Roster>,
) -> Result<(), Failure> {
    if keys.others.is_empty() {
        return Ok(());
    }
    let sessions = store.unfinished_before(&roster.body.digest()).await?.len();
    let others = keys.others.len();
    if sessions == 0 {
        tracing::info!(
            others,
            "keys beside the roster's: `gavel rotate --forget` removes earlier ones"
        );
    } else {
        tracing::info!(others, sessions, "earlier keys are kept for sessions of an earlier roster");
    }
    Ok(())
}
