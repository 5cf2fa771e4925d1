//! Protocols on replicated elements against plain arithmetic, what they cost, and nodes that send a
//! wrong bit in any of their messages.

use std::collections::BTreeSet;

use gavel::field::{Field, Mersenne61, Mersenne127, Prime256};
use gavel::protocol::bits::BitContext;
use gavel::protocol::elements::Arithmetic;
use gavel::protocol::elements::compare::{divide, equal, less_than, select};
use gavel::protocol::elements::from_bits::numbers_from_bits;
use gavel::protocol::elements::multiply::{inner_products, multiply, sums_of_products};
use gavel::protocol::elements::open::open;
use gavel::protocol::elements::random::random;
use gavel::protocol::elements::to_bits::to_bits;
use gavel::protocol::{Context, Cost, CostModel, ProtocolError, StepId, Tactics};
use gavel::sharing::{NodeIndex, SharedElements};
use gavel::testkit::wiretap::Wiretap;
use gavel::testkit::{At, ElementInputs, Failure, Lie, World};
use rand::RngExt as _;

use super::node;

/// n, t, and the nodes that stay away.
const WORLDS: [(u8, u8, &[u8]); 7] = [
    (3, 1, &[]),
    (4, 1, &[]),
    (4, 1, &[3]),
    (5, 1, &[]),
    (5, 2, &[]),
    (7, 2, &[1, 4]),
    (7, 3, &[]),
];

/// The smaller ones of them.
const SMALL: [(u8, u8, &[u8]); 3] = [(3, 1, &[]), (4, 1, &[2]), (5, 2, &[])];

/// Run a program on shared numbers; what it comes to, opened, and whether that cost what it should.
async fn run<F: Arithmetic>(
    world: &World,
    tactics: &Tactics,
    inputs: &[&[u64]],
    program: impl AsyncFn(
        BitContext,
        Vec<SharedElements<F>>,
    ) -> Result<SharedElements<F>, ProtocolError>,
    cost: impl Fn(CostModel) -> Cost,
) -> Vec<Option<u128>> {
    let shared: Vec<ElementInputs<F>> =
        inputs.iter().map(|values| ElementInputs::of_numbers(world, values)).collect();
    world
        .agree(async |ctx: Context| -> Result<_, Failure> {
            let ctx = BitContext::new(&ctx.with_tactics(tactics.clone()));
            let inputs = shared.iter().map(|input| input.of(ctx.me())).collect();
            let before = ctx.base().counters();
            let result = program(ctx.narrow("task"), inputs).await?;
            assert!(ctx.base().openings().iter().all(|opening| opening.masked));
            let opened = open(&ctx.narrow("open"), &result).await?;
            let now = ctx.base().counters();
            let model = ctx.cost_model();
            let cost = model.opening_elements::<F>(cost(model), result.len());
            assert_eq!(
                (now.rounds - before.rounds, now.gates - before.gates),
                (cost.rounds, cost.gates)
            );
            assert_eq!(now.bytes_sent - before.bytes_sent, cost.bytes_sent);
            Ok(opened.iter().map(|element| element.to_u128()).collect::<Vec<_>>())
        })
        .await
}

fn both_tactics() -> [Tactics; 2] {
    [false, true].map(|naming| Tactics { naming, ..Tactics::default() })
}

fn plain(values: impl IntoIterator<Item = u64>) -> Vec<Option<u128>> {
    values.into_iter().map(|value| Some(u128::from(value))).collect()
}

async fn products<F: Arithmetic>() {
    for (n, t, missing) in WORLDS {
        for tactics in both_tactics() {
            let world = World::new(n, t).without(missing);
            let len = world.draw(|rng| rng.random_range(1..60)) * 3;
            let draw = || -> Vec<u64> {
                (0..len).map(|_| world.draw(|rng| rng.random_range(0..1 << 28))).collect()
            };
            let (x, y) = (draw(), draw());
            let product = |at: usize| x[at] * y[at];
            let opened = run::<F>(
                &world,
                &tactics,
                &[&x, &y],
                async |ctx, xy| multiply(&ctx, &xy[0], &xy[1]).await,
                |model| model.multiply_elements::<F>(len),
            )
            .await;
            assert_eq!(opened, plain((0..len).map(product)));
            let opened = run::<F>(
                &world,
                &tactics,
                &[&x, &y],
                async |ctx, xy| inner_products(&ctx, 3, &xy[0], &xy[1]).await,
                |model| model.inner_products::<F>(3, len / 3),
            )
            .await;
            let sum = |first: usize| (first..first + 3).map(product).sum();
            assert_eq!(opened, plain((0..len).step_by(3).map(sum)));
            let opened = run::<F>(
                &world,
                &tactics,
                &[&x, &y],
                async |ctx, xy| {
                    let [x, y] = &xy[..] else { unreachable!() };
                    sums_of_products(&ctx, &[(x, y), (x, x), (y, y)]).await
                },
                |model| model.products::<F>(len),
            )
            .await;
            let sum = |at: usize| product(at) + x[at] * x[at] + y[at] * y[at];
            assert_eq!(opened, plain((0..len).map(sum)));
        }
    }
}

