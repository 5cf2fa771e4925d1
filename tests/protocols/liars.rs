//! Nodes that send a wrong bit, in any message of an auction, to one other node or to all alike, one
//! node or t together: nobody takes a wrong outcome for right, no honest node is named, and where
//! enough nodes remain the auction is decided after a bounded number of attempts.

use std::collections::BTreeSet;

use gavel::identity::Digest;
use gavel::protocol::{Context, EstablishError, ProtocolError, StepId, Tactics};
use gavel::rules::auction::{Answer, Kind, Pays, Sale};
use gavel::rules::{self, Terms};
use gavel::runs::{Computed, Listed, RunError, run_listed};
use gavel::session::SessionId;
use gavel::session::accusation::{self, Accusation, Fault, Finding};
use gavel::sharing::{NodeIndex, NodeSet};
use gavel::testkit::wiretap::Wiretap;
use gavel::testkit::{At, Failure, Lie, World, reference, scores};
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

fn lies(usual: usize) -> usize {
    std::env::var(LIES_VARIABLE).ok().and_then(|lies| lies.parse().ok()).unwrap_or(usual)
}

/// How many of so many lies for a world on the average fall to one of n nodes: seven take ten times
/// as long as three.
const fn share_of(lies: usize, n: u8) -> usize {
    if n == 7 { lies.div_ceil(4) } else { lies * 7 / 5 }
}

/// Handicaps of these bids where scores count: not the lowest price wins.
const HANDICAPS: [u64; 5] = [3, 0, 5, 1, 2];

/// A small auction in which all kinds of openings occur: ranges, the winner, the price. One by price
/// alone, or one in which scores count.
fn terms(scored: bool) -> Terms {
    if scored {
        scores::terms(Pays::Threshold, 5, 5)
    } else {
        reference::terms(Kind::SecondPrice, Some(2), 6)
    }
}

async fn auction(world: &World, tactics: &Tactics, scored: bool) -> Results<Computed> {
    let terms = terms(scored);
    let handicaps: &[u64] = if scored { &HANDICAPS } else { &[] };
    let shared = world.share(3, &BIDS);
    world
        .run(async |ctx: Context| -> Result<_, Failure> {
            let ctx = ctx.with_tactics(tactics.clone());
            let listed = Listed { handicaps, ..Listed::default() };
            let bids = shared.of(ctx.me()).into();
            Ok(Box::pin(run_listed(&ctx, &terms, bids, listed, &|_| {})).await?)
        })
        .await
}

fn right(scored: bool) -> Computed {
    if !scored {
        return reference::computed(&terms(false), &BIDS);
    }
    // 3 + 3, 1 + 5 and 5 + 2; twice 6 is above the reserve of 5. The first would have won up to 3.
    let sale = Sale { entry: 0, price: 3 };
    let answer = Answer { winners: vec![sale] };
    let by_rule = rules::auction::reference::weighed(
        terms(true).question.as_auction().unwrap(),
        &[3, 1, 5],
        &[3, 5, 2],
    );
    assert_eq!(answer, by_rule);
    Computed { answer: answer.into(), out_of_range: vec![1, 3] }
}

fn protocol(error: &Failure) -> Option<&ProtocolError> {
    match error {
        Failure::Run(RunError::Protocol(error))
        | Failure::Protocol(error)
        | Failure::Establish(EstablishError::Exchange(error)) => Some(error),
        _ => None,
    }
}

/// What nodes say of an attempt, as they would sign it.
fn accusations(
    number: u32,
    participants: NodeSet,
    naming: bool,
    results: &[(NodeIndex, Result<Computed, Failure>)],
) -> Vec<Accusation> {
    let said = results.iter().filter_map(|(me, result)| {
        let error = protocol(result.as_ref().err()?)?;
        let complaint = error.complaint(*me)?;
        let everybody = complaint.sets() == [participants];
        let lie = matches!(error, ProtocolError::Lie { .. });
        Some(Accusation {
            session: SessionId([0; 16]),
            manifest: Digest([0; 32]),
            attempt: number,
            participants,
            node: *me,
            fault: if lie && everybody && !naming { Fault::Sum } else { Fault::Gate },
            sets: complaint.sets().to_vec(),
        })
    });
    said.collect()
}

