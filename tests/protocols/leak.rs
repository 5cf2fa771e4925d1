//! What is opened, to whom, and that what is hidden looks uniform.

use gavel::protocol::bits::BitContext;
use gavel::protocol::bits::and::and;
use gavel::protocol::bits::assignment::contributor;
use gavel::protocol::bits::open::open;
use gavel::protocol::{Context, Opening};
use gavel::rules::auction::Kind;
use gavel::runs::run;
use gavel::sharing::Scheme;
use gavel::testkit::wiretap::Wiretap;
use gavel::testkit::{Failure, World, reference};

use super::list;

/// Step and number of bits of everything that an auction opens in the clear.
async fn opened(
    world: &World,
    kind: Kind,
    reserve: Option<u64>,
    maximum: u64,
    bids: &[u64],
) -> Vec<(String, u64)> {
    let terms = reference::terms(kind, reserve, maximum);
    let shared = world.share(terms.bits() as usize, bids);
    let openings = world
        .agree(async |ctx: Context| -> Result<_, Failure> {
            run(&ctx, &terms, shared.of(ctx.me()), &|_| {}).await?;
            Ok(ctx.openings())
        })
        .await;
    let (masked, clear): (Vec<Opening>, Vec<Opening>) =
        openings.into_iter().partition(|opening| opening.masked);
    // With three nodes an AND opens nothing; with more, its masked result goes to all. Checks open
    // elements that are masked.
    assert_eq!(masked.is_empty(), bids.len() < 2);
    for opening in masked.iter().chain(&clear) {
        assert_eq!(opening.to, world.participants());
    }
    for opening in &masked {
        let step = &opening.step;
        let gates = step.contains("less-than") || step.ends_with("select");
        assert!(gates && world.scheme().nodes() > 3 || step.ends_with("check/verdict"), "{step}");
    }
    clear.into_iter().map(|opening| (opening.step, opening.bits)).collect()
}

#[tokio::test]
async fn an_auction_opens_the_outcome_and_nothing_else() {
    let bids = [5, 9, 9, 2, 200];
    for world in [World::new(3, 1), World::new(4, 1).without(&[1]), World::new(5, 2)] {
        for kind in Kind::ALL {
            let second = kind.is_second_price();
            let good = if kind.is_reverse() { 255 } else { 0 };
            let bad = 255 - good;
            let world = &world;

            let openings = opened(world, kind, None, 255, &bids).await;
            if second {
                // The winner's index among five: three bits. Then the price.
                assert_eq!(openings, list(&[("winner", 3), ("price", 8)]));
            } else {
                // Somebody wins for certain, so that both are opened in one round.
                assert_eq!(openings, list(&[("winner-and-price", 3), ("winner-and-price", 8)]));
            }
            let openings = opened(world, kind, Some(good), 255, &bids).await;
            assert_eq!(openings, list(&[("winner", 3), ("price", 8)]));

            // Nobody reaches the reserve: no amount is opened.
            let openings = opened(world, kind, Some(bad), 255, &[5, 9, 9, 2, 200]).await;
            assert_eq!(openings, list(&[("winner", 3)]));

            // A single bid.
            let openings = opened(world, kind, None, 255, &[77]).await;
            assert_eq!(openings, list(&[("price", 8)]));

            // No bids.
            assert_eq!(opened(world, kind, None, 255, &[]).await, []);
            assert_eq!(opened(world, kind, None, 200, &[]).await, []);

            // The range check tells one bit per bid.
            let openings = opened(world, kind, Some(100), 199, &bids).await;
            assert_eq!(openings[..2], list(&[("range-check/open", 5), ("winner", 3)]));
            let openings = opened(world, kind, None, 199, &[255, 200, 201]).await;
            assert_eq!(openings, list(&[("range-check/open", 3)]));
        }
    }
}

#[tokio::test]
async fn a_single_bid_with_a_reserve_opens_one_bit() {
    for world in [World::new(3, 1), World::new(5, 2)] {
        for (kind, reserve, bid, steps) in [
            (Kind::SecondPrice, 10, 12, vec!["winner"]),
            (Kind::SecondPrice, 12, 10, vec!["winner"]),
            (Kind::ReverseSecondPrice, 12, 10, vec!["winner"]),
            (Kind::FirstPrice, 10, 12, vec!["winner", "price"]),
            (Kind::FirstPrice, 12, 10, vec!["winner"]),
        ] {
            let terms = reference::terms(kind, Some(reserve), 15);
            let shared = world.share(4, &[bid]);
            let openings = world
                .agree(async |ctx: Context| -> Result<_, Failure> {
                    run(&ctx, &terms, shared.of(ctx.me()), &|_| {}).await?;
                    Ok(ctx.openings())
                })
                .await;
            let clear: Vec<&Opening> = openings.iter().filter(|opening| !opening.masked).collect();
            let names: Vec<&str> = clear.iter().map(|opening| opening.step.as_str()).collect();
            assert_eq!(names, steps);
            assert_eq!(clear[0].bits, 1);
        }
    }
}

