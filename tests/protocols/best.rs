//! Sums, ranks and the m best against their plain twins: small cases exhaustively, larger ones at
//! random with ties, with nodes missing, in stripes; and what they cost.

use gavel::protocol::bits::BitContext;
use gavel::protocol::bits::add::add;
use gavel::protocol::bits::best::Best;
use gavel::protocol::bits::open::{PublicBits, open, open_all};
use gavel::protocol::bits::rank::{best_by_rank, rank};
use gavel::protocol::bits::search::best_by_search;
use gavel::protocol::bits::select::pick;
use gavel::protocol::bits::sum::{sum, sum_of};
use gavel::protocol::{Cost, CostModel, Counters, Tactics};
use gavel::sharing::SharedBits;
use gavel::sharing::seed::mask;
use gavel::testkit::{Failure, World, reference};
use rand::RngExt as _;

use super::unchecked;

/// n, t, and the nodes that stay away.
const WORLDS: &[(u8, u8, &[u8])] =
    &[(3, 1, &[]), (4, 1, &[]), (4, 1, &[2]), (5, 2, &[]), (5, 1, &[1, 4]), (7, 2, &[3])];

fn worlds() -> impl Iterator<Item = World> {
    WORLDS.iter().map(|&(n, t, missing)| unchecked(n, t).without(missing))
}

/// The counters of a program are those that were foretold, and nothing was opened without a mask.
fn spent_as_foretold(ctx: &BitContext, before: Counters, cost: Cost) {
    let now = ctx.base().counters();
    assert_eq!(
        (now.rounds - before.rounds, now.gates - before.gates, now.bytes_sent - before.bytes_sent),
        (cost.rounds, cost.gates, cost.bytes_sent)
    );
    assert!(ctx.base().openings().iter().all(|opening| opening.masked));
}

/// The same context, with stripes of 64 positions, and carries one after the other.
fn in_stripes(ctx: &BitContext) -> BitContext {
    let (stripe, lanes, block) = (Some(64), Some(3), Some(32));
    let tactics = Tactics { stripe, lanes, block, ..Tactics::default() };
    BitContext::new(&ctx.base().clone().with_tactics(tactics))
}

async fn check_add(world: &World, width: usize, xs: &[u64], ys: &[u64]) {
    let (x, y) = (world.share(width, xs), world.share(width, ys));
    for striped in [false, true] {
        let sums = world
            .agree(async |ctx: BitContext| -> Result<_, Failure> {
                let ctx = if striped { in_stripes(&ctx) } else { ctx };
                let before = ctx.base().counters();
                let sums = add(&ctx.narrow("add"), &x.of(ctx.me()), &y.of(ctx.me())).await?;
                spent_as_foretold(&ctx, before, ctx.cost_model().add(width, xs.len()));
                assert_eq!(sums.width(), width + 1);
                Ok(open(&ctx.narrow("open"), &sums).await?.values())
            })
            .await;
        let expected: Vec<u64> = xs.iter().zip(ys).map(|(x, y)| x + y).collect();
        assert_eq!(sums, expected, "{width} bits");
    }
}

#[tokio::test]
async fn numbers_are_added() {
    for world in worlds() {
        for width in 1..=3 {
            let all = 0..=mask(width);
            let (xs, ys): (Vec<_>, Vec<_>) =
                all.clone().flat_map(|x| all.clone().map(move |y| (x, y))).unzip();
            check_add(&world, width as usize, &xs, &ys).await;
        }
    }
    let world = unchecked(3, 1);
    for width in 1..=63 {
        let values = world.draw(|rng| reference::awkward_values(rng, width, 260));
        check_add(&world, width as usize, &values[..130], &values[130..]).await;
    }
}

