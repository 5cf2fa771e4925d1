//! Proofs about products over prime fields, as `tests` tries those about bits: honest ones pass, and
//! every kind of lie is found and says whose it may be.

use bytes::Bytes;

use super::Complaint;
use super::check::check;
use super::kind::{Kind, Sides};
use super::record::{Arithmetic, Batch, Products, Sent};
use super::tests::{Failure, LIAR, LIES, Lie, WORLDS, WRONG, node, set};
use crate::field::{Field, Mersenne61, Mersenne127, Pair127, Prime256};
use crate::protocol::bits::BitContext;
use crate::protocol::elements::multiply::{inner_products, multiply, sums_of_products};
use crate::protocol::{Context, ProtocolError, Tactics};
use crate::sharing::elements::{Component, SharedElements};
use crate::sharing::{NodeIndex, NodeSet};
use crate::testkit::{ElementInputs, World};

/// A component with 1 more in a place.
fn bent<F: Field>(component: &[F], place: usize) -> Component<F> {
    let mut bent = Component::with_room(component.len());
    bent.append(component);
    bent[place] += F::ONE;
    bent
}

/// A batch as it is at every node when a part of the liar's was 1 more than it should be.
fn with_wrong_part<F: Arithmetic>(
    ctx: &BitContext,
    mut batch: Batch<Products<F>>,
    liar: NodeIndex,
) -> Batch<Products<F>> {
    let record = &mut batch.records[0];
    let place = record.gates.outputs() / 2;
    WRONG.set(place);
    record.sent = match &record.sent {
        Sent::Sum(sum) => Sent::Sum(bent(sum, place)),
        Sent::Each(parts) => {
            let part = |(node, part): &(NodeIndex, Bytes)| {
                let mut part = part.to_vec();
                if *node == liar {
                    let bytes = &mut part[place * F::BYTES..(place + 1) * F::BYTES];
                    let wrong = F::from_bytes(bytes).unwrap() + F::ONE;
                    bytes.copy_from_slice(wrong.to_bytes().as_ref());
                }
                (*node, Bytes::from(part))
            };
            Sent::Each(parts.iter().map(part).collect())
        }
        Sent::Ring(results) => {
            let scheme = ctx.base().scheme();
            let (before, _) = crate::protocol::bits::and::neighbours(liar);
            let sets = scheme.sets();
            let components =
                scheme.held_by(ctx.me()).into_iter().enumerate().map(|(at, number)| {
                    let own = results.component(at);
                    let mut same = Component::with_room(own.len());
                    same.append(own);
                    if sets[number] == before { bent(own, place) } else { same }
                });
            Sent::Ring(
                SharedElements::from_components(ctx.holding(), components.collect()).unwrap(),
            )
        }
    };
    batch
}

/// Some products, one of them of another, and sums of products.
async fn compute<F: Arithmetic>(
    ctx: &BitContext,
    (x, y): (&SharedElements<F>, &SharedElements<F>),
) -> Result<(), ProtocolError> {
    let z = multiply(&ctx.narrow("one"), x, y).await?;
    sums_of_products(&ctx.narrow("two"), &[(&z, x), (x, y)]).await?;
    let even = x.len() / 3 * 3;
    inner_products(&ctx.narrow("three"), 3, &x.slice(0..even)?, &z.slice(0..even)?).await?;
    Ok(())
}

/// What every node says of some products.
async fn complaints<F: Arithmetic>(
    world: &World,
    naming: bool,
    lie: Option<Lie>,
    liar: u8,
) -> Vec<Complaint> {
    // Some of one tile, some of several, and more columns than are folded in a run.
    let len = world.draw(|rng| rand::RngExt::random_range(rng, 1..900));
    let values = |by: u64| (0..len).map(|at: u64| at.wrapping_mul(by)).collect::<Vec<_>>();
    let x = ElementInputs::<F>::of_numbers(world, &values(0x9e37_79b9_7f4a_7c15));
    let y = ElementInputs::<F>::of_numbers(world, &values(0xc2b2_ae3d_27d4_eb4f));
    let tactics = Tactics { naming, ..Tactics::default() };
    let about = world.participants().without(node(liar)).iter().next().unwrap();
    LIAR.set(lie.map(|lie| (node(liar), lie, about)));
    let results = world
        .run(async |ctx: Context| -> Result<(), Failure> {
            let ctx = BitContext::new(&ctx.with_tactics(tactics.clone()));
            compute(&ctx, (&x.of(ctx.me()), &y.of(ctx.me()))).await?;
            if matches!(lie, Some(Lie::Part | Lie::Foreseen)) {
                let batch = ctx.base().take_unchecked::<Products<F>>();
                ctx.base().put_unchecked(with_wrong_part(&ctx, batch, node(liar)));
            }
            let before = ctx.base().counters();
            let outcome = check(&ctx.narrow("check")).await;
            let spent = ctx.base().counters();
            let one = crate::protocol::Cost { unchecked_products: 1, ..Default::default() };
            let cost = ctx.cost_model().checked_over::<F>(one);
            assert_eq!(
                (spent.rounds - before.rounds, spent.bytes_sent - before.bytes_sent),
                (cost.rounds, cost.bytes_sent)
            );
            Ok(outcome?)
        })
        .await;
    LIAR.set(None);
    let complaint = |(_, result): (NodeIndex, Result<(), Failure>)| match result {
        Ok(()) => Complaint::default(),
        Err(Failure::Protocol(ProtocolError::Lie { complaint, .. })) => complaint,
        Err(other) => panic!("{other:?}"),
    };
    results.into_iter().map(complaint).collect()
}

