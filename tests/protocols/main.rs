//! Joint computation on channels in memory: every protocol against its plain twin, whole auctions
//! against the plain reference, with faults, and what is opened.
//!
//! - [`bits`]: protocols on bits
//! - [`blocks`]: comparisons in blocks of every size
//! - [`elements`]: products of elements of prime fields, and what stands on them
//! - [`best`]: sums, ranks and the m best on bits
//! - [`sums`]: sums over tables, prefix sums, and that a wrong bit in them is found
//! - [`products`]: equality, products, squares, tallies and places in the order
//! - [`trial`]: any protocol against its plain twin
//! - [`auctions`]: auctions on bits
//! - [`faults`]: auctions on bits with nodes that misbehave
//! - [`leak`]: what auctions on bits open
//! - [`liars`]: auctions on bits with a node that lies
//! - [`lots`]: auctions of several lots
//! - [`material`]: material for two parties
//! - [`market`]: markets on bits
//! - [`models`]: scores of models by two parties
//! - [`survey`]: surveys on bits
//! - [`handed`]: those handed over to the nodes of another roster
//! - [`refreshed`]: those dealt anew by the nodes that have them
//! - [`stored`]: variables that stay from one job to another
//! - [`adding`]: surveys among nodes that only add
//! - [`numbers`]: the same on numbers
//! - [`reserve`]: auctions whose reserve is a stored variable
//! - [`scored`]: scored auctions
//! - [`reshare`]: shared elements dealt anew, from one roster to another
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, too, may end the test

mod adding;
mod auctions;
mod best;
mod bits;
mod blocks;
mod elements;
mod faults;
mod handed;
mod job;
mod leak;
mod liars;
mod lots;
mod market;
mod material;
mod models;
mod numbers;
mod products;
mod refreshed;
mod reserve;
mod reshare;
mod scored;
mod stored;
mod sums;
mod survey;
mod sweep;
mod trial;

use std::time::Duration;

use futures_util::future::join_all;
use gavel::protocol::{Counters, StepId, Tactics};
use gavel::rules::Terms;
use gavel::rules::auction::{Kind, Sale};
use gavel::runs::Computed;
use gavel::runs::auction::cost::{Ending, predict, predict_ending};
use gavel::runs::auction::workload::Workload;
use gavel::sharing::security::Security;
use gavel::sharing::seed::mask;
use gavel::sharing::{NodeIndex, NodeSet};
use gavel::testkit::wiretap::Wiretap;
use gavel::testkit::{Failure, Fault, Misdeed, World, reference};
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::time::Instant;

/// What each node says.
type Results<T> = Vec<(NodeIndex, Result<T, Failure>)>;

fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

/// A server runs it as a task of its own, on any thread.
fn movable(_: &impl Send) {}

/// Names of steps with how much they open.
fn list(openings: &[(&str, u64)]) -> Vec<(String, u64)> {
    openings.iter().map(|&(step, size)| (step.to_owned(), size)).collect()
}

/// A world that does not check gates. That takes most of the time, and whole auctions show it.
fn unchecked(n: u8, t: u8) -> World {
    World::new(n, t).with_security(Security::Passive)
}

/// Worlds for auctions at random, most of three nodes, some of more.
fn mostly_three() -> [World; 6] {
    [
        World::new(3, 1),
        World::new(3, 1),
        World::new(3, 1),
        World::new(3, 1),
        World::new(4, 1).without(&[3]),
        World::new(5, 2),
    ]
}

/// How many honest nodes have found a lie; all others must say what is right.
fn lies_found(
    results: Results<Computed>,
    liar: NodeIndex,
    right: &Computed,
    number: usize,
) -> usize {
    let mut found = 0;
    for (me, result) in results.into_iter().filter(|(me, _)| *me != liar) {
        match result {
            Ok(computed) => assert_eq!(computed, *right, "{number} at {me}"),
            Err(error) => {
                assert!(!error.nodes().is_empty(), "{number} at {me}: {error}");
                found += 1;
            }
        }
    }
    found
}

/// The same terms for so many lots.
fn of_lots(terms: &Terms, quantity: u32) -> Terms {
    let mut question = terms.question.as_auction().unwrap().clone();
    question.quantity = quantity;
    Terms { question: question.into(), ..terms.clone() }
}

/// Terms and bids of at most so many bits, at most so many of them.
fn random_auction(rng: &mut StdRng, kind: Kind, bits: u32, bids: usize) -> (Terms, Vec<u64>) {
    let bits = rng.random_range(1..=bits);
    let maximum = match rng.random_range(0..3) {
        0 => rng.random_range(1..=mask(bits)),
        _ => mask(bits),
    };
    let reserve = rng.random::<bool>().then(|| reference::awkward(rng, bits, &[maximum]));
    let mut terms = reference::terms(kind, reserve.map(|reserve| reserve.min(maximum)), maximum);
    // With checks and without; those take most of the time of small auctions.
    terms.security = if rng.random_range(0..4) == 0 { Security::Active } else { Security::Passive };
    let count = rng.random_range(0..=bids);
    let bids = reference::awkward_values(rng, terms.bits(), count);
    (terms, bids)
}

/// Compare an auction's outcome and cost with what they must be.
fn check_auction(
    world: &World,
    terms: &Terms,
    bids: &[u64],
    tactics: &Tactics,
    (computed, counters): (&Computed, Counters),
) {
    assert_eq!(*computed, reference::computed(terms, bids), "{terms:?} {bids:?}");
    check_cost(world, terms, bids, tactics, (computed, counters));
}

