//! Jobs against the plain reference: random graphs over all fields, what they cost, and wrong bits in
//! any of their steps.

use std::collections::HashSet;

use gavel::base::Timestamp;
use gavel::field::{Field, Mersenne61, Mersenne127, Prime256};
use gavel::protocol::{Context, Counters};
use gavel::rules::job::graph::Kind;
use gavel::rules::job::reference::evaluate;
use gavel::rules::job::{
    Answer, Given, Graph, Number, Operation, Prime, Question, Receiver, Status, Step,
};
use gavel::rules::terms::Admission;
use gavel::rules::{Limits, Terms};
use gavel::runs::job::Workload;
use gavel::runs::shares::Entries;
use gavel::runs::{Listed, run_listed};
use gavel::sharing::SharedBits;
use gavel::sharing::form::Form;
use gavel::sharing::security::Security;
use gavel::sharing::seed::mask;
use gavel::testkit::{Failure, Inputs, World};
use rand::RngExt as _;
use rand::rngs::StdRng;

use super::sweep;

/// The schemes that graphs are tried in.
const SCHEMES: [(u8, u8); 3] = [(3, 1), (4, 1), (5, 2)];

pub fn terms(question: &Question, security: Security) -> Terms {
    Terms {
        title: "job".to_owned(),
        description: None,
        question: question.clone().into(),
        bids_until: Timestamp::from_millis(0),
        replace_bids: false,
        protocol: Form::Bits,
        security,
        admission: Admission::default(),
        limits: Limits::default(),
    }
}

/// A job with what its participants hand in; some of them do not.
struct Trial {
    question: Question,
    graph: Graph,
    inputs: Vec<Option<Number>>,
    seats: Vec<Option<usize>>,
    fields: Vec<Inputs>,
    entries: usize,
    security: Security,
}

impl Trial {
    /// The entries lie in the opposite order of the participants.
    fn new(world: &World, question: Question, inputs: Vec<Option<Number>>) -> Self {
        let graph = question.graph().unwrap();
        let there = |participant: usize| {
            let mut own = graph.inputs.iter().zip(&inputs);
            own.all(|(input, value)| input.participant != participant || value.is_some())
        };
        let (mut seats, mut entries) = (vec![None; graph.participants.len()], Vec::new());
        for participant in (0..graph.participants.len()).rev().filter(|&at| there(at)) {
            let own = graph.inputs.iter().zip(&inputs);
            let own = own.filter(|(input, _)| input.participant == participant);
            let values: Vec<Number> = own.filter_map(|(_, value)| *value).collect();
            seats[participant] = Some(entries.len());
            entries.push(graph.entry(participant, &values).to_vec());
        }
        let layout = graph.layout().unwrap();
        let fields = layout.fields().enumerate().map(|(at, field)| {
            let values: Vec<u64> = entries.iter().map(|entry| entry[at]).collect();
            world.share(field.bits as usize, &values)
        });
        let fields = fields.collect();
        let (entries, security) = (entries.len(), Security::Active);
        Self { question, graph, inputs, seats, fields, entries, security }
    }

    /// What the reference says.
    fn plain(&self) -> Answer<usize> {
        let revealed = match self.question.field {
            Prime::Mersenne61 => self.evaluated::<Mersenne61>(),
            Prime::Mersenne127 => self.evaluated::<Mersenne127>(),
            Prime::Secp256k1 => self.evaluated::<Prime256>(),
        };
        Answer::new(self.seats.clone(), revealed)
    }

    fn evaluated<F: Field>(&self) -> Vec<Option<Number>> {
        let inputs = self.inputs.iter().map(|value| value.map(|value| value.element()));
        let inputs: Vec<Option<F>> = inputs.collect();
        // Nothing that is revealed is to depend on it.
        evaluate::<F>(&self.graph, &inputs, |_| F::from_u64(1))
    }

    async fn compute(&self, ctx: &Context) -> Result<Answer<usize>, Failure> {
        let fields: Vec<SharedBits> = self.fields.iter().map(|field| field.of(ctx.me())).collect();
        let masks = SharedBits::zeros(fields[0].holding(), 0, self.entries);
        let terms = terms(&self.question, self.security);
        let entries = Entries::Bits { fields, masks };
        let listed = Listed { seats: &self.seats, ..Listed::default() };
        let running = run_listed(ctx, &terms, entries, listed, &|_| {});
        let computed = Box::pin(running).await?;
        assert!(computed.out_of_range.is_empty());
        Ok(computed.answer.as_job().unwrap().clone())
    }

