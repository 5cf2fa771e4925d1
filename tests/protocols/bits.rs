//! Every protocol on bits against its plain twin: small widths exhaustively, larger ones at random
//! with awkward values, for every supported number of nodes, with nodes missing.

use gavel::protocol::bits::BitContext;
use gavel::protocol::bits::and::and;
use gavel::protocol::bits::less_than::{less_than, public_less_than};
use gavel::protocol::bits::maximum::{Keep, maximum};
use gavel::protocol::bits::open::{open, open_all};
use gavel::protocol::bits::range_check::range_check;
use gavel::protocol::bits::second_price::second_price;
use gavel::protocol::bits::select::select;
use gavel::protocol::{Context, Counters, ProtocolError, Tactics};
use gavel::sharing::seed::mask;
use gavel::testkit::{Failure, World, reference};

use super::unchecked;

/// n, t, and the nodes that stay away.
const WORLDS: &[(u8, u8, &[u8])] = &[
    (3, 1, &[]),
    (4, 1, &[]),
    (4, 1, &[2]),
    (5, 1, &[]),
    (5, 1, &[1, 4]),
    (5, 2, &[]),
    (6, 2, &[]),
    (6, 2, &[1]),
    (7, 2, &[3]),
    (7, 2, &[1, 7]),
    (7, 3, &[]),
];

/// The largest worlds, for the tests that are cheap.
const LARGE: &[(u8, u8, &[u8])] = &[(9, 2, &[2, 3, 5, 8]), (9, 3, &[9]), (9, 4, &[])];

fn all_worlds() -> impl Iterator<Item = World> {
    WORLDS.iter().chain(LARGE).map(|&(n, t, missing)| unchecked(n, t).without(missing))
}

/// All pairs of values of so many bits.
fn all_pairs(width: u32) -> (Vec<u64>, Vec<u64>) {
    let values = 0..=mask(width);
    values.clone().flat_map(|x| values.clone().map(move |y| (x, y))).unzip()
}

#[tokio::test]
async fn shared_values_open_to_themselves() {
    for world in all_worlds() {
        for (width, count) in [(1, 1), (64, 3), (7, 64), (33, 130)] {
            let values = world.draw(|rng| reference::awkward_values(rng, width, count));
            let shared = world.share(width as usize, &values);
            let opened = world
                .agree(async |ctx: BitContext| -> Result<_, Failure> {
                    Ok(open(&ctx.narrow("open"), &shared.of(ctx.me())).await?.values())
                })
                .await;
            assert_eq!(opened, values);
        }
    }
}

#[tokio::test]
async fn several_batches_open_in_one_round() {
    for world in all_worlds() {
        let (a, b) = (world.share(5, &[17]), world.share(32, &[1, 2, 3]));
        let opened = world
            .agree(async |ctx: BitContext| -> Result<_, Failure> {
                let before = ctx.base().counters().rounds;
                let (a, b) = (a.of(ctx.me()), b.of(ctx.me()));
                let opened = open_all(&ctx.narrow("open"), &[&a, &b]).await?;
                assert_eq!(ctx.base().counters().rounds, before + 1);
                Ok(opened
                    .iter()
                    .map(gavel::protocol::bits::open::PublicBits::values)
                    .collect::<Vec<_>>())
            })
            .await;
        assert_eq!(opened, [vec![17], vec![1, 2, 3]]);
    }
}