/// What must hold of all attempts so far: every set has a liar in it, and only liars are named.
fn sound(threshold: u8, liars: NodeSet, said: &[Accusation]) -> Vec<Finding> {
    let found = accusation::findings(threshold, said);
    for finding in &found {
        let sets = finding.sets.iter();
        let sound = sets.clone().all(|set| !set.intersection(liars).is_empty());
        assert!(sound, "{liars} lied: {finding}; {said:?}");
    }
    assert!(accusation::named(threshold, &found).is_subset_of(liars), "{liars} lied: {found:?}");
    found
}

/// The largest group in which no set is whole.
fn group(all: NodeSet, apart: &[NodeSet]) -> NodeSet {
    let groups = (0..=all.bits()).map(NodeSet::from_bits).filter(|group| {
        group.is_subset_of(all) && !apart.iter().any(|set| set.is_subset_of(*group))
    });
    groups.max_by_key(|group| (group.len(), group.bits().reverse_bits())).unwrap()
}

/// The steps at which a node sends something in an honest run, with one of those that hear it.
async fn steps(world: World, tactics: &Tactics, of: NodeIndex, scored: bool) -> Vec<StepId> {
    let tap = Wiretap::default();
    let world = world.tapped(&tap);
    for (_, result) in auction(&world, tactics, scored).await {
        result.unwrap();
    }
    let sent = tap.messages().into_iter().filter(|message| message.from == of);
    let mut seen = BTreeSet::new();
    sent.map(|message| message.step).filter(|&step| seen.insert(step)).collect()
}

/// Who lies, at one step after the other; each lie to all, or to one.
struct Liars {
    nodes: Vec<NodeIndex>,
    steps: Vec<StepId>,
}

impl Liars {
    async fn of(world: impl Fn() -> World, tactics: &Tactics, count: usize, scored: bool) -> Self {
        let mut left: Vec<NodeIndex> = world().participants().iter().collect();
        let dice = world();
        let nodes: Vec<NodeIndex> = (0..count)
            .map(|_| left.remove(dice.draw(|rng| rng.random_range(0..left.len()))))
            .collect();
        let steps = steps(world(), tactics, nodes[0], scored).await;
        Self { nodes, steps }
    }

    fn set(&self) -> NodeSet {
        self.nodes.iter().copied().collect()
    }

    /// A lie number so and so: all steps have their turn.
    fn lie(&self, dice: &World, number: usize) -> Lie {
        let all: Vec<NodeIndex> = dice.participants().iter().collect();
        dice.draw(|rng| {
            let to = rng.random::<bool>().then(|| all[rng.random_range(0..all.len())]);
            let at = At::Step(self.steps[number % self.steps.len()]);
            Lie { at, to, bit: rng.random_range(0..1 << 20) }
        })
    }

    fn in_world(&self, world: World, lie: Lie) -> World {
        self.nodes.iter().fold(world, |world, &node| world.with_lie(node, lie))
    }
}

#[tokio::test(start_paused = true)]
async fn one_wrong_bit_never_makes_a_wrong_outcome() {
    let (lies, mut found) = (lies(40), 0);
    let worlds = WORLDS.into_iter().zip([false, true].into_iter().cycle());
    // Each world once, every other one with scores; and all the other way round.
    let others = WORLDS.into_iter().zip([true, false].into_iter().cycle());
    for ((n, t, missing), scored) in worlds.chain(others) {
        let right = right(scored);
        for (naming, count) in [(false, 1), (true, 1), (false, t), (true, t)] {
            let tactics = Tactics { naming, ..Tactics::default() };
            let world = || World::new(n, t).without(missing);
            let (dice, participants) = (world(), world().participants());
            let liars = Liars::of(world, &tactics, count.into(), scored).await;
            for number in 0..share_of(lies, n).div_ceil(8) {
                let lie = liars.lie(&dice, number * 4 + usize::from(naming));
                let results = auction(&liars.in_world(world(), lie), &tactics, scored).await;
                for (me, result) in results.iter().filter(|(me, _)| !liars.nodes.contains(me)) {
                    if let Ok(computed) = result {
                        assert_eq!(*computed, right, "{lie:?} of {:?} at {me}", liars.nodes);
                    }
                }
                found += usize::from(results.iter().any(|(_, result)| result.is_err()));
                let said = accusations(1, participants, naming || n == 3, &results);
                sound(t, liars.set(), &said);
            }
        }
    }
    assert!(found > 0);
}