async fn check_sum(world: &World, width: usize, values: &[u64]) {
    let shared = world.share(width, values);
    let found = world
        .agree(async |ctx: BitContext| -> Result<_, Failure> {
            let before = ctx.base().counters();
            let total = sum(&ctx.narrow("sum"), &shared.of(ctx.me())).await?;
            spent_as_foretold(&ctx, before, ctx.cost_model().sum(width, values.len()));
            assert_eq!(total.len(), 1);
            Ok(open(&ctx.narrow("open"), &total).await?.value(0))
        })
        .await;
    assert_eq!(found, values.iter().sum::<u64>(), "{} numbers of {width} bits", values.len());
}

#[tokio::test]
async fn batches_are_summed_up() {
    for world in worlds() {
        for (width, count) in [(1, 1), (1, 2), (5, 3), (1, 64), (3, 65), (16, 130), (1, 700)] {
            let values = world.draw(|rng| reference::awkward_values(rng, width, count));
            check_sum(&world, width as usize, &values).await;
            check_sum(&world, width as usize, &vec![mask(width); count]).await;
        }
    }
    let world = unchecked(3, 1);
    for count in (0..=130).chain([1_000, 16_385, 40_000]) {
        let values = world.draw(|rng| reference::awkward_values(rng, 20, count));
        check_sum(&world, 20, &values).await;
    }
    // All numbers of up to six bits are counts.
    for code in 0..64_u64 {
        check_sum(&world, 1, &(0..6).map(|at| code >> at & 1).collect::<Vec<_>>()).await;
    }
}

#[tokio::test]
async fn batches_are_summed_up_position_by_position() {
    for world in worlds() {
        for (width, parts, len) in [(1, 1, 5), (1, 2, 1), (4, 3, 70), (7, 11, 200), (1, 100, 130)] {
            let values: Vec<Vec<u64>> = (0..parts)
                .map(|_| world.draw(|rng| reference::awkward_values(rng, width, len)))
                .collect();
            let shared: Vec<_> =
                values.iter().map(|values| world.share(width as usize, values)).collect();
            for striped in [false, true] {
                let found = world
                    .agree(async |ctx: BitContext| -> Result<_, Failure> {
                        let ctx = if striped { in_stripes(&ctx) } else { ctx };
                        let before = ctx.base().counters();
                        let parts: Vec<SharedBits> =
                            shared.iter().map(|part| part.of(ctx.me())).collect();
                        let sums = sum_of(&ctx.narrow("sum"), &parts).await?;
                        let cost = ctx.cost_model().sum_of(width as usize, parts.len(), len);
                        spent_as_foretold(&ctx, before, cost);
                        Ok(open(&ctx.narrow("open"), &sums).await?.values())
                    })
                    .await;
                let expected: Vec<u64> =
                    (0..len).map(|at| values.iter().map(|part| part[at]).sum()).collect();
                assert_eq!(found, expected);
            }
        }
    }
}