#[tokio::test]
async fn local_operations_do_what_they_say() {
    for world in all_worlds() {
        let values = world.draw(|rng| reference::awkward_values(rng, 9, 131));
        let public = world.draw(|rng| reference::awkward_values(rng, 9, 131));
        let shared = world.share(9, &values);
        let opened = world
            .agree(async |ctx: BitContext| -> Result<_, Failure> {
                let x = shared.of(ctx.me());
                let mut complement = x.clone();
                complement.complement();
                let mut masked = x.clone();
                masked.xor_public(&public)?;
                let pairs = x.pairs()?;
                let picked = x.gather(&[130, 0, 64, 64])?;
                let joined =
                    gavel::sharing::SharedBits::concat(ctx.holding(), 9, &[&picked, &x, &picked])?;
                let odd = pairs.odd.as_ref().unwrap();
                let batches =
                    [&complement, &masked, &pairs.left, &pairs.right, odd, &picked, &joined];
                let opened = open_all(&ctx.narrow("open"), &batches).await?;
                Ok(opened
                    .iter()
                    .map(gavel::protocol::bits::open::PublicBits::values)
                    .collect::<Vec<_>>())
            })
            .await;
        let picked = [values[130], values[0], values[64], values[64]];
        let every_second = |from: usize| -> Vec<u64> {
            values[..130].iter().copied().skip(from).step_by(2).collect()
        };
        assert_eq!(opened[0], values.iter().map(|value| value ^ 511).collect::<Vec<_>>());
        let masked = values.iter().zip(&public).map(|(value, public)| value ^ public);
        assert_eq!(opened[1], masked.collect::<Vec<_>>());
        assert_eq!(opened[2], every_second(0));
        assert_eq!(opened[3], every_second(1));
        assert_eq!(opened[4], values[130..]);
        assert_eq!(opened[5], picked);
        assert_eq!(opened[6], [&picked[..], &values, &picked].concat());
    }
}

#[tokio::test]
async fn and_of_all_pairs() {
    for world in all_worlds() {
        for width in 1..=4 {
            let (xs, ys) = all_pairs(width);
            let (x, y) = (world.share(width as usize, &xs), world.share(width as usize, &ys));
            let opened = world
                .agree(async |ctx: BitContext| -> Result<_, Failure> {
                    let (x, y) = (x.of(ctx.me()), y.of(ctx.me()));
                    let z = and(&ctx.narrow("and"), &x, &y).await?;
                    // Once more on the result, so that fresh shares are used as operands too.
                    let z = and(&ctx.narrow("again"), &z, &x).await?;
                    Ok(open(&ctx.narrow("open"), &z).await?.values())
                })
                .await;
            assert_eq!(opened, xs.iter().zip(&ys).map(|(x, y)| x & y).collect::<Vec<_>>());
        }
    }
}

async fn check_less_than(world: &World, width: u32, xs: &[u64], ys: &[u64]) {
    let (x, y) = (world.share(width as usize, xs), world.share(width as usize, ys));
    let opened = world
        .agree(async |ctx: BitContext| -> Result<_, Failure> {
            let (x, y) = (x.of(ctx.me()), y.of(ctx.me()));
            let before = ctx.base().counters();
            let less = less_than(&ctx.narrow("less-than"), &x, &y).await?;
            let spent = since(&ctx, before);
            let cost = ctx.cost_model().less_than(width as usize, xs.len());
            assert_eq!(
                (spent.rounds, spent.gates, spent.bytes_sent),
                (cost.rounds, cost.gates, cost.bytes_sent)
            );
            Ok(open(&ctx.narrow("open"), &less).await?.values())
        })
        .await;
    let expected: Vec<u64> = xs.iter().zip(ys).map(|(x, y)| u64::from(x < y)).collect();
    assert_eq!(opened, expected, "{width} bits");
}

fn since(ctx: &BitContext, before: Counters) -> Counters {
    let now = ctx.base().counters();
    Counters {
        rounds: now.rounds - before.rounds,
        gates: now.gates - before.gates,
        messages: now.messages - before.messages,
        bytes_sent: now.bytes_sent - before.bytes_sent,
    }
}

#[tokio::test]
async fn less_than_of_all_pairs() {
    for world in all_worlds() {
        for width in 1..=4 {
            let (xs, ys) = all_pairs(width);
            check_less_than(&world, width, &xs, &ys).await;
        }
    }
}

#[tokio::test]
async fn less_than_of_every_width() {
    let world = unchecked(3, 1);
    for width in 1..=64 {
        let values = world.draw(|rng| reference::awkward_values(rng, width, 400));
        check_less_than(&world, width, &values[..200], &values[200..]).await;
    }
    for &(n, t, missing) in WORLDS {
        let world = unchecked(n, t).without(missing);
        for width in [5, 32, 64] {
            let values = world.draw(|rng| reference::awkward_values(rng, width, 260));
            check_less_than(&world, width, &values[..130], &values[130..]).await;
        }
    }
}