async fn honest<F: Arithmetic>() {
    for (n, t, missing) in WORLDS {
        for naming in [false, true] {
            let world = World::new(n, t).without(missing);
            for complaint in complaints::<F>(&world, naming, None, 3).await {
                let what = format!("{} {n} {t} {missing:?} {naming}: {complaint}", F::NAME);
                assert!(complaint.is_empty(), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn honest_nodes_accuse_nobody() {
    honest::<Mersenne61>().await;
    honest::<Mersenne127>().await;
    honest::<Pair127>().await;
    honest::<Prime256>().await;
}

async fn found<F: Arithmetic>((n, t, missing): (u8, u8, &[u8])) {
    for naming in [false, true] {
        let last = World::new(n, t).without(missing).participants().iter().last().unwrap();
        for liar in [3, last.get()] {
            for lie in LIES {
                let world = World::new(n, t).without(missing);
                let about = world.participants().without(node(liar)).iter().next().unwrap();
                let expected = match lie {
                    Lie::Part if n > 3 && !naming => world.participants(),
                    Lie::Part | Lie::Foreseen | Lie::Value(_) => set(&[liar]),
                    _ => set(&[liar, about.get()]),
                };
                for complaint in complaints::<F>(&world, naming, Some(lie), liar).await {
                    let what = format!("{} {n} {t} {missing:?} {naming} {liar} {lie:?}", F::NAME);
                    assert_eq!(complaint.sets(), [expected], "{what}");
                }
            }
        }
    }
}

#[tokio::test]
async fn every_lie_is_found_and_its_node_is_in_every_set() {
    for world in WORLDS {
        found::<Mersenne61>(world).await;
    }
    for world in [(3, 1, &[][..]), (4, 1, &[2]), (5, 2, &[])] {
        found::<Mersenne127>(world).await;
        found::<Pair127>(world).await;
        found::<Prime256>(world).await;
    }
}

#[tokio::test]
async fn a_wrong_value_of_any_level_is_found() {
    for level in 0..super::shape::LEVELS {
        let world = World::new(3, 1);
        for complaint in complaints::<Mersenne61>(&world, false, Some(Lie::Value(level)), 3).await {
            assert_eq!(complaint.sets(), [set(&[3])], "{level}");
        }
    }
}

/// What a prover's columns fold to is what a verifier makes of them at once, and their product is
/// the last value: for sizes about those of tiles and runs.
async fn folds<F: Arithmetic>() {
    for len in [1, 2, 511, 512, 513, 5000] {
        let world = World::new(3, 1);
        let values: Vec<u64> = (0..len).map(|at| at * at + 1).collect();
        let x = ElementInputs::<F>::of_numbers(&world, &values);
        let results = world
            .run(async |ctx: BitContext| -> Result<(), Failure> {
                let x = x.of(ctx.me());
                compute(&ctx, (&x, &x)).await?;
                let batch = ctx.base().take_unchecked::<Products<F>>();
                let layout = Products::<F>::layout(&batch);
                let r = F::Proof::from_u64(77) - F::from_u64(5).lift();
                let weights = Products::<F>::weights(&layout, r);
                let masks: Vec<Sides<F::Proof>> = (0..2_u64)
                    .map(|at| (F::Proof::from_u64(at + 9), F::Proof::from_u64(at + 99)))
                    .collect();
                let parties = super::prover::Parties {
                    me: ctx.me(),
                    participants: ctx.base().participants(),
                    threshold: 1,
                };
                let (duties, beginning) = (ctx.duties(), &[7; 32]);
                let proof = super::prover::prove::<Products<F>>(
                    &layout, &parties, duties, &weights, &masks, beginning,
                )
                .unwrap();
                let columns = Products::<F>::columns(&layout);
                let factors = super::folded::Factors::<Products<F>>::of(columns, &proof.challenges);
                let others = factors.fold(&layout, &[0, 1], &weights, &masks);
                for (own, other) in proof.folded.iter().zip(others) {
                    assert!(own.0.equals(other.0) && own.1.equals(other.1), "{} {len}", F::NAME);
                }
                let shares: Vec<_> = proof.shares.iter().map(|(_, shares)| &shares[..]).collect();
                let decoder =
                    crate::sharing::numbers::shamir::Decoder::new(parties.participants, 1).unwrap();
                let values = decoder.open(&shares, NodeSet::EMPTY).unwrap();
                assert_eq!(values.len(), Products::<F>::SIZES.values);
                // The first value is the weighted sum of what the node is to compute.
                let parts = Products::<F>::first_values(&layout, duties, 2, &weights);
                assert!(values[0].equals(parts[0]));
                Ok(())
            })
            .await;
        assert!(results.into_iter().all(|(_, result)| result.is_ok()));
    }
}

#[tokio::test]
async fn verifiers_fold_as_provers_do() {
    folds::<Mersenne61>().await;
    folds::<Mersenne127>().await;
    folds::<Pair127>().await;
    folds::<Prime256>().await;
}
