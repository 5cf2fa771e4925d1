//! Silent, crashing, slow and lying nodes at every message: nobody hangs, and wrong openings are
//! noticed.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, too, may end the test

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use gavel::protocol::StepId;
use gavel::protocol::bits::BitContext;
use gavel::protocol::bits::open::open;
use gavel::protocol::{Context, EstablishError, ProtocolError};
use gavel::rules::auction::Kind;
use gavel::runs::{Computed, RunError, run};
use gavel::sharing::{NodeIndex, NodeSet};
use gavel::testkit::wiretap::Wiretap;
use gavel::testkit::{Fault, Misdeed, World, reference};

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Establish(#[from] EstablishError),
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error(transparent)]
    Run(#[from] RunError),
}

type Results<T> = Vec<(NodeIndex, Result<T, Failure>)>;

const BIDS: [u64; 5] = [3, 6, 1, 6, 5];

fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

/// A small second-price auction in a world.
async fn auction(world: World) -> Results<Computed> {
    let terms = reference::terms(Kind::SecondPrice, Some(2), 7);
    let shared = world.share(3, &BIDS);
    world
        .run(async |ctx: Context| -> Result<_, Failure> {
            Ok(run(&ctx, &terms, shared.of(ctx.me()), &|_| {}).await?)
        })
        .await
}

fn right() -> Computed {
    reference::sold(Some((1, 6)), vec![])
}

/// Steps and receivers of all messages that a node sends in the auction.
async fn messages_of(n: u8, t: u8, liar: NodeIndex) -> Vec<(StepId, NodeIndex)> {
    let tap = Wiretap::default();
    for (_, result) in auction(World::new(n, t).tapped(&tap)).await {
        assert_eq!(result.unwrap(), right());
    }
    let sent = tap.messages().into_iter().filter(|message| message.from == liar);
    sent.map(|message| (message.step, message.to)).collect()
}

/// The auction with each message of one node subjected to a misdeed, all at the same time.
async fn with_every_message(
    n: u8,
    t: u8,
    deed: Misdeed,
    deadline: Duration,
) -> Vec<(StepId, NodeIndex, Results<Computed>)> {
    let liar = node(2);
    let messages = messages_of(n, t, liar).await;
    let runs = messages.iter().enumerate().map(|(message, _)| {
        let fault = Fault { node: liar, message, deed };
        auction(World::new(n, t).with_deadline(deadline).with_fault(fault))
    });
    let results = join_all(runs).await;
    messages.into_iter().zip(results).map(|((step, to), results)| (step, to, results)).collect()
}

const SCHEMES: [(u8, u8); 3] = [(3, 1), (4, 1), (5, 2)];

#[tokio::test]
async fn a_missing_message_ends_the_attempt_with_a_name() {
    for (n, t) in SCHEMES {
        for deed in [Misdeed::Drop, Misdeed::Silence] {
            let begun = Instant::now();
            let runs = with_every_message(n, t, deed, Duration::from_millis(800)).await;
            assert!(begun.elapsed() < Duration::from_secs(20));
            for (_, _, results) in runs {
                // Whoever waits for a node that waits for node 2 names that node, so that not
                // everyone names node 2; but somebody does.
                let mut blamed = NodeSet::EMPTY;
                for (me, result) in results {
                    match result {
                        Ok(computed) => assert_eq!(computed, right()),
                        Err(error) if me != node(2) => blamed = blamed.union(named(&error)),
                        Err(_) => {}
                    }
                }
                assert!(blamed.contains(node(2)), "{n} {t} {deed:?}: {blamed}");
            }
        }
    }
}

/// The nodes that an error names.
fn named(failure: &Failure) -> NodeSet {
    match failure {
        Failure::Protocol(error) | Failure::Establish(EstablishError::Exchange(error)) => {
            error.nodes()
        }
        Failure::Run(error) => error.nodes(),
        Failure::Establish(_) => NodeSet::EMPTY,
    }
}

#[tokio::test]
async fn a_crash_is_noticed_at_once() {
    for (n, t) in SCHEMES {
        let begun = Instant::now();
        // No wait comes near the deadline.
        let runs = with_every_message(n, t, Misdeed::Crash, Duration::from_secs(60)).await;
        assert!(begun.elapsed() < Duration::from_secs(20));
        for (_, _, results) in runs {
            for (me, result) in results {
                if me == node(2) {
                    assert!(result.is_err());
                } else if let Ok(computed) = result {
                    assert_eq!(computed, right());
                }
            }
        }
    }
}

#[tokio::test]
async fn a_late_message_changes_nothing() {
    let late = Misdeed::Delay(Duration::from_millis(30));
    for (n, t) in SCHEMES {
        for (_, _, results) in with_every_message(n, t, late, Duration::from_secs(20)).await {
            for (_, result) in results {
                assert_eq!(result.unwrap(), right());
            }
        }
    }
}

