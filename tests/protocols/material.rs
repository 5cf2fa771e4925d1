//! Batches of material: what they are when all shares are put together, what they cost and open, what
//! the two parties get of them, and dealers that lie.

use std::collections::BTreeSet;

use gavel::dealer::{Choice, for_owner, part_of, portion};
use gavel::field::{Field, Pair127};
use gavel::protocol::bits::BitContext;
use gavel::protocol::material::cost::most_values;
use gavel::protocol::material::{Material, make, new_key};
use gavel::protocol::{Context, ProtocolError, StepId, Tactics};
use gavel::sharing::pair::{BatchShape, MatrixShape, Square, Triple};
use gavel::sharing::parts::{client_half, owner_half};
use gavel::sharing::{NodeIndex, NodeSet, Seed};
use gavel::testkit::elements::put_together;
use gavel::testkit::{At, Failure, Lie, World};

use super::node;

type F = Pair127;

/// n, t, and the dealers that stay away.
const WORLDS: [(u8, u8, &[u8]); 12] = [
    (3, 1, &[]),
    (4, 1, &[]),
    (4, 1, &[2]),
    (5, 1, &[]),
    (5, 2, &[]),
    (6, 2, &[4]),
    (7, 2, &[1, 4]),
    (7, 3, &[]),
    (8, 2, &[]),
    (8, 3, &[8]),
    (9, 2, &[]),
    (9, 4, &[]),
];

fn some_of_all() -> BatchShape {
    let matrices = vec![
        MatrixShape { rows: 2, inner: 3, columns: 2 },
        MatrixShape { rows: 1, inner: 4, columns: 3 },
        MatrixShape { rows: 1, inner: 0, columns: 1 },
    ];
    BatchShape { triples: 5, squares: 3, bits: 20, masks: 2, matrices }
}

/// A batch at every dealer that is there, with what it cost compared with what it should.
async fn batch(
    world: &World,
    tactics: &Tactics,
    shape: &BatchShape,
) -> Vec<(NodeIndex, Material<F>)> {
    let results = world.run(async |ctx: Context| -> Result<_, Failure> {
        let ctx = BitContext::new(&ctx.with_tactics(tactics.clone()));
        let key = new_key(&ctx.narrow("key"))?;
        let before = ctx.base().counters();
        let material = make(&ctx.narrow("task"), &key, shape).await?;
        let (now, cost) = (ctx.base().counters(), ctx.cost_model().material::<F>(shape));
        let spent = [now.rounds - before.rounds, now.gates - before.gates];
        assert_eq!(spent, [cost.rounds, cost.gates], "{shape:?}");
        assert_eq!(now.bytes_sent - before.bytes_sent, cost.bytes_sent);
        Ok(material)
    });
    results.await.into_iter().map(|(node, result)| (node, result.unwrap())).collect()
}

/// The batch in the clear: what all shares together are, in one half.
fn in_the_clear(
    world: &World,
    dealers: &[(NodeIndex, Material<F>)],
) -> gavel::sharing::pair::Half<F> {
    let together = |of: &dyn Fn(&Material<F>) -> gavel::sharing::SharedElements<F>| {
        let shares: Vec<_> = dealers.iter().map(|(node, own)| (*node, of(own))).collect();
        put_together(world.scheme(), &shares)
    };
    let mut part = gavel::sharing::parts::Part::zeros(dealers[0].1.values().len());
    let key = together(&|own| own.key().clone());
    let (values, macs) =
        (together(&|own| own.values().clone()), together(&|own| own.macs().clone()));
    part.add_shares(&key, &values, &macs).unwrap();
    part.into_half(dealers[0].1.shape().clone()).unwrap()
}

