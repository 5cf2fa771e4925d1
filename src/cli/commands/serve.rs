//! `gavel serve`: the coordinator, the node, or both, as the home is set up.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::base::Clock;
use crate::base::time::parse_duration;
use crate::cli::context::Context;
use crate::cli::earlier::Earlier;
use crate::cli::failure::Failure;
use crate::cli::home::{Jobs, Server, Settings};
use crate::cli::options::{DatabaseOption, LookOption, PassphraseOption, RosterOption};
use crate::cli::servers::Servers;
use crate::cli::signal::{Stop, StopOption};
use crate::cli::{earlier, rosters, screens};
use crate::client::Network;
use crate::coordinator;
use crate::identity::key_file::{CoordinatorKeys, NodeKeys, TlsIdentity};
use crate::identity::{Digest, KeyPair, Roster, Signed, Statement as _};
use crate::node::{self, Replica};
use crate::session::SessionId;
use crate::sharing::NodeIndex;
use crate::storage::{Address, CoordinatorStore, Database, NodeStore, Opening};
use crate::transport::server::listen;
use crate::transport::server::proxy::Balancers;
use crate::transport::server::serve::PortOptions;
use crate::transport::server::site::Site;
use crate::tui::{Connection, Options};

/// Run this home's roles until Ctrl-C or SIGTERM.
///
/// On a terminal it opens the screens of `gavel tui`, and leaving them stops the servers; with
/// --headless it logs to standard error instead.
///
/// Node and coordinator with the same address share a port. What they keep lies in gavel.db in the
/// home folder, or where --database or gavel.toml says.
///
/// A roster that succeeds the present one is taken up as soon as it is in the home folder; open
/// sessions go on under the one that they began with.
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
    /// Go on with a database that has lost changes: receipts that this server gave, sessions, the
    /// list of bids it is bound to, numbers of attempts. What other servers hold of them is taken
    /// from there. For when no newer copy is left
    #[arg(long)]
    accept_loss: bool,
    #[command(flatten)]
    look: LookOption,
    /// Serve figures for Prometheus there, at /metrics: plain HTTP without a login, so keep it to
    /// this machine or an inner network
    #[arg(long, value_name = "HOST:PORT")]
    metrics: Option<String>,
    /// A balancer at this address says whose each connection is, by the PROXY protocol: an address
    /// or a network such as 10.0.0.0/24; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    balancer: Vec<String>,
    #[command(flatten)]
    roster: RosterOption,
    #[command(flatten)]
    passphrase: PassphraseOption,
    #[command(flatten)]
    stop: StopOption,
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
        // The screens read keys where the end of input is awaited.
        !self.headless && !json && !self.stop.until_input_ends && screens::on_a_terminal()
    }
}

/// What runs, for scripts that wait until it does.
#[derive(Serialize)]
struct Ready {
    roles: Vec<Served>,
    roster: Digest,
    /// Earlier rosters under which sessions go on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<GoesOn>,
}

/// What goes on under an earlier roster.
#[derive(Serialize)]
struct GoesOn {
    roster: Digest,
    sessions: BTreeSet<SessionId>,
}

impl Ready {
    /// As in "node 3 and the coordinator".
    fn roles_in_words(&self) -> String {
        let name = |role: &Served| match role.node {
            Some(index) => format!("node {index}"),
            None => format!("the {}", role.role),
        };
        self.roles.iter().map(name).collect::<Vec<_>>().join(" and ")
    }
}

#[derive(Serialize)]
struct Served {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<NodeIndex>,
    address: String,
    listen: String,
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
    let mut roster = context.home.roster(args.roster.roster.as_deref())?;
    if settings.node.is_none() && settings.coordinator.is_none() {
        return Err(Failure::new(
            "no-keys",
            format!(
                "{} is set up neither as a node nor as a coordinator; run `gavel init node` or `gavel init coordinator` there first",
                context.home.directory().display()
            ),
        ));
    }
    let mut opening = Opening {
        mark: Some(context.home.file("gavel.mark")),
        accept_loss: args.accept_loss.then(|| Clock::System.now()),
    };
    let stop = args.stop.heed().map_err(|error| Failure::new("internal", error))?;
    loop {
        let mut servers = Servers::default();
        let served = match servers.open(&address, &opening).await {
            Ok(database) => {
                if opening.accept_loss.is_some() {
                    withdraw_material(&database).await?;
                }
                serve((context, &stop), &args, &settings, &roster, &database, &mut servers).await
            }
            Err(failure) => Err(failure),
        };
        servers.stop().await;
        match served? {
            End::Asked => return Ok(()),
            End::Roster(next) => roster = *next,
        }
        // Once told, and only for what was lost then.
        opening.accept_loss = None;
    }
}