/// Attempts that a distribution is drawn from.
const ATTEMPTS: usize = 400;

/// One AND of 64 positions, as somebody who sees everything sees it.
struct View {
    scheme: Scheme,
    /// What each node sent, in ascending order.
    sent: Vec<u64>,
    /// The components of the result, in the order of the sets.
    result: Vec<u64>,
}

/// What is sent, learned or known in an AND must not depend on the inputs: over many attempts
/// every bit of what `seen` picks is set about half the time, whatever x and y are, and
/// neighbouring bits do not go together.
async fn check_uniform(n: u8, t: u8, seen: impl Fn(&View) -> Vec<u64>) {
    // Four fixed combinations of x and y, sixteen positions each.
    let (xs, ys): (Vec<u64>, Vec<u64>) = (0..64).map(|at| ((at / 16) & 1, at / 32)).unzip();
    let mut ones = Vec::new();
    let mut agreements = Vec::new();
    for _ in 0..ATTEMPTS {
        let words = seen(&view_of_an_and(n, t, &xs, &ys).await);
        ones.resize(words.len(), [0_u32; 64]);
        agreements.resize(words.len(), 0_u32);
        for ((word, ones), agreements) in words.iter().zip(&mut ones).zip(&mut agreements) {
            for (at, count) in ones.iter_mut().enumerate() {
                *count += u32::try_from(word >> at & 1).unwrap();
            }
            *agreements += (!(word ^ word.rotate_left(1))).count_ones();
        }
    }
    let mean = ATTEMPTS as f64 / 2.0;
    let variance = ATTEMPTS as f64 / 4.0;
    for ones in &ones {
        // The sum of 64 squared standard deviations: 64 on average, over 160 once in 10^10.
        let chi_square: f64 =
            ones.iter().map(|&count| (f64::from(count) - mean).powi(2) / variance).sum();
        assert!(chi_square < 160.0, "{chi_square} {ones:?}");
        // And over each combination of x and y alone: no more than six standard deviations.
        for group in ones.chunks(16) {
            let sum: u32 = group.iter().sum();
            let off = (f64::from(sum) - 16.0 * mean).abs() / (16.0 * variance).sqrt();
            assert!(off < 6.0, "{off} {group:?}");
        }
    }
    for &count in &agreements {
        let trials = 64.0 * ATTEMPTS as f64;
        let off = (f64::from(count) - trials / 2.0).abs() / (trials / 4.0).sqrt();
        assert!(off < 6.0, "{count} of {trials}");
    }
}

async fn view_of_an_and(n: u8, t: u8, xs: &[u64], ys: &[u64]) -> View {
    let tap = Wiretap::default();
    let world = World::new(n, t).tapped(&tap);
    let (x, y) = (world.share(1, xs), world.share(1, ys));
    let results = world
        .run(async |ctx: BitContext| -> Result<_, Failure> {
            let z = and(&ctx.narrow("and"), &x.of(ctx.me()), &y.of(ctx.me())).await?;
            Ok((0..ctx.holding().components()).map(|at| z.component(at)[0]).collect::<Vec<_>>())
        })
        .await;
    let scheme = world.scheme();
    let mut result = vec![0; scheme.sets().len()];
    for (node, components) in results {
        for (set, word) in scheme.held_by(node).into_iter().zip(components.unwrap()) {
            result[set] = word;
        }
    }
    let product = result.iter().fold(0, |sum, word| sum ^ word);
    for (at, (x, y)) in xs.iter().zip(ys).enumerate() {
        assert_eq!(product >> at & 1, x & y);
    }
    View { scheme, sent: words(&tap, "and"), result }
}

fn words(tap: &Wiretap, step: &str) -> Vec<u64> {
    let sent = tap.broadcasts(step);
    sent.iter().map(|bytes| u64::from_le_bytes(bytes[..8].try_into().unwrap())).collect()
}

#[tokio::test]
async fn what_three_nodes_send_in_an_and_is_uniform() {
    check_uniform(3, 1, |view| view.sent.clone()).await;
    // All components of the result but one, whichever: what a node holds of it.
    check_uniform(3, 1, |view| view.result.clone()).await;
}

#[tokio::test]
async fn what_more_nodes_send_and_learn_in_an_and_is_uniform() {
    for (n, t) in [(4, 1), (5, 2)] {
        check_uniform(n, t, |view| {
            let mut words = view.sent.clone();
            words.push(view.sent.iter().fold(0, |sum, word| sum ^ word));
            words.extend(&view.result);
            words
        })
        .await;
    }
}

