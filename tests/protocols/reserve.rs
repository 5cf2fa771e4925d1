//! Auctions whose reserve is a stored variable: against the plain reference, with their exact cost, and
//! what is opened of the reserve.

use std::collections::BTreeMap;

use gavel::field::{Field, Mersenne61, Mersenne127, Prime256};
use gavel::protocol::{Context, Opening, Tactics};
use gavel::rules::auction::{Kind, SecretReserve};
use gavel::rules::job::{Prime, Range, Version};
use gavel::rules::{Terms, auction};
use gavel::runs::job::Shelf;
use gavel::runs::{Computed, Listed, RunError, run_listed};
use gavel::sharing::security::Security;
use gavel::sharing::stored::{BLINDING, StoredShare};
use gavel::sharing::{NodeIndex, SharedBits};
use gavel::testkit::{At, ElementInputs, Failure, Lie, World, reference};
use rand::RngExt as _;
use zeroize::Zeroizing;

use super::{check_cost, lies_found, node, of_lots};

/// The same terms, with a reserve that nobody knows.
fn secret(terms: &Terms, field: Prime) -> Terms {
    let mut question: auction::Question = terms.question.as_auction().unwrap().clone();
    question.reserve = None;
    let high = i128::from(question.maximum);
    question.secret_reserve = Some(SecretReserve {
        variable: "cost".to_owned(),
        field,
        range: Range::Within { low: 0, high },
        version: Version([1; 32]),
    });
    Terms { question: question.into(), ..terms.clone() }
}

/// Every node's share of a reserve.
fn shares(world: &World, field: Prime, reserve: u64) -> BTreeMap<NodeIndex, StoredShare> {
    fn over<F: Field>(world: &World, reserve: u64) -> BTreeMap<NodeIndex, StoredShare> {
        let inputs = ElementInputs::<F>::of_numbers(world, &[reserve]);
        let share = |node| {
            let element = inputs.of(node);
            let blinding = || Zeroizing::new([0; BLINDING]);
            let blindings: Vec<_> =
                (0..element.holding().components()).map(|_| blinding()).collect();
            (node, StoredShare::of(&element, &blindings).unwrap())
        };
        world.scheme().all().iter().map(share).collect()
    }
    match field {
        Prime::Mersenne61 => over::<Mersenne61>(world, reserve),
        Prime::Mersenne127 => over::<Mersenne127>(world, reserve),
        Prime::Secp256k1 => over::<Prime256>(world, reserve),
    }
}

async fn at(
    ctx: &Context,
    terms: &Terms,
    bids: SharedBits,
    share: Option<&StoredShare>,
) -> Result<Computed, RunError> {
    let loaded = share.map(|share| ("cost".to_owned(), share.clone())).into_iter().collect();
    let shelf = Shelf::new([7; 16], loaded);
    let listed = Listed { shelf: Some(&shelf), ..Listed::default() };
    Box::pin(run_listed(ctx, terms, bids.into(), listed, &|_| {})).await
}

/// Run an auction with a secret reserve and compare outcome and cost with what they must be; what was
/// opened.
async fn check(world: &World, public: &Terms, field: Prime, bids: &[u64]) -> Vec<Opening> {
    let reserve = public.question.as_auction().unwrap().reserve.unwrap();
    let terms = secret(public, field);
    terms.question.check(terms.protocol, &terms.limits).unwrap();
    let (bits, shares) = (world.share(terms.bits() as usize, bids), shares(world, field, reserve));
    let (computed, counters, openings) = world
        .agree(async |ctx: Context| -> Result<_, Failure> {
            let own = bits.of(ctx.me());
            let computed = at(&ctx, &terms, own, shares.get(&ctx.me())).await?;
            let mut openings = ctx.openings();
            // Some are made side by side.
            openings.sort_by(|one, other| one.step.cmp(&other.step));
            Ok((computed, ctx.counters(), openings))
        })
        .await;
    assert_eq!(computed, reference::computed(public, bids), "{field} {public:?} {bids:?}");
    check_cost(world, &terms, bids, &Tactics::default(), (&computed, counters));
    let question = terms.question.as_auction().unwrap();
    let in_range = bids.len() - computed.out_of_range.len();
    computed.answer.as_auction().unwrap().check(question, in_range).unwrap_or_else(|error| {
        // Its positions are those among all bids, and there are as many winners all the same.
        assert!(in_range < bids.len(), "{error}");
    });
    openings
}

