//! Floods of strangers against real servers, from one address and from eight: while they last a
//! bidder elsewhere bids, a session closes and settles, and no server takes much memory.
//!
//! Here each lasts a second or two, against servers with few files. `GAVEL_FLOOD_SECONDS=60` runs
//! every flood for so long, one after the other, against servers with all the files they want; with
//! `GAVEL_FLOOD=Untaken` only the one of that name.
//!
//! - [`flood`]: the floods
//! - [`wire`]: connections by hand: TLS, frames of HTTP/2
//! - [`balancer`]: addresses told by a balancer
//! - [`lists`]: what a stranger gets of lists and figures
//! - [`replacements`]: bids that are replaced and replaced
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, too, may end the test

#[path = "../common/mod.rs"]
mod common;

mod balancer;
mod flood;
mod lists;
mod replacements;
mod wire;

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gavel::base::Clock;
use gavel::client::bid::{self, Bidder, Patience, Placed};
use gavel::client::state::BidderState;
use gavel::client::{BidAmount, Network};
use gavel::identity::key_file::CoordinatorKeys;
use gavel::identity::{KeyPair, Roster, Signed, Statement as _};
use gavel::session::{Phase, SessionId};
use gavel::wire::coordinator_api::NewSession;

use common::town::{Town, serve};
use flood::{Flood, Target};
use replacements::Replacements;

/// Longest wait for anything that must come true.
const PATIENCE: Duration = Duration::from_secs(240);

/// Most memory of a server in the middle of a flood.
const MEMORY: u64 = 300 << 20;

/// What a server may keep of a flood afterwards, besides what it had before.
const KEPT: u64 = 64 << 20;

/// Seconds of each flood, where they are asked for.
fn seconds() -> Option<u64> {
    std::env::var("GAVEL_FLOOD_SECONDS").ok().map(|text| text.parse().unwrap())
}

/// Servers, and the way to them.
struct Place {
    town: Town,
    network: Network,
    names: Vec<String>,
    figures: String,
}

impl Place {
    /// A coordinator and three nodes, with so many files each.
    fn start(files: Option<u32>) -> Self {
        gavel::transport::tls::install_provider();
        let mut town = Town::found("lead");
        let names: Vec<String> = town.nodes.iter().cloned().chain(["lead".to_owned()]).collect();
        let figures = common::free_address();
        for name in &names {
            let mut command = serve(&town.home(name));
            if name == "lead" {
                command.args(["--metrics", &figures]);
            }
            let mut command = limited(&command, files);
            town.start_as(name, &mut command);
        }
        let keys = CoordinatorKeys::load(&town.lead().join("coordinator.key"), None).unwrap();
        let roster = fs::read_to_string(town.roster_of("lead")).unwrap();
        let roster: Signed<Roster> = serde_json::from_str(&roster).unwrap();
        let signer = Some(Arc::new(keys.identity));
        let network = Network::new(roster.checked().unwrap(), signer, Clock::System).unwrap();
        Self { town, network, names, figures }
    }

    /// The servers, and a session whose bids are replaced.
    async fn targets(&self, session: SessionId) -> Vec<Target> {
        let roster = &self.network.roster().body;
        let replacements = Arc::new(Replacements::of(&self.network, session).await);
        let nodes = roster.nodes.iter();
        let nodes = nodes.map(|card| Target::of(&card.into(), Some(Arc::clone(&replacements))));
        nodes.chain([Target::of(&(&roster.coordinator).into(), None)]).collect()
    }

    /// Bytes in memory, by server.
    fn memory(&mut self) -> Vec<u64> {
        let ids: Vec<u32> =
            self.names.iter().map(|name| self.town.server(name).process().id()).collect();
        ids.iter().map(|&id| resident(id)).collect()
    }

    /// A new session that is open for bids.
    async fn open(&self) -> SessionId {
        let file = "title = \"Lot 7\"\nkind = \"second-price\"\nbids_until = \"1h\"\n\
                    replace_bids = true\n";
        let new = NewSession { file: file.to_owned(), open: true, bidders: Vec::new() };
        self.network.coordinator().new_session(&new).await.unwrap().summary.session
    }