#[tokio::test]
async fn public_less_than_of_all_pairs() {
    for world in all_worlds() {
        for width in 1..=4_u32 {
            let ys: Vec<u64> = (0..=mask(width)).collect();
            let y = world.share(width as usize, &ys);
            let opened = world
                .agree(async |ctx: BitContext| -> Result<_, Failure> {
                    let y = y.of(ctx.me());
                    let mut all = Vec::new();
                    for c in 0..=mask(width) {
                        let less = public_less_than(&ctx.narrow(c), c, &y).await?;
                        all.push(open(&ctx.narrow(c).narrow("open"), &less).await?.values());
                    }
                    Ok(all)
                })
                .await;
            for (c, less) in opened.iter().enumerate() {
                let expected: Vec<u64> = ys.iter().map(|&y| u64::from((c as u64) < y)).collect();
                assert_eq!(less, &expected);
            }
        }
    }
}

#[tokio::test]
async fn select_takes_one_of_two() {
    for world in all_worlds() {
        let (xs, ys) = all_pairs(3);
        let bits: Vec<u64> = (0..xs.len() as u64).map(|at| at % 3 % 2).collect();
        let (b, x, y) = (world.share(1, &bits), world.share(3, &xs), world.share(3, &ys));
        let opened = world
            .agree(async |ctx: BitContext| -> Result<_, Failure> {
                let (b, x, y) = (b.of(ctx.me()), x.of(ctx.me()), y.of(ctx.me()));
                let chosen = select(&ctx.narrow("select"), &b, &x, &y).await?;
                Ok(open(&ctx.narrow("open"), &chosen).await?.values())
            })
            .await;
        for (at, chosen) in opened.into_iter().enumerate() {
            assert_eq!(chosen, if bits[at] == 1 { xs[at] } else { ys[at] });
        }
    }
}

async fn check_maximum(world: &World, width: u32, values: &[u64]) {
    for groups in [&[][..], &[1024], &[4, 16]] {
        check_maximum_in(world, width, values, groups).await;
    }
}

async fn check_maximum_in(world: &World, width: u32, values: &[u64], groups: &[u16]) {
    let shared = world.share(width as usize, values);
    let (index, best, second) = world
        .agree(async |ctx: BitContext| -> Result<_, Failure> {
            let tactics = Tactics { groups: groups.to_vec(), ..Tactics::default() };
            let ctx = BitContext::from(ctx.base().clone().with_tactics(tactics));
            let before = ctx.base().counters();
            let numbers = shared.of(ctx.me());
            let won = maximum(&ctx.narrow("m"), &numbers, Keep::Levels, &|_, _| {}).await?;
            let spent = since(&ctx, before);
            let cost = ctx.cost_model().maximum(width as usize, values.len(), Keep::Levels, groups);
            assert_eq!(
                (spent.rounds, spent.gates, spent.bytes_sent),
                (cost.rounds, cost.gates, cost.bytes_sent)
            );
            let opened = open_all(&ctx.narrow("open"), &[&won.index()?, &won.value()?]).await?;
            let index = usize::try_from(opened[0].value(0)).unwrap();
            let second = if values.len() > 1 {
                let apart = second_price(&ctx.narrow("second"), &won, index).await?;
                let apart = open(&ctx.narrow("open-second"), &apart).await?.value(0);
                if let Some(beside) = won.second() {
                    let beside = open(&ctx.narrow("open-beside"), beside).await?.value(0);
                    assert_eq!(beside, apart, "found beside the best, and after it");
                }
                Some(apart)
            } else {
                None
            };
            Ok((index, opened[1].value(0), second))
        })
        .await;
    assert_eq!(index, reference::maximum(values), "{values:?}");
    assert_eq!(best, values[index]);
    assert_eq!(second, (values.len() > 1).then(|| reference::second(values, index)));
}

#[tokio::test]
async fn the_first_of_the_largest_wins() {
    for &(n, t, missing) in WORLDS {
        let world = unchecked(n, t).without(missing);
        for count in [1, 2, 3, 5, 6, 9, 33] {
            let values = world.draw(|rng| reference::awkward_values(rng, 8, count));
            check_maximum(&world, 8, &values).await;
            check_maximum(&world, 8, &vec![7; count]).await;
        }
    }
    let world = unchecked(3, 1);
    for count in [63, 64, 65, 127, 128, 129, 130, 257] {
        let values = world.draw(|rng| reference::awkward_values(rng, 4, count));
        check_maximum(&world, 4, &values).await;
    }
}

