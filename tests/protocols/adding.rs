//! Surveys on additive shares against the plain reference: random ones with two nodes and with more,
//! what they cost, what they open, what is seen of answers that break the terms, and that no node
//! chooses its part once it knows the others'.

use std::time::Duration;

use gavel::field::{Field as _, Mersenne127};
use gavel::protocol::{Context, CostModel, Counters, ProtocolError, Tactics, sums};
use gavel::rules::entries::Field;
use gavel::rules::survey::{By, Declared, Item, Membership, Question, Statistic, reference};
use gavel::rules::{Currency, Limits, Terms};
use gavel::runs::shares::Entries;
use gavel::runs::survey::Workload;
use gavel::runs::survey::workload::Ending;
use gavel::runs::{Computed, RunError, run};
use gavel::sharing::NodeSet;
use gavel::sharing::form::Form;
use gavel::testkit::{ElementInputs, Failure, Fault, Misdeed, World, reference as twins};
use rand::RngExt as _;
use rand::rngs::StdRng;

use super::{list, movable, node};

fn item(name: &str, minimum: i64, maximum: i64) -> Item {
    let unit = Currency { code: String::new(), decimals: 0 };
    Item { name: name.into(), text: None, unit, minimum, maximum }
}

fn question(cohorts: usize, items: Vec<Item>, results: Vec<Declared>) -> Question {
    let names = ["north", "south", "east", "west", "centre"];
    Question {
        items,
        cohorts: names[..cohorts].iter().map(|&name| name.to_owned()).collect(),
        membership: Membership::Public,
        results,
        at_least: 2,
    }
}

fn terms(question: &Question) -> Terms {
    let mut terms = twins::terms(gavel::rules::auction::Kind::FirstPrice, None, 1);
    terms.question = question.clone().into();
    terms.protocol = Form::Sums;
    terms
}

/// A survey with its entries, shared; some of them may not be valid.
struct Trial {
    question: Question,
    entries: Vec<Vec<u64>>,
    fields: Vec<ElementInputs<Mersenne127>>,
}

impl Trial {
    fn new(world: &World, question: Question, entries: Vec<Vec<u64>>) -> Self {
        assert_eq!(question.check(Form::Sums, &Limits::default()), Ok(()));
        let fields = question.layout().unwrap().extent().fields;
        let field = |at: usize| {
            let values: Vec<u64> = entries.iter().map(|entry| entry[at]).collect();
            ElementInputs::of_numbers(world, &values)
        };
        let fields = (0..fields).map(field).collect();
        Self { question, entries, fields }
    }

    /// Whether an entry has one cohort, which is all that is looked at.
    fn counts(&self, entry: &[u64]) -> bool {
        let chosen = &entry[..self.question.cohorts.len()];
        chosen.is_empty() || chosen.iter().all(|&bit| bit <= 1) && chosen.iter().sum::<u64>() == 1
    }

    fn plain(&self) -> Computed {
        let entries = self.entries.iter().map(Vec::as_slice);
        let counted: Vec<&[u64]> = entries.filter(|entry| self.counts(entry)).collect();
        let wrong = |&entry: &usize| !self.counts(&self.entries[entry]);
        let out_of_range = (0..self.entries.len()).filter(wrong).collect();
        let answer = reference::answer(&self.question, &counted);
        assert_eq!(answer.check(&self.question, counted.len()), Ok(()));
        Computed { answer: answer.into(), out_of_range }
    }

    async fn compute(&self, ctx: &Context) -> Result<Computed, Failure> {
        let fields = self.fields.iter().map(|field| field.of(ctx.me())).collect();
        let terms = terms(&self.question);
        let running = run(ctx, &terms, Entries::Sums(fields), &|_| {});
        movable(&running);
        Ok(Box::pin(running).await?)
    }

    /// Run it, and compare answer and cost with what they must be.
    async fn check(&self, world: &World) {
        let (computed, counters) = world
            .agree(async |ctx: Context| -> Result<_, Failure> {
                Ok((self.compute(&ctx).await?, ctx.counters()))
            })
            .await;
        assert_eq!(computed, self.plain(), "{:?} {:?}", self.question, self.entries);
        self.check_cost(world, &computed, counters);
    }