/// Everything is what it should be, and has its MAC.
fn check(clear: &gavel::sharing::pair::Half<F>) {
    let key = clear.key().share();
    let value = |value: gavel::sharing::pair::Authenticated<F>| {
        assert!((value.share * key).equals(value.mac));
        value.share
    };
    let shape = clear.shape();
    let mut seen = BTreeSet::new();
    for at in 0..shape.triples {
        let Triple { a, b, c } = clear.triple(at).unwrap();
        let [a, b, c] = [a, b, c].map(value);
        assert!((a * b).equals(c));
        seen.extend([a, b, c].map(F::to_number));
    }
    assert!(seen.len() == 3 * shape.triples);
    for at in 0..shape.squares {
        let Square { a, square } = clear.square(at).unwrap();
        assert!(value(a).square().equals(value(square)));
    }
    let bits: Vec<_> =
        (0..shape.bits).map(|at| value(clear.bit(at).unwrap()).to_number()).collect();
    assert!(bits.iter().all(|&bit| bit <= 1), "{bits:?}");
    assert!(shape.bits < 20 || bits.contains(&0) && bits.contains(&1), "{bits:?}");
    let masks: BTreeSet<_> =
        (0..shape.masks).map(|at| value(clear.mask(at).unwrap()).to_number()).collect();
    assert!(masks.len() == shape.masks);
    for at in 0..shape.matrices.len() {
        let matrix = clear.matrix(at).unwrap();
        let MatrixShape { rows, inner, columns } = matrix.shape;
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)))
        {
            let sum = (0..inner).fold(F::ZERO, |sum, within| {
                let a = value(matrix.a.get(row * inner + within).unwrap());
                sum + a * value(matrix.b.get(within * columns + column).unwrap())
            });
            assert!(sum.equals(value(matrix.c.get(row * columns + column).unwrap())));
        }
    }
}

#[tokio::test]
async fn all_shares_together_are_material_with_its_macs() {
    for (n, t, missing) in WORLDS {
        for naming in [false, true] {
            if naming && n > 5 {
                continue;
            }
            let world = World::new(n, t).without(missing);
            let tactics = Tactics { naming, ..Tactics::default() };
            let dealers = batch(&world, &tactics, &some_of_all()).await;
            let clear = in_the_clear(&world, &dealers);
            check(&clear);
            assert!(!clear.key().share().is_zero());
        }
    }
}

#[tokio::test]
async fn every_kind_can_be_made_alone_and_nothing_too() {
    let of = |matrix| BatchShape { matrices: vec![matrix], ..BatchShape::default() };
    let shapes = [
        BatchShape::default(),
        BatchShape { triples: 3, ..BatchShape::default() },
        BatchShape { squares: 2, ..BatchShape::default() },
        BatchShape { bits: 4, ..BatchShape::default() },
        BatchShape { masks: 1, ..BatchShape::default() },
        of(MatrixShape { rows: 1, inner: 5, columns: 2 }),
    ];
    for (n, t) in [(3, 1), (4, 1)] {
        for shape in &shapes {
            let world = World::new(n, t);
            check(&in_the_clear(&world, &batch(&world, &Tactics::default(), shape).await));
        }
    }
}

#[tokio::test]
async fn large_batches_are_made_piece_by_piece() {
    const PIECE: usize = 1 << 16;
    let world = World::new(3, 1);
    let shape = BatchShape { triples: PIECE / 3 + 100, ..BatchShape::default() };
    check(&in_the_clear(&world, &batch(&world, &Tactics::default(), &shape).await));
    // Sums that are longer than a piece.
    let long = MatrixShape { rows: 1, inner: PIECE + 3, columns: 1 };
    let world = World::new(3, 1);
    let results = world.run(async |ctx: BitContext| -> Result<_, Failure> {
        let random =
            |name, len| gavel::protocol::elements::random::random::<F>(&ctx.narrow(name), len);
        let (a, b) = (random("a", PIECE + 3)?, random("b", PIECE + 3)?);
        let c = gavel::protocol::elements::matrix::matrix_product(&ctx.narrow("c"), long, &a, &b)
            .await?;
        Ok([a, b, c])
    });
    let results: Vec<_> =
        results.await.into_iter().map(|(node, all)| (node, all.unwrap())).collect();
    let [a, b, c] = [0, 1, 2].map(|at| {
        let shares: Vec<_> = results.iter().map(|(node, all)| (*node, all[at].clone())).collect();
        put_together(world.scheme(), &shares)
    });
    assert!(gavel::field::bulk::inner_product(&a, &b).equals(c[0]));
}