#[tokio::test]
async fn sums_that_are_no_numbers_are_refused() {
    let world = unchecked(3, 1);
    let (wide, narrow) = (world.share(64, &[1, 2]), world.share(3, &[1, 2]));
    world
        .agree(async |ctx: BitContext| -> Result<_, Failure> {
            let (wide, narrow) = (wide.of(ctx.me()), narrow.of(ctx.me()));
            assert!(sum(&ctx.narrow("a"), &wide).await.is_err());
            assert!(add(&ctx.narrow("b"), &wide, &wide).await.is_err());
            assert!(sum_of(&ctx.narrow("c"), &[wide.clone(), wide.clone()]).await.is_err());
            assert!(sum_of(&ctx.narrow("d"), &[wide, narrow]).await.is_err());
            assert_eq!(sum_of(&ctx.narrow("e"), &[]).await?.width(), 0);
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn one_number_is_picked() {
    for world in worlds() {
        for count in [1, 2, 63, 64, 65, 200] {
            let values = world.draw(|rng| reference::awkward_values(rng, 9, count));
            let at = world.draw(|rng| rng.random_range(0..count));
            let one = |at: Option<usize>| -> Vec<u64> {
                (0..count).map(|place| u64::from(Some(place) == at)).collect()
            };
            let numbers = world.share(9, &values);
            let (chosen, nobody) = (world.share(1, &one(Some(at))), world.share(1, &one(None)));
            let found = world
                .agree(async |ctx: BitContext| -> Result<_, Failure> {
                    let (me, before) = (ctx.me(), ctx.base().counters());
                    let found = pick(&ctx.narrow("a"), &chosen.of(me), &numbers.of(me)).await?;
                    spent_as_foretold(&ctx, before, ctx.cost_model().pick(9, count));
                    let none = pick(&ctx.narrow("b"), &nobody.of(me), &numbers.of(me)).await?;
                    let opened = open_all(&ctx.narrow("open"), &[&found, &none]).await?;
                    Ok(opened.iter().map(PublicBits::values).collect::<Vec<_>>())
                })
                .await;
            assert_eq!(found, [[values[at]], [0]]);
        }
    }
}

/// The places of all numbers from the best to the worst: the earlier one of equal ones first.
fn order(values: &[u64]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..values.len()).collect();
    places.sort_by_key(|&place| (u64::MAX - values[place], place));
    places
}

/// Who is among the m best, and the largest of the others.
fn plain(values: &[u64], m: usize) -> (Vec<u64>, Option<u64>) {
    let order = order(values);
    let mut members = vec![0; values.len()];
    for &place in order.iter().take(m) {
        members[place] = 1;
    }
    (members, order.get(m).map(|&place| values[place]))
}

async fn opened(ctx: &BitContext, best: Best) -> Result<(Vec<u64>, Option<u64>), Failure> {
    let members = open(&ctx.narrow("members"), &best.members).await?.values();
    let next = match best.next {
        Some(next) => Some(open(&ctx.narrow("price"), &next).await?.value(0)),
        None => None,
    };
    Ok((members, next))
}

/// Both ways, for every m given.
async fn check_best(world: &World, width: u32, values: &[u64], ms: &[usize], striped: bool) {
    let shared = world.share(width as usize, values);
    let (count, wide) = (values.len(), width as usize);
    world
        .agree(async |ctx: BitContext| -> Result<_, Failure> {
            let ctx = if striped { in_stripes(&ctx) } else { ctx };
            let (numbers, model) = (shared.of(ctx.me()), ctx.cost_model());
            let (mut before, mut found) = (ctx.base().counters(), Vec::new());
            for &m in ms {
                let ctx = ctx.narrow(m);
                let by_rank = best_by_rank(&ctx.narrow("rank"), &numbers, m, true).await?;
                spent_as_foretold(&ctx, before, model.best_by_rank(wide, count, m, true));
                before = ctx.base().counters();
                let members = best_by_rank(&ctx.narrow("alone"), &numbers, m, false).await?;
                assert!(members.next.is_none() || count == 1);
                spent_as_foretold(&ctx, before, model.best_by_rank(wide, count, m, false));
                before = ctx.base().counters();
                let by_search = best_by_search(&ctx.narrow("search"), &numbers, m).await?;
                spent_as_foretold(&ctx, before, model.best_by_search(wide, count, m));
                before = ctx.base().counters();
                found.push((m, by_rank, members.members, by_search));
            }
            for (m, by_rank, members, by_search) in found {
                let ctx = ctx.narrow(m).narrow("open");
                let expected = plain(values, m);
                let members = open(&ctx.narrow("alone"), &members).await?.values();
                assert_eq!(members, expected.0, "{m} best of {values:?}");
                let by_rank = opened(&ctx.narrow("rank"), by_rank).await?;
                assert_eq!(by_rank, expected, "{m} best of {values:?} by rank");
                let by_search = opened(&ctx.narrow("search"), by_search).await?;
                assert_eq!(by_search, expected, "{m} best of {values:?} by search");
            }
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn every_number_has_its_rank() {
    for world in worlds() {
        for (width, count) in [(1, 1), (1, 2), (3, 9), (8, 40), (2, 65)] {
            let values = world.draw(|rng| reference::awkward_values(rng, width, count));
            let shared = world.share(width as usize, &values);
            let ranks = world
                .agree(async |ctx: BitContext| -> Result<_, Failure> {
                    let before = ctx.base().counters();
                    let ranks = rank(&ctx.narrow("rank"), &shared.of(ctx.me())).await?;
                    spent_as_foretold(&ctx, before, ctx.cost_model().rank(width as usize, count));
                    Ok(open(&ctx.narrow("open"), &ranks).await?.values())
                })
                .await;
            for (rank, place) in order(&values).into_iter().enumerate() {
                assert_eq!(ranks[place], rank as u64, "{values:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_best_of_all_small_lists() {
    // All lists of up to four numbers of two bits, and every m.
    let world = unchecked(3, 1);
    check_best(&world, 2, &[], &[0, 1], false).await;
    for count in 1..=4_u32 {
        for code in 0..4_u64.pow(count) {
            let values: Vec<u64> = (0..count).map(|at| code >> (2 * at) & 3).collect();
            let ms: Vec<usize> = (0..=values.len() + 1).collect();
            check_best(&world, 2, &values, &ms, false).await;
        }
    }
}

#[tokio::test]
async fn the_best_of_some_with_ties() {
    for world in worlds() {
        for (width, count) in [(1, 7), (3, 12), (9, 20)] {
            let ms: Vec<usize> = (0..=count).collect();
            let values = world.draw(|rng| reference::awkward_values(rng, width, count));
            check_best(&world, width, &values, &ms, false).await;
            check_best(&world, width, &vec![1; count], &[0, 1, count - 1], false).await;
        }
        let values = world.draw(|rng| reference::awkward_values(rng, 5, 70));
        check_best(&world, 5, &values, &[0, 1, 35, 69, 70], true).await;
        let values = world.draw(|rng| reference::awkward_values(rng, 32, 150));
        check_best(&world, 32, &values, &[3], false).await;
    }
    let world = unchecked(3, 1);
    let values = world.draw(|rng| reference::awkward_values(rng, 64, 40));
    check_best(&world, 64, &values, &[0, 20, 39], false).await;
}

#[tokio::test]
async fn three_of_a_thousand_take_31_rounds_and_37_with_checks() {
    let world = unchecked(5, 2);
    // The reserve, entered once for every lot.
    let values = world.draw(|rng| {
        let mut values = reference::awkward_values(rng, 32, 1000);
        values.extend([1 << 20; 3]);
        values
    });
    let shared = world.share(32, &values);
    let (rounds, found) = world
        .agree(async |ctx: BitContext| -> Result<_, Failure> {
            let best = best_by_rank(&ctx.narrow("best"), &shared.of(ctx.me()), 3, true).await?;
            let found = opened(&ctx.narrow("open"), best).await?;
            Ok((ctx.base().counters().rounds, found))
        })
        .await;
    assert_eq!(found, plain(&values, 3));
    // Keys, 6 to compare, 16 to count, 5 to compare ranks, 1 for the price, and two openings.
    assert_eq!(rounds, 31);
    // With 3 to check the stripes, and 3 to check the rest.
    let model = CostModel::new(world.scheme(), world.participants());
    let ranked = model.keys() + model.best_by_rank(32, 1003, 3, true);
    assert_eq!(model.opening(ranked, &[(1, 1003)]).rounds, 36);
}

#[tokio::test]
async fn a_hundred_of_ten_thousand_are_found_by_searching() {
    let world = unchecked(3, 1);
    let values = world.draw(|rng| reference::awkward_values(rng, 32, 10_000));
    let shared = world.share(32, &values);
    let found = world
        .agree(async |ctx: BitContext| -> Result<_, Failure> {
            let before = ctx.base().counters();
            let numbers = shared.of(ctx.me());
            let best = best_by_search(&ctx.narrow("best"), &numbers, 100).await?;
            spent_as_foretold(&ctx, before, ctx.cost_model().best_by_search(32, 10_000, 100));
            opened(&ctx.narrow("open"), best).await
        })
        .await;
    assert_eq!(found, plain(&values, 100));
}