#[tokio::test]
async fn all_small_tournaments() {
    // All lists of up to four numbers of two bits.
    let world = unchecked(3, 1);
    for count in 1..=4_u32 {
        for code in 0..4_u64.pow(count) {
            let values: Vec<u64> = (0..count).map(|at| code >> (2 * at) & 3).collect();
            check_maximum(&world, 2, &values).await;
        }
    }
}

#[tokio::test]
async fn numbers_above_the_maximum_are_found() {
    for world in all_worlds() {
        for (width, maximum) in [(1, 1), (3, 4), (3, 6), (4, 10), (32, 1_000_000)] {
            let values = world.draw(|rng| {
                let mut values = reference::awkward_values(rng, width, 70);
                values.extend([maximum - 1, maximum, (maximum + 1) & mask(width)]);
                values
            });
            let shared = world.share(width as usize, &values);
            let fits = world
                .agree(async |ctx: BitContext| -> Result<_, Failure> {
                    let before = ctx.base().counters();
                    let numbers = shared.of(ctx.me());
                    let fits = range_check(&ctx.narrow("range"), &numbers, maximum).await?;
                    let spent = since(&ctx, before);
                    let cost = ctx.cost_model().range_check(width as usize, values.len());
                    assert_eq!(
                        (spent.rounds, spent.gates, spent.bytes_sent),
                        (cost.rounds, cost.gates, cost.bytes_sent)
                    );
                    Ok(fits)
                })
                .await;
            assert_eq!(fits, values.iter().map(|&value| value <= maximum).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn a_step_name_is_refused_the_second_time() {
    let world = unchecked(3, 1);
    let shared = world.share(1, &[1]);
    let refused = world
        .agree(async |ctx: BitContext| -> Result<_, Failure> {
            let x = shared.of(ctx.me());
            and(&ctx.narrow("and"), &x, &x).await?;
            let again = and(&ctx.narrow("and"), &x, &x).await.map(drop).unwrap_err();
            open(&ctx.narrow("open"), &x).await?;
            let opened = open(&ctx.narrow("open"), &x).await.map(drop).unwrap_err();
            let keys = and(&ctx.narrow("keys"), &x, &x).await.map(drop).unwrap_err();
            Ok([again, opened, keys])
        })
        .await;
    for (error, name) in refused.iter().zip(["and", "open", "keys"]) {
        assert_eq!(error, &ProtocolError::StepReused { step: name.to_owned() });
    }
}

#[tokio::test]
async fn what_comparing_costs_is_what_the_design_says() {
    for (n, t, sent_per_gate) in [(3, 1, 1), (4, 1, 3), (5, 2, 4), (7, 3, 6)] {
        let world = unchecked(n, t);
        let (x, y) = (world.share(32, &[5; 128]), world.share(32, &[6; 128]));
        world
            .agree(async |ctx: BitContext| -> Result<_, Failure> {
                let before = ctx.base().counters();
                less_than(&ctx.narrow("less-than"), &x.of(ctx.me()), &y.of(ctx.me())).await?;
                let spent = since(&ctx, before);
                assert_eq!(spent.rounds, 6);
                assert_eq!(spent.gates, 73 * 128);
                assert_eq!(spent.bytes_sent * 8, spent.gates * sent_per_gate);
                assert_eq!(spent.messages, 6 * sent_per_gate);
                Ok(())
            })
            .await;
    }
}

#[tokio::test]
async fn too_few_or_foreign_nodes_are_refused() {
    async fn refused(n: u8, t: u8, missing: &[u8]) -> String {
        let world = unchecked(n, t).without(missing);
        let results = world.run(async |_: Context| Ok::<(), Failure>(())).await;
        results.into_iter().map(|(_, result)| result.unwrap_err().to_string()).next().unwrap()
    }
    assert_eq!(refused(5, 2, &[1]).await, "4 nodes take part; 5 are needed to compute");
    assert_eq!(refused(5, 1, &[1, 2, 3]).await, "2 nodes take part; 3 are needed to compute");
}
