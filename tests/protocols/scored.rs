//! Scored auctions: against the plain reference, with their exact cost, what is opened, and lies.

use gavel::protocol::{Context, Opening, Tactics};
use gavel::rules::auction::{Pays, Sale, reference};
use gavel::rules::{Terms, auction};
use gavel::runs::{Computed, Listed, RunError, run_listed};
use gavel::sharing::SharedBits;
use gavel::sharing::security::Security;
use gavel::sharing::seed::mask;
use gavel::testkit::{At, Failure, Lie, World, scores};
use rand::RngExt as _;
use rand::rngs::StdRng;

use super::{check_cost, lies_found, list, node};

async fn at(
    ctx: &Context,
    terms: &Terms,
    bids: SharedBits,
    handicaps: &[u64],
) -> Result<Computed, RunError> {
    let listed = Listed { handicaps, ..Listed::default() };
    Box::pin(run_listed(ctx, terms, bids.into(), listed, &|_| {})).await
}

fn question(terms: &Terms) -> &auction::Question {
    terms.question.as_auction().unwrap()
}

/// What a run must say of bids, those out of range among them.
fn expected(terms: &Terms, bids: &[u64], handicaps: &[u64]) -> Computed {
    let question = question(terms);
    let fits = |&at: &usize| bids[at] <= question.maximum;
    let in_range: Vec<usize> = (0..bids.len()).filter(fits).collect();
    let of = |all: &[u64]| in_range.iter().map(|&at| all[at]).collect::<Vec<_>>();
    let answer = reference::weighed(question, &of(bids), &of(handicaps));
    let winners = answer.winners.into_iter();
    let winners = winners.map(|sale| Sale { entry: in_range[sale.entry], ..sale }).collect();
    let out_of_range = (0..bids.len()).filter(|at| !fits(at)).collect();
    Computed { answer: auction::Answer { winners }.into(), out_of_range }
}

/// Run an auction, and compare outcome and cost with what they must be; what was opened.
async fn check(
    world: &World,
    terms: &Terms,
    tactics: &Tactics,
    (bids, handicaps): (&[u64], &[u64]),
) -> Vec<(String, u64)> {
    terms.check().unwrap();
    let bits = world.share(terms.bits() as usize, bids);
    let (computed, counters, openings) = world
        .agree(async |ctx: Context| -> Result<_, Failure> {
            let ctx = ctx.with_tactics(tactics.clone());
            let computed = at(&ctx, terms, bits.of(ctx.me()), handicaps).await?;
            Ok((computed, ctx.counters(), ctx.openings()))
        })
        .await;
    assert_eq!(computed, expected(terms, bids, handicaps), "{terms:?} {bids:?} {handicaps:?}");
    check_cost(world, terms, bids, tactics, (&computed, counters));
    let clear = openings.into_iter().filter(|opening: &Opening| !opening.masked);
    clear.map(|opening| (opening.step, opening.bits)).collect()
}

/// Handicaps of scores at random, of which some are the lowest or the highest.
fn handicaps(rng: &mut StdRng, terms: &Terms, count: usize) -> Vec<u64> {
    let scoring = terms.scoring().unwrap();
    let score = |rng: &mut StdRng| match rng.random_range(0..5) {
        0 => 0,
        1 => 1 << scores::FRACTION,
        _ => rng.random_range(0..=1 << scores::FRACTION),
    };
    (0..count).map(|_| scoring.handicap(score(rng), scores::FRACTION).unwrap()).collect()
}