#[tokio::test]
async fn random_auctions_with_a_reserve_that_nobody_knows() {
    let worlds = [World::new(3, 1), World::new(4, 1), World::new(5, 2)];
    for turn in 0..72_usize {
        let world = &worlds[turn % 3];
        let kind = Kind::ALL[turn / 3 % 4];
        let field = Prime::ALL[turn % 9 / 3];
        let (terms, bids) = world.draw(|rng| {
            let bits = rng.random_range(1..=12);
            let maximum = rng.random_range(1..1 << bits);
            let reserve = reference::awkward(rng, bits, &[maximum]).min(maximum);
            let mut terms = reference::terms(kind, Some(reserve), maximum);
            if turn % 4 > 0 {
                terms.security = Security::Passive;
            }
            let count = rng.random_range(0..7);
            (terms, reference::awkward_values(rng, bits, count))
        });
        let width = terms.bits();
        let bids: Vec<u64> =
            bids.iter().map(|bid| bid & gavel::sharing::seed::mask(width)).collect();
        let lots = if turn % 5 == 0 { [1, 2, 3, 4][turn % 4] } else { 1 };
        check(world, &of_lots(&terms, lots), field, &bids).await;
    }
}

#[tokio::test]
async fn known_answers_and_widest_amounts() {
    let world = World::new(3, 1);
    for (kind, reserve, bids) in [
        (Kind::SecondPrice, 500, &[1240][..]),
        (Kind::SecondPrice, 500, &[499, 500, 3]),
        (Kind::SecondPrice, 500, &[499, 3]),
        (Kind::SecondPrice, 500, &[]),
        (Kind::SecondPrice, 500, &[900, 700]),
        (Kind::ReverseSecondPrice, 500, &[501, 480, 900]),
        (Kind::ReverseFirstPrice, 500, &[501]),
    ] {
        check(&world, &reference::terms(kind, Some(reserve), 4095), Prime::Mersenne61, bids).await;
    }
    for (field, bits) in [(Prime::Mersenne61, 60), (Prime::Mersenne127, 63), (Prime::Secp256k1, 63)]
    {
        assert_eq!(SecretReserve::widest(field), bits);
        let largest = gavel::sharing::seed::mask(bits);
        let terms = reference::terms(Kind::SecondPrice, Some(largest - 1), largest);
        check(&world, &terms, field, &[largest, 5]).await;
    }
}

#[tokio::test]
async fn of_a_reserve_that_is_not_reached_nothing_else_is_opened() {
    let world = World::new(5, 2);
    let terms = reference::terms(Kind::SecondPrice, Some(500), 1023);
    let opened = |openings: Vec<Opening>| -> Vec<(String, u64)> {
        let plain = openings.into_iter().filter(|opening| !opening.masked);
        plain.map(|opening| (opening.step, opening.bits)).collect()
    };
    let winner = || ("winner".to_owned(), 2);
    let price = || ("price".to_owned(), 10);
    let unsold = check(&world, &terms, Prime::Mersenne127, &[100, 499]).await;
    assert_eq!(opened(unsold), [winner()]);
    // Beaten by two, the reserve is not opened either; by one, it is the price.
    let sold = check(&world, &terms, Prime::Mersenne127, &[900, 700]).await;
    assert_eq!(opened(sold), [price(), winner()]);
}

#[tokio::test]
async fn a_lie_about_the_reserve_is_found_before_anything_is_opened() {
    let terms = secret(&reference::terms(Kind::SecondPrice, Some(500), 1023), Prime::Mersenne61);
    let right = reference::computed(&reference::terms(Kind::SecondPrice, Some(500), 1023), &[700]);
    let mut found = 0;
    for number in 2..12 {
        let lie = Lie { at: At::Number(number), to: None, bit: 1 };
        let world = World::new(4, 1).with_lie(node(2), lie);
        let (bits, shares) = (world.share(10, &[700]), shares(&world, Prime::Mersenne61, 500));
        let results = world.run(async |ctx: Context| -> Result<_, Failure> {
            let own = bits.of(ctx.me());
            Ok(at(&ctx, &terms, own, shares.get(&ctx.me())).await?)
        });
        found += lies_found(results.await, node(2), &right, number);
    }
    assert!(found >= 10, "{found}");
}

#[tokio::test]
async fn a_node_without_its_share_says_so() {
    let world = World::new(3, 1);
    let terms = secret(&reference::terms(Kind::FirstPrice, Some(5), 1023), Prime::Mersenne61);
    let bits = world.share(10, &[700]);
    let results = world.run(async |ctx: Context| -> Result<_, Failure> {
        Ok(at(&ctx, &terms, bits.of(ctx.me()), None).await?)
    });
    for (_, result) in results.await {
        assert!(matches!(result, Err(Failure::Run(RunError::Stored))));
    }
}