#[tokio::test]
async fn a_short_message_is_refused_with_a_name() {
    for (n, t) in SCHEMES {
        let runs = with_every_message(n, t, Misdeed::Truncate, Duration::from_secs(20)).await;
        for (_, to, results) in runs {
            for (me, result) in results {
                match result {
                    Ok(computed) => assert_eq!(computed, right()),
                    Err(error) if me == to => {
                        assert_eq!(named(&error), NodeSet::EMPTY.with(node(2)), "{error}");
                    }
                    Err(_) => {}
                }
            }
        }
    }
}

#[tokio::test]
async fn a_lie_is_noticed_wherever_there_is_a_second_source() {
    for (n, t) in SCHEMES {
        for bit in [0, 77, 1001] {
            let deed = Misdeed::Flip(bit);
            let runs = with_every_message(n, t, deed, Duration::from_secs(20)).await;
            let mut noticed = 0;
            for (step, to, results) in runs {
                let sole_source = n == 3 && is_and(step);
                let lied_to = results.iter().find(|(me, _)| *me == to).unwrap();
                noticed += usize::from(lied_to.1.is_err());
                // What three nodes send in an AND has one source; everything else has several.
                assert!(sole_source || lied_to.1.is_err(), "{n} {t} {step:?}");
                for (_, result) in &results {
                    if let Ok(computed) = result {
                        assert!(sole_source || *computed == right());
                    }
                }
            }
            assert!(noticed > 0);
        }
    }
}

/// Whether a step of the auction is one of its ANDs.
fn is_and(step: StepId) -> bool {
    let levels = (1..=3).flat_map(|level| {
        ["tournament", "second-price"].into_iter().flat_map(move |part| {
            ["less-than/generate", "less-than/carry", "less-than/0", "select"]
                .map(|gate| StepId::of(&format!("{part}/{level}/{gate}")))
        })
    });
    levels.into_iter().any(|and| and == step)
}

#[tokio::test]
async fn a_wrong_share_in_an_opening_is_noticed_and_its_senders_named() {
    // Five nodes, t = 2: the liar's copy stands against two others for each component it sends.
    let world = World::new(5, 2);
    let value = world.share(8, &[201]);
    let open_it = async |world: &World| {
        world
            .run(async |ctx: BitContext| -> Result<_, Failure> {
                Ok(open(&ctx.narrow("open"), &value.of(ctx.me())).await?.values())
            })
            .await
    };
    for (_, result) in open_it(&world).await {
        assert_eq!(result.unwrap(), [201]);
    }
    // Four messages of contributions, four of tags, then the opening's to nodes 1, 3, 4 and 5.
    let fault = Fault { node: node(2), message: 8, deed: Misdeed::Flip(0) };
    for (me, result) in open_it(&World::new(5, 2).with_fault(fault)).await {
        match result {
            Ok(values) => {
                assert_ne!(me, node(1));
                assert_eq!(values, [201]);
            }
            Err(Failure::Protocol(ProtocolError::Disagreement { liars, suspects, .. })) => {
                assert_eq!(me, node(1));
                assert!(suspects.contains(node(2)));
                // One component, one conflict with each of two honest copies: with t = 2, it may
                // be these two, so nothing is certain.
                assert!(liars.is_empty());
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn contributions_that_differ_are_found_before_anything_is_opened() {
    for (n, t) in SCHEMES {
        let value = World::new(n, t).share(8, &[201]);
        let tap = Wiretap::default();
        // A bit of the contributions to node 1 is flipped: it derives other keys.
        let fault = Fault { node: node(2), message: 0, deed: Misdeed::Flip(5) };
        let world = World::new(n, t).with_fault(fault).tapped(&tap);
        let results: Results<Vec<u64>> = world
            .run(async |ctx: BitContext| -> Result<_, Failure> {
                Ok(open(&ctx.narrow("open"), &value.of(ctx.me())).await?.values())
            })
            .await;
        let open_step = StepId::of("open");
        for (me, result) in results {
            let error = result.unwrap_err();
            if me == node(1) {
                assert!(
                    matches!(&error, Failure::Protocol(ProtocolError::Keys { nodes })
                        if nodes.contains(node(2))),
                    "{error}"
                );
                let sent = |message: &gavel::testkit::wiretap::Message| {
                    message.from == me && message.step == open_step
                };
                assert!(!tap.messages().iter().any(sent));
            }
        }
    }
}

#[tokio::test]
async fn a_node_that_never_comes_is_named() {
    // Node 3 is expected, but says nothing from the first message on.
    let fault = Fault { node: node(3), message: 0, deed: Misdeed::Silence };
    let world = World::new(5, 2).with_deadline(Duration::from_millis(300)).with_fault(fault);
    for (me, result) in auction(world).await {
        let error = result.unwrap_err();
        if me != node(3) {
            assert_eq!(named(&error), NodeSet::EMPTY.with(node(3)), "{error}");
        }
    }
}