#[tokio::test]
async fn random_scored_auctions() {
    let worlds = [World::new(3, 1), World::new(4, 1).without(&[2]), World::new(5, 2)];
    let all = [
        Tactics::default(),
        Tactics { groups: vec![4, 4], second_groups: vec![4], ..Tactics::default() },
        Tactics { groups: vec![64], ..Tactics::default() },
    ];
    for turn in 0..120_usize {
        let world = &worlds[turn % 3];
        let pays = if turn % 2 == 0 { Pays::Own } else { Pays::Threshold };
        let (terms, bids, handicaps) = world.draw(|rng| {
            let bits = rng.random_range(1..=14);
            let reserve = rng.random_range(1..1 << bits);
            let largest = 1_u64 << rng.random_range(1..20);
            let weight = rng.random_range(1..=largest);
            let mut terms = scores::terms(pays, reserve, weight);
            if turn % 4 > 0 {
                terms.security = Security::Passive;
            }
            let count = rng.random_range(0..9);
            let bids = gavel::testkit::reference::awkward_values(rng, terms.bits(), count);
            let handicaps = handicaps(rng, &terms, count);
            (terms, bids, handicaps)
        });
        check(world, &terms, &all[turn % all.len()], (&bids, &handicaps)).await;
    }
}

#[tokio::test]
async fn a_better_score_wins_at_a_higher_price_and_equal_ones_go_to_the_earlier() {
    let world = World::new(3, 1);
    let tactics = Tactics::default();
    // The second has the better score: 900 and 50 against 800 and 200.
    for (pays, bids, handicaps, entry, price) in [
        (Pays::Own, &[800, 900][..], &[200, 50][..], 1, 900),
        // It would have won up to 950, and at more than the reserve.
        (Pays::Threshold, &[800, 900], &[200, 50], 1, 950),
        (Pays::Threshold, &[1000, 900], &[200, 50], 1, 1000),
        (Pays::Threshold, &[800, 700, 790], &[0, 100, 100], 0, 800),
        (Pays::Own, &[700, 600, 500], &[0, 100, 200], 0, 700),
        (Pays::Threshold, &[5], &[200], 0, 1000),
        (Pays::Own, &[5], &[200], 0, 5),
        // Too high a price takes no part, whatever its score.
        (Pays::Threshold, &[1001, 900], &[0, 200], 1, 1000),
        (Pays::Own, &[0, 0], &[200, 200], 0, 0),
    ] {
        let terms = scores::terms(pays, 1000, 200);
        let answer = expected(&terms, bids, handicaps).answer;
        assert_eq!(answer.as_auction().unwrap().winners, [Sale { entry, price }], "{bids:?}");
        check(&world, &terms, &tactics, (bids, handicaps)).await;
    }
    // Amounts as wide as they may be.
    let most = mask(61);
    let terms = scores::terms(Pays::Threshold, most, most);
    let wide = ([most, most - 1, 3], [0, most, most]);
    check(&world, &terms, &tactics, (&wide.0, &wide.1)).await;
    let wider = scores::terms(Pays::Threshold, most + 1, most + 1);
    assert!(wider.check().unwrap_err().to_string().contains("2^62"));
}

/// Where all scores are the same, it is a reverse auction.
#[tokio::test]
async fn with_equal_scores_it_is_a_reverse_auction() {
    use gavel::rules::auction::Kind;
    let world = World::new(3, 1);
    for turn in 0..40 {
        let (bids, handicap) = world.draw(|rng| {
            let count = rng.random_range(1..9);
            let bids = (0..count).map(|_| rng.random_range(0..=500)).collect::<Vec<u64>>();
            (bids, rng.random_range(0..300_u64))
        });
        let (pays, kind) = match turn % 2 {
            0 => (Pays::Own, Kind::ReverseFirstPrice),
            _ => (Pays::Threshold, Kind::ReverseSecondPrice),
        };
        let scored = scores::question(pays, 500, 300);
        let plain = gavel::testkit::reference::auction_of(kind, Some(500), 500);
        let same = vec![handicap; bids.len()];
        assert_eq!(reference::weighed(&scored, &bids, &same), reference::answer(&plain, &bids));
    }
}