    fn check_cost(&self, world: &World, computed: &Computed, spent: Counters) {
        let work = Workload::of(&terms(&self.question), &self.question, self.entries.len());
        let valid = self.entries.len() - computed.out_of_range.len();
        let ending = Ending::of(&self.question, valid, computed.answer.as_survey().unwrap());
        let (scheme, nodes) = (world.scheme(), world.participants());
        let exact = work.predict_ending(scheme, nodes, &Tactics::default(), &ending);
        assert_eq!(
            (spent.rounds, spent.gates, spent.bytes_sent),
            (exact.rounds, 0, exact.bytes_sent_per_node),
            "{:?} {:?} {ending:?}",
            self.question,
            self.entries
        );
    }
}

fn random_survey(rng: &mut StdRng) -> (Question, Vec<Vec<u64>>) {
    let items = (0..rng.random_range(1..=3)).map(|at| {
        let minimum = if rng.random() { 0 } else { rng.random_range(-20..20) };
        item(["pay", "years", "hours"][at], minimum, minimum + rng.random_range(1..1_000_000))
    });
    let items: Vec<Item> = items.collect();
    let cohorts = [0, 0, 2, 3, 5][rng.random_range(0..5)];
    let mut results: Vec<Declared> = Vec::new();
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..items.len());
        let other = (at + 1) % items.len();
        let statistic = match rng.random_range(0..4) {
            0 => Statistic::Count,
            1 => Statistic::Mean(at),
            2 if other != at => Statistic::Ratio(at, other),
            _ => Statistic::Sum(at),
        };
        let by =
            [By::All, By::Cohort, By::Both][rng.random_range(0..if cohorts > 0 { 3 } else { 1 })];
        if results.iter().all(|declared| declared.statistic != statistic) {
            results.push(Declared { statistic, by });
        }
    }
    let at_least = rng.random_range(1..=4);
    let question = Question { at_least, ..question(cohorts, items, results) };
    let used = rng.random_range(1..=cohorts.max(1));
    let entry = |rng: &mut StdRng| {
        let cohort = rng.random_range(0..used);
        let awkward = cohorts > 0 && rng.random_range(0..8) == 0;
        let fields = question.layout().unwrap();
        let value = |(at, field): (usize, Field)| match rng.random_range(0..4) {
            chance if at < cohorts && awkward => chance % 3,
            _ if at < cohorts => u64::from(at == cohort),
            0 => field.maximum,
            1 => 0,
            _ => rng.random_range(0..=field.maximum),
        };
        fields.fields().enumerate().map(value).collect::<Vec<u64>>()
    };
    let entries = (0..rng.random_range(0..=14)).map(|_| entry(rng)).collect();
    (question, entries)
}

/// Mostly two nodes; some of other sizes that can only add, and of such as could do more.
fn mostly_two() -> [World; 6] {
    [
        World::new(2, 1),
        World::new(2, 1),
        World::new(2, 1),
        World::new(3, 2),
        World::new(4, 2),
        World::new(4, 1).without(&[2]),
    ]
}

#[tokio::test]
async fn random_surveys_of_sums() {
    // 500 with two nodes, as many with others.
    for world in mostly_two().iter().cycle().take(1_000) {
        let (question, entries) = world.draw(random_survey);
        Trial::new(world, question, entries).check(world).await;
    }
}

fn sum_of(items: &[Item]) -> Vec<Declared> {
    let of = |at| {
        [Statistic::Sum(at), Statistic::Mean(at)]
            .map(|statistic| Declared { statistic, by: By::All })
    };
    (0..items.len()).flat_map(of).collect()
}

#[tokio::test]
async fn sums_that_are_known() {
    for world in [World::new(2, 1), World::new(3, 2), World::new(9, 8)] {
        for (values, expected) in
            [((1..=10).map(|at| 7 * at).collect::<Vec<u64>>(), 385), (vec![123, 145, 132], 400)]
        {
            let items = vec![item("points", 0, 1_000)];
            let question = question(0, items.clone(), sum_of(&items));
            let count = values.len() as u128;
            let entries = values.into_iter().map(|value| vec![value]).collect();
            let trial = Trial::new(&world, question, entries);
            trial.check(&world).await;
            let plain = trial.plain();
            let values = plain.answer.as_survey().unwrap().cells[0].open().unwrap().to_vec();
            let values: Vec<u128> = values.into_iter().map(|value| value.unwrap().0).collect();
            assert_eq!(values, [count, expected]);
        }
    }
}

