//! Auctions of several lots against the plain reference, what they cost, and what they open.

use std::sync::{Arc, Mutex};

use gavel::field::Mersenne127;
use gavel::protocol::tactics::{BestBy, USUALLY_RANKED};
use gavel::protocol::{Context, Opening, Tactics};
use gavel::rules::auction::{Kind, Stage as OfAuctions};
use gavel::rules::{Stage, Terms};
use gavel::runs::auction::cost::predict;
use gavel::runs::plan::{self, Line};
use gavel::runs::{Computed, RunError, Workload, run};
use gavel::session::progress::Progress;
use gavel::sharing::Scheme;
use gavel::sharing::form::Form;
use gavel::testkit::{Failure, NumberInputs, World, reference};
use rand::RngExt as _;
use rand::rngs::StdRng;

use super::{check_auction, list, mostly_three, movable, of_lots, random_auction, work};

const LARGEST: u64 = u32::MAX as u64;

fn quiet(_: Progress) {}

fn by(best: BestBy) -> Tactics {
    Tactics { best: Some(best), ..Tactics::default() }
}

/// Run an auction, compare outcome and cost with what they must be, and return what was opened in
/// the clear: steps and numbers of bits.
async fn check(
    world: &World,
    terms: &Terms,
    bids: &[u64],
    tactics: &Tactics,
) -> (Computed, Vec<(String, u64)>) {
    let shared = world.share(terms.bits() as usize, bids);
    let (computed, counters, openings) = world
        .agree(async |ctx: Context| -> Result<_, Failure> {
            let ctx = ctx.with_tactics(tactics.clone());
            let running = run(&ctx, terms, shared.of(ctx.me()), &quiet);
            movable(&running);
            let computed = running.await?;
            // Masked values of what goes on side by side are opened in any order.
            let openings = ctx.openings().into_iter();
            let clear: Vec<Opening> = openings.filter(|opening| !opening.masked).collect();
            Ok((computed, ctx.counters(), clear))
        })
        .await;
    check_auction(world, terms, bids, tactics, (&computed, counters));
    let question = terms.question.as_auction().unwrap();
    let in_range = bids.len() - computed.out_of_range.len();
    let answer = computed.answer.as_auction().unwrap();
    if computed.out_of_range.is_empty() {
        assert_eq!(answer.check(question, in_range), Ok(()));
    }
    assert!(openings.iter().all(|opening| opening.to == world.participants()));
    (computed, openings.into_iter().map(|opening| (opening.step, opening.bits)).collect())
}

/// An auction of up to two lots more than there are bids.
fn random_lots(rng: &mut StdRng, kind: Kind) -> (Terms, Vec<u64>) {
    let (terms, bids) = random_auction(rng, kind, 10, 12);
    let most = u32::try_from(bids.len()).unwrap() + 2;
    (of_lots(&terms, rng.random_range(1..=most)), bids)
}

async fn random_auctions(kind: Kind) {
    let worlds = mostly_three();
    let tactics = [Tactics::default(), by(BestBy::Search), by(BestBy::Rank)];
    for (world, tactics) in worlds.iter().cycle().zip(tactics.iter().cycle()).take(250) {
        let (terms, bids) = world.draw(|rng| random_lots(rng, kind));
        check(world, &terms, &bids, tactics).await;
    }
    // The worlds and the tactics meet in every combination.
    for (world, tactics) in
        worlds[3..].iter().flat_map(|world| tactics.iter().map(move |t| (world, t)))
    {
        for _ in 0..3 {
            let (terms, bids) = world.draw(|rng| random_lots(rng, kind));
            check(world, &terms, &bids, tactics).await;
        }
    }
}

#[tokio::test]
async fn random_first_price_auctions_of_lots() {
    random_auctions(Kind::FirstPrice).await;
}

#[tokio::test]
async fn random_second_price_auctions_of_lots() {
    random_auctions(Kind::SecondPrice).await;
}

#[tokio::test]
async fn random_reverse_first_price_auctions_of_lots() {
    random_auctions(Kind::ReverseFirstPrice).await;
}

#[tokio::test]
async fn random_reverse_second_price_auctions_of_lots() {
    random_auctions(Kind::ReverseSecondPrice).await;
}

