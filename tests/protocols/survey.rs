//! Surveys on bits against the plain reference: random ones and awkward ones, what they cost, what
//! they open, and that a wrong bit in them is found.

use std::collections::BTreeSet;

use gavel::protocol::{Context, Counters, Tactics};
use gavel::rules::survey::{
    By, Cell, Declared, Group, Item, Measure, Membership, Question, Statistic, reference,
};
use gavel::rules::{Currency, Limits, Terms};
use gavel::runs::shares::Entries;
use gavel::runs::survey::Workload;
use gavel::runs::survey::workload::Ending;
use gavel::runs::{Computed, Listed, RunError, run_listed};
use gavel::sharing::SharedBits;
use gavel::sharing::form::Form;
use gavel::sharing::security::Security;
use gavel::testkit::{Failure, Inputs, World, reference as twins};
use rand::RngExt as _;
use rand::rngs::StdRng;

use super::{list, mostly_three, movable, sweep};

fn item(name: &str, minimum: i64, maximum: i64) -> Item {
    let unit = Currency { code: "EUR".into(), decimals: 0 };
    Item { name: name.into(), text: None, unit, minimum, maximum }
}

fn question(cohorts: usize, membership: Membership, results: Vec<Declared>) -> Question {
    let names = ["north", "south", "east", "west", "centre", "abroad"];
    Question {
        items: vec![item("pay", 0, 60), item("years", -3, 12)],
        cohorts: names[..cohorts].iter().map(|&name| name.to_owned()).collect(),
        membership,
        results,
        at_least: 2,
    }
}

fn declared(statistic: Statistic, by: By) -> Declared {
    Declared { statistic, by }
}

fn terms(security: Security, question: &Question) -> Terms {
    let mut terms = twins::terms(gavel::rules::auction::Kind::FirstPrice, None, 1);
    terms.question = question.clone().into();
    terms.security = security;
    terms
}

/// Who learns who is in which cohort, in every way.
const MEMBERSHIPS: [Membership; 3] = [Membership::Secret, Membership::Public, Membership::Assigned];

/// A survey with its entries, shared; some of them may not be valid.
struct Trial {
    question: Question,
    entries: Vec<Vec<u64>>,
    /// The cohort of each, where they are assigned.
    assigned: Vec<u8>,
    fields: Vec<Inputs>,
    security: Security,
}

/// Entries that choose a cohort by a bit for each, as entries of a survey that assigns them: the
/// cohort of the first bit that is set, or the first one, and the answers.
fn assign(question: &Question, entries: Vec<Vec<u64>>) -> (Vec<Vec<u64>>, Vec<u8>) {
    let Some(cohorts) = question.assigned_cohorts() else { return (entries, Vec::new()) };
    let apart = |entry: Vec<u64>| {
        let (bits, answers) = entry.split_at(cohorts.len());
        let cohort = bits.iter().position(|&bit| bit == 1).unwrap_or(0);
        (answers.to_vec(), u8::try_from(cohort).unwrap())
    };
    entries.into_iter().map(apart).unzip()
}

impl Trial {
    /// A survey whose entries have a bit for each cohort, also where the cohorts are assigned.
    fn new(world: &World, question: Question, entries: Vec<Vec<u64>>) -> Self {
        let (entries, assigned) = assign(&question, entries);
        let layout = question.layout().unwrap();
        let fields = layout.fields().enumerate().map(|(at, field)| {
            let values: Vec<u64> = entries.iter().map(|entry| entry[at]).collect();
            world.share(field.bits as usize, &values)
        });
        let fields = fields.collect();
        Self { question, entries, assigned, fields, security: Security::Active }
    }

    fn valid(&self) -> Vec<&[u64]> {
        let entries = self.entries.iter().map(Vec::as_slice);
        entries.filter(|entry| self.question.is_valid(entry)).collect()
    }

