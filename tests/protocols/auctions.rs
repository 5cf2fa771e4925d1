//! Whole auctions against the plain reference, and what they cost.

use std::sync::{Arc, Mutex};

use gavel::protocol::{Context, Security, Tactics};
use gavel::rules::auction::{Kind, Stage as OfAuctions};
use gavel::rules::{Stage, Terms};
use gavel::runs::auction::cost::predict;
use gavel::runs::auction::workload::Workload;
use gavel::runs::{Computed, RunError, run};
use gavel::session::progress::Progress;
use gavel::sharing::seed::mask;
use gavel::testkit::{Failure, World, reference};

use super::{check_auction, mostly_three, movable, random_auction, work};

fn quiet(_: Progress) {}

/// Run an auction and compare outcome and cost with what they must be.
async fn check(world: &World, terms: &Terms, bids: &[u64]) -> Computed {
    check_with(world, terms, bids, &Tactics::default()).await
}

async fn check_with(world: &World, terms: &Terms, bids: &[u64], tactics: &Tactics) -> Computed {
    let width = terms.bits();
    let shared = world.share(width as usize, bids);
    let (computed, counters) = world
        .agree(async |ctx: Context| -> Result<_, Failure> {
            let ctx = ctx.with_tactics(tactics.clone());
            let running = run(&ctx, terms, shared.of(ctx.me()), &quiet);
            movable(&running);
            Ok((running.await?, ctx.counters()))
        })
        .await;
    check_auction(world, terms, bids, tactics, (&computed, counters));
    computed
}

/// So many random auctions of a kind, most with three nodes, some with more.
async fn random_auctions(kind: Kind, count: usize) {
    let worlds = mostly_three();
    for world in worlds.iter().cycle().take(count) {
        let (terms, bids) = world.draw(|rng| random_auction(rng, kind, 10, 9));
        check(world, &terms, &bids).await;
    }
}

#[tokio::test]
async fn random_first_price_auctions() {
    random_auctions(Kind::FirstPrice, 2000).await;
}

#[tokio::test]
async fn random_second_price_auctions() {
    random_auctions(Kind::SecondPrice, 2000).await;
}

#[tokio::test]
async fn random_reverse_first_price_auctions() {
    random_auctions(Kind::ReverseFirstPrice, 2000).await;
}

#[tokio::test]
async fn random_reverse_second_price_auctions() {
    random_auctions(Kind::ReverseSecondPrice, 2000).await;
}

#[tokio::test]
async fn few_many_equal_and_extreme_bids() {
    let largest = u64::from(u32::MAX);
    for world in [World::new(3, 1), World::new(5, 2), World::new(5, 1).without(&[1, 2])] {
        for kind in Kind::ALL {
            for reserve in [None, Some(500), Some(0), Some(largest)] {
                let terms = reference::terms(kind, reserve, largest);
                for bids in [
                    vec![],
                    vec![500],
                    vec![499],
                    vec![501, 501],
                    vec![0, 0, 0],
                    vec![largest; 4],
                    vec![0, largest, 0, largest, 7],
                    vec![10, 10, 7],
                    vec![6, 2, 2, 5],
                ] {
                    check(&world, &terms, &bids).await;
                }
            }
        }
    }
}

/// As many nodes as there may be, with the thresholds that they allow, and some of them away.
#[tokio::test]
async fn ten_nodes_decide_an_auction() {
    for world in [World::new(10, 1), World::new(10, 3), World::new(10, 3).without(&[2, 5, 10])] {
        for kind in [Kind::SecondPrice, Kind::ReverseFirstPrice] {
            check(&world, &reference::terms(kind, Some(3), 100), &[7, 100, 3, 101, 64]).await;
        }
    }
}

#[tokio::test]
async fn a_hundred_bids() {
    for world in [World::new(3, 1), World::new(5, 2), World::new(7, 3)] {
        for kind in Kind::ALL {
            let bids = world.draw(|rng| reference::awkward_values(rng, 32, 100));
            check(&world, &reference::terms(kind, Some(1 << 20), 4_000_000_000), &bids).await;
        }
    }
}

