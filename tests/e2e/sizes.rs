//! Auctions of every size and shape over real servers, each against the plain rules, and its cost
//! against the prediction: what costs nothing was not opened.

use std::time::Duration;

use futures_util::future::join_all;
use gavel::protocol::tactics::{GROUPS, LEAST_KING, Tactics};
use gavel::rules::auction::{Kind, reference};
use gavel::runs::auction::Workload;
use gavel::runs::auction::cost::{Ending, predict_ending};
use gavel::wire::node_api::Cost;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::auction::{Settled, file};
use super::net::{Net, Setup};

const KINDS: [(&str, Kind); 4] = [
    ("first-price", Kind::FirstPrice),
    ("second-price", Kind::SecondPrice),
    ("reverse-first-price", Kind::ReverseFirstPrice),
    ("reverse-second-price", Kind::ReverseSecondPrice),
];

/// An auction to be run.
#[derive(Clone, Debug)]
struct Case {
    kind: (&'static str, Kind),
    reserve: Option<u64>,
    maximum: Option<u64>,
    bids: Vec<u64>,
    /// One after the other, so that the order of equal bids is known.
    ordered: bool,
}

impl Case {
    async fn run(self, net: &Net) -> Settled {
        let auction = net.open(&file(self.kind.0, self.reserve, self.maximum)).await;
        let named =
            self.bids.iter().enumerate().map(|(at, &units)| (format!("bidder {at}"), units));
        if self.ordered {
            for (name, units) in named {
                auction.bid(&name, units).await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        } else {
            auction.bid_all(named).await;
        }
        auction.close().await;
        let settled = auction.settled().await;
        self.check(net, &settled);
        settled
    }

    /// Winner, price and cost are those of the bids in the manifest's order.
    fn check(&self, net: &Net, settled: &Settled) {
        let names = settled.names();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!((sorted.len(), names.len()), (self.bids.len(), self.bids.len()), "{self:?}");
        let position = |name: &str| name.strip_prefix("bidder ").unwrap().parse::<usize>().unwrap();
        let amounts: Vec<u64> = names.iter().map(|name| self.bids[position(name)]).collect();
        if self.ordered {
            assert_eq!(amounts, self.bids, "the order of arrival");
        }
        let decided = reference::decide(self.kind.1, self.reserve, &amounts);
        let expected = decided.map(|decision| (names[decision.entry], decision.price));
        assert_eq!(settled.winner(), expected, "{self:?}");

        let terms = &settled.record.announcement.body.terms;
        let ending = decided.map_or(Ending::Unsold, |decision| Ending::Sold(decision.entry));
        let scheme = net.roster.body.scheme;
        let work = Workload::of(terms, terms.question.as_auction().unwrap(), amounts.len());
        let attempt = settled.detail.attempts.last().unwrap();
        assert_eq!(attempt.cost.len(), usize::from(scheme.nodes()));
        let (_, first) = &attempt.cost[0];
        let costs = |cost: &Cost| (cost.rounds, cost.gates, cost.bytes_sent);
        for (node, cost) in &attempt.cost {
            assert_eq!(costs(cost), costs(first), "node {node}, {self:?}");
        }
        // Which plan was chosen hangs on the links as measured; it is one of these.
        let planned = tactics(amounts.len() + usize::from(work.reserve)).any(|tactics| {
            let all = scheme.all();
            let exact = predict_ending(scheme, all, work, &tactics, amounts.len(), ending);
            costs(first) == (exact.rounds, exact.gates, exact.bytes_sent_per_node)
        });
        assert!(planned, "no plan costs {first:?}, {self:?}");
    }
}

/// Every way to group a tournament of so many, and the one among those who lost to the winner.
fn tactics(entries: usize) -> impl Iterator<Item = Tactics> {
    // The winner meets as many as there are at most, one by one or together.
    let second = groupings(entries.next_power_of_two());
    // Kings never, or for every row that is large enough for them.
    [None, Some(LEAST_KING)].into_iter().flat_map(move |king_from| {
        let second = second.clone();
        groupings(entries).into_iter().flat_map(move |groups| {
            second.clone().into_iter().map(move |second_groups| {
                let groups = groups.clone();
                Tactics { groups, second_groups, king_from, ..Tactics::default() }
            })
        })
    })
}

fn groupings(entries: usize) -> Vec<Vec<u16>> {
    if entries <= 1 {
        return vec![Vec::new()];
    }
    let fits = |group: &u16| usize::from(*group) <= entries.next_power_of_two();
    let with = |group: u16| {
        let rest = groupings(entries.div_ceil(group.into()));
        rest.into_iter().map(move |rest| [vec![group], rest].concat())
    };
    GROUPS.into_iter().filter(fits).flat_map(with).collect()
}

async fn run_all(net: &Net, cases: Vec<Case>) {
    // A few at a time: many sessions side by side, without starving any.
    for some in cases.chunks(8) {
        join_all(some.iter().map(|case| case.clone().run(net))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_bid_one_bid_and_a_few() {
    let net = Net::start(Setup::new(3, 1)).await;
    let mut cases = Vec::new();
    for kind in KINDS {
        for (reserve, bids) in [
            (None, vec![]),
            (Some(500), vec![]),
            (None, vec![620]),
            (Some(500), vec![500]),
            (Some(500), vec![620, 380]),
            (None, vec![620, 380, 620]),
        ] {
            // With a range check in every second auction.
            let maximum = (cases.len() % 2 == 0).then_some(1000);
            cases.push(Case { kind, reserve, maximum, bids, ordered: true });
        }
    }
    run_all(&net, cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_bids_extreme_bids_and_bids_that_miss_the_reserve() {
    let net = Net::start(Setup::new(5, 2)).await;
    let largest = u64::from(u32::MAX);
    let mut cases = Vec::new();
    for kind in KINDS {
        let reverse = kind.1.is_reverse();
        let missed = if reverse { [501, 1000, 502] } else { [499, 0, 498] };
        for (reserve, maximum, bids) in [
            (None, None, vec![700; 5]),
            (None, None, vec![0; 3]),
            (None, None, vec![largest; 4]),
            (Some(500), Some(1000), vec![1000, 0, 1000, 0]),
            (Some(500), Some(1000), missed.to_vec()),
            (Some(500), Some(1000), vec![500, 500]),
        ] {
            cases.push(Case { kind, reserve, maximum, bids, ordered: true });
        }
    }
    run_all(&net, cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_bids_of_every_kind() {
    let net = Net::start(Setup::new(5, 2)).await;
    let mut rng = StdRng::seed_from_u64(2008);
    let cases = KINDS.map(|kind| Case {
        kind,
        reserve: Some(1_000_000),
        maximum: None,
        bids: (0..100).map(|_| rng.random_range(0..2_000_000)).collect(),
        ordered: false,
    });
    join_all(cases.map(|case| case.run(&net))).await;
}