#[tokio::test]
async fn few_many_equal_and_extreme_bids_for_lots() {
    for world in [World::new(3, 1), World::new(5, 2), World::new(5, 1).without(&[1, 2])] {
        for kind in Kind::ALL {
            for reserve in [None, Some(500), Some(0), Some(LARGEST)] {
                let terms = reference::terms(kind, reserve, LARGEST);
                for bids in [
                    vec![],
                    vec![500],
                    vec![501, 501],
                    vec![0, 0, 0],
                    vec![LARGEST; 4],
                    vec![0, LARGEST, 0, LARGEST, 7],
                    vec![499, 500, 499, 500, 501, 501, 3],
                ] {
                    for quantity in [2, 3, 4] {
                        let terms = of_lots(&terms, quantity);
                        check(&world, &terms, &bids, &Tactics::default()).await;
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn what_auctions_of_lots_open() {
    let bids = [5, 9, 9, 2, 200];
    for world in [World::new(3, 1), World::new(4, 1).without(&[1]), World::new(5, 2)] {
        for (kind, best) in
            Kind::ALL.into_iter().flat_map(|kind| [(kind, BestBy::Rank), (kind, BestBy::Search)])
        {
            let (world, tactics) = (&world, by(best));
            let uniform = kind.is_second_price();
            let opened = async |reserve, maximum, quantity, bids: &[u64]| {
                let terms = of_lots(&reference::terms(kind, reserve, maximum), quantity);
                check(world, &terms, bids, &tactics).await.1
            };
            let good = if kind.is_reverse() { 255 } else { 0 };
            let bad = 255 - good;

            // Who wins, and then the price, or the winners' amounts.
            let price = if uniform { ("price", 8) } else { ("prices", 3 * 8) };
            for reserve in [None, Some(good)] {
                let openings = opened(reserve, 255, 3, &bids).await;
                assert_eq!(openings, list(&[("winners", 5), price]));
            }
            // One of the lots is not won: the price is the reserve, and no amount is opened.
            let close = if kind.is_reverse() { 5 } else { 9 };
            let winners = if kind.is_reverse() { 2 } else { 3 };
            let openings = opened(Some(close), 255, 4, &bids).await;
            let amounts = ("prices", winners * 8);
            let expected = [("winners", 5), amounts];
            assert_eq!(openings, list(if uniform { &expected[..1] } else { &expected }));
            // Nobody reaches the reserve.
            assert_eq!(opened(Some(bad), 255, 3, &bids).await, list(&[("winners", 5)]));

            // As many lots as bids, and more: all win, at the worst bid or at their own amounts.
            for quantity in [5, 7] {
                let all = if uniform { ("price", 8) } else { ("prices", 5 * 8) };
                assert_eq!(opened(None, 255, quantity, &bids).await, list(&[all]));
                // With a reserve, those who reach it.
                let openings = opened(Some(good), 255, quantity, &bids).await;
                let expected = [("winners", 5), ("prices", 5 * 8)];
                assert_eq!(openings, list(if uniform { &expected[..1] } else { &expected }));
            }
            let single = if uniform { ("price", 8) } else { ("prices", 8) };
            assert_eq!(opened(None, 255, 2, &[77]).await, list(&[single]));
            assert_eq!(opened(None, 255, 2, &[]).await, []);
            assert_eq!(opened(Some(9), 200, 2, &[]).await, []);

            // The range check tells one bit per bid, and bids out of range are left out.
            let openings = opened(None, 199, 2, &bids).await;
            let price = if uniform { ("price", 8) } else { ("prices", 2 * 8) };
            assert_eq!(openings, list(&[("range-check/open", 5), ("winners", 4), price]));
        }
    }
}

#[tokio::test]
async fn two_hundred_bids_for_three_lots_take_few_rounds() {
    let world = World::new(5, 2);
    for kind in Kind::ALL {
        let bids = world.draw(|rng| reference::awkward_values(rng, 32, 200));
        let terms = of_lots(&reference::terms(kind, Some(1 << 20), LARGEST), 3);
        check(&world, &terms, &bids, &Tactics::default()).await;
    }
}

#[test]
fn three_lots_among_a_thousand_bids_take_at_most_60_rounds_or_more_that_take_less_time() {
    let scheme = Scheme::new(5, 2).unwrap();
    for kind in Kind::ALL {
        for reserve in [None, Some(500)] {
            let terms = of_lots(&reference::terms(kind, reserve, LARGEST), 3);
            let work = work(&terms, 1000);
            let predicted = predict(scheme, scheme.all(), work, &Tactics::default());
            // Keys, 6 to compare, 16 to count, 5 to compare ranks, and two openings; one for the
            // next where it is the price, one for the reserve. A check of 3 after the comparisons
            // of pairs, which go in stripes, and one before the first opening.
            let expected = 36 + u64::from(kind.is_second_price()) + u64::from(reserve.is_some());
            assert_eq!(predicted.rounds, expected, "{kind} {reserve:?}");
            assert_eq!(predicted.entries, [1000, 3]);
            // With a range check, and as planned for near and far nodes.
            let terms = of_lots(&reference::terms(kind, reserve, LARGEST - 1), 3);
            for (micros, rate) in [(200, 1_000_000_000), (50_000, 10_000_000)] {
                let line = Line::of_links(micros, Some(rate));
                let work = Workload::of(&terms, 1000);
                let plan = plan::choose(scheme, scheme.all(), &work, line);
                assert_eq!(plan.tactics.best, Some(BestBy::Rank));
                assert!(plan.check().is_ok() && plan.rounds <= 60 + 26, "{plan:?}");
                // More rounds, for large blocks, only where they are worth it.
                let tactics = Tactics { block: None, block_from: None, ..plan.tactics.clone() };
                let few = plan::with_tactics(scheme, scheme.all(), &work, line, tactics);
                assert!(few.rounds <= 60 && plan.seconds <= few.seconds, "{plan:?} {few:?}");
            }
        }
    }
}

#[test]
fn very_many_bids_are_searched_where_that_is_faster() {
    let scheme = Scheme::new(3, 1).unwrap();
    let terms = of_lots(&reference::terms(Kind::SecondPrice, None, LARGEST), 100);
    let best = |bids, micros| {
        let line = Line::of_links(micros, Some(1_000_000_000));
        plan::choose(scheme, scheme.all(), &Workload::of(&terms, bids), line).tactics.best
    };
    assert_eq!(best(USUALLY_RANKED, 100), Some(BestBy::Rank));
    assert_eq!(best(6_000, 100), Some(BestBy::Search));
    assert_eq!(best(6_000, 300_000), Some(BestBy::Rank));
    assert_eq!(best(1_000_000, 300_000), Some(BestBy::Search));
    // All win: nothing is searched for but the worst, in large groups over long lines.
    let line = Line::of_links(100_000, Some(1_000_000_000));
    let plan = plan::choose(scheme, scheme.all(), &Workload::of(&terms, 90), line);
    assert_eq!(plan.tactics.best, None);
    assert!(plan.tactics.groups[0] >= 8, "{plan:?}");
}

#[tokio::test]
async fn progress_of_a_ranking_goes_round_by_round() {
    let world = World::new(3, 1);
    let bids = [4, 1001, 900, 17, 17, 3, 1020, 901];
    for kind in Kind::ALL {
        for (quantity, reserve, best, entries) in [
            (2, Some(3), BestBy::Rank, vec![6, 2]),
            (3, None, BestBy::Search, vec![6, 3]),
            (6, None, BestBy::Rank, vec![6, 6]),
            (7, Some(17), BestBy::Rank, vec![6, 6]),
        ] {
            let terms = of_lots(&reference::terms(kind, reserve, 1000), quantity);
            let shared = world.share(10, &bids);
            let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
            world
                .agree(async |ctx: Context| -> Result<_, Failure> {
                    let ctx = ctx.with_tactics(by(best));
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
            for pair in told.windows(2) {
                assert!(pair[0].rounds <= pair[1].rounds && pair[0].gates <= pair[1].gates);
                assert!(pair[0].level <= pair[1].level);
                assert!(pair[0].comparisons <= pair[1].comparisons);
            }
            let ranking: Vec<u64> = told
                .iter()
                .filter(|progress| progress.stage == Stage::from(OfAuctions::Ranking))
                .map(|progress| progress.rounds)
                .collect();
            let last = told.last().unwrap();
            assert_eq!((last.stage, last.rounds), (Stage::Done, last.rounds_total));
            assert_eq!(last.comparisons, last.comparisons_total);
            let ranked = quantity != 6 || kind.is_second_price();
            assert_eq!(last.entries, if ranked { &entries[..] } else { &entries[..1] });
            assert_eq!((last.level, last.levels), (ranked.into(), ranked.into()));
            assert_eq!(ranking.is_empty(), !ranked);
            // No more than a handful of rounds go by untold.
            assert!(ranking.windows(2).all(|pair| pair[1] - pair[0] <= 4), "{ranking:?}");
        }
    }
}

#[tokio::test]
async fn several_lots_on_numbers_are_refused() {
    let world = World::new(3, 1);
    let terms = of_lots(&reference::terms(Kind::FirstPrice, None, 1000), 2);
    let terms = Terms { protocol: Form::Numbers, ..terms };
    assert!(terms.check().is_err());
    let shared = NumberInputs::<Mersenne127>::of_numbers(&world, &[1, 2, 3]);
    let results = world
        .run(async |ctx: Context| -> Result<_, Failure> {
            Ok(run(&ctx, &terms, shared.of(ctx.me()), &quiet).await?)
        })
        .await;
    for (_, result) in results {
        assert!(matches!(result, Err(Failure::Run(RunError::Form))));
    }
}
