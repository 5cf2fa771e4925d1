//! Silent, crashing, slow and lying nodes at every message of an auction on numbers: nobody hangs,
//! and wrong values are noticed.

use std::time::Duration;

use gavel::field::Mersenne127;
use gavel::protocol::{Context, ProtocolError};
use gavel::rules::auction::Kind;
use gavel::runs::{Computed, RunError, run};
use gavel::sharing::NodeSet;
use gavel::testkit::{Failure, Misdeed, NumberInputs, World, reference};

use super::auctions::terms;
use crate::{Results, SCHEMES, Spoilt, node};

const BIDS: [u64; 3] = [3, 6, 5];

/// A small second-price auction in a world.
async fn auction(world: World) -> Results<Computed> {
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

/// The auction with a node that misbehaves.
fn spoilt() -> Spoilt<impl AsyncFn(World) -> Results<Computed>> {
    Spoilt { auction, right: right() }
}

#[tokio::test(start_paused = true)]
async fn a_missing_message_ends_the_attempt_with_a_name() {
    let (deadline, limit) = (Duration::from_secs(1), Duration::from_secs(30));
    spoilt().a_missing_message_is_blamed(deadline, limit).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_is_noticed_at_once() {
    spoilt().a_crash_is_noticed(Duration::from_secs(30)).await;
}

#[tokio::test(start_paused = true)]
async fn a_late_message_changes_nothing() {
    spoilt().a_late_message_changes_nothing(Duration::from_secs(30)).await;
}

#[tokio::test(start_paused = true)]
async fn a_short_message_names_its_sender() {
    for (n, t) in SCHEMES {
        let deadline = Duration::from_secs(30);
        let runs = spoilt().with_every_message((n, t), Misdeed::Truncate, deadline).await;
        for (_, _, results) in runs {
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
#[tokio::test(start_paused = true)]
async fn a_lie_to_one_node_is_noticed() {
    for (n, t) in SCHEMES {
        // A small change, a change of the highest bit of an element, and one near the end.
        for bit in [3, 126, 127, 16 * 8 - 1 + 256] {
            let (deed, deadline) = (Misdeed::Flip(bit), Duration::from_secs(30));
            let runs = spoilt().with_every_message((n, t), deed, deadline).await;
            for (message, (_, _, results)) in runs.into_iter().enumerate() {
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
