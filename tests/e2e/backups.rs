//! Servers that come back from an older backup, or with nothing at all: they take up the papers
//! that others hold, and sign nothing against them.

use std::path::Path;
use std::time::Duration;

use gavel::identity::KeyPair;
use gavel::session::Phase;
use gavel::wire::ProblemType;

use super::auction::{Auction, file, refusal};
use super::net::{Net, Setup};

/// Everything of a server's store: the database, its log and its mark, as a copy of the whole
/// folder has them. Nothing beside such a copy shows that it is old.
const STORE: [&str; 3] = ["gavel.db", "gavel.db-wal", "gavel.mark"];

fn copy(from: &Path, into: &Path) {
    std::fs::create_dir_all(into).unwrap();
    for name in STORE {
        let _ = std::fs::remove_file(into.join(name));
        if from.join(name).exists() {
            std::fs::copy(from.join(name), into.join(name)).unwrap();
        }
    }
}

/// Wait until nothing of a killed server still writes: what was under way when it was killed ends
/// after that, and a store that is copied meanwhile is torn.
async fn at_rest(folder: &Path) {
    let open = || {
        // Where no such folder is, as on some systems, there is nothing better than a pause.
        let files = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
        let places = files.filter_map(|file| std::fs::read_link(file.path()).ok());
        places.filter(|place| place.starts_with(folder)).collect::<Vec<_>>()
    };
    for _ in 0..400 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if open().is_empty() {
            return;
        }
    }
    panic!("still open: {:?}", open());
}

async fn remove(folder: &Path) {
    at_rest(folder).await;
    for name in STORE.into_iter().chain(["gavel.db-shm"]) {
        let _ = std::fs::remove_file(folder.join(name));
    }
}

impl Net {
    async fn backup(&self, server: &str) {
        let folder = self.folder.path().join(server);
        at_rest(&folder).await;
        copy(&folder, &self.folder.path().join("backup").join(server));
    }

    async fn restore(&self, server: &str) {
        let folder = self.folder.path().join(server);
        remove(&folder).await;
        copy(&self.folder.path().join("backup").join(server), &folder);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_coordinator_from_before_closing_takes_up_what_the_nodes_have_settled() {
    let mut net = Net::start(Setup::new(4, 1)).await;
    let auction = Auction::with_bids(&net.network).await;
    net.kill_coordinator();
    net.backup("coordinator").await;
    net.restart_coordinator().await;
    let late = KeyPair::generate().unwrap();
    auction.try_bid("dmitri", &late, 850).await.unwrap();
    auction.close().await;
    let before = auction.settled().await;
    auction.all_nodes_reach(Phase::Settled).await;

    net.kill_coordinator();
    net.restore("coordinator").await;
    // Even a node that is away, and one that knows nothing, do not keep it from that.
    net.kill(2);
    net.kill(3);
    remove(&net.folder.path().join("node-3")).await;
    net.restart(3).await;
    net.restart_coordinator().await;
    let after = auction.settled().await;
    assert_eq!(after.record, before.record);
    assert_eq!(after.winner(), Some(("basil", 850)));
    net.restart(2).await;
    auction.all_nodes_reach(Phase::Settled).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_coordinator_that_lost_its_database_has_its_sessions_back() {
    let mut net = Net::start(Setup::new(3, 1)).await;
    let (settled, called_off) =
        (Auction::with_bids(&net.network).await, Auction::with_bids(&net.network).await);
    settled.close().await;
    let before = settled.settled().await;
    net.network.coordinator().cancel(called_off.session).await.unwrap();
    called_off.all_nodes_reach(Phase::Cancelled).await;
    let open = net.open(&file("first-price", None, None)).await;
    let ada = KeyPair::generate().unwrap();
    open.try_bid("ada", &ada, 600).await.unwrap();

    net.kill_coordinator();
    remove(&net.folder.path().join("coordinator")).await;
    net.restart_coordinator().await;
    assert_eq!(settled.settled().await.record, before.record);
    let listed = net.network.coordinator().sessions().await.unwrap();
    let phase = |auction: &Auction| {
        listed.iter().find(|known| known.session == auction.session).map(|known| known.phase)
    };
    assert_eq!(phase(&open), Some(Phase::Open));
    // What it called off it does not open again.
    assert_eq!(phase(&called_off), None);

    // A name that was taken stays with its key, and nobody new is admitted: the coordinator cannot
    // know whom it admitted before.
    let coordinator = net.network.coordinator();
    coordinator.admit(open.session, "ada", &ada).await.unwrap();
    let eve = KeyPair::generate().unwrap();
    for name in ["ada", "eve"] {
        assert!(coordinator.admit(open.session, name, &eve).await.is_err(), "{name}");
    }
    open.close().await;
    let after = open.settled().await;
    assert_eq!(after.winner(), Some(("ada", 600)));
    open.all_nodes_reach(Phase::Settled).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_from_before_closing_signs_nothing_for_a_settled_session() {
    let mut net = Net::start(Setup::new(3, 1)).await;
    let (settled, called_off) =
        (Auction::with_bids(&net.network).await, Auction::with_bids(&net.network).await);
    net.kill(3);
    net.backup("node-3").await;
    net.restart(3).await;
    let (dora, keys) = ("dora", KeyPair::generate().unwrap());
    let late = settled.try_bid(dora, &keys, 100).await.unwrap().bid.envelope;
    net.network.coordinator().cancel(called_off.session).await.unwrap();
    called_off.all_nodes_reach(Phase::Cancelled).await;
    settled.close().await;
    settled.settled().await;
    settled.all_nodes_reach(Phase::Settled).await;

    // The coordinator has told this node how both ended, and tells no node twice.
    net.kill(3);
    net.restore("node-3").await;
    net.restart(3).await;
    let mut again = late.clone();
    again.body.revision += 1;
    again.signature = keys.sign(&again.digest());
    let refused = settled.hand_in(3, &again).await;
    assert_eq!(refusal(refused), ProblemType::TooLate);
    assert_eq!(refusal(settled.hand_in(3, &late).await), ProblemType::TooLate);
    settled.node_reaches(3, Phase::Settled).await;
    called_off.node_reaches(3, Phase::Cancelled).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_database_takes_part_again() {
    let mut net = Net::start(Setup::new(3, 1)).await;
    let (settled, open) =
        (Auction::with_bids(&net.network).await, Auction::with_bids(&net.network).await);
    settled.close().await;
    settled.settled().await;
    settled.all_nodes_reach(Phase::Settled).await;
    net.kill(2);
    remove(&net.folder.path().join("node-2")).await;
    net.restart(2).await;
    settled.node_reaches(2, Phase::Settled).await;
    // The coordinator need not announce it again, which it does not while bidding goes on.
    open.node_reaches(2, Phase::Open).await;
    open.bid("dmitri", 1000).await;
    open.close().await;
    assert_eq!(open.settled().await.winner(), Some(("dmitri", 900)));
    open.all_nodes_reach(Phase::Settled).await;
}