    /// Run it, and compare answer, openings and cost with what they must be.
    async fn check(&self, world: &World) {
        let opened = |ctx: &Context| -> u64 {
            let open = ctx.openings().into_iter().filter(|opening| !opening.masked);
            open.map(|opening| opening.bits).sum()
        };
        let (answer, opened, spent) = world
            .agree(async |ctx: Context| -> Result<_, Failure> {
                Ok((self.compute(&ctx).await?, opened(&ctx), ctx.counters()))
            })
            .await;
        let plain = self.plain();
        assert_eq!(answer.participants, plain.participants);
        assert_eq!(answer.revealed, plain.revealed, "{:?} {:?}", self.question, self.inputs);
        assert_eq!(answer.check(&self.question), Ok(()), "{:?}", self.question);
        // Only what the job reveals, and no public value among it, is opened.
        let secret = self.graph.revealed().zip(&plain.revealed).filter(|(variable, value)| {
            let public = matches!(self.graph.variables[*variable].kind, Kind::Public(_));
            value.is_some() && !public
        });
        assert_eq!(opened, secret.count() as u64 * u64::from(self.question.field.bits()));
        self.check_cost(world, spent);
    }

    fn check_cost(&self, world: &World, spent: Counters) {
        let terms = terms(&self.question, self.security);
        let all = Workload::of(&terms, &self.question);
        let handed_in = self.seats.iter().map(Option::is_some).collect();
        let work = Workload { handed_in, ..all };
        let tactics = gavel::protocol::Tactics::default();
        let exact = work.predict(world.scheme(), world.participants(), &tactics);
        assert_eq!(
            (spent.rounds, spent.gates, spent.bytes_sent),
            (exact.rounds, exact.gates, exact.bytes_sent_per_node),
            "{:?}",
            self.question
        );
    }
}

/// A job in the making.
struct Making<'a> {
    rng: &'a mut StdRng,
    question: Question,
    inputs: Vec<Option<Number>>,
    variables: Vec<String>,
    /// Those that depend on what nobody knows.
    drawn: HashSet<String>,
}

impl Making<'_> {
    fn variable(&mut self) -> String {
        self.variables[self.rng.random_range(0..self.variables.len())].clone()
    }

    /// Put a step at the end, if it is one of a job.
    fn put(&mut self, operation: Operation) -> bool {
        let id = format!("step {}", self.question.steps.len());
        let after = if self.rng.random_range(0..4) == 0 && !self.question.steps.is_empty() {
            let at = self.rng.random_range(0..self.question.steps.len());
            vec![self.question.steps[at].id.clone()]
        } else {
            Vec::new()
        };
        let made: Vec<String> = operation.makes().into_iter().map(str::to_owned).collect();
        let drawn = matches!(operation, Operation::Random { .. })
            || operation.uses().iter().any(|name| self.drawn.contains(*name));
        self.question.steps.push(Step { id, operation, after });
        if self.question.graph().is_err() {
            self.question.steps.pop();
            return false;
        }
        if drawn {
            self.drawn.extend(made.iter().cloned());
        }
        self.variables.extend(made);
        true
    }

    fn input(&mut self, participant: u8) {
        let most = self.question.field.bits();
        let bits = match self.rng.random_range(0..6) {
            0 => None,
            1 => Some(1),
            2 => Some(self.rng.random_range(20..=56)),
            _ => Some(self.rng.random_range(2..=18)),
        };
        let value = match bits {
            Some(bits) => Number::from(self.rng.random::<u64>() & mask(bits)),
            None if most == 256 => {
                // Below the prime: its highest words are all ones.
                let words = [(); 4].map(|()| self.rng.random::<u64>());
                Number::from_words([words[0], words[1], words[2], words[3] >> 1])
            }
            None => Number::from(self.rng.random::<u128>() >> (129 - most)),
        };
        let variable = format!("x{}", self.question.steps.len());
        let (by, private) = (format!("participant {participant}"), self.rng.random());
        let given = Given::Handed { by, private, bits };
        if self.put(Operation::Assign { variable, given }) {
            self.inputs.push(Some(value));
        }
    }

    fn step(&mut self) {
        let variable = format!("y{}", self.question.steps.len());
        let (x, y) = (self.variable(), self.variable());
        let operation = match self.rng.random_range(0..16) {
            0 | 1 => Operation::Add { variable, x, y },
            2 => Operation::Subtract { variable, x, y },
            3 => {
                let factor = Number::from(self.rng.random_range(0..1000_u64));
                Operation::Scale { variable, x, factor }
            }
            4 | 5 => Operation::Multiply { variable, x, y },
            6 => {
                let pairs = self.rng.random_range(1..4);
                let some = |making: &mut Self| (0..pairs).map(|_| making.variable()).collect();
                Operation::InnerProduct { variable, x: some(self), y: some(self) }
            }
            7 => Operation::Equal { variable, x, y },
            8 | 9 => Operation::LessThan { variable, x, y },
            10 => Operation::Select { variable, condition: self.variable(), x, y },
            11 if self.rng.random() => {
                let some = |making: &mut Self, name: &str| {
                    making.rng.random::<bool>().then(|| format!("{name} of {variable}"))
                };
                let (rest, by_zero) = (some(self, "rest"), some(self, "zero"));
                Operation::Divide { variable, rest, by_zero, x, y }
            }
            12 | 13 => {
                let value = Number::from(self.rng.random_range(0..100_u64));
                Operation::Assign { variable, given: Given::Public(value) }
            }
            _ => {
                let bits = self.rng.random::<bool>().then(|| self.rng.random_range(1..20));
                Operation::Random { variable, bits }
            }
        };
        self.put(operation);
    }

    /// Some number that nobody knows is added and taken away again.
    fn hidden(&mut self) {
        let at = self.question.steps.len();
        let name = |what: &str| format!("{what}{at}");
        let x = self.variable();
        if self.drawn.contains(&x) {
            return;
        }
        let (random, sum, back) = (name("r"), name("s"), name("b"));
        let steps = [
            Operation::Random { variable: random.clone(), bits: None },
            Operation::Add { variable: sum.clone(), x, y: random.clone() },
            Operation::Subtract { variable: back.clone(), x: sum, y: random },
        ];
        if steps.into_iter().all(|operation| self.put(operation)) {
            self.drawn.remove(&back);
        }
    }
}

