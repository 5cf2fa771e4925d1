//! Markets on bits against the plain reference: random ones and awkward ones, what they cost, what
//! they open, and that a wrong bit in them is found. And serving in proportion by itself.

use gavel::protocol::bits::BitContext;
use gavel::protocol::bits::combine::combine;
use gavel::protocol::bits::open::open;
use gavel::protocol::bits::proportion::in_proportion;
use gavel::protocol::{Context, Counters, Tactics};
use gavel::rules::market::question::{Rationing, Told};
use gavel::rules::market::{Answer, Grid, Quantity, Question, Side, Step, reference};
use gavel::rules::{Currency, OperatorKey, Terms, market};
use gavel::runs::market::workload::{Ending, Workload};
use gavel::runs::run;
use gavel::runs::shares::Entries;
use gavel::sharing::security::Security;
use gavel::sharing::seed::mask;
use gavel::testkit::{Failure, Inputs, World};
use rand::RngExt as _;
use rand::rngs::StdRng;

use super::{SCHEMES, mostly_three, movable, sweep, unchecked};

fn question(prices: u64, bits: u32, quantities: Told) -> Question {
    Question {
        currency: Currency { code: "EUR".into(), decimals: 2 },
        grid: Grid { from: 100, to: 100 + 50 * (prices - 1), step: 50 },
        unit: Currency { code: "t".into(), decimals: 0 },
        bits,
        rationing: Rationing::default(),
        quantities,
    }
}

fn terms(security: Security, question: &Question) -> Terms {
    let mut terms =
        gavel::testkit::reference::terms(gavel::rules::auction::Kind::FirstPrice, None, 1);
    terms.question = question.clone().into();
    terms.security = security;
    terms
}

/// A market with its entries, shared.
struct Trial {
    question: Question,
    entries: Vec<Vec<u64>>,
    fields: Vec<Inputs>,
    masks: Vec<u64>,
    shared_masks: Inputs,
    security: Security,
}

impl Trial {
    fn new(world: &World, question: Question, entries: Vec<Vec<u64>>) -> Self {
        let share = |field: usize| {
            let values: Vec<u64> = entries.iter().map(|entry| entry[field]).collect();
            world.share(question.bits as usize, &values)
        };
        let fields = (0..=question.grid.prices()).map(share).collect();
        let bits = question.reply_bits();
        let masks: Vec<u64> =
            world.draw(|rng| entries.iter().map(|_| rng.random::<u64>() & mask(bits)).collect());
        let shared_masks = world.share(bits as usize, &masks);
        let security = Security::Active;
        Self { question, entries, fields, masks, shared_masks, security }
    }

    fn plain(&self) -> Answer<usize> {
        let entries: Vec<&[u64]> = self.entries.iter().map(Vec::as_slice).collect();
        reference::answer(&self.question, &entries)
    }

    async fn compute(&self, ctx: &Context) -> Result<Answer<usize>, Failure> {
        let fields = self.fields.iter().map(|field| field.of(ctx.me())).collect();
        let entries = Entries::Bits { fields, masks: self.shared_masks.of(ctx.me()) };
        let terms = terms(self.security, &self.question);
        let running = run(ctx, &terms, entries, &|_| {});
        movable(&running);
        let computed = Box::pin(running).await?;
        assert!(computed.out_of_range.is_empty());
        Ok(computed.answer.as_market().unwrap().clone())
    }

    /// The answer with what participants alone are told told openly.
    fn unmasked(&self, answer: &Answer<usize>) -> Answer<usize> {
        assert_eq!(answer.check(&self.question, self.entries.len()), Ok(()));
        let mut answer = answer.clone();
        for trade in &mut answer.trades {
            if let Quantity::Sealed(told) = trade.quantity {
                let told = told ^ self.masks[trade.entry];
                trade.quantity = Quantity::Open(Quantity::unsealed(told, &self.question));
            }
        }
        answer
    }

