//! Stored variables that a job deals anew: in memory, with every node's shelf.

use std::collections::BTreeMap;

use gavel::protocol::{Context, ProtocolError, StepId};
use gavel::rules::job::{
    Answer, Earlier, Number, Operation, Prime, Question, Range, StoredVariable,
};
use gavel::runs::RunError;
use gavel::sharing::security::Security;
use gavel::sharing::stored::Label;
use gavel::testkit::{At, Failure, Lie, World};

use super::job::{job, terms};
use super::node;
use super::stored::{SESSION, Shelves, entries, first, left, load, one, run_in, second};

/// The session that deals anew.
const ANEW: [u8; 16] = [8; 16];

/// Deals all of these anew, and nothing else.
fn anew(stored: &[StoredVariable]) -> Question {
    let refresh = |stored: &StoredVariable| Operation::Refresh {
        variable: stored.name.clone(),
        generation: stored.generation,
        earlier: None,
    };
    job(stored[0].field, stored.iter().map(load).chain(stored.iter().map(refresh)))
}

fn digests_of(stored: &StoredVariable) -> Vec<[u8; 32]> {
    stored.digests.iter().map(|digest| digest.0).collect()
}

/// Values stay, whoever had no share gets one, and no component or digest has anything to do with
/// those before.
#[tokio::test]
async fn variables_are_dealt_anew_and_keep_their_values() {
    for ((n, t), made_without, anew_without, then_without) in [
        ((3, 1), &[][..], &[][..], &[][..]),
        ((4, 1), &[2], &[], &[1]),
        ((4, 1), &[], &[3], &[3]),
        ((5, 2), &[], &[], &[]),
        ((5, 1), &[1, 4], &[], &[2, 3]),
    ] {
        for field in Prime::ALL {
            let world = World::new(n, t);
            let made = World::new(n, t).without(made_without);
            let question = first(field);
            let (answer, shelves) =
                run_in(&made, SESSION, &question, &[4, 5], &Shelves::new()).await;
            let before = left(&question, &answer);
            let dealing = World::new(n, t).without(anew_without);
            let question = anew(&before);
            assert!(question.only_refreshes() && question.changed().len() == 3);
            let (answer, dealt) = run_in(&dealing, ANEW, &question, &[], &shelves).await;
            let after = left(&question, &answer);
            assert_eq!(after.len(), 3);
            for (old, new) in before.iter().zip(&after) {
                assert_eq!(
                    (&new.name, new.field, new.range, new.generation),
                    (&old.name, old.field, old.range, 1)
                );
                assert!(old.digests.iter().all(|digest| !new.digests.contains(digest)));
                let label = Label { session: ANEW, name: &new.name };
                for (node, kept) in &shelves {
                    assert!(!kept[&new.name].fits(label, world.scheme(), *node, &digests_of(new)));
                    // Without what blinds them, too: bytes of every component are others.
                    let Some(own) = dealt.get(node) else { continue };
                    let components = world.scheme().held_by(*node).len();
                    let bytes = kept[&new.name].expose();
                    let each = bytes.len() / components;
                    let fresh = own[&new.name].expose().chunks(each);
                    assert!(bytes.chunks(each).zip(fresh).all(|(a, b)| a[16..] != b[16..]));
                }
            }
            let (answer, _) = run_in(
                &World::new(n, t).without(then_without),
                SESSION,
                &second(&after),
                &[],
                &dealt,
            )
            .await;
            let expected = [9_u64, 400].map(|value| Some(Number::from(value)));
            assert_eq!(answer.revealed, expected, "{n} nodes over {field}");
        }
    }
}

/// A long batch of wide elements goes in several messages, and costs what was predicted.
#[tokio::test]
async fn many_variables_are_dealt_anew_in_several_messages() {
    let world = World::new(7, 3);
    let names: Vec<String> = (0..90).map(|at| format!("v{at}")).collect();
    let random = |name: &String| Operation::Random { variable: name.clone(), bits: None };
    let mut question = job(Prime::Secp256k1, names.iter().map(random));
    question.keep = names;
    let (answer, shelves) = run_in(&world, SESSION, &question, &[], &Shelves::new()).await;
    let stored = left(&question, &answer);
    let question = anew(&stored);
    let (answer, dealt) = run_in(&world, ANEW, &question, &[], &shelves).await;
    assert_eq!(left(&question, &answer).len(), 90);
    assert!(dealt.values().all(|own| own.len() == 90));
}