#[tokio::test]
async fn tactics_change_the_cost_and_nothing_else() {
    let all = [
        Tactics { groups: vec![4, 4, 4, 4], second_groups: vec![4], ..Tactics::default() },
        Tactics { groups: vec![8, 8, 8], second_groups: vec![8, 8], ..Tactics::default() },
        Tactics { groups: vec![2, 8, 4], second_groups: vec![4, 2], ..Tactics::default() },
        // All pairs at once, at once and after a level of groups of which there are several.
        Tactics { groups: vec![512], ..Tactics::default() },
        Tactics { groups: vec![16, 64], second_groups: vec![128], ..Tactics::default() },
        Tactics { groups: vec![4, 128], second_groups: vec![32, 8], ..Tactics::default() },
        Tactics {
            groups: vec![4, 2, 8],
            king_from: Some(1024),
            stripe: Some(64),
            ..Tactics::default()
        },
        Tactics { king_from: Some(1024), stripe: Some(128), ..Tactics::default() },
        Tactics { block: Some(8), groups: vec![4], stripe: Some(128), ..Tactics::default() },
    ];
    let largest = u64::from(u32::MAX);
    let worlds = [World::new(3, 1), World::new(5, 2), World::new(5, 1).without(&[2])];
    for world in worlds.iter().chain(&[World::new(7, 3)]) {
        for (tactics, turn) in all.iter().zip(0..) {
            tactics.check().unwrap();
            for (kind, number) in Kind::ALL.into_iter().zip(turn..) {
                let counts: &[usize] =
                    if world.scheme().nodes() == 7 { &[70] } else { &[1, 2, 3, 7, 9, 33, 260] };
                for &count in counts {
                    // Checking gates takes most of the time: each of the tactics does so with one
                    // of the kinds.
                    let checked = number % 4 == 0 && count <= 70;
                    let security = if checked { Security::Active } else { Security::Passive };
                    let bids = world.draw(|rng| reference::awkward_values(rng, 32, count));
                    let terms = reference::terms(kind, Some(1 << 20), largest);
                    let terms = Terms { security, ..terms };
                    check_with(world, &terms, &bids, tactics).await;
                    // All alike: the first one wins, in groups too.
                    let terms = reference::terms(kind, None, largest - 1);
                    let terms = Terms { security, ..terms };
                    check_with(world, &terms, &vec![bids[0] & !1; count], tactics).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn every_number_of_nodes_settles() {
    for (n, t, missing) in [
        (3, 1, &[][..]),
        (4, 1, &[2]),
        (5, 1, &[4, 5]),
        (6, 2, &[6]),
        (7, 2, &[1, 2]),
        (7, 3, &[]),
        (8, 3, &[5]),
        (9, 1, &[1, 2, 3, 4, 5, 6]),
        (9, 2, &[1, 2, 3, 4]),
        (9, 4, &[]),
    ] {
        let world = World::new(n, t).without(missing);
        let terms = reference::terms(Kind::SecondPrice, Some(3), 200);
        check(&world, &terms, &[120, 255, 77, 120, 2]).await;
    }
}

#[tokio::test]
async fn bids_of_every_width() {
    let world = World::new(3, 1);
    for bits in 1..=63 {
        let bids = world.draw(|rng| reference::awkward_values(rng, bits, 5));
        for kind in [Kind::SecondPrice, Kind::ReverseFirstPrice] {
            check(&world, &reference::terms(kind, None, mask(bits)), &bids).await;
            let half = (mask(bits) / 2).max(1);
            let narrow: Vec<u64> = bids.iter().map(|bid| bid & mask(bits.max(2) - 1)).collect();
            check(&world, &reference::terms(kind, Some(half / 2), half), &narrow).await;
        }
    }
}

#[tokio::test]
async fn a_prediction_for_full_brackets_is_exact() {
    let participants = World::new(5, 2).participants();
    for (kind, reserve, bids) in [
        (Kind::FirstPrice, None, 64),
        (Kind::SecondPrice, None, 64),
        (Kind::SecondPrice, Some(1), 63),
        (Kind::FirstPrice, Some(1), 31),
    ] {
        let world = World::new(5, 2);
        let terms = reference::terms(kind, reserve, u64::from(u32::MAX));
        let bids: Vec<u64> = (0..bids).map(|bid| 100 + bid * 7919 % 1000).collect();
        let work = work(&terms, bids.len());
        let predicted = predict(world.scheme(), participants, work, &Tactics::default());
        let shared = world.share(32, &bids);
        let counters = world
            .agree(async |ctx: Context| -> Result<_, Failure> {
                run(&ctx, &terms, shared.of(ctx.me()), &quiet).await?;
                Ok(ctx.counters())
            })
            .await;
        assert_eq!(
            (counters.rounds, counters.gates, counters.bytes_sent),
            (predicted.rounds, predicted.gates, predicted.bytes_sent_per_node)
        );
    }
}

fn predict_pairs(world: &World, work: Workload) -> gavel::runs::cost::Predicted {
    predict(world.scheme(), world.participants(), work, &Tactics::default())
}

#[test]
fn a_hundred_bids_among_five_nodes_cost_what_the_documents_say() {
    let world = World::new(5, 2);
    let terms = reference::terms(Kind::SecondPrice, None, u64::from(u32::MAX));
    let predicted = predict_pairs(&world, work(&terms, 100));
    // Keys 1; seven levels of 6 + 1; three levels of 6 + 1 for the second price; index and price,
    // each after a check of 3.
    assert_eq!(predicted.rounds, 1 + 7 * 7 + 3 * 7 + 2 * (3 + 1));
    let passive = Workload { security: Security::Passive, ..work(&terms, 100) };
    assert_eq!(predict_pairs(&world, passive).rounds, 1 + 7 * 7 + 3 * 7 + 2);
    assert_eq!(predicted.levels, 7);
    assert_eq!(predicted.comparisons, 99 + 6);
    // All pairs at once: keys 1, 6 to compare, 7 for who is beaten never and who once, 1 to pick, 3
    // to check, 1 for the winner and 1 for the price, for there is a reserve.
    let terms = reference::terms(Kind::SecondPrice, Some(1), u64::from(u32::MAX));
    let tactics = Tactics { groups: vec![128], ..Tactics::default() };
    let predicted = predict(world.scheme(), world.participants(), work(&terms, 100), &tactics);
    assert_eq!((predicted.rounds, predicted.comparisons), (1 + 6 + 7 + 1 + 3 + 2, 5050));
    assert_eq!((predicted.gates, predicted.bytes_sent_per_node), (387_694, 226_960));
    let predicted = predict_pairs(&world, work(&terms, 1000));
    assert!(predicted.rounds <= 110, "{predicted:?}");
}

#[tokio::test]
async fn stages_follow_what_is_opened_where_the_second_price_is_found_beside() {
    let world = World::new(3, 1);
    let tactics = Tactics { groups: vec![8], ..Tactics::default() };
    let bids = [4, 900, 17, 901];
    let shared = world.share(10, &bids);
    for reserve in [None, Some(3)] {
        let terms = reference::terms(Kind::SecondPrice, reserve, 1023);
        let told: Arc<Mutex<Vec<Stage>>> = Arc::default();
        world
            .agree(async |ctx: Context| -> Result<_, Failure> {
                let (told, first) = (Arc::clone(&told), ctx.me().get() == 1);
                let tell = move |progress: Progress| {
                    if first {
                        told.lock().unwrap().push(progress.stage);
                    }
                };
                let ctx = ctx.with_tactics(tactics.clone());
                Ok(run(&ctx, &terms, shared.of(ctx.me()), &tell).await?)
            })
            .await;
        let mut told = told.lock().unwrap().clone();
        told.dedup();
        let mut expected = vec![OfAuctions::Tournament.into(), Stage::Opening];
        if reserve.is_some() {
            // Nobody may have won, so the price is opened after the winner.
            expected.extend([OfAuctions::SecondPrice.into(), Stage::Opening]);
        }
        expected.push(Stage::Done);
        assert_eq!(told, expected, "{reserve:?}");
    }
}

#[tokio::test]
async fn progress_only_ever_grows_and_ends_at_the_prediction() {
    let world = World::new(3, 1);
    let terms = reference::terms(Kind::SecondPrice, Some(3), 1000);
    let bids = [4, 1001, 900, 17, 17, 3, 1020, 901];
    let shared = world.share(10, &bids);
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    world
        .agree(async |ctx: Context| -> Result<_, Failure> {
            let told = Arc::clone(&told);
            let first = ctx.me().get() == 1;
            let tell = move |progress| {
                if first {
                    told.lock().unwrap().push(progress);
                }
            };
            Ok(run(&ctx, &terms, shared.of(ctx.me()), &tell).await?)
        })
        .await;
    let told = told.lock().unwrap();
    // While a stage goes on it is told of again and again; what matters is what follows what.
    let mut passed: Vec<(Stage, u32)> = told.iter().map(|told| (told.stage, told.level)).collect();
    passed.dedup();
    let tournament = Stage::from(OfAuctions::Tournament);
    let mut expected = vec![(Stage::CheckingEntries, 0)];
    expected.extend((0..=3).map(|level| (tournament, level)));
    let second = OfAuctions::SecondPrice.into();
    expected.extend([Stage::Opening, second, Stage::Opening, Stage::Done].map(|stage| (stage, 3)));
    assert_eq!(passed, expected);
    for pair in told.windows(2) {
        assert!(pair[0].rounds <= pair[1].rounds && pair[0].comparisons <= pair[1].comparisons);
        assert!(pair[0].level <= pair[1].level && pair[0].gates <= pair[1].gates);
    }
    let last = told.last().unwrap();
    assert_eq!((last.rounds, last.comparisons), (last.rounds_total, last.comparisons_total));
    assert_eq!((last.level, last.levels), (3, 3));
    // Six bids and the reserve, in pairs.
    assert_eq!(last.entries, [7, 4, 2, 1]);
}

#[tokio::test]
async fn progress_tells_how_many_remain_after_each_level() {
    let tactics = Tactics { groups: vec![2, 8, 4], ..Tactics::default() };
    let world = World::new(3, 1);
    let terms = reference::terms(Kind::FirstPrice, None, 1000);
    let shared = world.share(10, &[5; 40]);
    let told: Mutex<Vec<Vec<u64>>> = Mutex::default();
    world
        .agree(async |ctx: Context| -> Result<_, Failure> {
            let ctx = ctx.with_tactics(tactics.clone());
            let tell = |progress: Progress| told.lock().unwrap().push(progress.entries);
            Ok(run(&ctx, &terms, shared.of(ctx.me()), &tell).await?)
        })
        .await;
    assert!(told.lock().unwrap().iter().all(|entries| *entries == [40, 20, 3, 1]));
}

#[tokio::test]
async fn bids_of_another_width_are_refused() {
    let world = World::new(3, 1);
    let terms = reference::terms(Kind::FirstPrice, None, 1000);
    let shared = world.share(9, &[1, 2]);
    let results = world
        .run(async |ctx: Context| -> Result<_, Failure> {
            Ok(run(&ctx, &terms, shared.of(ctx.me()), &quiet).await?)
        })
        .await;
    for (_, result) in results {
        assert!(matches!(result, Err(Failure::Run(RunError::Width { expected: 10, got: 9 }))));
    }
}
