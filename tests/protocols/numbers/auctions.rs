//! Whole auctions on numbers: against the plain reference, against the run on bits, and what they
//! cost.

use std::sync::Mutex;

use gavel::field::{Field as _, Mersenne127};
use gavel::protocol::Tactics;
use gavel::protocol::{Context, ProtocolError};
use gavel::rules::Stage::{self, CheckingEntries, Done, Opening};
use gavel::rules::Terms;
use gavel::rules::auction::{Kind, Stage as OfAuctions};
use gavel::runs::{Computed, RunError, run};
use gavel::session::progress::Progress;
use gavel::sharing::form::Form;
use gavel::sharing::seed::mask;
use gavel::testkit::{Failure, NumberInputs, World, reference};

use crate::{check_auction, mostly_three, movable, random_auction};

type F = Mersenne127;

/// Terms that run on numbers.
pub fn terms(kind: Kind, reserve: Option<u64>, maximum: u64) -> Terms {
    Terms { protocol: Form::Numbers, ..reference::terms(kind, reserve, maximum) }
}

/// Run an auction and compare outcome and cost with what they must be.
async fn check(world: &World, terms: &Terms, bids: &[u64]) -> Computed {
    let shared = NumberInputs::<F>::of_numbers(world, bids);
    let (computed, counters) = world
        .agree(async |ctx: Context| -> Result<_, Failure> {
            let running = run(&ctx, terms, shared.of(ctx.me()), &|_| {});
            movable(&running);
            Ok((running.await?, ctx.counters()))
        })
        .await;
    let tactics = Tactics::default();
    check_auction(world, terms, bids, &tactics, (&computed, counters));
    computed
}

#[tokio::test]
async fn both_protocols_decide_a_thousand_auctions_alike() {
    let worlds = mostly_three();
    for (world, number) in worlds.iter().cycle().zip(0..1000) {
        let kind = Kind::ALL[number % Kind::ALL.len()];
        let (on_bits, bids) = world.draw(|rng| random_auction(rng, kind, 6, 5));
        let terms = Terms { protocol: Form::Numbers, ..on_bits };
        let on_numbers = check(world, &terms, &bids).await;

        let shared = world.share(terms.bits() as usize, &bids);
        let terms = Terms { protocol: Form::Bits, ..terms };
        let on_bits = world.agree(async |ctx: Context| -> Result<_, Failure> {
            Ok(run(&ctx, &terms, shared.of(ctx.me()), &|_| {}).await?)
        });
        assert_eq!(on_numbers, on_bits.await, "{terms:?} {bids:?}");
    }
}