    /// Run it, and compare answer and cost with what they must be.
    async fn check(&self, world: &World, tactics: &Tactics) {
        let (answer, counters) = world
            .agree(async |ctx: Context| -> Result<_, Failure> {
                let ctx = ctx.with_tactics(tactics.clone());
                Ok((self.compute(&ctx).await?, ctx.counters()))
            })
            .await;
        let plain = self.plain();
        assert_eq!(self.unmasked(&answer), plain, "{:?} {:?}", self.question, self.entries);
        self.check_cost(world, tactics, &plain, counters);
    }

    fn check_cost(&self, world: &World, tactics: &Tactics, plain: &Answer<usize>, spent: Counters) {
        let terms = terms(self.security, &self.question);
        let work = Workload::of(&terms, &self.question, self.entries.len());
        let ending = plain.clearing.map_or(Ending::Unmet, |clearing| Ending::Cleared {
            price: self.question.grid.number(clearing.price).unwrap(),
            demand: clearing.demand,
            supply: clearing.supply,
        });
        let (scheme, nodes) = (world.scheme(), world.participants());
        let exact = work.predict_ending(scheme, nodes, tactics, ending);
        assert_eq!(
            (spent.rounds, spent.gates, spent.bytes_sent),
            (exact.rounds, exact.gates, exact.bytes_sent_per_node),
            "{:?} {ending:?}",
            self.question
        );
    }
}

/// Orders of a few steps and entries of any fields at all.
fn random_market(rng: &mut StdRng) -> (Question, Vec<Vec<u64>>) {
    let told = match rng.random_range(0..3) {
        0 => Told::Own,
        1 => Told::Operator(OperatorKey::stand_in()),
        _ => Told::Everyone,
    };
    let question = question(rng.random_range(1..=40), rng.random_range(1..=9), told);
    let prices = question.grid.prices();
    let count = rng.random_range(0..=9);
    let entry = |_| {
        if rng.random_range(0..4) == 0 {
            let most = question.maximum();
            return (0..=prices)
                .map(|_| if rng.random() { 0 } else { rng.random_range(0..=most) })
                .collect();
        }
        let side = if rng.random() { Side::Buy } else { Side::Sell };
        let mut steps = vec![Step {
            quantity: rng.random_range(1..=question.maximum()),
            price: rng.random_range(0..prices),
        }];
        let (quantity, price) = (steps[0].quantity, steps[0].price);
        let next = match side {
            Side::Buy => price.checked_sub(1),
            Side::Sell => Some(price + 1).filter(|&next| next < prices),
        };
        if let (Some(price), true) = (next, quantity < question.maximum()) {
            steps.push(Step { quantity: question.maximum(), price });
        }
        market::Order::new(&question, side, &steps).unwrap().fields(&question).to_vec()
    };
    let entries = (0..count).map(entry).collect();
    (question, entries)
}

#[tokio::test]
async fn random_markets() {
    for (at, world) in mostly_three().iter().cycle().take(500).enumerate() {
        let (question, entries) = world.draw(random_market);
        // Checks take most of the time; every fifth market has them, in every world.
        let security = if at % 5 == 0 { Security::Active } else { Security::Passive };
        let trial = Trial { security, ..Trial::new(world, question, entries) };
        trial.check(world, &Tactics::default()).await;
    }
}

#[tokio::test]
async fn awkward_markets() {
    let with = |prices: u64, entries: Vec<Vec<u64>>| (question(prices, 4, Told::Own), entries);
    for world in [World::new(3, 1), World::new(5, 2), World::new(5, 1).without(&[1, 2])] {
        for (question, entries) in [
            with(3, vec![]),
            with(1, vec![vec![0, 0]]),
            with(1, vec![vec![15, 0], vec![0, 15]]),
            with(1, vec![vec![15, 0], vec![0, 14]]),
            // All equal, and more sellers than units to sell.
            with(2, vec![vec![0, 0, 1], vec![0, 0, 1], vec![0, 2, 0], vec![0, 0, 1]]),
            with(2, vec![vec![15, 15, 15]; 5]),
            // Only buyers, only sellers.
            with(4, vec![vec![0, 0, 0, 9, 0], vec![1, 2, 3, 0, 0]]),
            with(4, vec![vec![0, 3, 0, 0, 3], vec![2, 0, 0, 0, 2]]),
            // One who trades with nobody.
            with(4, vec![vec![5, 0, 0, 5, 5]]),
        ] {
            let trial = Trial::new(&world, question, entries);
            trial.check(&world, &Tactics::default()).await;
        }
    }
}