/// A store that has lost something cannot tell what was promised or given out since.
async fn withdraw_material(database: &Database) -> Result<(), Failure> {
    let now = Clock::System.now();
    CoordinatorStore::new(database.clone()).withdraw_books(now).await?;
    let withdrawn = NodeStore::new(database.clone()).withdraw_all(now).await;
    withdrawn.map_err(|error| Failure::new("database", error.to_string()))
}

/// Why the servers end.
enum End {
    /// Somebody wants it.
    Asked,
    /// They go on under another roster.
    Roster(Box<Signed<Roster>>),
}

/// Where a role listens, with which keys, and what it answers.
struct Seat {
    place: String,
    tls: TlsIdentity,
    site: Site,
}

async fn serve(
    (context, stop): (&Context, &Stop),
    args: &ServeArgs,
    settings: &Settings,
    roster: &Signed<Roster>,
    database: &Database,
    servers: &mut Servers,
) -> Result<End, Failure> {
    let node_place = settings.node.as_ref().map(|server| place(server, args)).transpose()?;
    let coordinator_place =
        settings.coordinator.as_ref().map(|server| place(server, args)).transpose()?;
    let (mut roles, mut seats) = (Vec::new(), Vec::new());
    // What is open under a roster of other nodes goes on under that one.
    let before = earlier::rosters(database, &roster.body).await?;
    // Whose key signs what the screens ask for: the coordinator's, if it runs here.
    let mut operator: Option<Arc<KeyPair>> = None;
    let mut own_node = None;
    if let (Some(server), Some(place)) = (&settings.node, node_place) {
        let keys = args.passphrase.load(&context.home.file("node.key"), NodeKeys::load)?;
        operator = Some(Arc::new(keys.identity.clone()));
        let replica = Replica {
            intake_only: args.role == Part::Intake,
            address: Some(args.replica_address.as_ref().unwrap_or(&server.address).clone()),
        };
        let (options, left) = (options(settings), earlier::sessions(&before));
        let started = servers.start_node(keys, roster, database, options.clone(), replica, left);
        let (node, tls) = started.await?;
        own_node = Some(node.index());
        roles.push(served("node", own_node, server, &place));
        let mut site = Site::from(node.router());
        for before in &before {
            let keys = args.passphrase.load(&context.home.file("node.key"), NodeKeys::load)?;
            let options = options.clone();
            let beside = servers.go_on_with_node((&node, &tls), keys, before, database, options)?;
            if let Some(beside) = beside {
                let sessions = before.sessions.clone();
                site = site.beside(&before.roster.body, sessions, beside.router());
            }
        }
        seats.push(Seat { place, tls, site });
    }
    if let (Some(server), Some(place)) = (&settings.coordinator, coordinator_place) {
        let path = context.home.file("coordinator.key");
        let keys = args.passphrase.load(&path, CoordinatorKeys::load)?;
        operator = Some(Arc::new(keys.identity.clone()));
        let options = coordinator_options(settings)?;
        let left = earlier::sessions(&before);
        let started = servers.start_coordinator(keys, roster, database, options, left);
        let (coordinator, tls) = started.await?;
        roles.push(served("coordinator", None, server, &place));
        let mut site = Site::from(coordinator.router());
        for before in &before {
            let keys = args.passphrase.load(&path, CoordinatorKeys::load)?;
            let lead = (&coordinator, &tls);
            let beside = servers.go_on_with_coordinator(lead, keys, before, database, options);
            let sessions = before.sessions.clone();
            site = site.beside(&before.roster.body, sessions, beside.await?.router());
        }
        seats.push(Seat { place, tls, site });
    }
    let balancers = balancers(args, settings)?;
    for seat in together(seats)? {
        let options = PortOptions { balancers: balancers.clone(), ..PortOptions::default() };
        servers.serve(listen::bind(&seat.place).await?, &seat.tls, seat.site, options)?;
    }
    let figures = match &args.metrics {
        Some(place) => Some(servers.open_metrics(place).await?),
        None => None,
    };
    let goes_on =
        |before: Earlier| GoesOn { roster: before.roster.body.digest(), sessions: before.sessions };
    let earlier = before.into_iter().map(goes_on).collect();
    let ready = Ready { roles, roster: roster.body.digest(), earlier };
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
            login: None,
            door: None,
        };
        let options = Options {
            serves: ready.roles_in_words(),
            connection: Some(connection),
            ..screens::options(context, &args.look)?
        };
        Ok(crate::tui::run(options).await?)
    };
    let file = args.roster.roster.as_deref();
    let next = rosters::next(context, &args.passphrase, file, roster, database);
    let ended = tokio::select! {
        left = watched => left.map(|()| End::Asked),
        () = stop.asked() => {
            context.output.note("stopping");
            Ok(End::Asked)
        }
        next = next => Ok(End::Roster(Box::new(next))),
        failure = servers.failed() => Err(failure),
    };
    if let Some(figures) = figures {
        figures.stop().await;
    }
    ended
}

