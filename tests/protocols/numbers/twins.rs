//! Every protocol on numbers against its plain twin.

use gavel::field::small::Small;
use gavel::field::{Field, Mersenne61, Mersenne127, Prime256};
use gavel::protocol::bits::maximum::Keep;
use gavel::protocol::numbers::comparison::{self, Comparing, KAPPA, at_least, less_than};
use gavel::protocol::numbers::degree_check::{degree_check, find_wrong_degrees};
use gavel::protocol::numbers::maximum::{self as tournament, maximum, second_price};
use gavel::protocol::numbers::multiply::{inner_products, multiply};
use gavel::protocol::numbers::open::open;
use gavel::protocol::numbers::random_bits::{BitPool, random_bits};
use gavel::protocol::numbers::range_check::{self, range_check};
use gavel::protocol::numbers::{NumberContext, NumberCosts};
use gavel::protocol::{Context, Cost, Counters};
use gavel::sharing::{NodeIndex, Scheme, SharedNumbers};
use gavel::testkit::{Failure, NumberInputs, World, reference};
use rand::RngExt as _;

use super::{agree, plain, worlds};

type F = Mersenne127;

/// What was spent between two readings.
fn spent(before: Counters, after: Counters) -> (u64, u64, u64) {
    (after.rounds - before.rounds, after.gates - before.gates, after.bytes_sent - before.bytes_sent)
}

const fn cost(cost: Cost) -> (u64, u64, u64) {
    (cost.rounds, cost.gates, cost.bytes_sent)
}