#[tokio::test]
async fn few_equal_and_extreme_bids() {
    let largest = u64::from(u32::MAX);
    for world in [World::new(3, 1), World::new(5, 1).without(&[1, 2])] {
        for kind in Kind::ALL {
            for reserve in [None, Some(500), Some(largest)] {
                let terms = terms(kind, reserve, largest);
                for bids in [
                    vec![],
                    vec![500],
                    vec![499],
                    vec![0, 0, 0],
                    vec![largest; 4],
                    vec![0, largest, largest + 1, u64::MAX, 7],
                    vec![10, 10, 7],
                    vec![6, 2, 2, 5],
                ] {
                    check(&world, &terms, &bids).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn more_nodes_and_wider_bids() {
    for (n, t, missing) in [(5, 2, &[][..]), (7, 3, &[]), (7, 2, &[1, 5]), (9, 4, &[])] {
        let world = World::new(n, t).without(missing);
        let terms = terms(Kind::SecondPrice, Some(3), mask(63) - 1);
        check(&world, &terms, &[120, mask(63), mask(63) - 1, 120, mask(63) - 2]).await;
    }
    let world = World::new(5, 2);
    let bids = world.draw(|rng| reference::awkward_values(rng, 32, 20));
    check(&world, &terms(Kind::ReverseSecondPrice, Some(1 << 20), 4_000_000_000), &bids).await;
}

#[tokio::test]
async fn any_number_of_the_field_is_excluded_without_disturbing_the_rest() {
    let world = World::new(5, 2);
    let terms = terms(Kind::SecondPrice, None, 1000);
    let mut bids: Vec<F> = [300, 400, 350].map(F::from_u64).to_vec();
    bids.extend([-F::ONE, F::from_u64(2 * 1024 + 5), F::from_u128(1 << 126), F::from_u64(1001)]);
    bids.push(F::from_u64(1000));
    let shared = NumberInputs::share(&world, &bids);
    let computed = world.agree(async |ctx: Context| -> Result<_, Failure> {
        Ok(run(&ctx, &terms, shared.of(ctx.me()), &|_| {}).await?)
    });
    let expected = reference::sold(Some((7, 400)), vec![3, 4, 5, 6]);
    assert_eq!(computed.await, expected);
}

#[tokio::test]
async fn a_share_that_does_not_fit_stops_the_run_and_is_named() {
    let world = World::new(4, 1);
    let mut shared = NumberInputs::<F>::of_numbers(&world, &[5, 9, 7]);
    let bent = world.scheme().all().first().unwrap();
    shared.bend(bent, 1, F::ONE);
    let terms = terms(Kind::SecondPrice, None, 15);
    let results = world
        .run(async |ctx: Context| -> Result<Computed, Failure> {
            Ok(run(&ctx, &terms, shared.of(ctx.me()), &|_| {}).await?)
        })
        .await;
    for (node, result) in results {
        match result.unwrap_err() {
            Failure::Run(RunError::Protocol(ProtocolError::Misfit { step, misfit })) => {
                assert_eq!(step, "degree-check/all");
                // The node itself, which holds its own shares for right, blames nobody for certain.
                let blamed = misfit.liars.first();
                assert_eq!(blamed, (node != bent).then_some(bent));
            }
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn bids_in_another_form_are_refused() {
    let world = World::new(3, 1);
    let (bits, numbers) = (world.share(4, &[3]), NumberInputs::<F>::of_numbers(&world, &[3]));
    let paper = terms(Kind::FirstPrice, None, 15);
    let on_bits = reference::terms(Kind::FirstPrice, None, 15);
    let refused = world.agree(async |ctx: Context| -> Result<_, Failure> {
        let one = run(&ctx, &paper, bits.of(ctx.me()), &|_| {}).await;
        let other = run(&ctx, &on_bits, numbers.of(ctx.me()), &|_| {}).await;
        Ok((one == Err(RunError::Form), other == Err(RunError::Form)))
    });
    assert_eq!(refused.await, (true, true));
}

#[tokio::test]
async fn progress_is_told_and_ends_where_predicted() {
    let world = World::new(3, 1);
    let shared = NumberInputs::<F>::of_numbers(&world, &[5, 9, 7, 99, 9]);
    let terms = terms(Kind::SecondPrice, Some(4), 15);
    let told = world.agree(async |ctx: Context| -> Result<_, Failure> {
        let seen = Mutex::new(Vec::new());
        let tell = |progress: Progress| seen.lock().unwrap().push(progress);
        run(&ctx, &terms, shared.of(ctx.me()), &tell).await?;
        let seen = seen.into_inner().unwrap();
        let grows = |pair: &[Progress]| {
            pair[0].rounds <= pair[1].rounds && pair[0].comparisons <= pair[1].comparisons
        };
        assert!(seen.windows(2).all(grows), "{seen:?}");
        // How often a stage is told of while it goes on hangs on the node; what follows what does not.
        let mut passed: Vec<_> = seen.iter().map(|told| (told.stage, told.level)).collect();
        passed.dedup();
        Ok((passed, seen.last().cloned().unwrap()))
    });
    let (passed, last) = told.await;
    let levels: Vec<_> = passed.iter().map(|(_, level)| *level).collect();
    assert_eq!(levels, [0, 0, 1, 2, 3, 3, 3, 3, 3]);
    let mut stages: Vec<_> = passed.into_iter().map(|(stage, _)| stage).collect();
    stages.dedup();
    let tournament = Stage::from(OfAuctions::Tournament);
    let second = OfAuctions::SecondPrice.into();
    assert_eq!(stages, [CheckingEntries, tournament, Opening, second, Opening, Done]);
    assert_eq!((last.level, last.levels), (3, 3));
    assert_eq!(last.comparisons, last.comparisons_total);
    assert_eq!(last.rounds, last.rounds_total);
}