fn random_job(rng: &mut StdRng, field: Prime) -> (Question, Vec<Option<Number>>) {
    let question = Question::new(field, Vec::new());
    let (inputs, variables, drawn) = (Vec::new(), Vec::new(), HashSet::new());
    let mut making = Making { rng, question, inputs, variables, drawn };
    let participants = making.rng.random_range(1..=3);
    for participant in 1..=participants {
        for _ in 0..making.rng.random_range(1..=3) {
            making.input(participant);
        }
    }
    for _ in 0..making.rng.random_range(2..14) {
        making.step();
    }
    if making.rng.random() {
        making.hidden();
    }
    for name in making.variables.clone() {
        if !making.drawn.contains(&name) && making.rng.random_range(0..3) > 0 {
            making.put(Operation::Reveal { variable: name.clone() });
        }
        if making.rng.random_range(0..6) == 0 {
            // For one alone: it is not opened.
            let to = Receiver::Node(super::node(1));
            making.put(Operation::Tell { variable: name.clone(), to });
        }
        if making.rng.random_range(0..5) == 0 {
            making.put(Operation::Forget { variable: name });
        }
    }
    if making.rng.random_range(0..5) == 0 {
        // One participant hands nothing in.
        let graph = making.question.graph().unwrap();
        let missing = making.rng.random_range(0..graph.participants.len());
        for (input, value) in graph.inputs.iter().zip(&mut making.inputs) {
            if input.participant == missing {
                *value = None;
            }
        }
    }
    (making.question, making.inputs)
}

/// Set it to try so many graphs in all, instead of some.
const GRAPHS_VARIABLE: &str = "GAVEL_GRAPHS";

/// Random graphs in a `cargo test`, over all fields together.
const GRAPHS: usize = 90;

async fn random_graphs(prime: Prime) {
    let graphs = std::env::var(GRAPHS_VARIABLE).ok().and_then(|graphs| graphs.parse().ok());
    for at in 0..graphs.unwrap_or(GRAPHS).div_ceil(3) {
        let (n, t) = SCHEMES[at % SCHEMES.len()];
        let missing: &[u8] = if (n, at % 2) == (4, 0) { &[2] } else { &[] };
        let world = World::new(n, t).without(missing);
        let (question, inputs) = world.draw(|rng| random_job(rng, prime));
        Trial::new(&world, question, inputs).check(&world).await;
    }
}

#[tokio::test]
async fn random_graphs_over_61_bits() {
    random_graphs(Prime::Mersenne61).await;
}

#[tokio::test]
async fn random_graphs_over_127_bits() {
    random_graphs(Prime::Mersenne127).await;
}

#[tokio::test]
async fn random_graphs_over_256_bits() {
    random_graphs(Prime::Secp256k1).await;
}

pub fn handed(name: &str, bits: u32) -> Operation {
    let given = Given::Handed { by: "client".to_owned(), private: false, bits: Some(bits) };
    Operation::Assign { variable: name.to_owned(), given }
}

pub fn job(field: Prime, operations: impl IntoIterator<Item = Operation>) -> Question {
    let step = |(at, operation)| Step { id: format!("{at}"), operation, after: Vec::new() };
    Question::new(field, operations.into_iter().enumerate().map(step).collect())
}

