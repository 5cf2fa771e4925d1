//! Sessions of every kind in a row while nodes are killed at random: five processes, of which any may be lost at
//! any time, at most one while bids are handed in and at most two after closing.
//!
//! `GAVEL_KILLED_AUCTIONS=50` runs fifty instead of a few; the seed that is printed on failure
//! replays the same kills with `GAVEL_TEST_SEED`.

use std::time::Duration;

use gavel::testkit::world::SEED_VARIABLE;
use rand::rngs::{StdRng, SysRng};
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _, TryRng as _};

use super::auction::Settled;
use super::kind::Kind;
use super::site::Site;
use crate::common::town::Server;

const FEW: u32 = 8;

/// A moment in a session: from at once to a good while.
async fn pause(rng: &mut StdRng, most_millis: u64) {
    tokio::time::sleep(Duration::from_millis(rng.random_range(0..most_millis))).await;
}

/// Kill these nodes one after the other and start them again, each after a while of its own.
async fn strike(nodes: Vec<&mut Server>, rng: &mut StdRng, most_millis: u64) {
    let mut down = Vec::new();
    for node in nodes {
        pause(rng, most_millis).await;
        node.kill();
        down.push(node);
    }
    for node in down {
        pause(rng, most_millis).await;
        // It waits for a line of the process.
        tokio::task::block_in_place(|| node.start());
    }
}

async fn one(site: &mut Site, kind: Kind, rng: &mut StdRng) -> (u64, Settled) {
    let mut played = kind.open(&site.network, rng.random_range(0..100)).await;
    let victim = rng.random_range(0..site.nodes.len());
    tokio::join!(played.hand_all_in(), strike(vec![&mut site.nodes[victim]], rng, 120));

    let many = rng.random_range(0..=2);
    let mut victims: Vec<&mut Server> = site.nodes.iter_mut().collect();
    victims.shuffle(rng);
    victims.truncate(many);
    let closing = async {
        played.close().await;
        played.settled().await
    };
    let (settled, ()) = tokio::join!(closing, strike(victims, rng, 300));
    played.check(&settled, &format!("{kind:?}"));
    (many as u64, settled)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_in_a_row_settle_while_nodes_are_killed_at_random() {
    let given = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let auctions = given("GAVEL_KILLED_AUCTIONS").unwrap_or_else(|| FEW.into());
    let seed = given(SEED_VARIABLE).unwrap_or_else(|| SysRng.try_next_u64().unwrap());
    let mut rng = StdRng::seed_from_u64(seed);
    println!("{SEED_VARIABLE}={seed}");

    let mut site = Site::start(5, 1, 5);
    let (mut kills, mut again) = (0, 0);
    for number in 1..=auctions {
        let kind = Kind::in_turn(usize::try_from(number).unwrap());
        let (lost, settled) = one(&mut site, kind, &mut rng).await;
        kills += 1 + lost;
        again += u64::from(settled.detail.attempts.len() > 1);
        println!("{number} of {auctions}: settled; {kills} nodes killed so far");
    }
    println!("{auctions} auctions, {kills} nodes killed; {again} took a second attempt");
}