#[tokio::test]
async fn products_are_those_of_numbers() {
    products::<Mersenne61>().await;
    products::<Mersenne127>().await;
    products::<Prime256>().await;
}

#[tokio::test]
async fn large_batches_go_piece_by_piece() {
    const PIECE: usize = 1 << 16;
    let world = World::new(3, 1);
    let len = 4 * PIECE + 100;
    let x: Vec<u64> = (0..len as u64).collect();
    let opened = run::<Mersenne61>(
        &world,
        &Tactics::default(),
        &[&x],
        async |ctx, x| multiply(&ctx, &x[0], &x[0]).await,
        |model| model.multiply_elements::<Mersenne61>(len),
    )
    .await;
    assert_eq!(opened, plain(x.iter().map(|x| x * x)));
    // Two sums that are longer than a piece.
    let size = PIECE + 7;
    let opened = run::<Mersenne61>(
        &world,
        &Tactics::default(),
        &[&x[..2 * size]],
        async |ctx, x| inner_products(&ctx, size, &x[0], &x[0]).await,
        |model| model.inner_products::<Mersenne61>(size, 2),
    )
    .await;
    let sum = |x: &[u64]| x.iter().map(|x| x * x).sum();
    assert_eq!(opened, plain(x[..2 * size].chunks(size).map(sum)));
}

#[tokio::test]
async fn a_chain_takes_a_round_for_each_product() {
    let world = World::new(3, 1);
    let opened = run::<Mersenne127>(
        &world,
        &Tactics::default(),
        &[&[3]],
        async |ctx, x| {
            let mut power = x[0].clone();
            for step in 0..40 {
                power = multiply(&ctx.narrow(step), &power, &x[0]).await?;
            }
            Ok(power)
        },
        |model| (0..40).fold(Cost::NONE, |all, _| all + model.products::<Mersenne127>(1)),
    )
    .await;
    assert_eq!(opened, [Some(3_u128.pow(41))]);
}

#[tokio::test]
async fn random_elements_differ_and_nobody_knows_them() {
    let world = World::new(5, 2);
    let opened = world
        .agree(async |ctx: BitContext| -> Result<_, Failure> {
            let one = random::<Prime256>(&ctx.narrow("one"), 4)?;
            let opened = open(&ctx.narrow("open"), &one).await?;
            Ok(opened.iter().map(|element| element.to_bytes()).collect::<BTreeSet<_>>())
        })
        .await;
    assert_eq!(opened.len(), 4);
}

fn awkward(world: &World, bits: u32, len: usize) -> Vec<u64> {
    let most = u64::MAX >> (64 - bits);
    let edges = [0, 1, most, most - 1, most / 2, most / 2 + 1];
    let draw = |at: usize| match edges.get(at) {
        Some(&edge) => edge,
        None => world.draw(|rng| rng.random_range(0..=most)),
    };
    (0..len).map(draw).collect()
}

async fn there_and_back<F: Arithmetic>(width: usize) {
    for (n, t, missing) in SMALL {
        let world = World::new(n, t).without(missing);
        let x = awkward(&world, u32::try_from(width).unwrap(), 9);
        let opened = run::<F>(
            &world,
            &Tactics::default(),
            &[&x],
            async |ctx, x| {
                let bits = to_bits(&ctx.narrow("to"), width, &x[0]).await?;
                assert_eq!(bits.width(), width);
                numbers_from_bits(&ctx.narrow("from"), &bits).await
            },
            |model| model.to_bits::<F>(width, 9) + model.from_bits::<F>(width * 9),
        )
        .await;
        assert_eq!(opened, plain(x), "{} {n} {t} {width}", F::NAME);
    }
}

