//! Shared elements dealt anew over channels: values survive, the cost is what was predicted, and who
//! lies is named.

use std::collections::BTreeMap;
use std::time::Duration;

use gavel::field::{Field, Mersenne61, Mersenne127, Prime256};
use gavel::protocol::StepId;
use gavel::protocol::reshare::{ReshareError, cost};
use gavel::sharing::reshare::Handover;
use gavel::sharing::{NodeIndex, NodeSet, Scheme, SharedElements};
use gavel::testkit::handover::{Dealing, Dealt, Line, STEP, opened};
use gavel::testkit::{At, ElementInputs, Lie, World};
use rand::RngExt;

type Shares<F> = BTreeMap<NodeIndex, SharedElements<F>>;

fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

fn only(index: u8) -> NodeSet {
    NodeSet::EMPTY.with(node(index))
}

fn without(scheme: Scheme, missing: &[u8]) -> NodeSet {
    missing.iter().fold(scheme.all(), |set, &index| set.without(node(index)))
}

fn scheme(n: u8, t: u8) -> Scheme {
    Scheme::new(n, t).unwrap()
}

fn shared<F: Field>(world: &World, values: &[F]) -> Shares<F> {
    let inputs = ElementInputs::share(world, values);
    world.scheme().all().iter().map(|node| (node, inputs.of(node))).collect()
}

fn values<F: Field>(world: &World, len: usize) -> Vec<F> {
    (0..len).map(|_| F::from_u128(world.draw(|rng| rng.random::<u128>() >> 3))).collect()
}

fn same<F: Field>(one: &[F], other: &[F]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(&one, &other)| one.equals(other))
}

async fn deal<F: Field>(dealing: Dealing, shares: &Shares<F>, len: usize) -> Dealt<F> {
    dealing.run(|node| shares[&node].clone(), len).await
}

/// Rosters one after the other, with nodes that are away at either end.
async fn through<F: Field>(len: usize) {
    let world = World::new(3, 1);
    let expected = values::<F>(&world, len);
    let (mut old, mut givers) = (world.scheme(), world.scheme().all());
    let mut shares = shared(&world, &expected);
    for (n, t, away) in [
        (4, 1, &[][..]),
        (5, 2, &[]),
        (6, 2, &[4]),
        (5, 2, &[]),
        (5, 2, &[]),
        (5, 1, &[1, 5]),
        (3, 1, &[]),
    ] {
        let new = scheme(n, t);
        let takers = without(new, away);
        let handover = Handover::new(old, givers, new, takers).unwrap();
        let dealt = deal(Dealing::new(handover), &shares, len).await;
        for &(giver, rounds, bytes) in &dealt.spent {
            let cost = cost::giving::<F>(handover, giver, len);
            assert_eq!((rounds, bytes), (cost.rounds, cost.bytes_sent), "{n} {t} giver {giver}");
        }
        for &(taker, bytes) in &dealt.told {
            assert_eq!(bytes, cost::taking(handover).bytes_sent, "{n} {t} taker {taker}");
        }
        shares = dealt.settled();
        assert!(same(&opened(new, &shares), &expected), "{n} {t}");
        (old, givers) = (new, takers);
    }
}

#[tokio::test]
async fn values_go_from_roster_to_roster() {
    through::<Mersenne61>(5).await;
    through::<Mersenne127>(300).await;
    through::<Prime256>(1).await;
    through::<Prime256>(0).await;
}

#[tokio::test]
async fn long_batches_go_in_several_messages() {
    let world = World::new(5, 2);
    let (old, new, len) = (world.scheme(), scheme(6, 2), 4_000);
    let expected = values::<Prime256>(&world, len);
    let shares = shared(&world, &expected);
    let handover = Handover::new(old, old.all(), new, new.all()).unwrap();
    let dealt = deal(Dealing::new(handover), &shares, len).await;
    assert!(dealt.spent.iter().all(|&(giver, _, bytes)| {
        bytes == cost::giving::<Prime256>(handover, giver, len).bytes_sent && bytes > 2 << 20
    }));
    assert!(same(&opened(new, &dealt.settled()), &expected));
}

fn lie_at(step: &str, to: Option<u8>) -> Lie {
    Lie { at: At::Step(StepId::of(&format!("{STEP}/{step}"))), to: to.map(node), bit: 3 }
}

/// A dealing from five nodes to four with a lie, of one of whom a component has three holders.
async fn lied(line: Line, liar: u8, lie: Lie) -> Dealt<Mersenne61> {
    let world = World::new(5, 2);
    let (old, new, len) = (world.scheme(), scheme(4, 1), 3);
    let shares = shared(&world, &values::<Mersenne61>(&world, len));
    let handover = Handover::new(old, old.all(), new, new.all()).unwrap();
    let dealing = Dealing::new(handover).with_lie(line, node(liar), lie);
    deal(dealing.with_deadline(Duration::from_secs(3)), &shares, len).await
}

