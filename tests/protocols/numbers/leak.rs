//! What is opened, to whom, and that what is hidden looks uniform.

use gavel::field::small::Small;
use gavel::field::{Field, Mersenne61, Mersenne127};
use gavel::protocol::numbers::NumberContext;
use gavel::protocol::numbers::comparison::{Comparing, KAPPA, at_least, bits_needed};
use gavel::protocol::numbers::multiply::multiply;
use gavel::protocol::numbers::open::open_masked;
use gavel::protocol::numbers::random_bits::{BitPool, random_bits};
use gavel::protocol::numbers::range_check::{self, range_check};
use gavel::protocol::{Context, Opening};
use gavel::rules::auction::Kind;
use gavel::runs::run;
use gavel::testkit::wiretap::Wiretap;
use gavel::testkit::{Failure, NumberInputs, World};

use super::auctions::terms;
use super::{agree, plain};
use crate::list;

/// Step and number of values of everything that an auction opens in the clear.
async fn opened(
    world: &World,
    kind: Kind,
    reserve: Option<u64>,
    bids: &[u64],
) -> Vec<(String, u64)> {
    let terms = terms(kind, reserve, 1000);
    let shared = NumberInputs::<Mersenne127>::of_numbers(world, bids);
    let openings = world
        .agree(async |ctx: Context| -> Result<_, Failure> {
            run(&ctx, &terms, shared.of(ctx.me()), &|_| {}).await?;
            Ok(ctx.openings())
        })
        .await;
    let (masked, clear): (Vec<Opening>, Vec<Opening>) =
        openings.into_iter().partition(|opening| opening.masked);
    for opening in masked.iter().chain(&clear) {
        assert_eq!(opening.to, world.participants());
    }
    for opening in &masked {
        let step = &opening.step;
        let known =
            ["degree-check/challenge", "degree-check/all", "random-bits/0", "/masked", "/select"];
        let fold = step.rsplit_once('/').is_some_and(|(rest, _)| rest.ends_with("/fold"));
        assert!(fold || known.iter().any(|end| step.ends_with(end)), "{step}");
    }
    clear.into_iter().map(|opening| (opening.step, opening.bits / 127)).collect()
}

#[tokio::test]
async fn an_auction_opens_the_outcome_and_nothing_else() {
    let bids = [5, 9, 9, 2, 2000];
    let range = ("range-check/open", 5);
    for world in [World::new(3, 1), World::new(4, 1).without(&[1]), World::new(5, 2)] {
        for (kind, reserve, expected) in [
            (Kind::FirstPrice, None, vec![range, ("winner-and-price", 2)]),
            (Kind::FirstPrice, Some(3), vec![range, ("winner", 1), ("price", 1)]),
            (Kind::SecondPrice, None, vec![range, ("winner", 1), ("price", 1)]),
            (Kind::SecondPrice, Some(500), vec![range, ("winner", 1)]),
            (Kind::ReverseSecondPrice, Some(1), vec![range, ("winner", 1)]),
        ] {
            assert_eq!(opened(&world, kind, reserve, &bids).await, list(&expected));
        }
        let one = ("range-check/open", 1);
        let single = opened(&world, Kind::SecondPrice, Some(4), &[7]).await;
        assert_eq!(single, list(&[one, ("winner", 1)]));
        let single = opened(&world, Kind::SecondPrice, None, &[7]).await;
        assert_eq!(single, list(&[one, ("price", 1)]));
        assert_eq!(opened(&world, Kind::SecondPrice, None, &[7777]).await, list(&[one]));
        assert_eq!(opened(&world, Kind::SecondPrice, None, &[]).await, []);
    }
}

/// Chi-square of counts that should be equal, in standard deviations above its mean.
fn excess(counts: &[u32]) -> f64 {
    let mean = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
    let chi: f64 = counts.iter().map(|&count| (f64::from(count) - mean).powi(2) / mean).sum();
    let freedom = counts.len() as f64 - 1.0;
    (chi - freedom) / (2.0 * freedom).sqrt()
}