/// A little of everything; a division, which takes most of the steps, only where it is asked for.
fn everything(field: Prime, divided: bool) -> Question {
    let name = str::to_owned;
    let (x, y) = (|| name("x"), || name("y"));
    let steps = [
        handed("x", 8),
        handed("y", 8),
        Operation::Multiply { variable: name("p"), x: x(), y: y() },
        Operation::InnerProduct { variable: name("z"), x: vec![x(), y()], y: vec![y(), y()] },
        Operation::LessThan { variable: name("l"), x: x(), y: y() },
        Operation::Equal { variable: name("e"), x: x(), y: y() },
        Operation::Select { variable: name("s"), condition: name("l"), x: name("p"), y: name("z") },
        Operation::Reveal { variable: name("s") },
        Operation::Reveal { variable: name("e") },
    ];
    let division = [
        Operation::Divide {
            variable: name("q"),
            rest: Some(name("r")),
            by_zero: None,
            x: x(),
            y: y(),
        },
        Operation::Reveal { variable: name("q") },
        Operation::Reveal { variable: name("r") },
    ];
    job(field, steps.into_iter().chain(division.into_iter().filter(|_| divided)))
}

fn numbers(values: &[u64]) -> Vec<Option<Number>> {
    values.iter().map(|&value| Some(Number::from(value))).collect()
}

#[tokio::test]
async fn a_wrong_bit_is_found_before_anything_is_revealed() {
    let openings = ["level-0/decide/bits/open", "level-2/open"];
    for (scheme, field, divided) in [
        ((3, 1), Prime::Mersenne61, true),
        ((5, 2), Prime::Mersenne61, false),
        ((3, 1), Prime::Mersenne127, false),
        ((3, 1), Prime::Secp256k1, false),
    ] {
        let steps = sweep::a_wrong_bit_is_found(scheme, &openings, async |world: World| {
            let trial = Trial::new(&world, everything(field, divided), numbers(&[200, 7]));
            world.run(async |ctx: Context| trial.compute(&ctx).await.map(drop)).await
        });
        let steps = steps.await;
        assert!(steps > 10, "{steps} steps");
    }
}

#[tokio::test]
async fn division_by_a_secret_zero_is_defined() {
    let names = ["q", "rest", "zero"].map(str::to_owned);
    let [variable, rest, by_zero] = names.clone();
    let divide = Operation::Divide {
        variable,
        rest: Some(rest),
        by_zero: Some(by_zero),
        x: "x".to_owned(),
        y: "y".to_owned(),
    };
    let reveals = names.map(|variable| Operation::Reveal { variable });
    let steps = [handed("x", 32), handed("y", 32), divide].into_iter().chain(reveals);
    let question = job(Prime::Secp256k1, steps);
    let world = World::new(3, 1);
    let trial = Trial::new(&world, question, numbers(&[12_345, 0]));
    trial.check(&world).await;
    let revealed = trial.plain().revealed;
    assert_eq!(revealed, numbers(&[u64::from(u32::MAX), 12_345, 1]));
}

#[tokio::test]
async fn without_checks_it_comes_to_the_same() {
    for (n, t) in SCHEMES {
        let world = World::new(n, t).with_security(Security::Passive);
        let mut trial = Trial::new(&world, everything(Prime::Mersenne61, true), numbers(&[3, 3]));
        trial.security = Security::Passive;
        trial.check(&world).await;
        assert_eq!(trial.plain().revealed, numbers(&[18, 1, 1, 0]));
    }
}

/// Who hands nothing in holds up only what depends on it.
#[tokio::test]
async fn a_missing_entry_leaves_the_other_steps_alone() {
    let from = |name: &str, by: &str| {
        let given = Given::Handed { by: by.to_owned(), private: false, bits: Some(16) };
        Operation::Assign { variable: name.to_owned(), given }
    };
    let add = |variable: &str, x: &str, y: &str| Operation::Add {
        variable: variable.to_owned(),
        x: x.to_owned(),
        y: y.to_owned(),
    };
    let reveal = |variable: &str| Operation::Reveal { variable: variable.to_owned() };
    let question = job(
        Prime::Mersenne127,
        [
            from("a", "ada"),
            from("b", "bob"),
            add("double", "a", "a"),
            add("both", "a", "b"),
            reveal("both"),
            reveal("double"),
        ],
    );
    let world = World::new(4, 1);
    let trial = Trial::new(&world, question, vec![Some(Number::from(21_u64)), None]);
    trial.check(&world).await;
    let plain = trial.plain();
    assert_eq!(plain.revealed, [None, Some(Number::from(42_u64))]);
    assert_eq!(plain.participants, [Some(0), None]);
    let statuses = trial.graph.statuses(&plain.handed_in());
    let names: Vec<&str> = statuses.iter().map(Status::name).collect();
    let done = ["completed", "failed", "completed", "failed", "failed", "completed"];
    assert_eq!(names, done);
}
