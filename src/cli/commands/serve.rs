//! `gavel serve`: the coordinator, the node, or both, as the home is set up.

use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Context;
use super::tui::{self as screens, LookArgs};
use crate::base::Clock;
use crate::cli::args::{DatabaseOption, RosterOption};
use crate::cli::failure::Failure;
use crate::cli::home::{Server, Settings};
use crate::cli::host::{Host, asked_to_stop};
use crate::cli::metrics;
use crate::cli::unlock::PassphraseOption;
use crate::client::Network;
use crate::coordinator::{self, Coordinator};
use crate::identity::key_file::{CoordinatorKeys, NodeKeys, TlsIdentity};
use crate::identity::{Digest, KeyPair, Roster, Signed, Statement as _};
use crate::node::{self, Node, Replica};
use crate::storage::Address;
use crate::storage::{CoordinatorStore, Database, Leadership, NodeStore, StorageError};
use crate::transport::server::listen;
use crate::transport::server::metrics::Metrics;
use crate::tui::{Connection, Options};

/// Run this home's roles until Ctrl-C or SIGTERM.
///
/// On a terminal it opens the screens of `gavel tui`, and leaving them stops the servers; with
/// --headless it logs to standard error instead.
///
/// Node and coordinator with the same address share a port. What they keep lies in gavel.db in the
/// home folder, or where --database or gavel.toml says.
///
/// Several replicas of a node may run on one PostgreSQL database: all take bids, and one computes.
/// When that one dies another full one takes over.
#[derive(Args)]
pub struct ServeArgs {
    /// Listen here instead of where gavel.toml says
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// No screen; log to standard error
    #[arg(long)]
    headless: bool,
    /// What this replica of the node may do
    #[arg(long, value_enum, default_value_t)]
    role: Part,
    /// Where the other replicas of this node reach this one [default: the node's address]
    #[arg(long, value_name = "HOST:PORT")]
    replica_address: Option<String>,
    #[command(flatten)]
    database: DatabaseOption,
    #[command(flatten)]
    look: LookArgs,
    /// Serve figures for Prometheus there, at /metrics: plain HTTP without a login, so keep it to
    /// this machine or an inner network
    #[arg(long, value_name = "HOST:PORT")]
    metrics: Option<String>,
    #[command(flatten)]
    roster: RosterOption,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

/// What a replica may do.
#[derive(Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Part {
    /// Everything this home is set up for; computes when no other replica of the node does
    #[default]
    Full,
    /// The node only, and of its work only taking bids
    Intake,
}

impl ServeArgs {
    /// Whether the screens open: on a terminal, unless they are not wanted.
    pub fn opens_screens(&self, json: bool) -> bool {
        !self.headless && !json && screens::on_a_terminal()
    }
}

/// What runs, for scripts that wait until it does.
#[derive(Serialize)]
struct Ready {
    roles: Vec<Served>,
    roster: Digest,
}

#[derive(Serialize)]
struct Served {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<crate::sharing::NodeIndex>,
    address: String,
    listen: String,
}

impl From<node::StartError> for Failure {
    fn from(error: node::StartError) -> Self {
        Self::new("wrong-roster", error)
    }
}

impl From<coordinator::StartError> for Failure {
    fn from(error: coordinator::StartError) -> Self {
        if let coordinator::StartError::Store(error) = error {
            return error.into();
        }
        Self::new("wrong-roster", error)
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        let kind = match &error {
            StorageError::Held { .. } => "in-use",
            StorageError::Damaged { .. } => "damaged",
            StorageError::Newer { .. } => "newer",
            StorageError::OldRoster { .. } | StorageError::Roster(_) => "wrong-roster",
            _ => "storage",
        };
        Self::new(kind, error)
    }
}

/// What has been started, to be stopped in order.
struct Running {
    node: Option<Node>,
    coordinator: Option<Coordinator>,
    hosts: Vec<Host>,
    database: Database,
    metrics: Arc<Metrics>,
}

/// Serve.
///
/// # Errors
/// When keys, roster, port or database cannot be used, with what to change.
pub async fn run(context: &Context, args: ServeArgs) -> Result<(), Failure> {
    let mut settings = context.home.settings()?;
    let address = args.database.address(&context.home, &settings)?;
    if args.role == Part::Intake {
        if let Address::File(path) = &address {
            return Err(Failure::usage(format!(
                "replicas share a PostgreSQL database, and {} is a file; give --database postgres://…",
                path.display()
            )));
        }
        settings.coordinator = None;
    }
    let roster = context.home.roster(args.roster.roster.as_deref())?;
    if settings.node.is_none() && settings.coordinator.is_none() {
        return Err(Failure::new(
            "no-keys",
            format!(
                "{} is set up neither as a node nor as a coordinator; run `gavel init node` or `gavel init coordinator` there first",
                context.home.directory().display()
            ),
        ));
    }
    let mut running = Running {
        node: None,
        coordinator: None,
        hosts: Vec::new(),
        database: Database::open_at(&address).await?,
        metrics: Arc::default(),
    };
    let served = serve(context, &args, &settings, &roster, &mut running).await;
    running.stop().await;
    served
}