/// Compare what an auction cost with what it must.
fn check_cost(
    world: &World,
    terms: &Terms,
    bids: &[u64],
    tactics: &Tactics,
    (computed, counters): (&Computed, Counters),
) {
    let (scheme, participants) = (world.scheme(), world.participants());
    let work = work(terms, bids.len());
    let in_range: Vec<usize> =
        (0..bids.len()).filter(|position| !computed.out_of_range.contains(position)).collect();
    let winners = &computed.answer.as_auction().unwrap().winners;
    let among = |sale: &Sale<usize>| Sale {
        entry: in_range.binary_search(&sale.entry).unwrap(),
        price: sale.price,
    };
    let ending = Ending::of(work, &winners.iter().map(among).collect::<Vec<_>>());
    let exact = predict_ending(scheme, participants, work, tactics, in_range.len(), ending);
    assert_eq!(
        (counters.rounds, counters.gates, counters.bytes_sent),
        (exact.rounds, exact.gates, exact.bytes_sent_per_node),
        "{terms:?} {bids:?}"
    );
    let most = predict(scheme, participants, work, tactics);
    // Several lots: adding up counts of slightly fewer bids may take more rounds.
    assert!(
        work.quantity > 1
            || counters.rounds <= most.rounds
                && counters.gates <= most.gates
                && counters.bytes_sent <= most.bytes_sent_per_node,
        "{terms:?} {bids:?} {tactics:?}: {exact:?} > {most:?}"
    );
}

fn work(terms: &Terms, bids: usize) -> Workload {
    Workload::of(terms, terms.question.as_auction().unwrap(), bids)
}

/// The schemes that misbehaving nodes are tried in.
const SCHEMES: [(u8, u8); 3] = [(3, 1), (4, 1), (5, 2)];

/// A small auction in which node 2 misbehaves.
struct Spoilt<A> {
    /// Runs it in a world.
    auction: A,
    /// Its outcome.
    right: Computed,
}

impl<A: AsyncFn(World) -> Results<Computed>> Spoilt<A> {
    /// Steps and receivers of all messages that node 2 sends.
    async fn messages(&self, n: u8, t: u8) -> Vec<(StepId, NodeIndex)> {
        let tap = Wiretap::default();
        for (_, result) in (self.auction)(World::new(n, t).tapped(&tap)).await {
            assert_eq!(result.unwrap(), self.right);
        }
        let sent = tap.messages().into_iter().filter(|message| message.from == node(2));
        sent.map(|message| (message.step, message.to)).collect()
    }

    /// The auction with each message of node 2 subjected to a misdeed, all at the same time.
    async fn with_every_message(
        &self,
        (n, t): (u8, u8),
        deed: Misdeed,
        deadline: Duration,
    ) -> Vec<(StepId, NodeIndex, Results<Computed>)> {
        let messages = self.messages(n, t).await;
        let runs = messages.iter().enumerate().map(|(message, _)| {
            let fault = Fault { node: node(2), message, deed };
            (self.auction)(World::new(n, t).with_deadline(deadline).with_fault(fault))
        });
        let results = join_all(runs).await;
        messages.into_iter().zip(results).map(|((step, to), all)| (step, to, all)).collect()
    }

    /// Where a message does not come, somebody names node 2, and all are done before `limit`.
    async fn a_missing_message_is_blamed(&self, deadline: Duration, limit: Duration) {
        for scheme in SCHEMES {
            for deed in [Misdeed::Drop, Misdeed::Silence] {
                let begun = Instant::now();
                let runs = self.with_every_message(scheme, deed, deadline).await;
                assert!(begun.elapsed() < limit);
                for (_, _, results) in runs {
                    // Whoever waits for a node that waits for node 2 names that node, so that not
                    // everyone names node 2; but somebody does.
                    let mut blamed = NodeSet::EMPTY;
                    for (me, result) in results {
                        match result {
                            Ok(computed) => assert_eq!(computed, self.right),
                            Err(error) if me != node(2) => blamed = blamed.union(error.nodes()),
                            Err(_) => {}
                        }
                    }
                    assert!(blamed.contains(node(2)), "{scheme:?} {deed:?}: {blamed}");
                }
            }
        }
    }

    /// A node that is gone is noticed before `limit`, far below the deadline of a wait.
    async fn a_crash_is_noticed(&self, limit: Duration) {
        for scheme in SCHEMES {
            let begun = Instant::now();
            let deadline = Duration::from_secs(60);
            let runs = self.with_every_message(scheme, Misdeed::Crash, deadline).await;
            assert!(begun.elapsed() < limit);
            for (me, result) in runs.into_iter().flat_map(|(_, _, results)| results) {
                if me == node(2) {
                    assert!(result.is_err());
                } else if let Ok(computed) = result {
                    assert_eq!(computed, self.right);
                }
            }
        }
    }

    /// A message that comes late is as good as any.
    async fn a_late_message_changes_nothing(&self, deadline: Duration) {
        let late = Misdeed::Delay(Duration::from_millis(30));
        for scheme in SCHEMES {
            let runs = self.with_every_message(scheme, late, deadline).await;
            for (_, result) in runs.into_iter().flat_map(|(_, _, results)| results) {
                assert_eq!(result.unwrap(), self.right);
            }
        }
    }
}