    fn plain(&self) -> Computed {
        let wrong = |&entry: &usize| !self.question.is_valid(&self.entries[entry]);
        let out_of_range: Vec<usize> = (0..self.entries.len()).filter(wrong).collect();
        let all = self.assigned.iter().enumerate();
        let kept = all.filter(|(entry, _)| !out_of_range.contains(entry));
        let cohorts: Vec<u8> = kept.map(|(_, &cohort)| cohort).collect();
        let answer = reference::answer_of(&self.question, &self.valid(), &cohorts);
        if self.question.membership == Membership::Assigned {
            assert_eq!(answer.members, cohorts);
        }
        assert_eq!(answer.check(&self.question, self.valid().len()), Ok(()));
        Computed { answer: answer.into(), out_of_range }
    }

    async fn compute(&self, ctx: &Context) -> Result<Computed, Failure> {
        let fields: Vec<SharedBits> = self.fields.iter().map(|field| field.of(ctx.me())).collect();
        let masks = SharedBits::zeros(fields[0].holding(), 0, self.entries.len());
        let terms = terms(self.security, &self.question);
        let entries = Entries::Bits { fields, masks };
        let listed = Listed { cohorts: &self.assigned, ..Listed::default() };
        let running = run_listed(ctx, &terms, entries, listed, &|_| {});
        movable(&running);
        Ok(Box::pin(running).await?)
    }

    /// Run it, and compare answer and cost with what they must be.
    async fn check(&self, world: &World, tactics: &Tactics) {
        let (computed, counters) = world
            .agree(async |ctx: Context| -> Result<_, Failure> {
                let ctx = ctx.with_tactics(tactics.clone());
                Ok((self.compute(&ctx).await?, ctx.counters()))
            })
            .await;
        assert_eq!(computed, self.plain(), "{:?} {:?}", self.question, self.entries);
        self.check_cost(world, tactics, &computed, counters);
    }

    fn check_cost(&self, world: &World, tactics: &Tactics, computed: &Computed, spent: Counters) {
        let terms = terms(self.security, &self.question);
        let work = Workload::of(&terms, &self.question, self.entries.len());
        let valid = self.entries.len() - computed.out_of_range.len();
        let ending = Ending::of(&self.question, valid, computed.answer.as_survey().unwrap());
        let (scheme, nodes) = (world.scheme(), world.participants());
        let exact = work.predict_ending(scheme, nodes, tactics, &ending);
        assert_eq!(
            (spent.rounds, spent.gates, spent.bytes_sent),
            (exact.rounds, exact.gates, exact.bytes_sent_per_node),
            "{:?} {:?} {ending:?}",
            self.question,
            self.entries
        );
    }
}

fn random_statistic(rng: &mut StdRng, items: &[Item]) -> Declared {
    let at = rng.random_range(0..items.len());
    let other = (at + 1) % items.len();
    let edges = |rng: &mut StdRng| {
        let Item { minimum, maximum, .. } = items[at];
        let edges = (0..rng.random_range(1..=4)).map(|_| rng.random_range(minimum + 1..=maximum));
        edges.collect::<BTreeSet<_>>().into_iter().collect()
    };
    let statistic = match rng.random_range(0..10) {
        0 => Statistic::Count,
        1 => Statistic::Sum(at),
        2 => Statistic::Mean(at),
        3 | 4 => Statistic::Deviation(at),
        5 if other != at => Statistic::Ratio(at, other),
        5 | 6 => Statistic::Minimum(at),
        7 => Statistic::Maximum(at),
        8 => Statistic::Quartiles(at),
        _ if rng.random() => Statistic::Median(at),
        _ => Statistic::Histogram(at, edges(rng)),
    };
    declared(statistic, [By::All, By::Cohort, By::Both][rng.random_range(0..3)])
}