#[tokio::test]
async fn a_piece_that_does_not_fit_its_digest_names_its_sender_alone() {
    for (liar, to) in [(1, None), (3, Some(2))] {
        // The bit may make no element of it; then the message names its sender, too.
        for step in ["pieces/0", "blinds"] {
            let dealt = lied(Line::Across, liar, lie_at(step, to)).await;
            let cheated = |taker| to.is_none_or(|to| taker == node(to));
            for (taker, taken) in &dealt.takers {
                let error = taken.as_ref().err().unwrap_or_else(|| panic!("{taker} took shares"));
                if cheated(*taker) {
                    assert_eq!(error.liars(), only(liar), "{taker}: {error}");
                } else {
                    // The others wait for the one that stopped, and name no liar.
                    assert_eq!(error.liars(), NodeSet::EMPTY, "{taker}: {error}");
                }
            }
        }
    }
    let dealt = lied(Line::Across, 3, lie_at("blinds", Some(2))).await;
    let error = dealt.takers[1].1.as_ref().err().unwrap().to_string();
    let said = "node 3 of the old roster sent a piece that does not fit its digest";
    assert!(error.ends_with(said), "{error}");
}

#[tokio::test]
async fn digests_that_differ_name_who_told_them() {
    // To the new nodes: in conflict with two honest holders, of whom two may be wrong by t = 2.
    let dealt = lied(Line::Across, 2, lie_at("digests", None)).await;
    for (taker, taken) in &dealt.takers {
        let Err(ReshareError::Digests { liars, suspects, .. }) = taken else {
            panic!("{taker} noticed nothing");
        };
        assert!(suspects.contains(node(2)) && liars.is_subset_of(only(2)), "{liars} {suspects}");
    }
    // Among the old nodes: no honest one sends a piece, so no new node gets anything.
    let dealt = lied(Line::Old, 2, lie_at("digests", None)).await;
    for (giver, given) in dealt.givers.iter().filter(|(giver, _)| *giver != node(2)) {
        let Err(ReshareError::Digests { liars, suspects, .. }) = given else {
            panic!("{giver} noticed nothing");
        };
        assert!(suspects.contains(node(2)) && liars.is_subset_of(only(2)), "{liars} {suspects}");
    }
    assert!(dealt.takers.iter().all(|(_, taken)| taken.is_err()));
}

#[tokio::test]
async fn with_more_honest_holders_who_deals_something_else_is_named_alone() {
    let world = World::new(5, 1);
    let (old, new, len) = (world.scheme(), scheme(3, 1), 2);
    let shares = shared(&world, &values::<Mersenne127>(&world, len));
    let handover = Handover::new(old, old.all(), new, new.all()).unwrap();
    let dealing = Dealing::new(handover).with_damaged(node(4));
    let dealt = deal(dealing.with_deadline(Duration::from_secs(3)), &shares, len).await;
    for (taker, taken) in &dealt.takers {
        let error = taken.as_ref().err().unwrap_or_else(|| panic!("{taker} took shares"));
        assert_eq!(error.liars(), only(4), "{taker}: {error}");
    }
    for (giver, given) in dealt.givers.iter().filter(|(giver, _)| *giver != node(4)) {
        assert_eq!(given.as_ref().unwrap_err().liars(), only(4), "{giver}");
    }
    // Without it the others deal.
    let rest = Handover::new(old, without(old, &[4]), new, new.all()).unwrap();
    let again = deal(Dealing::new(rest), &shares, len).await.settled();
    assert!(same(&opened(new, &again), &opened(old, &shares)));
}

#[tokio::test]
async fn different_keys_are_noticed_before_any_piece_is_sent() {
    let lie = Lie { at: At::Number(0), to: Some(node(3)), bit: 5 };
    let dealt = lied(Line::Old, 1, lie).await;
    assert!(dealt.takers.iter().all(|(_, taken)| taken.is_err()));
    let failed = dealt.givers.iter().filter(|(_, given)| given.is_err()).count();
    assert!(failed >= 2, "{failed}");
}

#[tokio::test]
async fn a_new_node_that_says_it_was_told_otherwise_stops_the_others() {
    let dealt = lied(Line::New, 2, lie_at("view", None)).await;
    for (taker, taken) in dealt.takers.iter().filter(|(taker, _)| *taker != node(2)) {
        let Err(ReshareError::Views { nodes, .. }) = taken else { panic!("{taker}") };
        assert_eq!(*nodes, only(2));
    }
}

#[tokio::test]
async fn a_node_that_leaves_is_named_and_the_others_deal_without_it() {
    let world = World::new(4, 1);
    let (old, new, len) = (world.scheme(), scheme(5, 2), 2);
    let shares = shared(&world, &values::<Mersenne61>(&world, len));
    let handover = Handover::new(old, old.all(), new, new.all()).unwrap();
    let dealing = Dealing::new(handover).with_leaving(node(2));
    let dealt = deal(dealing.with_deadline(Duration::from_secs(1)), &shares, len).await;
    for (taker, taken) in &dealt.takers {
        let error = taken.as_ref().err().unwrap_or_else(|| panic!("{taker} took shares"));
        assert_eq!(error.nodes().unwrap().1, only(2), "{taker}: {error}");
        assert_eq!(error.liars(), NodeSet::EMPTY);
    }
    let rest = Handover::new(old, without(old, &[2]), new, new.all()).unwrap();
    let again = deal(Dealing::new(rest), &shares, len).await.settled();
    assert!(same(&opened(new, &again), &opened(old, &shares)));
}