#[tokio::test]
async fn bits_of_elements_are_those_of_numbers() {
    for width in [1, 8, 33, 60] {
        there_and_back::<Mersenne61>(width).await;
    }
    there_and_back::<Mersenne127>(33).await;
    there_and_back::<Mersenne127>(63).await;
    there_and_back::<Prime256>(63).await;
}

#[tokio::test]
async fn numbers_that_do_not_fit_are_refused() {
    let world = World::new(3, 1);
    let x = ElementInputs::<Mersenne61>::of_numbers(&world, &[1]);
    let results = world
        .run(async |ctx: BitContext| -> Result<_, Failure> {
            Ok(to_bits(&ctx, 61, &x.of(ctx.me())).await.map(drop)?)
        })
        .await;
    for (_, result) in results {
        assert!(matches!(result, Err(Failure::Protocol(ProtocolError::Shape(_)))));
    }
}

async fn comparisons<F: Arithmetic>() {
    for (n, t, missing) in SMALL {
        let world = World::new(n, t).without(missing);
        let mut x = awkward(&world, 32, 12);
        let mut y = awkward(&world, 32, 12);
        y.reverse();
        x.extend([7, 7, 8, u64::from(u32::MAX)]);
        y.extend([7, 8, 7, u64::from(u32::MAX)]);
        let len = x.len();
        let pairs = || x.iter().zip(&y);
        let opened = run::<F>(
            &world,
            &Tactics::default(),
            &[&x, &y],
            async |ctx, xy| less_than(&ctx, 32, &xy[0], &xy[1]).await,
            |model| model.less_than_elements::<F>(32, len),
        )
        .await;
        assert_eq!(opened, plain(pairs().map(|(x, y)| u64::from(x < y))));
        let opened = run::<F>(
            &world,
            &Tactics::default(),
            &[&x, &y],
            async |ctx, xy| equal(&ctx, 32, &xy[0], &xy[1]).await,
            |model| model.equal_elements::<F>(32, len),
        )
        .await;
        assert_eq!(opened, plain(pairs().map(|(x, y)| u64::from(x == y))));
        let chosen: Vec<u64> = (0..len as u64).map(|at| at % 2).collect();
        let opened = run::<F>(
            &world,
            &Tactics::default(),
            &[&chosen, &x, &y],
            async |ctx, all| select(&ctx, &all[0], &all[1], &all[2]).await,
            |model| model.products::<F>(len),
        )
        .await;
        let expected = pairs().zip(&chosen).map(|((&x, &y), &one)| if one == 1 { x } else { y });
        assert_eq!(opened, plain(expected));
    }
}

#[tokio::test]
async fn comparisons_are_those_of_numbers() {
    comparisons::<Mersenne61>().await;
    comparisons::<Mersenne127>().await;
    comparisons::<Prime256>().await;
}

async fn quotients<F: Arithmetic>(worlds: &[(u8, u8, &[u8])], width: u32) {
    for &(n, t, missing) in worlds {
        let world = World::new(n, t).without(missing);
        let mut x = awkward(&world, width, 8);
        let mut y = awkward(&world, width, 8);
        let most = u64::MAX >> (64 - width);
        x.extend([most, most, 0, 5, 1]);
        y.extend([1, most, 0, 0, 2]);
        let (len, wide) = (x.len(), usize::try_from(width).unwrap());
        let opened = run::<F>(
            &world,
            &Tactics::default(),
            &[&x, &y],
            async |ctx, xy| {
                let all = divide(&ctx, wide, &xy[0], &xy[1]).await?;
                let parts = [&all.quotient, &all.rest, &all.by_zero];
                Ok(SharedElements::concat(ctx.holding(), parts)?)
            },
            |model| model.divide_elements::<F>(wide, len),
        )
        .await;
        let pairs = || x.iter().copied().zip(y.iter().copied());
        let quotients = pairs().map(|(x, y)| x.checked_div(y).unwrap_or(most));
        let rests = pairs().map(|(x, y)| x.checked_rem(y).unwrap_or(x));
        let flags = pairs().map(|(_, y)| u64::from(y == 0));
        assert_eq!(opened, plain(quotients.chain(rests).chain(flags)), "{n} {t}");
    }
}

#[tokio::test]
async fn quotients_are_those_of_integers() {
    quotients::<Mersenne61>(&SMALL, 32).await;
    quotients::<Mersenne61>(&SMALL[..1], 3).await;
    quotients::<Prime256>(&SMALL[..1], 32).await;
}