#[tokio::test]
async fn the_two_parties_get_the_batch_in_halves() {
    let few = (3..=10).map(|n| (n, 1, &[][..]));
    let worlds =
        few.chain([(4, 1, &[2][..]), (5, 2, &[]), (7, 3, &[]), (10, 2, &[]), (10, 3, &[])]);
    for (n, t, missing) in worlds {
        let world = World::new(n, t).without(missing);
        let dealers = batch(&world, &Tactics::default(), &some_of_all()).await;
        let key = in_the_clear(&world, &dealers).key().share();
        // The first t+1, and all.
        let few: NodeSet = world.participants().iter().take(usize::from(t) + 1).collect();
        for chosen in [few, world.participants()] {
            let choice = Choice::new(world.scheme(), world.participants(), chosen).unwrap();
            let (mut seeds, mut parts) = (Vec::new(), Vec::new());
            for own in choice.portions() {
                assert!(chosen.contains(own.giver));
                let seed = Seed::random().unwrap();
                let (_, material) =
                    dealers.iter().find(|(dealer, _)| *dealer == own.giver).unwrap();
                let part = portion(material, &choice, own, own.giver).unwrap();
                parts.push(for_owner(part, &seed).unwrap());
                seeds.push(seed);
            }
            let gives = dealers.iter().filter(|(dealer, _)| chosen.contains(*dealer));
            let whole = gives.map(|(dealer, own)| part_of(own, &choice, *dealer).unwrap());
            let whole = owner_half(some_of_all(), &whole.collect::<Vec<_>>()).unwrap();
            assert!(whole.key().share().equals(key));
            let client = client_half::<F>(some_of_all(), &seeds).unwrap();
            let owner = owner_half(some_of_all(), &parts).unwrap();
            assert!((client.key().share() + owner.key().share()).equals(key));
            for at in 0..5 {
                let [x, y] = [&client, &owner].map(|half| half.triple(at).unwrap());
                let [a, b, c] = [x.a + y.a, x.b + y.b, x.c + y.c];
                assert!((a.share * b.share).equals(c.share));
                assert!([a, b, c].iter().all(|value| (value.share * key).equals(value.mac)));
                // Neither half is the value.
                assert!(!x.a.share.equals(a.share) && !y.a.share.equals(a.share));
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_opened_that_is_not_hidden_but_a_zero() {
    for (n, t) in [(3, 1), (5, 2)] {
        let world = World::new(n, t);
        let openings = world.agree(async |ctx: BitContext| -> Result<_, Failure> {
            let key = new_key::<F>(&ctx.narrow("key"))?;
            make(&ctx.narrow("task"), &key, &some_of_all()).await?;
            let own = |opening: &gavel::protocol::Opening| {
                (opening.step.clone(), opening.bits, opening.masked)
            };
            Ok(ctx.base().openings().iter().map(own).collect::<Vec<_>>())
        });
        let openings = openings.await;
        let bare: Vec<_> = openings.iter().filter(|(_, _, masked)| !masked).collect();
        assert_eq!(bare, [&("task/trial/rest".to_owned(), 128, false)]);
        let opened = |step: &str| openings.iter().find(|(name, ..)| name == step).unwrap().1;
        assert_eq!(opened("task/bits/open"), 20 * 128);
        assert_eq!((opened("task/trial/weight"), opened("task/trial/sum")), (128, 128));
        // With three dealers no other but in checks; with more the masked sums of products.
        let others = openings.iter().filter(|(step, ..)| {
            !step.contains("/check") && !step.contains("/trial/") && step != "task/bits/open"
        });
        assert_eq!(others.count(), if n == 3 { 0 } else { 6 });
    }
}

/// How the making of a batch ended at each dealer where dealer 2 sends a wrong bit at a step.
async fn lied(n: u8, t: u8, step: &str, to: Option<u8>) -> Vec<(NodeIndex, Result<(), Failure>)> {
    let lie = Lie { at: At::Step(StepId::of(step)), to: to.map(node), bit: 3 };
    let world = World::new(n, t).with_lie(node(2), lie);
    let tactics = Tactics { naming: n > 3, ..Tactics::default() };
    world
        .run(async |ctx: Context| {
            let ctx = BitContext::new(&ctx.with_tactics(tactics.clone()));
            let key = new_key::<F>(&ctx.narrow("key"))?;
            make(&ctx.narrow("task"), &key, &some_of_all()).await?;
            Ok(())
        })
        .await
}

/// It says that it sent something else than others got, so it is a pair of which one lied; a dealer that
/// computes wrongly and says so stands alone (`proof/product_tests.rs`).
#[tokio::test]
async fn a_dealer_that_lies_in_a_product_is_in_every_set() {
    let steps = ["c", "square", "bits/squares", "matrix-0/c", "matrix-1/c", "macs"];
    for (n, t) in [(3, 1), (4, 1), (5, 2)] {
        for (at, step) in steps.into_iter().enumerate() {
            let to = [None, Some(3)][at % 2];
            for (dealer, result) in lied(n, t, &format!("task/{step}"), to).await {
                match result.unwrap_err() {
                    Failure::Protocol(ProtocolError::Lie { complaint, .. }) => {
                        let sets = complaint.sets();
                        let about = sets.iter().all(|set| set.contains(node(2)));
                        assert!(about && !sets.is_empty(), "{n} {dealer} {step}: {complaint}");
                    }
                    other => panic!("{n} {dealer} {step}: {other:?}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn a_dealer_that_lies_in_an_opening_is_among_the_suspects() {
    for (n, t) in [(3, 1), (5, 2)] {
        for step in ["task/bits/open", "task/trial/weight", "task/trial/sum", "task/trial/rest"] {
            let ended = lied(n, t, step, None).await;
            let honest = ended.iter().filter(|(dealer, _)| *dealer != node(2));
            let found = honest.filter_map(|(_, result)| match result {
                Err(Failure::Protocol(ProtocolError::Channel { .. })) | Ok(()) => None,
                Err(Failure::Protocol(error)) => Some(error.nodes()),
                Err(other) => panic!("{n} {step}: {other:?}"),
            });
            let found: Vec<NodeSet> = found.collect();
            assert!(!found.is_empty(), "{n} {step}");
            assert!(found.iter().all(|nodes| nodes.contains(node(2))), "{n} {step} {found:?}");
        }
    }
}

#[tokio::test]
async fn dealers_begin_no_batch_that_is_larger_than_what_they_can_keep() {
    for (nodes, threshold) in [(3, 1), (10, 3)] {
        let world = World::new(nodes, threshold);
        let most = most_values::<F>(world.scheme());
        let shape = BatchShape { masks: most + 1, ..BatchShape::default() };
        let results = world.run(async |ctx: Context| -> Result<_, Failure> {
            let ctx = BitContext::new(&ctx);
            let key = new_key::<F>(&ctx.narrow("key"))?;
            let before = ctx.base().counters().bytes_sent;
            let refused = make(&ctx.narrow("batch"), &key, &shape).await.err();
            assert_eq!(ctx.base().counters().bytes_sent, before);
            Ok(refused.map(|error| error.to_string()))
        });
        for (_, result) in results.await {
            let refused = result.unwrap().unwrap();
            let least = format!("at most: expected {most}, got {}", most + 1);
            assert!(refused.contains(&least), "{refused}");
        }
    }
}