fn served(role: &'static str, node: Option<NodeIndex>, server: &Server, place: &str) -> Served {
    Served { role, node, address: server.address.clone(), listen: place.to_owned() }
}

/// Node and coordinator at one place are one server, and a server has one certificate.
fn together(seats: Vec<Seat>) -> Result<Vec<Seat>, Failure> {
    let mut kept: Vec<Seat> = Vec::new();
    for seat in seats {
        let Some(other) = kept.iter_mut().find(|other| other.place == seat.place) else {
            kept.push(seat);
            continue;
        };
        if other.tls.fingerprint() != seat.tls.fingerprint() {
            return Err(Failure::new(
                "two-certificates",
                "node and coordinator listen at one place but have two certificates; set `listen` of one of them in gavel.toml to another port",
            ));
        }
        let own = std::mem::replace(&mut other.site, Router::new().into());
        other.site = own.merge(seat.site);
    }
    Ok(kept)
}

/// A node's options as the settings say.
fn options(settings: &Settings) -> node::Options {
    let delay = settings.links.as_ref().and_then(|links| links.simulated_delay_ms);
    node::Options {
        simulated_delay: delay.map(|millis| Duration::from_millis(millis.into())),
        approve_jobs: settings.jobs == Jobs::Approve,
        never_reveal: settings.never_reveal.clone(),
        ..node::Options::default()
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Least time between two dealings of a variable by the clock.
const LEAST_REFRESH: Duration = Duration::from_secs(60 * 60);

/// The coordinator's options as the settings say.
fn coordinator_options(settings: &Settings) -> Result<coordinator::Options, Failure> {
    let Some(text) = &settings.refresh_every else { return Ok(coordinator::Options::default()) };
    let every = match text.trim().strip_suffix('d').map(str::trim).map(str::parse::<u32>) {
        Some(Ok(days)) => Some(DAY.saturating_mul(days)),
        _ => parse_duration(text)
            .and_then(|millis| u64::try_from(millis).ok())
            .map(Duration::from_millis),
    };
    let every = every.filter(|every| *every >= LEAST_REFRESH);
    let every = every.ok_or_else(|| {
        let detail = format!(
            "refresh_every = {text:?} in gavel.toml is no time of an hour or more; write it as \
             \"12h\" or \"30d\", or leave it out"
        );
        Failure::new("bad-settings", detail)
    })?;
    Ok(coordinator::Options { refresh_every: Some(every), ..coordinator::Options::default() })
}

/// Whose word is taken about addresses: as asked for, or as set up.
fn balancers(args: &ServeArgs, settings: &Settings) -> Result<Balancers, Failure> {
    let named = if args.balancer.is_empty() { &settings.balancers } else { &args.balancer };
    Balancers::parse(named).map_err(|error| Failure::usage(format!("balancers: {error}")))
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

fn text(ready: &Ready) -> String {
    let line = |role: &Served| {
        let name = match role.node {
            Some(index) => format!("node {index}"),
            None => role.role.to_owned(),
        };
        format!("{name} listens on {} as {}\n", role.listen, role.address)
    };
    let goes_on = |earlier: &GoesOn| {
        let (count, roster) = (earlier.sessions.len(), earlier.roster.short());
        format!("{count} sessions of an earlier roster ({roster}) go on under that one\n")
    };
    ready.roles.iter().map(line).chain(ready.earlier.iter().map(goes_on)).collect()
}

#[cfg(test)]
mod tests {
    use crate::cli::commands::serve::*;

    #[test]
    fn the_time_between_two_dealings_is_read_from_the_settings() {
        let read = |text: &str| {
            let settings = Settings { refresh_every: Some(text.into()), ..Settings::default() };
            coordinator_options(&settings).map(|options| options.refresh_every)
        };
        assert_eq!(coordinator_options(&Settings::default()).unwrap().refresh_every, None);
        for (text, hours) in [("30d", 720), ("1 d", 24), ("12h", 12), ("1h", 1), ("90m", 1)] {
            let every = read(text).unwrap().unwrap();
            assert_eq!(every.as_secs() / 3600, hours, "{text}");
        }
        for text in ["", "30", "0d", "-1d", "59m", "d", "soon"] {
            let failure = read(text).unwrap_err();
            assert!(failure.detail.contains("refresh_every"), "{text}");
        }
    }
}