#[tokio::test(start_paused = true)]
async fn where_enough_nodes_remain_liars_delay_an_auction_by_few_attempts() {
    for (n, t, scored) in [(4, 1, true), (5, 1, false), (7, 2, false)] {
        let right = right(scored);
        let world = || World::new(n, t);
        let (dice, all) = (world(), world().participants());
        let liars = Liars::of(world, &Tactics::default(), t.into(), scored).await;
        for number in 0..share_of(lies(12), n) {
            let lie = liars.lie(&dice, number);
            let (mut said, mut apart, mut attempts) = (Vec::new(), Vec::new(), 0);
            loop {
                attempts += 1;
                let here = group(all, &apart);
                assert!(here.len() > 2 * usize::from(t), "{lie:?}: {apart:?}");
                let missing: Vec<u8> = all.difference(here).iter().map(NodeIndex::get).collect();
                let tactics = Tactics { naming: attempts > 1, ..Tactics::default() };
                let world = liars.in_world(world().without(&missing), lie);
                let results = auction(&world, &tactics, scored).await;
                let honest = results.iter().filter(|(me, _)| !liars.nodes.contains(me));
                let failed = honest.clone().any(|(_, result)| result.is_err());
                for (me, result) in honest {
                    if let Ok(computed) = result {
                        assert_eq!(*computed, right, "{lie:?} of {:?} at {me}", liars.nodes);
                    }
                }
                if !failed {
                    break;
                }
                let now = accusations(attempts, here, tactics.naming, &results);
                assert!(!now.is_empty(), "{lie:?} of {:?}: {results:?}", liars.nodes);
                said.extend(now);
                apart = accusation::apart(&sound(t, liars.set(), &said));
                assert!(attempts <= u32::from(2 * n), "{lie:?} of {:?}: {said:?}", liars.nodes);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_bit_in_a_gate_is_found_before_anything_is_opened() {
    // What one neighbour hears of a gate has no second source among three nodes.
    let gate = StepId::of("range-check/less-than/0");
    for (n, t) in [(3, 1), (4, 1), (5, 2)] {
        for to in [None, Some(node(3))] {
            let tap = Wiretap::default();
            let lie = Lie { at: At::Step(gate), to, bit: 1 };
            let world = World::new(n, t).with_lie(node(2), lie).tapped(&tap);
            let opening = StepId::of("range-check/open");
            for (me, result) in auction(&world, &Tactics::default(), false).await {
                let error = result.unwrap_err();
                let complaint = protocol(&error).unwrap().complaint(me).unwrap();
                assert!(complaint.sets().iter().all(|set| set.contains(node(2)) && set.len() == 2));
            }
            assert!(tap.messages().iter().all(|message| message.step != opening));
        }
    }
}

/// A node that breaks off a check says for whom. It cannot put the blame on somebody who does not
/// take part: nobody could leave those out of the next attempt.
#[tokio::test(start_paused = true)]
async fn who_breaks_off_a_check_blames_nobody_who_is_away() {
    let world = || World::new(5, 1).without(&[5]);
    let tactics = Tactics::default();
    let all = world().participants();
    let steps = steps(world(), &tactics, node(2), false).await;
    let opening = StepId::of("range-check/open");
    let opening = steps.iter().position(|&step| step == opening).unwrap();
    let mut broken_off = 0;
    // The messages of a check begin with the set: a bit for each node.
    for &step in &steps[opening - 3..opening] {
        for bit in 0..16 {
            let lie = Lie { at: At::Step(step), to: None, bit };
            let results = auction(&world().with_lie(node(2), lie), &tactics, false).await;
            for (_, result) in results.iter().filter(|(me, _)| *me != node(2)) {
                let Err(error) = result else { continue };
                let complaint = protocol(error).unwrap().complaint(node(1)).unwrap();
                for set in complaint.sets() {
                    assert!(set.contains(node(2)) && set.is_subset_of(all), "bit {bit}: {set}");
                }
                broken_off += 1;
            }
        }
    }
    assert!(broken_off > 0);
}