async fn serve(
    context: &Context,
    args: &ServeArgs,
    settings: &Settings,
    roster: &Signed<Roster>,
    running: &mut Running,
) -> Result<(), Failure> {
    let node_place = settings.node.as_ref().map(|server| place(server, args)).transpose()?;
    let coordinator_place =
        settings.coordinator.as_ref().map(|server| place(server, args)).transpose()?;
    let mut roles = Vec::new();

    let mut operator: Option<Arc<KeyPair>> = None;
    let mut own_node = None;
    let mut node_part = None;
    if let (Some(server), Some(listen)) = (&settings.node, &node_place) {
        let (node, identity, tls) =
            start_own_node(context, args, settings, server, roster, &running.database).await?;
        operator = Some(Arc::new(identity));
        roles.push(Served {
            role: "node",
            node: Some(node.index()),
            address: server.address.clone(),
            listen: listen.clone(),
        });
        own_node = Some(node.index());
        node_part = Some((listen.clone(), tls, node.router()));
        running.node = Some(node);
    }
    if let (Some(server), Some(listen)) = (&settings.coordinator, &coordinator_place) {
        let path = context.home.file("coordinator.key");
        let keys = args.passphrase.load(&path, CoordinatorKeys::load)?;
        let tls = keys.tls.clone();
        operator = Some(Arc::new(keys.identity.clone()));
        // Nobody else's coordinator must find its roster out of date.
        running.database.claim(Leadership::Coordinator).await?;
        running.database.adopt(roster).await?;
        let coordinator = start_coordinator(keys, roster, &running.database).await?;
        let router = coordinator.router();
        running.coordinator = Some(coordinator);
        roles.push(Served {
            role: "coordinator",
            node: None,
            address: server.address.clone(),
            listen: listen.clone(),
        });
        match node_part.take() {
            Some((place, node_tls, node_router)) if place == *listen => {
                one_certificate(&node_tls, &tls)?;
                running
                    .hosts
                    .push(host(&place, &tls, node_router.merge(router), &running.metrics).await?);
            }
            other => {
                node_part = other;
                running.hosts.push(host(listen, &tls, router, &running.metrics).await?);
            }
        }
    }
    if let Some((place, tls, router)) = node_part {
        running.hosts.push(host(&place, &tls, router, &running.metrics).await?);
    }

    let _figures = match &args.metrics {
        Some(place) => {
            let metrics = Arc::clone(&running.metrics);
            let (node, coordinator) = (running.node.clone(), running.coordinator.clone());
            Some(metrics::serve(place, metrics, node, coordinator).await?)
        }
        None => None,
    };
    let ready = Ready { roles, roster: roster.body.digest() };
    context.output.result(&ready, || text(&ready))?;
    let watched = async {
        if !args.opens_screens(context.output.json) {
            return std::future::pending().await;
        }
        let connection = Connection {
            network: Network::new(roster.clone(), operator, Clock::System)?,
            operator: settings.coordinator.is_some(),
            node: own_node,
            bidder: screens::bidder(context, &args.passphrase)?,
        };
        let options = Options {
            serves: in_words(&ready),
            connection: Some(connection),
            ..screens::options(context, &args.look)?
        };
        Ok(crate::tui::run(options).await?)
    };
    let Running { hosts, coordinator, .. } = running;
    let failures = hosts.iter_mut().map(|host| Box::pin(host.failed()));
    tokio::select! {
        left = watched => left,
        () = asked_to_stop() => {
            context.output.note("stopping");
            Ok(())
        }
        (failure, _, _) = futures_util::future::select_all(failures) => Err(failure),
        () = lost(coordinator.as_ref()) => Err(Failure::new(
            "in-use",
            "the connection to the database was lost, and with it the coordinator's place; start again to go on, unless another coordinator has taken over",
        )),
    }
}