/// What is sent in a product over a small field, for fixed factors: all messages together are
/// uniform, so that even their sum, which is what everyone learns, is.
#[tokio::test]
async fn the_messages_of_a_product_are_uniform_together() {
    for (x, y) in [(0, 0), (3, 4), (10, 10)] {
        let mut counts = vec![0; 11 * 11 * 11];
        for _ in 0..60 {
            let tap = Wiretap::default();
            let world = World::new(3, 1).tapped(&tap);
            let a = NumberInputs::<Small<11>>::of_numbers(&world, &[x; 500]);
            let b = NumberInputs::<Small<11>>::of_numbers(&world, &[y; 500]);
            agree(&world, async |ctx: NumberContext<Small<11>>| {
                let me = ctx.base().me();
                multiply(&ctx.narrow("multiply"), &a.of(me), &b.of(me)).await?;
                Ok(())
            })
            .await;
            let sent = tap.broadcasts("multiply");
            for at in 0..500 {
                let value = |message: &[u8]| usize::from(message[2 * at]);
                counts[(value(&sent[0]) * 11 + value(&sent[1])) * 11 + value(&sent[2])] += 1;
            }
        }
        let excess = excess(&counts);
        assert!(excess < 6.0, "{x} {y}: {excess}");
    }
}

/// The result's shares at any one node do not depend on the factors either.
#[tokio::test]
async fn shares_of_a_product_are_uniform_at_each_node() {
    let world = World::new(3, 1);
    let mut counts = vec![vec![0; 11]; 3];
    for _ in 0..20 {
        let x = NumberInputs::<Small<11>>::of_numbers(&world, &[3; 500]);
        let results = world
            .run(async |ctx: Context| -> Result<_, Failure> {
                let ctx = NumberContext::new(&ctx)?;
                let x = x.of(ctx.base().me());
                let product = multiply(&ctx.narrow("multiply"), &x, &x).await?;
                Ok(product.shares().iter().map(|share| share.to_number()).collect::<Vec<_>>())
            })
            .await;
        for (node, shares) in results {
            for share in shares.unwrap() {
                counts[node.position()][usize::from(share)] += 1;
            }
        }
    }
    for counts in counts {
        assert!(excess(&counts) < 6.0, "{counts:?}");
    }
}

/// Squares opened for random bits: uniform among the squares, and the bits they make are not told
/// by them.
#[tokio::test]
async fn opened_squares_do_not_tell_the_bits() {
    // Squares of 11: 1, 3, 4, 5, 9.
    let mut counts = [[0_u32; 11]; 2];
    for _ in 0..30 {
        let tap = Wiretap::default();
        let world = World::new(3, 1).tapped(&tap);
        let bits = agree(&world, async |ctx: NumberContext<Small<11>>| {
            let bits = random_bits(&ctx.narrow("bits"), 400).await?;
            Ok(plain(&open_masked(&ctx.narrow("open"), &bits).await?))
        });
        let bits = bits.await;
        let sent = tap.broadcasts("bits/0");
        let mut wanted = bits.iter();
        for (at, bit) in wanted.by_ref().enumerate() {
            let square = sent.iter().map(|message| u32::from(message[2 * at])).sum::<u32>() % 11;
            counts[usize::try_from(*bit).unwrap()][square as usize] += 1;
        }
    }
    for counts in counts {
        let squares = [1, 3, 4, 5, 9].map(|square| counts[square]);
        assert!(excess(&squares) < 6.0, "{counts:?}");
        assert!([2, 6, 7, 8, 10].iter().all(|&other| counts[other] == 0), "{counts:?}");
    }
    // A square of 0 is made again, as either bit.
    assert!(counts[0][0] > 200 && counts[1][0] > 200, "{counts:?}");
}