/// Entries of any kind, most of them valid.
fn random_entry(rng: &mut StdRng, question: &Question, cohorts: usize) -> Vec<u64> {
    let chosen = Question { membership: Membership::Public, ..question.clone() };
    let layout = chosen.layout().unwrap();
    let cohort = rng.random_range(0..cohorts.max(1));
    let awkward = rng.random_range(0..8) == 0;
    let value = |rng: &mut StdRng, (at, field): (usize, gavel::rules::entries::Field)| {
        let largest = gavel::sharing::seed::mask(field.bits);
        match (at < question.cohorts.len(), awkward) {
            (true, false) => u64::from(at == cohort),
            (_, true) => rng.random::<u64>() & largest,
            (false, false) => match rng.random_range(0..4) {
                0 => field.maximum,
                1 => 0,
                _ => rng.random_range(0..=field.maximum),
            },
        }
    };
    layout.fields().enumerate().map(|field| value(rng, field)).collect()
}

fn random_survey(rng: &mut StdRng) -> (Question, Vec<Vec<u64>>) {
    loop {
        let items = (0..rng.random_range(1..=3)).map(|at| {
            let minimum = if rng.random() { 0 } else { rng.random_range(-20..20) };
            item(["pay", "years", "hours"][at], minimum, minimum + rng.random_range(1..100))
        });
        let items: Vec<Item> = items.collect();
        let cohorts = [0, 2, 3, 5][rng.random_range(0..4)];
        let membership = MEMBERSHIPS[rng.random_range(0..3)];
        let count = rng.random_range(1..=4);
        let results = (0..count).map(|_| random_statistic(rng, &items)).collect();
        let at_least = rng.random_range(1..=4);
        let question = Question { items, at_least, ..question(cohorts, membership, results) };
        if question.check(Form::Bits, &Limits::default()).is_err() {
            continue;
        }
        // Often fewer cohorts than there are, so that some are small or empty.
        let used = if cohorts > 0 { rng.random_range(1..=cohorts) } else { 0 };
        let entries = (0..rng.random_range(0..=14)).map(|_| random_entry(rng, &question, used));
        let entries = entries.collect();
        return (question, entries);
    }
}

#[tokio::test]
async fn random_surveys() {
    for (at, world) in mostly_three().iter().cycle().take(500).enumerate() {
        let (question, entries) = world.draw(random_survey);
        // Checks take most of the time; every seventh survey has them, in every world.
        let security = if at % 7 == 0 { Security::Active } else { Security::Passive };
        let trial = Trial { security, ..Trial::new(world, question, entries) };
        trial.check(world, &Tactics::default()).await;
    }
}

/// Everything there is, of all and by cohort.
fn everything() -> Vec<Declared> {
    let both = [
        Statistic::Count,
        Statistic::Sum(1),
        Statistic::Deviation(0),
        Statistic::Ratio(0, 1),
        Statistic::Minimum(1),
        Statistic::Maximum(0),
        Statistic::Quartiles(0),
        Statistic::Median(1),
    ];
    let both = both.into_iter().map(|statistic| declared(statistic, By::Both));
    let parts = [
        declared(Statistic::Histogram(0, vec![10, 20, 60]), By::All),
        declared(Statistic::Histogram(1, vec![0, 5]), By::Cohort),
    ];
    both.chain(parts).collect()
}

/// Entries of so many participants in each of some cohorts.
fn entries(cohorts: &[usize], value: impl Fn(usize, usize) -> u64) -> Vec<Vec<u64>> {
    let mut entries = Vec::new();
    for (cohort, &count) in cohorts.iter().enumerate() {
        for _ in 0..count {
            let at = entries.len();
            let chosen = (0..cohorts.len()).map(|other| u64::from(other == cohort));
            entries.push(chosen.chain([value(at, 60), value(at + 7, 15)]).collect());
        }
    }
    entries
}

