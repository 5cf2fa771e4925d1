//! A session that has failed is brought on by hand, with processes: the program of one node lies,
//! until somebody puts the right one in its place.

use std::path::Path;
use std::process::Command;

use gavel::base::Clock;
use gavel::identity::key_file::NodeKeys;
use gavel::identity::{Roster, Signed};
use gavel::node::{self, Node};
use gavel::session::Phase;
use gavel::storage::{Database, NodeStore};
use gavel::testkit::Lie;
use gavel::transport::server::host::Host;
use gavel::transport::server::listen::bind;
use gavel::wire::coordinator_api::SessionDetail;
use gavel::wire::reason::Reason;

use super::auction::set;
use super::net::index;
use super::processes::check;
use super::site::Site;
use crate::common::{fails, ok};

/// Where a process finds the home that it serves.
const HOME: &str = "GAVEL_TEST_HOME";

/// This program, as the server of a home whose node lies.
fn liar(home: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "e2e::retries::serves_a_home_and_lies", "--ignored", "--nocapture"]);
    command.env(HOME, home);
    command
}

/// Not a test: what [`liar`] runs, until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "a server, started by the test of failed sessions"]
async fn serves_a_home_and_lies() {
    let Some(home) = std::env::var_os(HOME) else { return };
    let home = Path::new(&home);
    gavel::transport::tls::install_provider();
    let keys = NodeKeys::load(&home.join("node.key"), None).unwrap();
    let roster = std::fs::read_to_string(home.join("roster.json")).unwrap();
    let roster: Signed<Roster> = serde_json::from_str(&roster).unwrap();
    let roster = roster.checked().unwrap();
    let mut cards = roster.body.nodes.iter();
    let card = cards.find(|card| card.key == keys.identity.public()).unwrap();
    let listener = bind(&card.address).await.unwrap();
    let tls = keys.tls.clone();
    let store = NodeStore::new(Database::open(&home.join("gavel.db")).await.unwrap());
    let options = node::Options { lie: Some(Lie::IN_FIRST_GATES), ..node::Options::default() };
    let node = Node::start(node::Config { keys, roster, store, clock: Clock::System, options });
    let node = node.unwrap();
    let _host = Host::start(listener, &tls, node.router()).unwrap();
    // On a line of its own, whatever the harness has printed before.
    println!("\n{}", serde_json::json!({ "roles": ["node"] }));
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_session_is_tried_again_by_hand_and_settles() {
    let mut site = Site::start(3, 1, 20);
    let (lead, home) = (site.coordinator.home.clone(), site.nodes[2].home.clone());
    let auction = site.with_bids().await;
    let id = auction.session.to_string();
    fails(&lead, &["session", "retry", &id], 1);
    site.nodes[2].kill();
    site.nodes[2].start_as(&mut liar(&home));
    auction.close().await;
    let why = auction.failed(1).await.reason.unwrap().reason;
    assert!(matches!(why, Reason::AttemptsFailed { failed: 1, .. }), "{why:?}");

    // Nothing is mended yet: the next attempt ends as the first one did.
    ok(&lead, &["session", "retry", &id]);
    let why = auction.failed(2).await.reason.unwrap().reason;
    assert!(matches!(why, Reason::AttemptsFailed { failed: 1, .. }), "{why:?}");

    // All but one node stop, and the coordinator, which does not go on by itself.
    site.nodes[1].kill();
    site.nodes[2].kill();
    site.coordinator.kill();
    site.coordinator.start();
    auction.failed(2).await;
    ok(&lead, &["session", "retry", &id]);
    let waiting = |nodes: &'static [u8]| {
        move |detail: &SessionDetail| {
            (detail.summary.phase, detail.waiting_for) == (Phase::Computing, set(nodes))
        }
    };
    auction.wait("it waits for nodes 2 and 3", waiting(&[2, 3])).await;
    site.nodes[1].start();
    auction.wait("it waits for node 3", waiting(&[3])).await;
    // With the program that it should have.
    site.nodes[2].start();

    let settled = check(&auction).await;
    assert_eq!(settled.detail.attempts.len(), 3);
    assert_eq!(settled.report.signed_by, set(&[1, 2, 3]));
    // What happened stays in the record, and points at the node that lied.
    let lies = &settled.report.lies;
    assert_eq!(lies.iter().map(|lie| lie.attempt).collect::<Vec<_>>(), [1, 2]);
    let with_liar = lies.iter().flat_map(|lie| &lie.sets).all(|set| set.contains(index(3)));
    assert!(with_liar, "{lies:?}");
    let file = lead.join("record.json");
    let file = file.to_str().unwrap();
    ok(&lead, &["session", "show", &id, "--record", file]);
    let verified =
        ok(&lead, &["verify", file, "--roster", lead.join("roster.json").to_str().unwrap()]);
    assert_eq!(verified["valid"], true);
    assert!(verified["outcome"].is_object(), "{verified}");
    fails(&lead, &["session", "retry", &id], 1);
}
