//! Shared elements dealt anew over channels: values survive, the cost is what was predicted, and who
//! lies is named.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gavel::field::{Field, Mersenne61, Mersenne127, Prime256};
use gavel::protocol::reshare::{ReshareError, cost};
use gavel::protocol::{Channel, Context, StepId};
use gavel::rules::job::version::Fingerprint;
use gavel::rules::job::{Prime, Range, StoredVariable};
use gavel::runs::renewal::{self, Renewable};
use gavel::sharing::reshare::Handover;
use gavel::sharing::stored::{BLINDING, Label, StoredShare};
use gavel::sharing::{Holding, NodeIndex, NodeSet, Scheme, SharedElements};
use gavel::testkit::handover::{Dealing, Dealt, Line, STEP, opened};
use gavel::testkit::{At, ElementInputs, Lie, World};
use rand::RngExt;
use zeroize::Zeroizing;

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

/// A variable that is stored, with every node's share of it.
fn kept<F: Field>(world: &World, name: &str, field: Prime, value: u64) -> (Renewable, Stored) {
    let scheme = world.scheme();
    let inputs = ElementInputs::<F>::of_numbers(world, &[value]);
    let of_set: Vec<[u8; BLINDING]> =
        scheme.sets().iter().map(|_| world.draw(RngExt::random)).collect();
    let label = Label { session: [5; 16], name };
    let mut digests = vec![Fingerprint([0; 32]); of_set.len()];
    let mut shares = Stored::new();
    for node in scheme.all().iter() {
        let held = scheme.held_by(node);
        let blindings: Vec<_> = held.iter().map(|&set| Zeroizing::new(of_set[set])).collect();
        let share = StoredShare::of(&inputs.of(node), &blindings).unwrap();
        for (set, digest) in held.into_iter().zip(share.digests(label, scheme, node).unwrap()) {
            digests[set] = Fingerprint(digest);
        }
        shares.entry(node).or_default().insert(name.to_owned(), share);
    }
    let range = Range::Within { low: 0, high: 1 << 20 };
    let (name, owner) = (name.to_owned(), None);
    let variable = StoredVariable { name, field, range, owner, generation: 0, digests };
    (Renewable { variable, session: [5; 16] }, shares)
}

/// What nodes have stored, by name.
type Stored = BTreeMap<NodeIndex, BTreeMap<String, StoredShare>>;

/// The value of a variable, by whoever holds it now. Every share must fit the digests.
fn value_of<F: Field>(scheme: Scheme, own: &Renewable, stored: &Stored) -> F {
    let digests: Vec<[u8; 32]> = own.variable.digests.iter().map(|digest| digest.0).collect();
    let label = Label { session: own.session, name: &own.variable.name };
    let shares = stored.iter().map(|(&node, shares)| {
        let share = &shares[&own.variable.name];
        assert!(share.fits(label, scheme, node, &digests), "{} at {node}", own.variable.name);
        (node, share.element::<F>(Holding::of(scheme, node)).unwrap())
    });
    opened(scheme, &shares.collect())[0]
}

#[tokio::test]
async fn five_nodes_become_six_and_then_five_others_and_every_variable_keeps_its_value() {
    let world = World::new(5, 2);
    let (mut variables, mut stored) = (Vec::new(), Stored::new());
    for (renewable, shares) in [
        kept::<Mersenne61>(&world, "a", Prime::Mersenne61, 61),
        kept::<Prime256>(&world, "b", Prime::Secp256k1, 256),
        kept::<Mersenne61>(&world, "c", Prime::Mersenne61, 62),
        kept::<Mersenne127>(&world, "d", Prime::Mersenne127, 127),
    ] {
        variables.push(renewable);
        for (node, own) in shares {
            stored.entry(node).or_default().extend(own);
        }
    }
    let (mut old, mut givers) = (world.scheme(), world.scheme().all());
    // Then the same five with new randomness, and one of them away.
    for (generation, (new, away)) in
        [(scheme(6, 2), 6), (scheme(5, 2), 0), (scheme(5, 2), 0), (scheme(4, 1), 2)]
            .into_iter()
            .enumerate()
    {
        let takers = if away == 0 { new.all() } else { without(new, &[away]) };
        let handover = Handover::new(old, givers, new, takers).unwrap();
        let dealing = Dealing::new(handover);
        let give = async |ctx: Context, across: Arc<dyn Channel>| {
            renewal::give(&ctx, &*across, handover, &variables, &stored[&ctx.me()]).await
        };
        let take = async |me, across: Arc<dyn Channel>, peers: Arc<dyn Channel>| {
            let keys = Context::establish(me, new, takers, Arc::clone(&peers), [3; 32]);
            let ctx = keys.await.unwrap();
            renewal::take(&ctx, dealing.taking(me, &*across, &*peers), &variables).await
        };
        let played = dealing.play(give, take).await;
        assert!(played.givers.iter().all(|(_, given, ..)| given.is_ok()));
        let before = std::mem::take(&mut stored);
        let mut known: Vec<Vec<StoredVariable>> = Vec::new();
        for (node, renewed, _) in played.takers {
            let renewed = renewed.unwrap();
            stored.insert(node, renewed.shares);
            known.push(renewed.variables);
        }
        assert!(known.windows(2).all(|pair| pair[0] == pair[1]), "new nodes disagree");
        for (own, now) in variables.iter_mut().zip(known.swap_remove(0)) {
            assert_eq!(now.generation as usize, generation + 1);
            assert_ne!(own.variable.version(), now.version());
            own.variable = now;
        }
        assert!(value_of::<Mersenne61>(new, &variables[0], &stored).equals(Field::from_u64(61)));
        assert!(value_of::<Prime256>(new, &variables[1], &stored).equals(Field::from_u64(256)));
        assert!(value_of::<Mersenne61>(new, &variables[2], &stored).equals(Field::from_u64(62)));
        assert!(value_of::<Mersenne127>(new, &variables[3], &stored).equals(Field::from_u64(127)));
        // A share of the generation before is none of this one.
        let label = Label { session: [5; 16], name: "a" };
        let digests: Vec<_> = variables[0].variable.digests.iter().map(|digest| digest.0).collect();
        for (node, shares) in before.iter().filter(|(node, _)| new.all().contains(**node)) {
            assert!(!shares["a"].fits(label, new, *node, &digests), "{node}");
        }
        (old, givers) = (new, takers);
    }
}