#[tokio::test]
async fn stripes_and_blocks_change_nothing() {
    let world = World::new(3, 1);
    let question = question(200, 12, Told::Own);
    let orders = market::invented::orders(&question, 2008, 70).unwrap();
    let entries: Vec<_> = orders.iter().map(|order| order.fields(&question).to_vec()).collect();
    let trial = Trial::new(&world, question, entries);
    assert!(trial.plain().traded() > 0);
    for tactics in [
        Tactics::default(),
        Tactics { lanes: Some(1), ..Tactics::default() },
        Tactics { block: Some(8), block_from: Some(64), ..Tactics::default() },
        Tactics { king_from: Some(1 << 16), ..Tactics::default() },
    ] {
        assert!(tactics.check().is_ok());
        trial.check(&world, &tactics).await;
    }
}

#[tokio::test]
async fn a_market_opens_the_answer_and_nothing_else() {
    let opened = async |world: &World, trial: &Trial| -> Vec<(String, u64)> {
        let openings = world
            .agree(async |ctx: Context| -> Result<_, Failure> {
                trial.compute(&ctx).await?;
                Ok(ctx.openings())
            })
            .await;
        let clear = openings.into_iter().filter(|opening| !opening.masked);
        clear
            .map(|opening| {
                assert_eq!(opening.to, world.participants());
                (opening.step, opening.bits)
            })
            .collect()
    };
    for world in [World::new(3, 1), World::new(4, 1).without(&[1]), World::new(5, 2)] {
        let entries = vec![vec![0, 0, 0, 9, 0], vec![0, 7, 0, 0, 7], vec![3, 0, 0, 0, 9]];
        // What the operator is told is opened no more than what each alone is.
        let operator = Told::Operator(OperatorKey::stand_in());
        let cases = [(Told::Own, vec![7]), (operator, vec![7]), (Told::Everyone, vec![6, 6])];
        for (told, widths) in cases {
            let question = question(4, 4, told);
            assert_eq!(question.quantity_bits(), 6);
            let trial = Trial::new(&world, question.clone(), entries.clone());
            assert_eq!(trial.plain().traded(), 9);
            // One bit for each of four prices; demand and supply; the quantities of three.
            let quantities = widths.iter().map(|width| ("quantities", 3 * width));
            let before = [("price", 4), ("volume", 8), ("volume", 8)];
            let expected: Vec<_> = before.into_iter().chain(quantities).collect();
            assert_eq!(opened(&world, &trial).await, super::list(&expected));
            // Without a price nothing of anyone's quantity.
            let trial = Trial::new(&world, question.clone(), entries[..1].to_vec());
            assert_eq!(opened(&world, &trial).await, super::list(&[("price", 4)]));
            // With a price at which nobody buys, that.
            let trial = Trial::new(&world, question, entries[1..].to_vec());
            let expected = super::list(&[("price", 4), ("volume", 7), ("volume", 7)]);
            assert_eq!(opened(&world, &trial).await, expected);
        }
    }
}

/// Under the masks nothing is told but noise: the same market with other masks opens other words,
/// and the bits that differ are those of the masks.
#[tokio::test]
async fn sealed_quantities_are_under_the_masks() {
    let world = World::new(3, 1);
    let entries = vec![vec![0, 0, 0, 9, 0], vec![0, 7, 0, 0, 7], vec![3, 0, 0, 0, 9]];
    let mut told = Vec::new();
    for _ in 0..2 {
        let trial = Trial::new(&world, question(4, 4, Told::Own), entries.clone());
        let answer = world.agree(async |ctx: Context| trial.compute(&ctx).await).await;
        let sealed = |entry: usize| answer.sealed_for(|&own| own == entry).unwrap();
        told.push([0, 1, 2].map(|entry| sealed(entry) ^ trial.masks[entry]));
    }
    assert_eq!(told[0], told[1], "the same whatever the masks, so the same in every attempt");
}