/// t nodes know every component of the mask but the one of the set that they form. Without what
/// they know of it, the messages of the others must still look uniform: it is the shares of zero
/// that hide them.
#[tokio::test]
async fn what_t_nodes_cannot_explain_away_is_uniform() {
    for (n, t) in [(4, 1), (5, 2)] {
        check_uniform(n, t, |view| {
            let sets = view.scheme.sets();
            let opened = view.sent.iter().fold(0, |sum, word| sum ^ word);
            let mask = |set: usize| view.result[set] ^ if set == 0 { opened } else { 0 };
            let mut words = Vec::new();
            for &curious in &sets {
                for honest in view.scheme.all().difference(curious).iter() {
                    let known = (0..sets.len()).filter(|&set| {
                        sets[set] != curious
                            && contributor(&sets, view.scheme.all(), set) == Some(honest)
                    });
                    words.push(known.fold(view.sent[honest.position()], |z, set| z ^ mask(set)));
                }
            }
            words
        })
        .await;
    }
}

/// Where the folded components of a prover lie in its verdict, in bytes: after the header, what it
/// heard, what it says of others' proofs, and two values for every participant.
fn folded_in_verdict(nodes: usize, common: usize, held: usize) -> std::ops::Range<usize> {
    let start = 2 + 32 * nodes + 16 * ((nodes - 1) * (2 + 2 * common) + 2 * nodes);
    start..start + 16 * 2 * held
}

#[tokio::test]
async fn what_a_check_opens_is_uniform() {
    for (n, t, common, held) in [(3, 1, 1, 2), (4, 1, 2, 3)] {
        let mut ones = Vec::new();
        for _ in 0..ATTEMPTS {
            let tap = Wiretap::default();
            let world = World::new(n, t).tapped(&tap);
            let x = world.share(1, &[1; 64]);
            world
                .agree(async |ctx: BitContext| -> Result<_, Failure> {
                    let x = x.of(ctx.me());
                    let z = and(&ctx.narrow("and"), &x, &x).await?;
                    Ok(open(&ctx.narrow("open"), &z).await?.values())
                })
                .await;
            for (node, verdict) in tap.broadcasts("open/check/verdict").iter().enumerate() {
                let bytes = &verdict[folded_in_verdict(usize::from(n), common, held)];
                ones.resize(usize::from(n) * bytes.len() * 8, 0_u32);
                for (at, count) in ones[node * bytes.len() * 8..].iter_mut().enumerate() {
                    if let Some(byte) = bytes.get(at / 8) {
                        *count += u32::from(byte >> (at % 8) & 1);
                    }
                }
            }
        }
        let (mean, deviation) = (ATTEMPTS as f64 / 2.0, (ATTEMPTS as f64 / 4.0).sqrt());
        for &count in &ones {
            let off = (f64::from(count) - mean).abs() / deviation;
            assert!(off < 6.5, "{n} {t}: {count} of {ATTEMPTS}");
        }
    }
}

#[tokio::test]
async fn masks_change_with_every_attempt_and_every_step() {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..20 {
        let tap = Wiretap::default();
        let world = World::new(4, 1).tapped(&tap);
        let x = world.share(1, &[1; 64]);
        world
            .agree(async |ctx: BitContext| -> Result<_, Failure> {
                let x = x.of(ctx.me());
                and(&ctx.narrow("a"), &x, &x).await?;
                and(&ctx.narrow("b"), &x, &x).await?;
                Ok(())
            })
            .await;
        for step in ["a", "b"] {
            let opened = words(&tap, step).into_iter().fold(0, |sum, word| sum ^ word);
            assert!(seen.insert(opened), "the mask of step {step} came twice");
        }
    }
}

#[tokio::test]
async fn an_opening_sends_nothing_past_the_last_position() {
    let tap = Wiretap::default();
    let world = World::new(4, 1).tapped(&tap);
    let x = world.share(2, &[1, 2, 3]);
    world
        .agree(async |ctx: BitContext| -> Result<_, Failure> {
            let x = x.of(ctx.me());
            // An AND leaves random bits past the third position.
            let z = and(&ctx.narrow("and"), &x, &x).await?;
            Ok(open(&ctx.narrow("open"), &z).await?.values())
        })
        .await;
    for message in tap.broadcasts("open") {
        let (planes, _digest) = message.split_at(message.len() - 32);
        assert_eq!(planes.len(), 16);
        for plane in planes.chunks(8) {
            assert_eq!((plane[0] & !7, &plane[1..]), (0, &[0; 7][..]));
        }
    }
}
