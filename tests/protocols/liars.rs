//! A node that sends one wrong bit, in any message of an auction, to one other node or to all alike:
//! nobody takes a wrong outcome for right, and no honest node is named alone.

use gavel::protocol::{Complaint, Context, ProtocolError, StepId, Tactics};
use gavel::rules::auction::Kind;
use gavel::runs::{Computed, RunError, run};
use gavel::sharing::{NodeIndex, NodeSet};
use gavel::testkit::wiretap::Wiretap;
use gavel::testkit::{Failure, Lie, World, reference};
use rand::RngExt as _;

use super::{Results, node};

const BIDS: [u64; 5] = [3, 6, 1, 6, 5];

/// n, t, and the nodes that stay away.
const WORLDS: [(u8, u8, &[u8]); 8] = [
    (3, 1, &[]),
    (4, 1, &[]),
    (4, 1, &[1]),
    (5, 1, &[]),
    (5, 2, &[]),
    (7, 2, &[]),
    (7, 2, &[2, 3]),
    (7, 3, &[]),
];

/// Set it to try so many lies in every world instead of some.
const LIES_VARIABLE: &str = "GAVEL_LIES";

/// A small auction in which all kinds of openings occur: ranges, the winner, the price.
async fn auction(world: &World, tactics: &Tactics) -> Results<Computed> {
    let terms = reference::terms(Kind::SecondPrice, Some(2), 6);
    let shared = world.share(3, &BIDS);
    world
        .run(async |ctx: Context| -> Result<_, Failure> {
            let ctx = ctx.with_tactics(tactics.clone());
            Ok(run(&ctx, &terms, shared.of(ctx.me()), &|_| {}).await?)
        })
        .await
}

fn complaint_of(error: &Failure) -> Option<&Complaint> {
    match error {
        Failure::Run(RunError::Protocol(ProtocolError::Lie { complaint, .. }))
        | Failure::Protocol(ProtocolError::Lie { complaint, .. }) => Some(complaint),
        _ => None,
    }
}

/// What must hold at every honest node, whatever the liar did.
fn check(lie: Lie, right: &Computed, results: &[(NodeIndex, Result<Computed, Failure>)]) {
    for (me, result) in results.iter().filter(|(me, _)| *me != lie.node) {
        match result {
            Ok(computed) => assert_eq!(computed, right, "{lie:?} at node {me}"),
            Err(error) => {
                if let Some(complaint) = complaint_of(error) {
                    assert!(!complaint.is_empty());
                    let sound = complaint.sets().iter().all(|set| set.contains(lie.node));
                    assert!(sound, "{lie:?} at node {me}: {complaint}");
                }
                // Other errors name whoever broke off, or sent what does not fit.
                if let Failure::Run(RunError::Protocol(ProtocolError::Disagreement {
                    liars, ..
                })) = error
                {
                    assert!(liars.is_subset_of(NodeSet::EMPTY.with(lie.node)));
                }
            }
        }
    }
}

/// The steps at which a node sends something in an honest run.
async fn steps(world: World, tactics: &Tactics, of: NodeIndex) -> Vec<(StepId, NodeIndex)> {
    let tap = Wiretap::default();
    let world = world.tapped(&tap);
    for (_, result) in auction(&world, tactics).await {
        result.unwrap();
    }
    let sent = tap.messages().into_iter().filter(|message| message.from == of);
    sent.map(|message| (message.step, message.to)).collect()
}

#[tokio::test]
async fn one_wrong_bit_never_makes_a_wrong_outcome() {
    let lies = std::env::var(LIES_VARIABLE).ok().and_then(|lies| lies.parse().ok()).unwrap_or(40);
    let right = reference::computed(&reference::terms(Kind::SecondPrice, Some(2), 6), &BIDS);
    let mut found = 0;
    for (n, t, missing) in WORLDS {
        for naming in [false, true] {
            let tactics = Tactics { naming, ..Tactics::default() };
            let world = || World::new(n, t).without(missing);
            let participants: Vec<NodeIndex> = world().participants().iter().collect();
            let dice = world();
            let liar = dice.draw(|rng| participants[rng.random_range(0..participants.len())]);
            let messages = steps(world(), &tactics, liar).await;
            for _ in 0..lies {
                let lie = dice.draw(|rng| {
                    let (step, to) = messages[rng.random_range(0..messages.len())];
                    let to = rng.random::<bool>().then_some(to);
                    Lie { node: liar, step, to, bit: rng.random_range(0..1 << 20) }
                });
                let results = auction(&world().with_lie(lie), &tactics).await;
                found += usize::from(results.iter().any(|(_, result)| result.is_err()));
                check(lie, &right, &results);
            }
        }
    }
    assert!(found > 0);
}

#[tokio::test]
async fn a_wrong_bit_in_a_gate_is_found_before_anything_is_opened() {
    // What one neighbour hears of a gate has no second source among three nodes.
    let gate = StepId::of("range-check/less-than/0");
    for (n, t) in [(3, 1), (4, 1), (5, 2)] {
        for to in [None, Some(node(3))] {
            let tap = Wiretap::default();
            let lie = Lie { node: node(2), step: gate, to, bit: 1 };
            let world = World::new(n, t).with_lie(lie).tapped(&tap);
            let opening = StepId::of("range-check/open");
            for (_, result) in auction(&world, &Tactics::default()).await {
                let error = result.unwrap_err();
                let complaint = complaint_of(&error).unwrap();
                assert!(complaint.sets().iter().all(|set| set.contains(node(2)) && set.len() == 2));
            }
            assert!(tap.messages().iter().all(|message| message.step != opening));
        }
    }
}