#[tokio::test]
async fn only_declared_sums_and_cohorts_are_opened() {
    for world in [World::new(2, 1), World::new(3, 2)] {
        let items = vec![item("pay", 0, 60), item("years", 0, 60)];
        let sum = Declared { statistic: Statistic::Sum(0), by: By::Both };
        let of = |cohort: usize, pay| {
            (0..3).map(|at| u64::from(at == cohort)).chain([pay, 7]).collect::<Vec<u64>>()
        };
        // Cohorts of five, one and three: the second is too small, and the third goes with it.
        let entries = [0, 0, 0, 0, 0, 1, 2, 2, 2].map(|cohort| of(cohort, 5)).to_vec();
        let trial = Trial::new(&world, question(3, items, vec![sum]), entries);
        let told: Vec<(String, u64)> = world
            .agree(async |ctx: Context| -> Result<_, Failure> {
                trial.compute(&ctx).await?;
                let openings = ctx.openings().into_iter();
                let told = openings.map(|opening| {
                    assert_eq!((opening.to, opening.masked), (world.participants(), false));
                    (opening.step, opening.bits)
                });
                Ok(told.collect())
            })
            .await;
        // Three bits of nine entries, each as a number; two sums.
        assert_eq!(told, list(&[("members", 27 * 127), ("results", 2 * 127)]));
    }
}

#[tokio::test]
async fn too_few_and_nobody_open_nothing() {
    let world = World::new(2, 1);
    let items = vec![item("pay", 0, 60)];
    for entries in [vec![], vec![vec![7]]] {
        let trial = Trial::new(&world, question(0, items.clone(), sum_of(&items)), entries);
        trial.check(&world).await;
        let rounds = world
            .agree(async |ctx: Context| -> Result<_, Failure> {
                trial.compute(&ctx).await?;
                assert!(ctx.openings().is_empty());
                Ok(ctx.counters().rounds)
            })
            .await;
        assert_eq!(rounds, 1, "the keys");
    }
}

/// An answer above its maximum goes into the sum; a sum that cannot be ends the run at every node,
/// and nobody is named.
#[tokio::test]
async fn answers_are_not_checked_but_impossible_sums_are_noticed() {
    for world in [World::new(2, 1), World::new(3, 2)] {
        let items = vec![item("pay", 0, 60)];
        let question = || question(0, items.clone(), sum_of(&items));
        // 100 is too much, and 100 + 20 is not.
        Trial::new(&world, question(), vec![vec![100], vec![20]]).check(&world).await;
        let trial = Trial::new(&world, question(), vec![vec![100], vec![21]]);
        for (_, result) in world.run(async |ctx: Context| trial.compute(&ctx).await).await {
            let Err(Failure::Run(error)) = result else { panic!("{result:?}") };
            assert_eq!(error, RunError::TooMuch { question: "pay".into() });
            assert!(error.nodes().is_empty());
        }
    }
}

#[tokio::test]
async fn nodes_that_only_add_run_nothing_else() {
    let world = World::new(2, 1);
    let items = vec![item("pay", 0, 60)];
    let trial = Trial::new(&world, question(0, items.clone(), sum_of(&items)), vec![vec![1]; 3]);
    let results = world
        .run(async |ctx: Context| -> Result<Computed, Failure> {
            let fields = trial.fields.iter().map(|field| field.of(ctx.me())).collect();
            let terms = Terms { protocol: Form::Bits, ..terms(&trial.question) };
            Ok(run(&ctx, &terms, Entries::Sums(fields), &|_| {}).await?)
        })
        .await;
    for (_, result) in results {
        assert!(matches!(result, Err(Failure::Run(RunError::Form))));
    }
}

/// Open one sum.
async fn opened(ctx: &Context, inputs: &ElementInputs<Mersenne127>) -> Result<u128, Failure> {
    let opened = sums::open(&ctx.narrow("sum"), &inputs.of(ctx.me())).await?;
    Ok(opened[0].to_number())
}