#[tokio::test]
async fn what_each_gets_in_proportion() {
    for (n, t) in SCHEMES {
        let world = unchecked(n, t);
        for _ in 0..12 {
            let width = world.draw(|rng| rng.random_range(1..=31));
            let count = world.draw(|rng| rng.random_range(1..=130));
            let wanted =
                world.draw(|rng| gavel::testkit::reference::awkward_values(rng, width, count));
            let all: u64 = wanted.iter().sum();
            let available = match world.draw(|rng| rng.random_range(0..4)) {
                0 => all,
                1 => 0,
                2 => all.saturating_sub(1),
                _ => world.draw(|rng| rng.random_range(0..=all)),
            };
            let shared = world.share(width as usize, &wanted);
            let (served, spent, cost) = world
                .agree(async |ctx: BitContext| -> Result<_, Failure> {
                    let before = ctx.base().counters();
                    let own = shared.of(ctx.me());
                    let served = in_proportion(&ctx.narrow("serve"), &own, available, all).await?;
                    let after = ctx.base().counters();
                    let cost =
                        ctx.cost_model().in_proportion(width as usize, count, available, all);
                    let served = open(&ctx.narrow("open"), &served).await?.values();
                    let spent = (after.rounds - before.rounds, after.gates - before.gates);
                    Ok((served, spent, (cost.rounds, cost.gates)))
                })
                .await;
            let expected = reference::ration(Rationing::default(), &wanted, available);
            assert_eq!(served, expected, "{available} of {all}: {wanted:?}");
            assert_eq!(spent, cost, "{available} of {all}, {count} of {width} bits");
        }
    }
}

#[tokio::test]
async fn public_multiples_are_added_up() {
    let world = World::new(3, 1);
    let (x, y) = ([0, 1, 5, 1023, 700], [63, 0, 9, 63, 1]);
    for (a, b, width) in [(1, 1, 11), (1000, 77, 21), (0, 5, 9), (u64::MAX, 3, 64), (6, 7, 3)] {
        let (shared_x, shared_y) = (world.share(10, &x), world.share(6, &y));
        let sums = world
            .agree(async |ctx: BitContext| -> Result<_, Failure> {
                let (x, y) = (shared_x.of(ctx.me()), shared_y.of(ctx.me()));
                let sums = combine(&ctx.narrow("sum"), &[(&x, a), (&y, b)], width).await?;
                Ok(open(&ctx.narrow("open"), &sums).await?.values())
            })
            .await;
        let plain = |(x, y): (&u64, &u64)| {
            let sum = u128::from(*x) * u128::from(a) + u128::from(*y) * u128::from(b);
            u64::try_from(sum & u128::from(mask(u32::try_from(width).unwrap()))).unwrap()
        };
        assert_eq!(sums, x.iter().zip(&y).map(plain).collect::<Vec<_>>(), "{a} {b} {width}");
    }
}

/// A wrong bit in the gates of any step is found before anything that depends on it is opened.
#[tokio::test(start_paused = true)]
async fn a_wrong_bit_in_any_step_is_found() {
    let market = |world: &World| {
        // Not all that is offered is sold.
        let entries = vec![vec![0, 0, 0, 8, 0], vec![0, 7, 0, 0, 7], vec![3, 0, 0, 0, 9]];
        Trial::new(world, question(4, 4, Told::Own), entries)
    };
    let openings = ["price", "volume", "quantities"];
    let steps = sweep::a_wrong_bit_is_found((3, 1), &openings, async |world: World| {
        let trial = market(&world);
        world.run(async |ctx: Context| trial.compute(&ctx).await.map(drop)).await
    });
    let steps = steps.await;
    assert!(steps > 30, "{steps} steps");
}