/// Start this home's node, and hand back whom it acts as and what it serves with.
async fn start_own_node(
    context: &Context,
    args: &ServeArgs,
    settings: &Settings,
    server: &Server,
    roster: &Signed<Roster>,
    database: &Database,
) -> Result<(Node, KeyPair, TlsIdentity), Failure> {
    let mut keys = args.passphrase.load(&context.home.file("node.key"), NodeKeys::load)?;
    // The certificate that the roster lists, which need not be the newest.
    node::fit_keys(&mut keys, &roster.body)?;
    let replica = Replica {
        intake_only: args.role == Part::Intake,
        address: Some(args.replica_address.as_ref().unwrap_or(&server.address).clone()),
    };
    let store = NodeStore::new(database.clone());
    store.own(keys.identity.public()).await?;
    database.adopt(roster).await?;
    tell_of_spare_keys(&keys, &store, roster).await?;
    let (identity, tls) = (keys.identity.clone(), keys.tls.clone());
    let config = node_config(keys, roster, store, options(settings));
    Ok((Node::start_replica(config, replica)?, identity, tls))
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

/// Waits until this process is the coordinator no more.
async fn lost(coordinator: Option<&Coordinator>) {
    match coordinator {
        Some(coordinator) => coordinator.lost().await,
        None => std::future::pending().await,
    }
}

/// A node's options as the settings say.
fn options(settings: &Settings) -> node::Options {
    let delay = settings.links.as_ref().and_then(|links| links.simulated_delay_ms);
    node::Options {
        simulated_delay: delay.map(|millis| Duration::from_millis(millis.into())),
        ..node::Options::default()
    }
}

/// Check a node's keys against the roster and start it.
///
/// # Errors
/// When they do not fit.
pub fn start_node(
    keys: NodeKeys,
    roster: &Signed<Roster>,
    database: &Database,
    options: node::Options,
) -> Result<Node, Failure> {
    let store = NodeStore::new(database.clone());
    Ok(Node::start(node_config(keys, roster, store, options))?)
}

fn node_config(
    keys: NodeKeys,
    roster: &Signed<Roster>,
    store: NodeStore,
    options: node::Options,
) -> node::Config {
    node::Config { keys, roster: roster.clone(), store, clock: Clock::System, options }
}

/// Check a coordinator's keys against the roster and start it.
///
/// # Errors
/// When they do not fit, or its sessions cannot be read.
pub async fn start_coordinator(
    keys: CoordinatorKeys,
    roster: &Signed<Roster>,
    database: &Database,
) -> Result<Coordinator, Failure> {
    let started = Coordinator::start(coordinator::Config {
        keys,
        roster: roster.clone(),
        store: CoordinatorStore::new(database.clone()),
        clock: Clock::System,
        options: coordinator::Options::default(),
    });
    Ok(started.await?)
}

/// Where a role listens: as asked for, as set up, or on every interface at its address's port.
fn place(server: &Server, args: &ServeArgs) -> Result<String, Failure> {
    if let Some(listen) = args.listen.as_ref().or(server.listen.as_ref()) {
        return Ok(listen.clone());
    }
    match server.address.rsplit_once(':') {
        Some((_, port)) => Ok(format!("0.0.0.0:{port}")),
        None => Err(Failure::new(
            "bad-settings",
            format!("{:?} in gavel.toml is not an address; write it as host:port", server.address),
        )),
    }
}

fn one_certificate(node: &TlsIdentity, coordinator: &TlsIdentity) -> Result<(), Failure> {
    if node.fingerprint() == coordinator.fingerprint() {
        return Ok(());
    }
    Err(Failure::new(
        "two-certificates",
        "node and coordinator listen at one place but have two certificates; set `listen` of one of them in gavel.toml to another port",
    ))
}

async fn host(
    place: &str,
    tls: &TlsIdentity,
    router: axum::Router,
    metrics: &Arc<Metrics>,
) -> Result<Host, Failure> {
    Host::counted(listen::bind(place).await?, tls, router, Arc::clone(metrics))
}

fn text(ready: &Ready) -> String {
    let line = |role: &Served| {
        let name = match role.node {
            Some(index) => format!("node {index}"),
            None => role.role.to_owned(),
        };
        format!("{name} listens on {} as {}\n", role.listen, role.address)
    };
    ready.roles.iter().map(line).collect()
}

/// The roles that run, as in "the coordinator and node 3".
fn in_words(ready: &Ready) -> String {
    let name = |role: &Served| match role.node {
        Some(index) => format!("node {index}"),
        None => format!("the {}", role.role),
    };
    ready.roles.iter().map(name).collect::<Vec<_>>().join(" and ")
}

impl Running {
    async fn stop(self) {
        if let Some(coordinator) = &self.coordinator {
            coordinator.stop();
        }
        if let Some(node) = &self.node {
            node.stop().await;
        }
        for host in self.hosts {
            host.stop().await;
        }
        self.database.close().await;
    }
}
