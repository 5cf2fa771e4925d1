//! Silent, crashing, slow and lying nodes at every message: nobody hangs, and wrong openings are
//! noticed.

use std::time::Duration;

use gavel::protocol::StepId;
use gavel::protocol::bits::BitContext;
use gavel::protocol::bits::open::open;
use gavel::protocol::{Context, ProtocolError};
use gavel::rules::auction::Kind;
use gavel::runs::{Computed, run};
use gavel::sharing::NodeSet;
use gavel::testkit::wiretap::Wiretap;
use gavel::testkit::{Failure, Fault, Misdeed, World, reference};

use super::{Results, SCHEMES, Spoilt, node};

const BIDS: [u64; 5] = [3, 6, 1, 6, 5];

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

/// The auction with a node that misbehaves.
fn spoilt() -> Spoilt<impl AsyncFn(World) -> Results<Computed>> {
    Spoilt { auction, right: right() }
}

#[tokio::test(start_paused = true)]
async fn a_missing_message_ends_the_attempt_with_a_name() {
    let (deadline, limit) = (Duration::from_millis(800), Duration::from_secs(20));
    spoilt().a_missing_message_is_blamed(deadline, limit).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_is_noticed_at_once() {
    spoilt().a_crash_is_noticed(Duration::from_secs(20)).await;
}

#[tokio::test(start_paused = true)]
async fn a_late_message_changes_nothing() {
    spoilt().a_late_message_changes_nothing(Duration::from_secs(20)).await;
}

#[tokio::test(start_paused = true)]
async fn a_short_message_is_refused_with_a_name() {
    for scheme in SCHEMES {
        let deadline = Duration::from_secs(20);
        let runs = spoilt().with_every_message(scheme, Misdeed::Truncate, deadline).await;
        for (_, to, results) in runs {
            for (me, result) in results {
                match result {
                    Ok(computed) => assert_eq!(computed, right()),
                    Err(error) if me == to => {
                        assert_eq!(error.nodes(), NodeSet::EMPTY.with(node(2)), "{error}");
                    }
                    Err(_) => {}
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lie_is_noticed_in_every_message() {
    for (n, t) in SCHEMES {
        for bit in [0, 77, 1001] {
            let deed = Misdeed::Flip(bit);
            let runs = spoilt().with_every_message((n, t), deed, Duration::from_secs(60)).await;
            for (step, to, results) in runs {
                let lied_to = results.iter().find(|(me, _)| *me == to).unwrap();
                assert!(lied_to.1.is_err(), "{n} {t} {step:?}");
                for (_, result) in &results {
                    assert!(result.as_ref().is_err() || *result.as_ref().unwrap() == right());
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
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

#[tokio::test(start_paused = true)]
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
                    matches!(&error, Failure::Protocol(ProtocolError::Keys { nodes, .. })
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

#[tokio::test(start_paused = true)]
async fn a_node_that_never_comes_is_named() {
    // Node 3 is expected, but says nothing from the first message on.
    let fault = Fault { node: node(3), message: 0, deed: Misdeed::Silence };
    let world = World::new(5, 2).with_deadline(Duration::from_millis(300)).with_fault(fault);
    for (me, result) in auction(world).await {
        let error = result.unwrap_err();
        if me != node(3) {
            assert_eq!(error.nodes(), NodeSet::EMPTY.with(node(3)), "{error}");
        }
    }
}
