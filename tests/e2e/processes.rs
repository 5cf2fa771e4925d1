//! Real processes, killed with SIGKILL in every phase and started again.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use gavel::identity::{Digest, KeyPair};
use gavel::session::Phase;

use super::auction::{Auction, Settled, file, set};
use super::site::Site;
use crate::common::town::Server;

const DELAY: u32 = 50;
const BIDS: [(&str, u64); 4] = [("ada", 700), ("basil", 900), ("chiara", 800), ("dmitri", 600)];

/// Who is killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Victim {
    Coordinator,
    Node,
    Everybody,
}

impl Site {
    fn each(&mut self, victim: Victim, act: impl Fn(&mut Server)) {
        match victim {
            Victim::Coordinator => act(&mut self.coordinator),
            Victim::Node => act(&mut self.nodes[1]),
            Victim::Everybody => {
                self.nodes.iter_mut().chain([&mut self.coordinator]).for_each(act);
            }
        }
    }

    /// Killed together, then started.
    fn strike(&mut self, victim: Victim) {
        self.each(victim, Server::kill);
        self.each(victim, Server::start);
    }

    pub async fn with_bids(&self) -> Auction {
        let auction = Auction::open(&self.network, &file("second-price", Some(500), None)).await;
        for (name, units) in BIDS {
            auction.bid(name, units).await;
        }
        auction
    }
}

/// It settles, right, at every node.
pub async fn check(auction: &Auction) -> Settled {
    let settled = auction.settled().await;
    assert_eq!(settled.winner(), Some(("basil", 800)));
    let mut names = settled.names();
    names.sort_unstable();
    assert_eq!(names, BIDS.map(|(name, _)| name));
    assert!(settled.report.excluded.is_empty());
    auction.all_nodes_reach(Phase::Settled).await;
    settled
}

async fn killed_in_every_phase(victim: Victim) {
    let mut site = Site::start(3, 1, DELAY);

    let auction = site.with_bids().await;
    site.strike(victim);
    auction.close().await;
    check(&auction).await;

    let auction = site.with_bids().await;
    // Closing lasts as long as a node is away.
    site.nodes[2].kill();
    auction.close().await;
    auction.node_reaches(2, Phase::Closing).await;
    auction.wait("closing", |detail| detail.summary.phase == Phase::Closing).await;
    site.strike(victim);
    if victim != Victim::Everybody {
        site.nodes[2].start();
    }
    check(&auction).await;

    let auction = site.with_bids().await;
    auction.close().await;
    auction.wait("an attempt", |detail| !detail.attempts.is_empty()).await;
    tokio::time::sleep(Duration::from_millis(250)).await;
    site.strike(victim);
    let settled = check(&auction).await;
    assert!(settled.detail.attempts.len() > 1, "{victim:?} was killed too late");

    site.strike(victim);
    assert_eq!(check(&auction).await.record, settled.record);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_killed_in_every_phase() {
    killed_in_every_phase(Victim::Node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_coordinator_is_killed_in_every_phase() {
    killed_in_every_phase(Victim::Coordinator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_processes_are_killed_at_once_in_every_phase() {
    killed_in_every_phase(Victim::Everybody).await;
}

/// Every bid that was acknowledged is in the manifest, whatever was killed meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_bid_is_lost_while_nodes_are_killed() {
    let mut site = Site::start(3, 1, 0);
    let auction = Auction::open(&site.network, &file("first-price", None, None)).await;
    let bidding = async {
        let bids = stream::iter(0..120_u64).map(|number| {
            let auction = &auction;
            async move {
                let keys = KeyPair::generate().unwrap();
                let name = format!("bidder {number}");
                let placed = auction.try_bid(&name, &keys, 100 + number).await;
                Some(placed.ok()?.bid.digest)
            }
        });
        bids.buffer_unordered(4).collect::<Vec<Option<Digest>>>().await
    };
    let killing = async {
        for turn in 0..6 {
            tokio::time::sleep(Duration::from_millis(150)).await;
            site.nodes[turn % 3].kill();
            tokio::time::sleep(Duration::from_millis(30)).await;
            site.nodes[turn % 3].start();
        }
    };
    let (acknowledged, ()) = tokio::join!(bidding, killing);
    let acknowledged: HashSet<Digest> = acknowledged.into_iter().flatten().collect();
    assert!(acknowledged.len() > 60, "only {} bids are in", acknowledged.len());
    auction.close().await;
    let settled = auction.settled().await;
    let manifest = &settled.record.manifest.as_ref().unwrap().body;
    let listed: HashSet<Digest> = manifest.entries.iter().map(|entry| entry.envelope).collect();
    let lost = acknowledged.difference(&listed).count();
    assert_eq!(lost, 0, "lost of {}", acknowledged.len());
    assert!(manifest.excluded.is_empty(), "{:?}", manifest.excluded);
}

/// A process that hangs is worse than one that is gone: its connections stay open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_hang_are_done_without_until_they_wake_up() {
    let mut site = Site::start(5, 1, DELAY);
    let (early, late) = (site.with_bids().await, site.with_bids().await);
    late.close().await;
    late.wait("an attempt", |detail| !detail.attempts.is_empty()).await;
    for hung in [1, 3] {
        site.nodes[hung].signal("STOP");
    }
    early.close().await;
    // Its first attempt may have come to its end just before the nodes hung.
    let settled = late.settled().await;
    assert_eq!(settled.winner(), Some(("basil", 800)));
    assert!(set(&[1, 3, 5]).is_subset_of(settled.report.signed_by));
    // Three nodes compute; to fix the bids takes four.
    early.wait("it waits for nodes 2 and 4", |detail| detail.waiting_for == set(&[2, 4])).await;
    site.nodes[1].signal("CONT");
    let settled = early.settled().await;
    assert_eq!(settled.winner(), Some(("basil", 800)));
    assert_eq!(settled.report.manifest_signed_by, set(&[1, 2, 3, 5]));
    site.nodes[3].signal("CONT");
    for auction in [&early, &late] {
        auction.all_nodes_reach(Phase::Settled).await;
    }
}