    /// A bidder who has never been here bids: how long it took until the bid was in. One who is
    /// told to wait, or finds nobody, tries again.
    async fn bid(&self, session: SessionId, name: &str, amount: u64) -> Duration {
        let roster = self.network.roster().clone();
        let begun = Instant::now();
        let until = begun + PATIENCE;
        let keys = KeyPair::generate().unwrap();
        loop {
            let network = Network::new(roster.clone(), None, Clock::System).unwrap();
            let tried = try_bid(&network, session, name, &keys, amount).await;
            match tried {
                Ok(_) => return begun.elapsed(),
                Err(error) => assert!(Instant::now() < until, "{name} never got in: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The session is closed and settles: how long it took.
    async fn settle(&self, session: SessionId) -> Duration {
        let begun = Instant::now();
        let coordinator = self.network.coordinator();
        let until = begun + PATIENCE;
        let mut asked = false;
        loop {
            asked = asked || coordinator.close(session).await.is_ok();
            match coordinator.session(session).await {
                Ok(detail) if detail.summary.phase == Phase::Settled => return begun.elapsed(),
                last => assert!(Instant::now() < until, "it never settled: {last:?}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn try_bid(
    network: &Network,
    session: SessionId,
    name: &str,
    keys: &KeyPair,
    amount: u64,
) -> Result<Placed, String> {
    let detail = network.coordinator().session(session).await.map_err(|error| error.to_string())?;
    let announcement = detail.announcement.unwrap();
    let pinned = [network.roster().body.digest()];
    let bidder = Bidder { name, keys, state: &BidderState::Memory, pinned: &pinned };
    let patience =
        Patience { deadline: Duration::from_secs(20), stragglers: Duration::from_millis(300) };
    let amount = BidAmount::new(amount);
    let placed = bid::place(network, &announcement, &bidder, amount, patience).await;
    placed.map_err(|error| error.to_string())
}

/// The same command with so many files.
fn limited(command: &Command, files: Option<u32>) -> Command {
    let Some(files) = files else {
        let mut same = Command::new(command.get_program());
        same.args(command.get_args());
        return environment(same, command);
    };
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n \"$0\" && exec \"$@\"", &files.to_string()]);
    shell.arg(command.get_program()).args(command.get_args());
    environment(shell, command)
}

fn environment(mut to: Command, from: &Command) -> Command {
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => to.env(name, value),
            None => to.env_remove(name),
        };
    }
    to.stdin(std::process::Stdio::null());
    to
}

fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Some floods at once from so many addresses, and an auction in the midst of them.
async fn flooded(place: &mut Place, floods: &[Flood], addresses: u8, lasts: Duration, many: usize) {
    let name = format!("{floods:?} from {addresses}");
    let before = place.memory();
    let session = place.open().await;
    let targets = place.targets(session).await;
    let running: Vec<_> =
        floods.iter().map(|flood| flood.start(&targets, addresses, many)).collect();
    let until = Instant::now() + lasts;
    tokio::time::sleep(lasts.min(Duration::from_secs(10)) / 4).await;
    let (mut bids, mut most, mut longest) = (0, 0, Duration::ZERO);
    while bids < 2 || Instant::now() < until {
        bids += 1;
        let took = place.bid(session, &format!("bidder {bids}"), 100 + bids).await;
        longest = longest.max(took);
        most = most.max(place.memory().into_iter().max().unwrap());
        if seconds().is_some() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    let settled = place.settle(session).await;
    most = most.max(place.memory().into_iter().max().unwrap());
    let made: Vec<u64> = running.iter().map(flood::Running::made).collect();
    println!(
        "{name}: {made:?} made; {bids} bids, the slowest {:.2} s; settled in {:.2} s; {} MB",
        longest.as_secs_f64(),
        settled.as_secs_f64(),
        most >> 20
    );
    assert!(most < MEMORY, "{name}: {most} bytes");
    drop(running);
    if seconds().is_some() {
        comes_back(place, &before, &name).await;
    }
}

/// After the flood memory goes back to about what it was.
async fn comes_back(place: &mut Place, before: &[u64], name: &str) {
    let until = Instant::now() + PATIENCE;
    loop {
        let now = place.memory();
        let kept = now.iter().zip(before).map(|(now, before)| now.saturating_sub(*before)).max();
        if kept.unwrap() < KEPT {
            println!("    afterwards at most {} MB more than before", kept.unwrap() >> 20);
            return;
        }
        assert!(Instant::now() < until, "{name}: {now:?} bytes, {before:?} before");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_bidder_elsewhere_gets_in_and_the_session_settles_through_every_flood() {
    gavel::transport::server::files::limit();
    if let Some(seconds) = seconds() {
        let lasts = Duration::from_secs(seconds);
        let mut place = Place::start(None);
        let only = std::env::var("GAVEL_FLOOD").ok();
        let named = |flood: &Flood| only.as_ref().is_none_or(|name| format!("{flood:?}") == *name);
        for flood in Flood::ALL.into_iter().filter(named) {
            for addresses in [1, 8] {
                flooded(&mut place, &[flood], addresses, lasts, flood.whole()).await;
            }
        }
        return;
    }
    // With these files a port has places for a hundred strangers or so.
    let mut place = Place::start(Some(400));
    for addresses in [1, 8] {
        flooded(&mut place, &Flood::ALL, addresses, Duration::from_secs(1), 150).await;
    }
    let figures = wire::plain(&place.figures, "/metrics").await;
    for figure in [
        "gavel_connections{stage=\"silent\"}",
        "gavel_connections_of_members",
        "gavel_connections_displaced_total",
        "gavel_logins_under_way",
        "gavel_strangers_body_bytes",
        "process_resident_memory_bytes",
    ] {
        assert!(figures.contains(figure), "{figure} is not in {figures}");
    }
}