/// A node that sends another sum than it promised, or promises different ones, is found before
/// anything counts: no honest node takes a wrong sum for right.
#[tokio::test]
async fn nobody_opens_another_sum_than_it_promised() {
    for (n, t) in [(2, 1), (3, 2), (4, 2)] {
        let world = World::new(n, t);
        let shared = ElementInputs::of_numbers(&world, &[400]);
        assert_eq!(world.agree(async |ctx: Context| opened(&ctx, &shared).await).await, 400);
        // Messages of keys, tags, promises and sums go to all others in turn. Of the last, bits of
        // the digest, the nonce and the component.
        let each = usize::from(n) - 1;
        for (message, bit) in [(2, 7), (3, 3), (3, 300), (3, 8 * 64), (3, 8 * 64 + 126)] {
            let deed = Misdeed::Flip(bit);
            let fault = Fault { node: node(2), message: message * each, deed };
            let world = World::new(n, t).with_fault(fault).with_deadline(Duration::from_secs(2));
            let shared = ElementInputs::of_numbers(&world, &[400]);
            let mut found = 0;
            for (me, result) in world.run(async |ctx: Context| opened(&ctx, &shared).await).await {
                match result {
                    _ if me == node(2) => {}
                    Ok(sum) => assert_eq!(sum, 400),
                    Err(Failure::Protocol(ProtocolError::Broken { node: broken, .. })) => {
                        assert_eq!(broken, node(2));
                        found += 1;
                    }
                    Err(Failure::Protocol(ProtocolError::Views { .. })) => found += 1,
                    // Whoever saw it first is gone.
                    Err(Failure::Protocol(ProtocolError::Channel { .. })) => {}
                    Err(other) => panic!("{n} {t} {message} {bit}: {other}"),
                }
            }
            assert!(found > 0, "{n} {t} {message} {bit}");
        }
    }
}

/// A node that keeps silent, or cuts its message short, ends the run; nobody waits for ever.
#[tokio::test]
async fn a_node_that_does_not_add_ends_the_run() {
    for message in [2, 3] {
        for deed in [Misdeed::Silence, Misdeed::Crash, Misdeed::Truncate] {
            let world = World::new(2, 1)
                .with_fault(Fault { node: node(2), message, deed })
                .with_deadline(Duration::from_secs(2));
            let shared = ElementInputs::of_numbers(&world, &[400]);
            let results = world.run(async |ctx: Context| opened(&ctx, &shared).await).await;
            let (_, honest) = results.into_iter().find(|(me, _)| *me == node(1)).unwrap();
            assert_eq!(honest.unwrap_err().nodes(), NodeSet::EMPTY.with(node(2)), "{deed:?}");
        }
    }
}

#[tokio::test]
async fn elements_of_every_size_are_opened() {
    for world in [World::new(2, 1), World::new(3, 2), World::new(5, 1).without(&[4])] {
        // The last is more than one message takes among two nodes.
        for len in [0, 1, 2, 100, 530_000] {
            if len > 100 && world.scheme().nodes() > 2 {
                continue;
            }
            let values: Vec<u64> = (0..len).map(|at| u64::MAX - at).collect();
            let shared = ElementInputs::<Mersenne127>::of_numbers(&world, &values);
            let (opened, spent): (Vec<u128>, Counters) = world
                .agree(async |ctx: Context| -> Result<_, Failure> {
                    let opened = sums::open(&ctx.narrow("sum"), &shared.of(ctx.me())).await?;
                    let opened = opened.iter().map(|sum| sum.to_u128().unwrap()).collect();
                    Ok((opened, ctx.counters()))
                })
                .await;
            assert_eq!(opened.len(), values.len());
            assert!(opened.into_iter().eq(values.iter().map(|&value| u128::from(value))), "{len}");
            let model = CostModel::new(world.scheme(), world.participants());
            let cost = model.keys() + model.opening_sums::<Mersenne127>(values.len());
            assert_eq!((spent.rounds, spent.bytes_sent), (cost.rounds, cost.bytes_sent), "{len}");
            assert_eq!(cost.rounds, [1, 3, 5][usize::from(len > 0) + usize::from(len > 100)]);
        }
    }
}