/// What a comparison opens has the same distribution for the smallest and the largest difference:
/// its low bits are uniform, and what is above them does not tell the two apart.
#[tokio::test]
async fn a_comparison_opens_nothing_that_tells() {
    let mut averages = Vec::new();
    let comparing = Comparing::new(4, 200);
    // The mask is as wide as 200 comparisons ask for.
    let unit = 4 + KAPPA + 8 + 1;
    for (x, y) in [(0, 15), (15, 0), (7, 7)] {
        let mut counts = vec![0; 16];
        let (mut above, mut seen) = (0.0, 0.0);
        for _ in 0..20 {
            let tap = Wiretap::default();
            let world = World::new(3, 1).tapped(&tap);
            let a = NumberInputs::<Mersenne127>::of_numbers(&world, &[x; 200]);
            let b = NumberInputs::of_numbers(&world, &[y; 200]);
            let opened = agree(&world, async |ctx: NumberContext<Mersenne127>| {
                let me = ctx.base().me();
                let mut pool = BitPool::prepare(&ctx.narrow("bits"), bits_needed(4, 200)).await?;
                at_least(&ctx.narrow("compare"), &mut pool, comparing, &a.of(me), &b.of(me))
                    .await?;
                Ok(())
            });
            opened.await;
            for value in values::<Mersenne127>(&tap, &world, "compare/masked") {
                counts[usize::try_from(value & 15).unwrap()] += 1;
                // In units of the mask's width, 2^(l + k + 1).
                above += (value >> (unit - 20)) as f64 / f64::from(1 << 20);
                seen += 1.0;
            }
        }
        assert!(excess(&counts) < 6.0, "{x} {y}: {counts:?}");
        averages.push(above / seen);
    }
    // The sum of three uniform values has a standard deviation of 0.5; 4,000 of them average to
    // within 0.008.
    for average in &averages {
        assert!((average - averages[0]).abs() < 6.0 * 0.011, "{averages:?}");
    }
}

/// What a range check opens of a bid is uniform, whatever the bid.
#[tokio::test]
async fn a_range_check_opens_a_uniform_number() {
    for value in [Mersenne61::ZERO, Mersenne61::from_u64(1000), -Mersenne61::ONE] {
        let (mut low, mut high) = (vec![0; 16], vec![0; 16]);
        for _ in 0..10 {
            let tap = Wiretap::default();
            let world = World::new(3, 1).tapped(&tap);
            let shared = NumberInputs::share(&world, &[value; 100]);
            agree(&world, async |ctx: NumberContext<Mersenne61>| {
                let needed = range_check::bits_needed::<Mersenne61>(100);
                let mut pool = BitPool::prepare(&ctx.narrow("bits"), needed).await?;
                let numbers = shared.of(ctx.base().me());
                range_check(&ctx.narrow("range"), &mut pool, &numbers, 1000).await?;
                Ok(())
            })
            .await;
            for value in values::<Mersenne61>(&tap, &world, "range/masked") {
                low[usize::try_from(value & 15).unwrap()] += 1;
                high[usize::try_from(value >> 57).unwrap()] += 1;
            }
        }
        assert!(excess(&low) < 6.0 && excess(&high) < 6.0, "{low:?} {high:?}");
    }
}

/// The values opened at a step, from the shares of the first t+1 nodes.
fn values<F: Field>(tap: &Wiretap, world: &World, step: &str) -> Vec<u128> {
    use gavel::field::bulk::read;
    use gavel::sharing::numbers::shamir::Shamir;
    let sent = tap.broadcasts(step);
    let rows = sent
        .iter()
        .zip(world.participants().iter())
        .map(|(message, node)| (node, read::<F>(&message[..message.len() - 32]).unwrap()));
    let rows: Vec<_> = rows.collect();
    let column = |at: usize| rows.iter().map(|(node, row)| (*node, row[at])).collect::<Vec<_>>();
    let shamir = Shamir::from(world.scheme());
    (0..rows[0].1.len())
        .map(|at| shamir.reconstruct(&column(at)).ok().and_then(F::to_u128).unwrap())
        .collect()
}