/// What each node says of a dealing in which node 2 lies.
async fn lied(
    world: World,
    lie: Lie,
) -> Vec<(gavel::sharing::NodeIndex, Result<Vec<StoredVariable>, Failure>)> {
    let question = first(Prime::Mersenne61);
    let (answer, shelves) = run_in(&world, SESSION, &question, &[4, 5], &Shelves::new()).await;
    let question = anew(&left(&question, &answer));
    let (terms, fields) = (terms(&question, Security::Active), entries(&world, &question, &[]));
    let world = world.with_lie(node(2), lie);
    let results = world.run(async |ctx: Context| -> Result<_, Failure> {
        let own = shelves[&ctx.me()].clone();
        one(&ctx, &terms, &fields, (ANEW, own)).await.map(|(answer, _)| left(&question, &answer))
    });
    results.await
}

#[tokio::test]
async fn who_lies_while_shares_are_dealt_anew_is_named() {
    for (n, t) in [(3, 1), (4, 1), (5, 2)] {
        for step in ["keys", "refresh/digests", "refresh/pieces/0", "keep"] {
            for to in [None, Some(node(3))] {
                for bit in [9, 700] {
                    let lie = Lie { at: At::Step(StepId::of(step)), to, bit };
                    let mut found = 0;
                    for (at, result) in lied(World::new(n, t), lie).await {
                        let Err(Failure::Run(RunError::Protocol(error))) = result else { continue };
                        // The link to a node that has stopped says nothing of a lie.
                        if at == node(2) || matches!(error, ProtocolError::Channel { .. }) {
                            continue;
                        }
                        found += 1;
                        let complaint = error.complaint(at);
                        let complaint = complaint.unwrap_or_else(|| panic!("{step}: {error}"));
                        let sets = complaint.sets();
                        assert!(sets.iter().all(|set| set.contains(node(2))), "{step}: {error}");
                    }
                    assert!(found > 0, "{n} nodes, {step} to {to:?}, bit {bit}: nobody found it");
                }
            }
        }
    }
}