#[tokio::test]
async fn awkward_surveys() {
    let spread = |at: usize, most: usize| (at * 37 % (most + 1)) as u64;
    for world in [World::new(3, 1), World::new(4, 1), World::new(5, 2)] {
        for membership in MEMBERSHIPS {
            for (counts, value) in [
                // Nobody, one, all in one cohort.
                (vec![0, 0, 0], None),
                (vec![0, 1, 0], None),
                (vec![0, 6, 0], None),
                // All equal: the smallest answer, the largest.
                (vec![3, 2, 4], Some(0)),
                (vec![3, 2, 4], Some(1)),
                // One too small, with and without company; several; at the edge.
                (vec![5, 1, 3], None),
                (vec![3, 0, 3], None),
                (vec![1, 1, 5], None),
                (vec![2, 2, 2], None),
            ] {
                let of = |at: usize, most: usize| match value {
                    Some(extreme) => extreme * most as u64,
                    None => spread(at, most),
                };
                let question = question(counts.len(), membership, everything());
                assert_eq!(question.check(Form::Bits, &Limits::default()), Ok(()));
                let trial = Trial::new(&world, question, entries(&counts, of));
                trial.check(&world, &Tactics::default()).await;
            }
        }
    }
}

#[tokio::test]
async fn tactics_change_nothing() {
    use gavel::protocol::tactics::BestBy;
    let world = World::new(3, 1);
    let spread = |at: usize, most: usize| (at * 37 % (most + 1)) as u64;
    for membership in MEMBERSHIPS {
        let question = question(3, membership, everything());
        let mut trial = Trial::new(&world, question, entries(&[50, 40, 20], spread));
        for tactics in [
            Tactics::default(),
            Tactics { best: Some(BestBy::Search), groups: vec![8], ..Tactics::default() },
            Tactics { stripe: Some(64), lanes: Some(3), ..Tactics::default() },
            Tactics { block: Some(8), block_from: Some(64), ..Tactics::default() },
            Tactics { naming: true, ..Tactics::default() },
        ] {
            assert!(tactics.check().is_ok());
            // Checks take most of the time; in stripes they are otherwise.
            let checked = tactics.stripe.is_some() || tactics.naming;
            trial.security = if checked { Security::Active } else { Security::Passive };
            trial.check(&world, &tactics).await;
        }
    }
}

/// The clear openings of a survey, in order.
async fn opened(world: &World, trial: &Trial) -> Vec<(String, u64)> {
    world
        .agree(async |ctx: Context| -> Result<_, Failure> {
            trial.compute(&ctx).await?;
            // Masked ones of work side by side come in any order.
            let clear = ctx.openings().into_iter().filter(|opening| !opening.masked);
            let told = clear.map(|opening| {
                assert_eq!(opening.to, world.participants());
                (opening.step, opening.bits)
            });
            Ok(told.collect())
        })
        .await
}

/// How many values a run opened of its measures, and how many there are in its answer that were not
/// known before: the number of answers of all, or of a public cohort, is never opened.
fn told(trial: &Trial, openings: &[(String, u64)]) -> (usize, usize) {
    let values = openings.iter().filter(|(step, _)| step == "results").count();
    let plain = trial.plain();
    let answer = plain.answer.as_survey().unwrap();
    let public = trial.question.tells_cohorts();
    let mut declared = 0;
    for (group, cell) in trial.question.groups().into_iter().zip(&answer.cells) {
        let Cell::Open(values) = cell else { continue };
        for (measure, value) in trial.question.measures(group).into_iter().zip(values) {
            let known = measure == Measure::Count && (public || group == Group::All);
            declared += usize::from(value.is_some() && !known);
        }
    }
    (values, declared)
}

