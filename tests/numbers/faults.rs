//! Silent, crashing, slow and lying nodes at every message of an auction on numbers: nobody hangs,
//! and wrong values are noticed.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use gavel::field::Mersenne127;
use gavel::protocol::{Context, ProtocolError};
use gavel::rules::auction::Kind;
use gavel::runs::{Computed, RunError, run};
use gavel::sharing::{NodeIndex, NodeSet};
use gavel::testkit::wiretap::Wiretap;
use gavel::testkit::{Fault, Misdeed, NumberInputs, World, reference};

use super::Failure;
use super::auctions::terms;

type Results = Vec<(NodeIndex, Result<Computed, Failure>)>;

const BIDS: [u64; 3] = [3, 6, 5];

fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

/// A small second-price auction in a world.
async fn auction(world: World) -> Results {
    let terms = terms(Kind::SecondPrice, Some(2), 7);
    let shared = NumberInputs::<Mersenne127>::of_numbers(&world, &BIDS);
    world
        .run(async |ctx: Context| -> Result<_, Failure> {
            Ok(run(&ctx, &terms, shared.of(ctx.me()), &|_| {}).await?)
        })
        .await
}

fn right() -> Computed {
    reference::sold(Some((1, 5)), vec![])
}

/// The auction with each message of one node subjected to a misdeed, all at the same time.
async fn with_every_message(n: u8, t: u8, deed: Misdeed, deadline: Duration) -> Vec<Results> {
    let tap = Wiretap::default();
    for (_, result) in auction(World::new(n, t).tapped(&tap)).await {
        assert_eq!(result.unwrap(), right());
    }
    let messages = tap.messages().iter().filter(|message| message.from == node(2)).count();
    let runs = (0..messages).map(|message| {
        let fault = Fault { node: node(2), message, deed };
        auction(World::new(n, t).with_deadline(deadline).with_fault(fault))
    });
    join_all(runs).await
}

const SCHEMES: [(u8, u8); 3] = [(3, 1), (4, 1), (5, 2)];

#[tokio::test]
async fn a_missing_message_ends_the_attempt_with_a_name() {
    for (n, t) in SCHEMES {
        for deed in [Misdeed::Drop, Misdeed::Silence] {
            let begun = Instant::now();
            let runs = with_every_message(n, t, deed, Duration::from_secs(1)).await;
            assert!(begun.elapsed() < Duration::from_secs(30));
            for results in runs {
                let mut blamed = NodeSet::EMPTY;
                for (me, result) in results {
                    match result {
                        Ok(computed) => assert_eq!(computed, right()),
                        Err(error) if me != node(2) => blamed = blamed.union(error.nodes()),
                        Err(_) => {}
                    }
                }
                assert!(blamed.contains(node(2)), "{n} {t} {deed:?}: {blamed}");
            }
        }
    }
}

#[tokio::test]
async fn a_crash_is_noticed_at_once() {
    for (n, t) in SCHEMES {
        let begun = Instant::now();
        // No wait comes near the deadline.
        let runs = with_every_message(n, t, Misdeed::Crash, Duration::from_secs(60)).await;
        assert!(begun.elapsed() < Duration::from_secs(30));
        for (me, result) in runs.into_iter().flatten() {
            if me == node(2) {
                assert!(result.is_err());
            } else if let Ok(computed) = result {
                assert_eq!(computed, right());
            }
        }
    }
}

#[tokio::test]
async fn a_late_message_changes_nothing() {
    let late = Misdeed::Delay(Duration::from_millis(30));
    for (n, t) in SCHEMES {
        let runs = with_every_message(n, t, late, Duration::from_secs(30)).await;
        for (_, result) in runs.into_iter().flatten() {
            assert_eq!(result.unwrap(), right());
        }
    }
}

#[tokio::test]
async fn a_short_message_names_its_sender() {
    for (n, t) in SCHEMES {
        let runs = with_every_message(n, t, Misdeed::Truncate, Duration::from_secs(30)).await;
        for results in runs {
            let mut named = false;
            for (me, result) in results {
                match result {
                    Ok(computed) => assert_eq!(computed, right()),
                    Err(error) if me != node(2) => {
                        named |= error.nodes() == NodeSet::EMPTY.with(node(2));
                    }
                    Err(_) => {}
                }
            }
            assert!(named, "{n} {t}");
        }
    }
}

/// One bit of one message to one node is wrong: that is always noticed, and nobody takes a wrong
/// outcome for right. Where the wrong share of an opening can be told, it is node 2's.
#[tokio::test]
async fn a_lie_to_one_node_is_noticed() {
    for (n, t) in SCHEMES {
        // A small change, a change of the highest bit of an element, and one near the end.
        for bit in [3, 126, 127, 16 * 8 - 1 + 256] {
            let runs = with_every_message(n, t, Misdeed::Flip(bit), Duration::from_secs(30)).await;
            for (message, results) in runs.into_iter().enumerate() {
                let mut noticed = false;
                for (_, result) in results {
                    match result {
                        Ok(computed) => assert_eq!(computed, right(), "{n} {t} {bit} {message}"),
                        Err(error) => {
                            noticed = true;
                            if let Failure::Run(RunError::Protocol(ProtocolError::Misfit {
                                misfit,
                                ..
                            })) = error
                            {
                                assert!(misfit.suspects.contains(node(2)));
                                assert!(misfit.liars.is_subset_of(NodeSet::EMPTY.with(node(2))));
                                assert_eq!(misfit.liars.is_empty(), n < 3 * t + 1);
                            }
                        }
                    }
                }
                assert!(noticed, "{n} {t}: bit {bit} of message {message}");
            }
        }
    }
}