#[tokio::test]
async fn all_products_of_a_small_field() {
    for world in worlds() {
        let all: Vec<Small<11>> = Small::all().collect();
        let (x, y): (Vec<_>, Vec<_>) =
            all.iter().flat_map(|&x| all.iter().map(move |&y| (x, y))).unzip();
        let (a, b) = (NumberInputs::share(&world, &x), NumberInputs::share(&world, &y));
        let products = agree(&world, async |ctx: NumberContext<Small<11>>| {
            let me = ctx.base().me();
            let products = multiply(&ctx.narrow("multiply"), &a.of(me), &b.of(me)).await?;
            Ok(plain(&open(&ctx.narrow("open"), &products).await?))
        });
        let expected = x.iter().zip(&y).map(|(&x, &y)| (x * y).to_u128().unwrap());
        assert_eq!(products.await, expected.collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn products_of_every_field() {
    async fn check<F: Field>(world: &World) {
        let edge = |rng: &mut rand::rngs::StdRng| match rng.random_range(0..5) {
            0 => F::ZERO,
            1 => F::ONE,
            2 => -F::ONE,
            3 => F::from_u64(rng.random()),
            _ => -F::from_u128(rng.random()),
        };
        let (x, y): (Vec<F>, Vec<F>) =
            world.draw(|rng| (0..40).map(|_| (edge(rng), edge(rng))).unzip());
        let (a, b) = (NumberInputs::share(world, &x), NumberInputs::share(world, &y));
        let results = agree(world, async |ctx: NumberContext<F>| {
            let (a, b) = (a.of(ctx.base().me()), b.of(ctx.base().me()));
            let before = ctx.base().counters();
            let products = multiply(&ctx.narrow("multiply"), &a, &b).await?;
            let after = ctx.base().counters();
            let costs = NumberCosts::<F>::new(ctx.base().participants());
            assert_eq!(spent(before, after), cost(costs.multiply(40)));
            let sums = inner_products(&ctx.narrow("inner"), 8, &a, &b).await?;
            let inner = ctx.base().counters();
            assert_eq!(spent(after, inner), cost(costs.multiply(5)));
            let both = SharedNumbers::concat([&products, &sums]);
            let opened = open(&ctx.narrow("open"), &both).await?;
            Ok(opened.iter().map(|value| value.to_bytes().as_ref().to_vec()).collect::<Vec<_>>())
        });
        let products: Vec<F> = x.iter().zip(&y).map(|(&x, &y)| x * y).collect();
        let sums = products.chunks(8).map(|chunk| chunk.iter().fold(F::ZERO, |a, &b| a + b));
        let expected: Vec<F> = products.iter().copied().chain(sums).collect();
        let expected = expected.iter().map(|value| value.to_bytes().as_ref().to_vec());
        assert_eq!(results.await, expected.collect::<Vec<_>>());
    }
    for world in worlds() {
        check::<Mersenne61>(&world).await;
        check::<Mersenne127>(&world).await;
        check::<Prime256>(&world).await;
    }
}

#[tokio::test]
async fn random_bits_are_bits() {
    async fn check<F: Field>(world: &World) {
        let bits = agree(world, async |ctx: NumberContext<F>| {
            let before = ctx.base().counters();
            let bits = random_bits(&ctx.narrow("bits"), 300).await?;
            if F::BITS > 60 {
                let costs = NumberCosts::<F>::new(ctx.base().participants());
                assert_eq!(spent(before, ctx.base().counters()), cost(costs.random_bits(300)));
            }
            Ok(plain(&open(&ctx.narrow("open"), &bits).await?))
        })
        .await;
        assert!(bits.iter().all(|&bit| bit < 2));
        let ones: u128 = bits.iter().sum();
        // Six standard deviations.
        assert!((98..=202).contains(&ones), "{ones} of 300");
    }
    for world in worlds() {
        check::<Mersenne61>(&world).await;
        check::<Mersenne127>(&world).await;
        // Here one in 11 squares is 0 and is made again; over 53 roots are not from p = 3 mod 4.
        check::<Small<11>>(&world).await;
        check::<Small<53>>(&world).await;
    }
    check::<Prime256>(&World::new(3, 1)).await;
}

/// [x >= y] for all pairs.
async fn compare(world: &World, width: u32, x: &[u64], y: &[u64]) -> Vec<bool> {
    let (a, b) = (NumberInputs::of_numbers(world, x), NumberInputs::of_numbers(world, y));
    let result = agree(world, async |ctx: NumberContext<F>| {
        let (a, b) = (a.of(ctx.base().me()), b.of(ctx.base().me()));
        let needed = comparison::bits_needed(width, x.len());
        let mut pool = BitPool::prepare(&ctx.narrow("bits"), 2 * needed).await?;
        let before = ctx.base().counters();
        let comparing = Comparing::new(width, 2 * x.len());
        let not_below = at_least(&ctx.narrow("at-least"), &mut pool, comparing, &a, &b).await?;
        let costs = NumberCosts::<F>::new(ctx.base().participants());
        let counted = cost(costs.at_least(width, x.len()));
        assert_eq!(spent(before, ctx.base().counters()), counted);
        let below = less_than(&ctx.narrow("less-than"), &mut pool, comparing, &a, &b).await?;
        let both = SharedNumbers::concat([&not_below, &below]);
        Ok(plain(&open(&ctx.narrow("open"), &both).await?))
    })
    .await;
    let (not_below, below) = result.split_at(x.len());
    assert!(not_below.iter().zip(below).all(|(a, b)| a + b == 1));
    not_below.iter().map(|&bit| bit == 1).collect()
}

#[tokio::test]
async fn all_comparisons_of_few_bits() {
    for world in worlds() {
        for width in 1..=4 {
            let values = 0..1_u64 << width;
            let pairs = values.clone().flat_map(|x| values.clone().map(move |y| (x, y)));
            let (x, y): (Vec<u64>, Vec<u64>) = pairs.unzip();
            let expected: Vec<bool> = x.iter().zip(&y).map(|(x, y)| x >= y).collect();
            assert_eq!(compare(&world, width, &x, &y).await, expected);
        }
    }
}

#[tokio::test]
async fn awkward_comparisons_of_many_bits() {
    for world in worlds() {
        for width in [7, 31, 32, 33, 63, 64] {
            let mut values = world.draw(|rng| reference::awkward_values(rng, width, 40));
            let largest = u64::MAX >> (64 - width);
            values.extend([0, largest, largest, 0, largest - 1, largest, 1, 0]);
            let x: Vec<u64> = values.iter().step_by(2).copied().collect();
            let y: Vec<u64> = values.iter().skip(1).step_by(2).copied().collect();
            let expected: Vec<bool> = x.iter().zip(&y).map(|(x, y)| x >= y).collect();
            assert_eq!(compare(&world, width, &x, &y).await, expected, "{width} bits");
        }
    }
}

#[tokio::test]
async fn known_comparisons() {
    let x = [5, 3, 2, 200, 3_000_000_000];
    let y = [3, 5, 2, 199, 3_000_000_001];
    let world = World::new(5, 2);
    assert_eq!(compare(&world, 32, &x, &y).await, [true, false, true, true, false]);
}

#[tokio::test]
async fn what_a_comparison_of_32_bits_costs() {
    let costs = NumberCosts::<F>::new(World::new(5, 2).participants());
    let Cost { rounds, gates, bytes_sent, comparisons, .. } = costs.at_least(32, 1);
    assert_eq!((rounds, gates, comparisons), (6, 42, 1));
    assert_eq!(bytes_sent, 4 * (43 * 16 + 32));
    assert_eq!(cost(costs.random_bits(32)), (1, 32, 4 * 32 * 16));
}

#[tokio::test]
async fn too_wide_or_too_few_bits_are_refused() {
    let world = World::new(3, 1);
    let one = NumberInputs::of_numbers(&world, &[1]);
    let refused = agree(&world, async |ctx: NumberContext<Mersenne61>| {
        let x = one.of(ctx.base().me());
        let mut pool = BitPool::prepare(&ctx.narrow("bits"), 3).await?;
        let wide = at_least(&ctx.narrow("wide"), &mut pool, Comparing::new(32, 1), &x, &x).await;
        let poor = at_least(&ctx.narrow("poor"), &mut pool, Comparing::new(4, 1), &x, &x).await;
        let fits = at_least(&ctx.narrow("fits"), &mut pool, Comparing::new(3, 1), &x, &x).await;
        Ok((wide.is_err(), poor.is_err(), fits.is_ok()))
    });
    assert_eq!(refused.await, (true, true, true));
}

/// What all comparisons of an attempt tell together stays within 2^-40: twice as many take a bit
/// more of mask, up to where numbers and masks no longer fit into the field.
#[test]
fn many_comparisons_are_masked_better() {
    for (comparisons, more) in [(0, 0), (1, 0), (2, 1), (3, 2), (1_000, 10), (1_000_000, 20)] {
        let comparing = Comparing::new(32, comparisons);
        assert_eq!(comparing.mask(), KAPPA + more, "{comparisons}");
        assert!(1 << (comparing.mask() - KAPPA) >= comparisons, "{comparisons}");
        for (n, t) in [(3, 1), (5, 2), (9, 4)] {
            let scheme = Scheme::new(n, t).unwrap();
            assert!(comparing.check::<F>(scheme).is_ok());
            // The largest number that is opened stays below the field's prime.
            let widest = comparing.widest::<F>(scheme);
            let sets = scheme.sets().len() as u128;
            let largest = (sets << (widest + comparing.mask() + 1)) + (2 << widest);
            assert!(largest < (1 << 127) - 1, "{n} nodes, {comparisons}");
        }
    }
    let nine = Scheme::new(9, 4).unwrap();
    assert!(Comparing::new(64, 8_192).check::<F>(nine).is_ok());
    assert!(Comparing::new(64, 8_193).check::<F>(nine).is_err());
}

#[tokio::test]
async fn the_first_of_the_largest_wins() {
    for world in worlds() {
        for count in [1, 2, 3, 5, 8, 13] {
            let mut values = world.draw(|rng| reference::awkward_values(rng, 8, count));
            values[count / 2] = values[count - 1];
            let shared = NumberInputs::of_numbers(&world, &values);
            let winner = reference::maximum(&values);
            let result = agree(&world, async |ctx: NumberContext<F>| {
                let numbers = shared.of(ctx.base().me());
                let needed = tournament::bits_needed(8, count) + tournament::bits_needed(8, 4);
                let mut pool = BitPool::prepare(&ctx.narrow("bits"), needed).await?;
                let before = ctx.base().counters();
                let (ctx, eight) = (ctx.narrow("maximum"), Comparing::new(8, 20));
                let best =
                    maximum(&ctx, &mut pool, eight, &numbers, Keep::Levels, &|_, _| {}).await?;
                let costs = NumberCosts::<F>::new(ctx.base().participants());
                let counted = cost(costs.maximum(8, count, true));
                assert_eq!(spent(before, ctx.base().counters()), counted);
                let both = SharedNumbers::concat([best.index(), best.value()]);
                let mut opened = plain(&open(&ctx.narrow("open"), &both).await?);
                if count > 1 {
                    let ctx = ctx.narrow("second");
                    let second = second_price(&ctx, &mut pool, eight, &best, winner).await?;
                    opened.extend(plain(&open(&ctx.narrow("open"), &second).await?));
                }
                Ok(opened)
            });
            let mut expected = vec![winner as u128, u128::from(values[winner])];
            if count > 1 {
                expected.push(u128::from(reference::second(&values, winner)));
            }
            assert_eq!(result.await, expected, "{values:?}");
        }
    }
}

#[tokio::test]
async fn any_element_is_checked_for_its_range() {
    async fn check<F: gavel::field::Mersenne>(world: &World, maximum: u64) {
        let top = F::from_u64(maximum);
        let far = F::from_u128(1 << (F::BITS - 1));
        let mut values = vec![F::ZERO, F::ONE, top - F::ONE, top];
        values.extend([-F::ONE, -top, top + F::ONE, top + top + F::ONE, far, far + top, -far]);
        // What the comparison alone would let pass.
        values.push(F::from_u64(2) * F::from_u64(maximum.next_power_of_two()) + F::from_u64(5));
        let random = world.draw(rand::RngExt::random::<u128>);
        values.push(F::from_u128(random));
        let shared = NumberInputs::share(world, &values);
        let fits = agree(world, async |ctx: NumberContext<F>| {
            let numbers = shared.of(ctx.base().me());
            let needed = range_check::bits_needed::<F>(numbers.len());
            let mut pool = BitPool::prepare(&ctx.narrow("bits"), needed).await?;
            let before = ctx.base().counters();
            let fits = range_check(&ctx.narrow("range"), &mut pool, &numbers, maximum).await?;
            let costs = NumberCosts::<F>::new(ctx.base().participants());
            let counted = cost(costs.range_check(numbers.len()));
            assert_eq!(spent(before, ctx.base().counters()), counted);
            Ok(fits)
        });
        let maximum = u128::from(maximum);
        let expected = values.iter().map(|value| value.to_u128().unwrap() <= maximum);
        assert_eq!(fits.await, expected.collect::<Vec<_>>(), "maximum {maximum}");
    }
    for world in worlds() {
        for maximum in [1, 1000, u64::from(u32::MAX), u64::MAX >> 1] {
            check::<Mersenne127>(&world, maximum).await;
        }
        check::<Mersenne61>(&world, 77).await;
    }
    let costs = NumberCosts::<F>::new(World::new(3, 1).participants());
    let Cost { rounds, gates, .. } = costs.range_check(1);
    assert_eq!((rounds, gates), (9, 366));
}

#[tokio::test]
async fn shares_of_a_wrong_degree_are_found() {
    for world in worlds() {
        let bent = world.participants().iter().last().unwrap();
        let mut shared = NumberInputs::of_numbers(&world, &[10, 20, 30, 40]);
        let run = async |shared: &NumberInputs<F>| {
            agree(&world, async |ctx: NumberContext<F>| {
                let numbers = shared.of(ctx.base().me());
                let found = find_wrong_degrees(&ctx.narrow("find"), &numbers).await?;
                let checked = degree_check(&ctx.narrow("check"), &numbers).await;
                assert_eq!(checked.is_ok(), found.is_none());
                Ok(found)
            })
            .await
        };
        assert_eq!(run(&shared).await, None);
        shared.bend(bent, 1, F::ONE);
        shared.bend(bent, 3, -F::ONE);
        let found = run(&shared).await.unwrap();
        assert_eq!(found.positions, [1, 3]);
        assert!(found.misfit.suspects.contains(bent));
        if world.participants().len() > 3 * usize::from(world.scheme().threshold()) {
            assert_eq!(found.misfit.liars.first(), Some(bent));
        }
    }
}

#[tokio::test]
async fn empty_batches_take_no_round() {
    let world = World::new(5, 2);
    let nothing = agree(&world, async |ctx: NumberContext<F>| {
        let (none, before) = (SharedNumbers::zeros(0), ctx.base().counters());
        let mut pool = BitPool::prepare(&ctx.narrow("bits"), 0).await?;
        multiply(&ctx.narrow("multiply"), &none, &none).await?;
        at_least(&ctx.narrow("at-least"), &mut pool, Comparing::new(32, 0), &none, &none).await?;
        range_check(&ctx.narrow("range"), &mut pool, &none, 5).await?;
        degree_check(&ctx.narrow("degree"), &none).await?;
        open(&ctx.narrow("open"), &none).await?;
        Ok(ctx.base().counters() == before)
    });
    assert!(nothing.await);
}

#[tokio::test]
async fn a_step_serves_once() {
    let world = World::new(3, 1);
    let one = NumberInputs::<F>::of_numbers(&world, &[1]);
    let errors = world
        .run(async |ctx: Context| -> Result<(), Failure> {
            let ctx = NumberContext::new(&ctx)?.narrow("step");
            let x = one.of(ctx.base().me());
            multiply(&ctx, &x, &x).await?;
            multiply(&ctx, &x, &x).await?;
            Ok(())
        })
        .await;
    assert!(errors.iter().all(|(node, result)| {
        NodeIndex::new(node.get()).is_some()
            && result.as_ref().is_err_and(|error| error.to_string().contains("used twice"))
    }));
}