/// A little of everything, on which nodes lie.
async fn everything<F: Arithmetic>(
    world: &World,
    tactics: &Tactics,
) -> Vec<(NodeIndex, Result<Vec<Option<u128>>, Failure>)> {
    let (x, y) = ([5, 9, 4], [7, 3, 4]);
    let (x, y) = (ElementInputs::<F>::of_numbers(world, &x), ElementInputs::of_numbers(world, &y));
    world
        .run(async |ctx: Context| -> Result<_, Failure> {
            let ctx = BitContext::new(&ctx.with_tactics(tactics.clone()));
            let (x, y) = (x.of(ctx.me()), y.of(ctx.me()));
            let product = multiply(&ctx.narrow("product"), &x, &y).await?;
            let sum = inner_products(&ctx.narrow("sum"), 3, &product, &x).await?;
            let less = less_than(&ctx.narrow("less"), 4, &x, &y).await?;
            let all = SharedElements::concat(ctx.holding(), [&product, &sum, &less])?;
            let opened = open(&ctx.narrow("open"), &all).await?;
            Ok(opened.iter().map(|element| element.to_u128()).collect())
        })
        .await
}

#[tokio::test(start_paused = true)]
async fn a_wrong_bit_never_makes_a_wrong_value_and_never_names_an_honest_node() {
    let right = plain([35, 27, 16, 35 * 5 + 27 * 9 + 16 * 4, 1, 0, 0]);
    let mut found = 0;
    for (n, t, missing) in
        [(3, 1, &[][..]), (4, 1, &[]), (4, 1, &[1]), (5, 1, &[]), (5, 2, &[]), (7, 3, &[])]
    {
        for tactics in both_tactics() {
            let world = || World::new(n, t).without(missing);
            let (dice, all) = (world(), world().participants());
            let of: Vec<NodeIndex> = all.iter().collect();
            let liar = of[dice.draw(|rng| rng.random_range(0..of.len()))];
            let tap = Wiretap::default();
            for (_, result) in everything::<Mersenne61>(&world().tapped(&tap), &tactics).await {
                assert_eq!(result.unwrap(), right);
            }
            let sent = tap.messages().into_iter().filter(|message| message.from == liar);
            let steps: BTreeSet<StepId> = sent.map(|message| message.step).collect();
            assert!(steps.len() > 12, "{n} {t}: {}", steps.len());
            let every = if n == 7 { 4 } else { 1 };
            for step in steps.into_iter().step_by(every) {
                let lie = dice.draw(|rng| Lie {
                    at: At::Step(step),
                    to: rng.random::<bool>().then(|| of[rng.random_range(0..of.len())]),
                    bit: rng.random_range(0..1 << 20),
                });
                let lying = world().with_lie(liar, lie);
                let results = everything::<Mersenne61>(&lying, &tactics).await;
                for (me, result) in results.iter().filter(|(me, _)| *me != liar) {
                    let error = match result {
                        Ok(values) => {
                            assert_eq!(*values, right, "{n} {t} {lie:?} of {liar} at {me}");
                            continue;
                        }
                        Err(Failure::Protocol(error)) => error,
                        Err(_) => continue,
                    };
                    found += 1;
                    let Some(complaint) = error.complaint(*me) else { continue };
                    for set in complaint.sets() {
                        assert!(set.contains(liar), "{n} {t} {lie:?} of {liar} at {me}: {error}");
                    }
                }
            }
        }
    }
    assert!(found > 100, "{found}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_product_is_found_before_anything_is_opened() {
    for (n, t) in [(3, 1), (4, 1), (5, 2)] {
        for naming in [false, true] {
            let tap = Wiretap::default();
            let lie = Lie { at: At::Step(StepId::of("product")), to: None, bit: 1 };
            let world = World::new(n, t).with_lie(node(2), lie).tapped(&tap);
            let tactics = Tactics { naming, ..Tactics::default() };
            for (me, result) in everything::<Mersenne61>(&world, &tactics).await {
                // The liar's own record says what it should have sent, so that those who heard it
                // and the liar disagree.
                let Err(Failure::Protocol(error)) = result else { panic!("{n} {t} {naming}") };
                let complaint = error.complaint(me).unwrap();
                assert!(complaint.sets().iter().all(|set| set.contains(node(2)) && set.len() == 2));
            }
            let opening = StepId::of("less/bits/open");
            assert!(tap.messages().iter().all(|message| message.step != opening));
        }
    }
}