#[tokio::test]
async fn a_survey_opens_what_is_declared_less_what_is_withheld() {
    let spread = |at: usize, most: usize| (at * 37 % (most + 1)) as u64;
    for world in [World::new(3, 1), World::new(4, 1).without(&[1]), World::new(5, 2)] {
        // Cohorts of five, one and three: the second is too small, and the third goes with it.
        let sum = vec![declared(Statistic::Sum(0), By::Both)];
        let all = entries(&[5, 1, 3], spread);
        let trial = Trial::new(&world, question(3, Membership::Secret, sum.clone()), all.clone());
        let openings = opened(&world, &trial).await;
        let expected =
            [("range/open", 9), ("withheld-cohorts", 3), ("results", 10), ("results", 10)];
        assert_eq!(openings, list(&expected));
        let trial = Trial::new(&world, question(3, Membership::Public, sum.clone()), all.clone());
        let members = [("members", 9); 3];
        let sums = [("results", 10), ("results", 9)];
        let expected: Vec<_> = [("range/open", 9)].into_iter().chain(members).chain(sums).collect();
        assert_eq!(opened(&world, &trial).await, list(&expected));
        // Assigned ones are known: nothing of them is opened.
        let trial = Trial::new(&world, question(3, Membership::Assigned, sum.clone()), all.clone());
        let expected = [("range/open", 9), ("results", 10), ("results", 9)];
        assert_eq!(opened(&world, &trial).await, list(&expected));
        // Too few: of nobody anything.
        let few = entries(&[0, 1, 0], spread);
        let trial = Trial::new(&world, question(3, Membership::Secret, sum), few);
        assert_eq!(opened(&world, &trial).await, list(&[("range/open", 1)]));
        // A value for each measure that is told, one bit for each cohort and bin.
        for membership in MEMBERSHIPS {
            let trial = Trial::new(&world, question(3, membership, everything()), all.clone());
            let openings = opened(&world, &trial).await;
            let (values, declared) = told(&trial, &openings);
            assert_eq!(values, declared);
            let names: BTreeSet<&str> = openings.iter().map(|(step, _)| step.as_str()).collect();
            let cohorts = match membership {
                Membership::Secret => Some("withheld-cohorts"),
                Membership::Public => Some("members"),
                Membership::Assigned => None,
            };
            let expected = ["range/open", "withheld-bins", "results"].into_iter().chain(cohorts);
            assert_eq!(names, expected.collect());
        }
    }
}

/// Who has other cohorts than the terms and the entries ask for computes nothing.
#[tokio::test]
async fn cohorts_that_are_not_those_of_the_entries_are_refused() {
    let world = World::new(3, 1);
    let sum = vec![declared(Statistic::Sum(0), By::Cohort)];
    let all = || entries(&[3, 3], |at, most| (at % (most + 1)) as u64);
    let right = |membership| Trial::new(&world, question(2, membership, sum.clone()), all());
    let assigned =
        |cohorts: &[u8]| Trial { assigned: cohorts.to_vec(), ..right(Membership::Assigned) };
    let wrong = [
        assigned(&[]),
        assigned(&[0, 0, 0, 1, 1]),
        assigned(&[0, 0, 0, 1, 1, 2]),
        Trial { assigned: vec![0; 6], ..right(Membership::Public) },
    ];
    for trial in &wrong {
        let failed = world.run(async |ctx: Context| trial.compute(&ctx).await.map(drop)).await;
        for (node, failure) in failed {
            assert!(matches!(failure, Err(Failure::Run(RunError::Cohorts))), "{node} {failure:?}");
        }
    }
    right(Membership::Assigned).check(&world, &Tactics::default()).await;
}

/// A wrong bit in the gates of any step is found before anything that depends on it is opened.
#[tokio::test(start_paused = true)]
async fn a_wrong_bit_in_any_step_is_found() {
    let survey = |world: &World| {
        let results = vec![
            declared(Statistic::Deviation(1), By::Both),
            declared(Statistic::Histogram(1, vec![2]), By::Cohort),
            declared(Statistic::Minimum(1), By::Cohort),
            declared(Statistic::Median(1), By::Cohort),
        ];
        let question = question(2, Membership::Secret, results);
        Trial::new(world, question, entries(&[2, 2], |at, most| (at % (most + 1)) as u64))
    };
    let openings = ["range/open", "withheld-cohorts", "withheld-bins", "results"];
    let steps = sweep::a_wrong_bit_is_found((3, 1), &openings, async |world: World| {
        let trial = survey(&world);
        world.run(async |ctx: Context| trial.compute(&ctx).await.map(drop)).await
    });
    let steps = steps.await;
    assert!(steps > 50, "{steps} steps");
}