/// The price at which the winner would still have won does not depend on its own, and is one at which
/// it wins or ties.
#[tokio::test]
async fn the_threshold_is_the_winners_whatever_it_bids_below() {
    let world = World::new(3, 1);
    for _ in 0..200 {
        let terms = scores::terms(Pays::Threshold, 1000, 400);
        let (mut bids, handicaps) = world.draw(|rng| {
            let count = rng.random_range(1..7);
            let bids = (0..count).map(|_| rng.random_range(0..=1000)).collect::<Vec<u64>>();
            let handicaps = handicaps(rng, &terms, count);
            (bids, handicaps)
        });
        let decide =
            |bids: &[u64]| reference::weighed(question(&terms), bids, &handicaps).winners[0];
        let Sale { entry, price } = decide(&bids);
        assert!(bids[entry] <= price && price <= 1000);
        for other in [0, bids[entry] / 2, price.saturating_sub(1)] {
            bids[entry] = other;
            assert_eq!(decide(&bids), Sale { entry, price });
        }
        if price < 1000 {
            bids[entry] = price + 1;
            assert_ne!(decide(&bids).entry, entry, "one more, and it does not win");
        }
    }
}

#[tokio::test]
async fn a_scored_auction_opens_the_outcome_and_nothing_else() {
    let bids = [800, 900, 1000, 700, 950];
    let handicaps = [200, 50, 0, 199, 7];
    for world in [World::new(3, 1), World::new(4, 1).without(&[1]), World::new(5, 2)] {
        let tactics = Tactics::default();
        let own = scores::terms(Pays::Own, 1023, 200);
        let openings = check(&world, &own, &tactics, (&bids, &handicaps)).await;
        // The winner's index among five, and its sum, which is its price and what is public.
        assert_eq!(openings, list(&[("winner-and-price", 3), ("winner-and-price", 11)]));
        let threshold = scores::terms(Pays::Threshold, 1023, 200);
        let openings = check(&world, &threshold, &tactics, (&bids, &handicaps)).await;
        assert_eq!(openings, list(&[("winner", 3), ("price", 11)]));
        // A single bid: its price, or nothing at all.
        let one = (&bids[..1], &handicaps[..1]);
        assert_eq!(check(&world, &own, &tactics, one).await, list(&[("price", 10)]));
        assert_eq!(check(&world, &threshold, &tactics, one).await, []);
        assert_eq!(check(&world, &own, &tactics, (&[], &[])).await, []);
        // Whose price is above the reserve is known, and the price is not.
        let lower = scores::terms(Pays::Threshold, 960, 200);
        let openings = check(&world, &lower, &tactics, (&bids, &handicaps)).await;
        let [range, winner, price] =
            list(&[("range-check/open", 5), ("winner", 2), ("price", 11)]).try_into().unwrap();
        assert_eq!(openings, [range, winner, price]);
    }
}

#[tokio::test]
async fn a_lie_is_found_before_anything_is_opened() {
    let (bids, handicaps) = ([5, 3, 6, 4], [0, 2, 1, 3]);
    for pays in [Pays::Own, Pays::Threshold] {
        let terms = scores::terms(pays, 6, 3);
        let right = expected(&terms, &bids, &handicaps);
        let mut found = 0;
        for (n, t) in [(3, 1), (4, 1), (5, 2)] {
            for number in 0..24_usize {
                let lie = Lie { at: At::Number(number), to: None, bit: number };
                let world = World::new(n, t).with_lie(node(2), lie);
                let shared = world.share(3, &bids);
                let results = world.run(async |ctx: Context| -> Result<_, Failure> {
                    Ok(at(&ctx, &terms, shared.of(ctx.me()), &handicaps).await?)
                });
                found += lies_found(results.await, node(2), &right, number);
            }
        }
        assert!(found >= 60, "{found}");
    }
}

#[tokio::test]
async fn handicaps_are_those_of_the_entries() {
    let world = World::new(3, 1);
    let terms = scores::terms(Pays::Own, 1023, 200);
    let shared = world.share(10, &[700, 800]);
    let spare =
        gavel::testkit::reference::terms(gavel::rules::auction::Kind::FirstPrice, None, 1023);
    for (terms, handicaps) in
        [(&terms, &[][..]), (&terms, &[1]), (&terms, &[1, 2, 3]), (&spare, &[1, 2])]
    {
        let results = world.run(async |ctx: Context| -> Result<_, Failure> {
            Ok(at(&ctx, terms, shared.of(ctx.me()), handicaps).await?)
        });
        for (_, result) in results.await {
            assert!(matches!(result, Err(Failure::Run(RunError::Handicaps))));
        }
    }
}