/// A node that tells one other that it has no share, and has one, changes nothing.
#[tokio::test]
async fn who_is_said_to_have_a_share_makes_no_difference() {
    let lie = Lie { at: At::Step(StepId::of("refresh/digests")), to: Some(node(3)), bit: 0 };
    let results = lied(World::new(5, 1), lie).await;
    let all: Vec<_> = results.into_iter().map(|(_, result)| result.unwrap()).collect();
    assert!(all.len() == 5 && all.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn too_few_shares_are_not_dealt_anew() {
    let world = World::new(4, 1);
    let question = first(Prime::Mersenne127);
    let (answer, mut shelves) = run_in(&world, SESSION, &question, &[4, 5], &Shelves::new()).await;
    let question = anew(&left(&question, &answer));
    for missing in [1, 4] {
        // One variable is enough to have none to give.
        shelves.get_mut(&node(missing)).unwrap().remove("p");
    }
    let (terms, fields) = (terms(&question, Security::Active), entries(&world, &question, &[]));
    let results = world.run(async |ctx: Context| {
        let own = shelves[&ctx.me()].clone();
        one(&ctx, &terms, &fields, (ANEW, own)).await.map(drop)
    });
    for (at, result) in results.await {
        let Err(Failure::Run(RunError::Protocol(error))) = result else { panic!("node {at}") };
        let few = ProtocolError::TooFewShares { step: "refresh/digests".into(), have: 2, need: 3 };
        assert_eq!(error, few);
        assert!(error.nodes().is_empty() && error.complaint(at).is_none());
    }
    // Who computes with one has to have it.
    let mut used = question.clone();
    used.steps.push(gavel::rules::job::Step {
        id: "show".into(),
        operation: Operation::Reveal { variable: "p".into() },
        after: Vec::new(),
    });
    assert!(!used.only_refreshes());
    let (terms, own) = (super::job::terms(&used, Security::Active), BTreeMap::new());
    let results = world
        .run(async |ctx: Context| one(&ctx, &terms, &fields, (ANEW, own.clone())).await.map(drop));
    for (_, result) in results.await {
        assert!(matches!(result, Err(Failure::Run(RunError::Stored))));
    }
}

/// What the nodes of a new roster say, of whom some were nodes of the one before.
async fn handed_over(
    before: &World,
    after: World,
    places: &str,
) -> Vec<(gavel::sharing::NodeIndex, Result<(Answer<usize>, Stored), Failure>)> {
    let question = first(Prime::Mersenne127);
    let (answer, shelves) = run_in(before, SESSION, &question, &[4, 5], &Shelves::new()).await;
    let scheme = before.scheme();
    let text = format!("{}/{}: {places}", scheme.nodes(), scheme.threshold());
    let earlier: Earlier = text.parse().unwrap();
    let mut question = anew(&left(&question, &answer));
    for step in &mut question.steps {
        if let Operation::Refresh { earlier: said, .. } = &mut step.operation {
            *said = Some(earlier.clone());
        }
    }
    let (terms, fields) = (terms(&question, Security::Active), entries(&after, &question, &[]));
    let results = after.run(async |ctx: Context| -> Result<_, Failure> {
        let own = earlier.place(ctx.me()).and_then(|place| shelves.get(&place));
        one(&ctx, &terms, &fields, (ANEW, own.cloned().unwrap_or_default())).await
    });
    let results = results.await;
    if let Some((_, Ok((answer, _)))) = results.first() {
        assert_eq!(left(&question, answer).len(), 3);
    }
    results
}

type Stored = BTreeMap<String, gavel::sharing::stored::StoredShare>;

/// Nodes are added, replaced, removed and put in another order, and the threshold changes: values stay.
#[tokio::test]
async fn variables_go_to_the_nodes_of_another_roster() {
    for (before, after, places, away) in [
        ((5, 1), (6, 2), "1 2 3 4 5 -", &[][..]),
        ((6, 2), (5, 2), "6 5 4 2 1", &[]),
        ((5, 2), (6, 1), "- 5 4 3 2 1", &[]),
        ((5, 1), (5, 1), "- 4 - 2 1", &[]),
        ((4, 1), (5, 1), "1 2 3 4 -", &[2]),
    ] {
        let new = World::new(after.0, after.1);
        let old = World::new(before.0, before.1);
        let results = handed_over(&old, World::new(after.0, after.1).without(away), places).await;
        let (mut shelves, mut answers) = (Shelves::new(), Vec::new());
        for (node, result) in results {
            let (answer, kept) = result.unwrap();
            shelves.insert(node, kept);
            answers.push(answer);
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "nodes disagree");
        let digests = answers[0].kept.iter().map(|kept| kept.clone().unwrap());
        let names = ["x", "y", "p"];
        let bits = [8, 8, 16];
        let stored: Vec<StoredVariable> = names
            .iter()
            .zip(bits)
            .zip(digests)
            .map(|((name, bits), digests)| StoredVariable {
                name: (*name).to_owned(),
                field: Prime::Mersenne127,
                range: Range::of_bits(bits),
                owner: None,
                generation: 1,
                digests,
            })
            .collect();
        for stored in &stored {
            let label = Label { session: ANEW, name: &stored.name };
            for (node, own) in &shelves {
                assert!(own[&stored.name].fits(label, new.scheme(), *node, &digests_of(stored)));
            }
        }
        let then = World::new(after.0, after.1).without(away);
        let (answer, _) = run_in(&then, SESSION, &second(&stored), &[], &shelves).await;
        let expected = [9_u64, 400].map(|value| Some(Number::from(value)));
        assert_eq!(answer.revealed, expected, "{before:?} to {after:?}");
    }
}

#[tokio::test]
async fn too_few_nodes_of_the_roster_before_deal_nothing() {
    let results = handed_over(&World::new(5, 2), World::new(5, 1), "1 2 3 4 -").await;
    for (at, result) in results {
        let Err(Failure::Run(RunError::Protocol(error))) = result else { panic!("node {at}") };
        let few = ProtocolError::TooFewShares { step: "refresh".into(), have: 4, need: 5 };
        assert_eq!(error, few);
    }
}

/// Who lies between the rosters is named by what it is in the new one.
#[tokio::test]
async fn who_lies_between_rosters_is_named() {
    for (line, step) in [
        ("across", "batch/digests"),
        ("across", "batch/blinds"),
        ("across", "batch/pieces/0"),
        ("givers", "batch/digests"),
        ("givers", "keys"),
    ] {
        for to in [None, Some(node(3))] {
            let name = format!("refresh/{line}/{:?}", StepId::of(step));
            let lie = Lie { at: At::Step(StepId::of(&name)), to, bit: 77 };
            // Node 2 was node 4.
            let after = World::new(6, 1).with_lie(node(2), lie);
            let mut found = 0;
            for (at, result) in handed_over(&World::new(5, 1), after, "- 4 5 2 1 3").await {
                let Err(Failure::Run(RunError::Protocol(error))) = result else { continue };
                if at == node(2) || matches!(error, ProtocolError::Channel { .. }) {
                    continue;
                }
                found += 1;
                let complaint = error.complaint(at).unwrap_or_else(|| panic!("{name}: {error}"));
                let sets = complaint.sets();
                assert!(sets.iter().all(|set| set.contains(node(2))), "{line} {step}: {error}");
            }
            assert!(found > 0, "{line} {step} to {to:?}: nobody found it");
        }
    }
}
