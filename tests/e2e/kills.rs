//! Nodes that go away and come back.

use std::time::Duration;

use futures_util::future::join_all;
use gavel::client::BidAmount;
use gavel::identity::KeyPair;
use gavel::session::Phase;
use gavel::testkit::bad_bidder::BadBidder;
use gavel::wire::coordinator_api::SessionDetail;
use gavel::wire::reason::{AttemptFailure, AttemptTrouble, NodeTrouble, Reason};

use super::auction::{Auction, BIDS, file, set};
use super::kind::Kind;
use super::net::{Net, Setup, index};

fn signed(detail: &SessionDetail) -> bool {
    detail.manifest.is_some()
}

fn begun(detail: &SessionDetail) -> bool {
    !detail.attempts.is_empty()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_two_of_five_nodes_may_be_killed_once_the_manifest_is_signed() {
    let pairs = (1..=5_u8).flat_map(|a| (a + 1..=5).map(move |b| (a, b)));
    let lost = pairs.enumerate().map(|(number, (a, b))| {
        tokio::spawn(lose(a, b, Kind::in_turn(number / 2), number % 2 == 1))
    });
    for ended in join_all(lost).await {
        ended.unwrap();
    }
}

/// Kill two nodes, at once or in the middle of the first attempt.
async fn lose(a: u8, b: u8, kind: Kind, midway: bool) {
    let mut net = Net::start(Setup::new(5, 1).delayed(60)).await;
    let auction = kind.play(&net.network).await;
    auction.close().await;
    auction.wait("a signed manifest", signed).await;
    if midway {
        auction.wait("an attempt", begun).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    net.kill(a);
    net.kill(b);
    let settled = auction.settled().await;
    auction.check(&settled, &format!("{kind:?} without nodes {a} and {b}"));
    let rest = net.roster.body.scheme.all().without(index(a)).without(index(b));
    assert_eq!(settled.report.signed_by, rest);
    if midway {
        assert!(settled.detail.attempts.len() > 1, "{a} and {b} were killed too late");
        assert!(settled.detail.attempts[0].trouble.is_some());
    }
    net.restart(a).await;
    net.restart(b).await;
    auction.all_nodes_reach(Phase::Settled).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_while_bidding_or_closing_catches_up() {
    join_all(Kind::ALL.map(catch_up)).await;
}

async fn catch_up(kind: Kind) {
    let mut net = Net::start(Setup::new(5, 1)).await;
    // Node 4 misses even the announcement.
    net.kill(4);
    let auction = kind.play(&net.network).await;
    net.kill(5);
    auction.close().await;
    // Three nodes could compute, but not fix the bids: with one of them lying, two others and that
    // one could fix others.
    let waiting = |detail: &SessionDetail| detail.waiting_for == set(&[4, 5]);
    let detail = auction.wait("it waits for nodes 4 and 5", waiting).await;
    assert_eq!(detail.summary.phase, Phase::Closing);
    net.restart(5).await;
    let settled = auction.settled().await;
    auction.check(&settled, "with nodes that were away");
    assert!(set(&[1, 2, 3]).is_subset_of(settled.report.closed_by));
    assert_eq!(settled.report.manifest_signed_by, set(&[1, 2, 3, 5]));
    net.restart(4).await;
    auction.all_nodes_reach(Phase::Settled).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_too_few_nodes_it_waits_says_for_whom_and_goes_on() {
    let mut net = Net::start(Setup::new(5, 2).delayed(40)).await;
    let auction = Auction::with_bids(&net.network).await;
    assert_eq!(
        auction.wait("all are there", |detail| detail.shortage.is_none()).await.reason,
        None
    );
    net.kill(4);
    // Said at once, while bids still come in, and again in the answer to closing.
    let short = |detail: &SessionDetail| {
        detail.shortage.as_ref().is_some_and(|shortage| shortage.reason.away == set(&[4]))
    };
    let detail = auction.wait("node 4 is missed", short).await;
    assert_eq!((detail.summary.phase, detail.waiting_for), (Phase::Open, set(&[4])));
    let shortage = detail.shortage.unwrap().reason;
    assert_eq!((shortage.needed, shortage.away), (5, set(&[4])));
    assert!(detail.reason.unwrap().contains("node 4 does not answer"));
    let health = net.network.coordinator().health().await.unwrap();
    assert!(health.shortage.is_some());
    let closing = net.network.coordinator().close(auction.session).await.unwrap();
    assert_eq!(closing.shortage.unwrap().reason.away, set(&[4]));
    let waiting = |detail: &SessionDetail| {
        detail.reason.as_ref().is_some_and(|reason| matches!(reason.reason, Reason::Waiting { .. }))
    };
    let detail = auction.wait("it waits for node 4", waiting).await;
    assert_eq!((detail.summary.phase, detail.waiting_for), (Phase::Closing, set(&[4])));
    let reason = detail.reason.unwrap();
    assert!(reason.contains("node 4: "), "{reason}");
    assert!(matches!(&reason.reason, Reason::Waiting { nodes } if nodes[0].node == index(4)));
    net.restart(4).await;

    auction.wait("an attempt", begun).await;
    net.kill(2);
    let detail = auction.wait("it waits for node 2", waiting).await;
    assert_eq!((detail.summary.phase, detail.waiting_for), (Phase::Computing, set(&[2])));
    assert!(detail.reason.unwrap().contains("node 2: "));
    net.restart(2).await;
    let settled = auction.settled().await;
    assert_eq!(settled.winner(), Some(("basil", 800)));
    assert!(settled.detail.waiting_for.is_empty() && settled.detail.shortage.is_none());
    assert_eq!(settled.report.signed_by, set(&[1, 2, 3, 4, 5]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_coordinator_that_is_killed_goes_on_where_it_was() {
    join_all(Kind::ALL.map(go_on)).await;
}

async fn go_on(kind: Kind) {
    let mut net = Net::start(Setup::new(3, 1).delayed(40)).await;
    let mut auction = kind.play(&net.network).await;
    net.restart_coordinator().await;
    auction.hand_in().await;
    net.kill(3);
    auction.close().await;
    net.restart_coordinator().await;
    auction.wait("closing", |detail| detail.summary.phase == Phase::Closing).await;
    net.restart(3).await;
    auction.wait("an attempt", begun).await;
    net.kill_coordinator();
    tokio::time::sleep(Duration::from_millis(200)).await;
    net.restart_coordinator().await;
    let settled = auction.settled().await;
    auction.check(&settled, "with a coordinator that was killed");
    let first = settled.record;
    net.restart_coordinator().await;
    assert_eq!(auction.settled().await.record, first);
    auction.all_nodes_reach(Phase::Settled).await;
}

/// A bidder hands garbage for node 4, which is away while bidding and at closing. Then a node that
/// closed goes away for good, so that nobody can do without node 4: it gets its seeds from the two
/// others, keeps them, and computes, also after it was killed in between. The same for shares of
/// bits and of numbers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_for_the_node_that_is_away_at_closing_holds_nobody_up() {
    for protocol in ["bits", "paper"] {
        let mut net = Net::start(Setup::new(4, 1).delayed(60)).await;
        let text = file("second-price", Some(500), None) + &format!("protocol = \"{protocol}\"\n");
        let auction = net.open(&text).await;
        for (name, units) in BIDS {
            auction.bid(name, units).await;
        }
        net.kill(4);
        let eve = KeyPair::generate().unwrap();
        let bad = BadBidder {
            announcement: &auction.announcement,
            roster: &net.roster,
            admission: auction.admit("eve", &eve).await,
            name: "eve",
            keys: &eve,
            revision: 1,
        };
        let envelope = bad.garbage_parts(BidAmount::new(850), set(&[4])).unwrap();
        for node in 1..=3 {
            auction.hand_in(node, &envelope).await.unwrap();
        }
        auction.close().await;
        auction.wait("an attempt", begun).await;
        net.kill(3);
        auction.wait("it waits", |detail| detail.waiting_for.contains(index(3))).await;
        net.restart(4).await;
        auction.node_reaches(4, Phase::Computing).await;
        net.restart(4).await;
        let settled = auction.settled().await;
        assert_eq!(settled.winner(), Some(("basil", 850)), "{protocol}");
        assert!(settled.report.excluded.is_empty());
        assert_eq!(settled.report.closed_by, set(&[1, 2, 3]));
        assert_eq!(settled.report.signed_by, set(&[1, 2, 4]));
        net.restart(3).await;
        auction.all_nodes_reach(Phase::Settled).await;
    }
}

/// Attempt after attempt fails because no message comes in time. The session says so, does not fail,
/// and is settled by itself once that is mended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_are_repeated_until_the_fault_is_mended() {
    let mut net = Net::start(Setup::new(3, 1).delayed(30)).await;
    let auction = Auction::with_bids(&net.network).await;
    net.setup.deadline = Duration::from_millis(5);
    for node in 1..=3 {
        net.restart(node).await;
    }
    auction.close().await;
    let repeated = |detail: &SessionDetail| {
        let reason = detail.reason.as_ref().map(|reason| &reason.reason);
        matches!(reason, Some(Reason::Retrying { failed: 3.., .. }))
    };
    let detail = auction.wait("attempts are repeated", repeated).await;
    assert_eq!(detail.summary.phase, Phase::Computing);
    assert!(detail.waiting_for.len() >= 2, "{:?}", detail.waiting_for);
    assert!(detail.reason.unwrap().contains("did not answer in time"));
    let silent = |trouble: &AttemptTrouble| match trouble {
        AttemptTrouble::Nodes { nodes } => nodes.iter().all(|report| {
            let link = |failure: &AttemptFailure| matches!(failure, AttemptFailure::Link { .. });
            matches!(&report.trouble, NodeTrouble::Attempt { failure } if link(failure))
        }),
        AttemptTrouble::Disagreement { .. } => false,
    };
    assert!(detail.attempts[..3].iter().all(|line| silent(&line.trouble.as_ref().unwrap().reason)));
    net.setup.deadline = Duration::from_secs(10);
    for node in 1..=3 {
        net.restart(node).await;
    }
    let settled = auction.settled().await;
    assert_eq!(settled.winner(), Some(("basil", 800)));
    auction.all_nodes_reach(Phase::Settled).await;
}

/// Nothing gets through to or from node 3, without which nobody can compute, in the middle of an
/// attempt and for longer than any deadline. The session says so at once and goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_that_heals_is_outlived() {
    let net = Net::start(Setup { tapped: true, ..Setup::new(3, 1).delayed(80) }).await;
    let auction = Auction::with_bids(&net.network).await;
    auction.close().await;
    auction.wait("an attempt", begun).await;
    net.part_last(true);
    let detail = auction.wait("it is told", |detail| detail.shortage.is_some()).await;
    assert_eq!(detail.summary.phase, Phase::Computing);
    assert!(detail.shortage.unwrap().reason.nodes().contains(index(3)));
    // Until both ends have given the link up and the attempt has failed.
    let failed = |detail: &SessionDetail| detail.attempts.iter().any(|line| line.trouble.is_some());
    auction.wait("the attempt fails", failed).await;
    net.part_last(false);
    let settled = auction.settled().await;
    assert_eq!(settled.winner(), Some(("basil", 800)));
    assert!(settled.detail.shortage.is_none());
    assert_eq!(settled.report.signed_by, set(&[1, 2, 3]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_called_off_stays_so_also_for_a_node_that_was_away() {
    let mut net = Net::start(Setup::new(3, 1)).await;
    let (open, closing) =
        (Auction::with_bids(&net.network).await, Auction::with_bids(&net.network).await);
    net.kill(3);
    closing.close().await;
    closing.wait("it waits", |detail| !detail.waiting_for.is_empty()).await;
    let called_off = |detail: &SessionDetail| detail.summary.phase == Phase::Cancelled;
    for auction in [&open, &closing] {
        net.network.coordinator().cancel(auction.session).await.unwrap();
        auction.wait("called off", called_off).await;
    }
    net.restart_coordinator().await;
    net.restart(3).await;
    for auction in [&open, &closing] {
        auction.all_nodes_reach(Phase::Cancelled).await;
        let keys = KeyPair::generate().unwrap();
        assert!(auction.try_bid("late", &keys, 1000).await.is_err());
        auction.wait("still called off", called_off).await;
    }
}
