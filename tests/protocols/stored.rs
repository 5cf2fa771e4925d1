//! Variables that stay from one job to another: in memory, with every node's shelf.

use std::collections::BTreeMap;

use gavel::field::{Field as _, Mersenne127};
use gavel::protocol::{Context, ProtocolError, StepId};
use gavel::rules::job::step::Expected;
use gavel::rules::job::{
    Answer, Change, Number, Operation, Prime, Question, Receiver, StoredVariable,
};
use gavel::rules::{Answer as AnyAnswer, Terms};
use gavel::runs::job::{Shelf, Workload};
use gavel::runs::shares::Entries;
use gavel::runs::{Listed, RunError, run_listed};
use gavel::sharing::security::Security;
use gavel::sharing::stored::{Label, StoredShare};
use gavel::sharing::{Holding, NodeIndex, SharedBits};
use gavel::testkit::{At, Failure, Inputs, Lie, World};

use super::job::{handed, job, terms};
use super::node;

pub const SESSION: [u8; 16] = [7; 16];

/// What each node has on its shelf.
pub type Shelves = BTreeMap<NodeIndex, BTreeMap<String, StoredShare>>;

pub fn name(text: &str) -> String {
    text.to_owned()
}

/// x and y of 8 bits, of which these stay besides their product.
pub fn first(field: Prime) -> Question {
    let multiply = Operation::Multiply { variable: name("p"), x: name("x"), y: name("y") };
    let keep = ["x", "y", "p"].map(str::to_owned).to_vec();
    Question { keep, ..job(field, [handed("x", 8), handed("y", 8), multiply]) }
}

/// The step that loads a stored variable.
pub fn load(variable: &StoredVariable) -> Operation {
    let (range, owner, version) = (variable.range, variable.owner.clone(), variable.version());
    Operation::Load {
        variable: variable.name.clone(),
        stored: variable.name.clone(),
        expected: Expected { range, owner, version },
    }
}

/// x + y and p p of what is stored; the sum stays.
pub fn second(stored: &[StoredVariable]) -> Question {
    let steps = [
        Operation::Add { variable: name("sum"), x: name("x"), y: name("y") },
        Operation::Multiply { variable: name("square"), x: name("p"), y: name("p") },
        Operation::Reveal { variable: name("sum") },
        Operation::Reveal { variable: name("square") },
    ];
    let steps = stored.iter().map(load).chain(steps);
    Question { keep: vec![name("sum")], ..job(stored[0].field, steps) }
}

/// The variables that an answer leaves behind.
pub fn left(question: &Question, answer: &Answer<usize>) -> Vec<StoredVariable> {
    let changes = question.changes(answer).into_iter();
    changes
        .map(|change| match change {
            Change::Keep { variable, .. } | Change::Refresh { variable, .. } => variable,
            Change::Forget { name } => panic!("{name} is forgotten"),
        })
        .collect()
}

pub fn entries(world: &World, question: &Question, values: &[u64]) -> Vec<Inputs> {
    let graph = question.graph().unwrap();
    let numbers: Vec<Number> = values.iter().map(|&value| Number::from(value)).collect();
    let entry = (!values.is_empty()).then(|| graph.entry(0, &numbers));
    let layout = graph.layout().unwrap();
    let fields = layout.fields().enumerate();
    let field = |(at, bits): (usize, u32)| {
        let values: Vec<u64> = entry.iter().map(|entry| entry[at]).collect();
        world.share(bits as usize, &values)
    };
    fields.map(|(at, own)| field((at, own.bits))).collect()
}

pub async fn one(
    ctx: &Context,
    terms: &Terms,
    fields: &[Inputs],
    (session, loaded): ([u8; 16], BTreeMap<String, StoredShare>),
) -> Result<(Answer<usize>, BTreeMap<String, StoredShare>), Failure> {
    let question = terms.question.as_job().unwrap();
    let shelf = Shelf::new(session, loaded);
    let fields: Vec<SharedBits> = fields.iter().map(|field| field.of(ctx.me())).collect();
    let count = usize::from(question.takes_entries());
    let masks = SharedBits::zeros(Holding::of(ctx.scheme(), ctx.me()), 0, count);
    let seats = if count == 1 { vec![Some(0)] } else { Vec::new() };
    let listed = Listed { seats: &seats, shelf: Some(&shelf), ..Listed::default() };
    let entries = Entries::Bits { fields, masks };
    let computed = Box::pin(run_listed(ctx, terms, entries, listed, &|_| {})).await?;
    let AnyAnswer::Job(answer) = computed.answer else { panic!("another kind") };
    let mut kept = shelf.take();
    kept.extend(shelf.take_told().into_iter().map(|(place, share)| (told(place), share)));
    Ok((answer, kept))
}

/// What somebody alone is told lies among what is kept under this name.
fn told(place: usize) -> String {
    format!("told {place}")
}

/// Run a session's job at all nodes; what it came to, and what is on the shelves after it.
pub async fn run_in(
    world: &World,
    session: [u8; 16],
    question: &Question,
    values: &[u64],
    loaded: &Shelves,
) -> (Answer<usize>, Shelves) {
    let (terms, fields) = (terms(question, Security::Active), entries(world, question, values));
    let results = world.run(async |ctx: Context| -> Result<_, Failure> {
        let own = loaded.get(&ctx.me()).cloned().unwrap_or_default();
        let (answer, kept) = one(&ctx, &terms, &fields, (session, own)).await?;
        Ok((answer, kept, ctx.counters()))
    });
    let (mut answers, mut shelves) = (Vec::new(), Shelves::new());
    for (node, result) in results.await {
        let (answer, kept, spent) = result.unwrap();
        let exact = Workload::of(&terms, question);
        let exact = exact.predict(
            world.scheme(),
            world.participants(),
            &gavel::protocol::Tactics::default(),
        );
        assert_eq!(
            (spent.rounds, spent.gates, spent.bytes_sent),
            (exact.rounds, exact.gates, exact.bytes_sent_per_node)
        );
        answers.push(answer);
        shelves.insert(node, kept);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "nodes disagree");
    let answer = answers.swap_remove(0);
    assert_eq!(answer.check(question), Ok(()));
    for variable in left(question, &answer) {
        let digests: Vec<[u8; 32]> = variable.digests.iter().map(|digest| digest.0).collect();
        let label = Label { session, name: &variable.name };
        for (node, kept) in &shelves {
            let share = &kept[&variable.name];
            assert!(share.fits(label, world.scheme(), *node, &digests), "{}", variable.name);
        }
    }
    (answer, shelves)
}

async fn run(
    world: &World,
    question: &Question,
    values: &[u64],
    loaded: &Shelves,
) -> (Answer<usize>, Shelves) {
    run_in(world, SESSION, question, values, loaded).await
}

#[tokio::test]
async fn a_job_computes_with_what_another_kept() {
    for ((n, t), missing) in [((3, 1), &[][..]), ((4, 1), &[2]), ((5, 2), &[]), ((5, 1), &[1, 4])] {
        for field in Prime::ALL {
            let world = World::new(n, t).without(missing);
            let question = first(field);
            let (answer, shelves) = run(&world, &question, &[4, 5], &Shelves::new()).await;
            let (again, _) = run(&world, &question, &[4, 5], &Shelves::new()).await;
            assert_eq!(answer.revealed, again.revealed);
            let next = second(&left(&question, &answer));
            let (answer, _) = run(&world, &next, &[], &shelves).await;
            let expected = [9_u64, 400].map(|value| Some(Number::from(value)));
            assert_eq!(answer.revealed, expected, "{n} nodes over {field}");
            assert_eq!(left(&next, &answer).len(), 1);
        }
    }
}

/// What is for one node or the client alone is opened to nobody: every node has its components, which fit
/// the digests in the answer and add up to the value. It costs what keeping costs, which is predicted.
#[tokio::test]
async fn what_is_for_some_alone_is_not_opened() {
    for ((n, t), missing) in [((3, 1), &[][..]), ((5, 2), &[]), ((5, 1), &[1, 4])] {
        let world = World::new(n, t).without(missing);
        let tell = |variable: &str, to| Operation::Tell { variable: name(variable), to };
        let steps = [
            handed("x", 30),
            handed("y", 30),
            Operation::Multiply { variable: name("p"), x: name("x"), y: name("y") },
            tell("p", Receiver::Node(node(2))),
            Operation::Forget { variable: name("p") },
            tell("x", Receiver::Client),
        ];
        let client_key = Some(gavel::rules::OperatorKey::stand_in());
        let question = Question { client_key, ..job(Prime::Mersenne127, steps) };
        let question = Question { keep: vec![name("y")], ..question };
        let values = [987_654_321, 1_000_003];
        let (answer, shelves) = run(&world, &question, &values, &Shelves::new()).await;
        assert!(answer.revealed.is_empty() && answer.kept.len() == 3);
        let expected = [values[0] * values[1], values[0]];
        let tellings = question.tellings(&answer);
        assert_eq!(tellings.len(), 2);
        for (telling, expected) in tellings.into_iter().zip(expected) {
            let digests: Vec<[u8; 32]> = telling.digests.iter().map(|digest| digest.0).collect();
            let label = Label { session: SESSION, name: &telling.variable };
            let mut components = BTreeMap::new();
            for (node, kept) in &shelves {
                let share = &kept[&told(telling.place)];
                assert!(share.fits(label, world.scheme(), *node, &digests));
                let held = world.scheme().held_by(*node);
                let each = share.expose().len() / held.len();
                for (position, bytes) in held.into_iter().zip(share.expose().chunks(each)) {
                    let component = StoredShare::component::<Mersenne127>(bytes).unwrap();
                    components.insert(position, component);
                }
            }
            assert_eq!(components.len(), world.scheme().sets().len());
            let sum = components.into_values().fold(Mersenne127::ZERO, |sum, own| sum + own);
            assert_eq!(Number::of_element(sum), Number::from(expected));
        }
    }
}

/// A share that was changed is an input that others have otherwise: it is found before anything is
/// revealed, and so is a digest that differs.
#[tokio::test]
async fn who_lies_about_a_share_is_found() {
    for (n, t) in [(3, 1), (5, 2)] {
        let world = World::new(n, t);
        let question = first(Prime::Mersenne61);
        let (answer, shelves) = run(&world, &question, &[4, 5], &Shelves::new()).await;
        let next = second(&left(&question, &answer));
        for stored in ["x", "p"] {
            let mut bent = shelves.clone();
            let own = bent.get_mut(&node(2)).unwrap();
            let mut bytes = zeroize::Zeroizing::new(own[stored].expose().to_vec());
            // The lowest byte of the first component.
            bytes[16] ^= 1;
            own.insert(name(stored), StoredShare::from_bytes(bytes));
            let (terms, fields) = (terms(&next, Security::Active), entries(&world, &next, &[]));
            let results = world.run(async |ctx: Context| -> Result<_, Failure> {
                one(&ctx, &terms, &fields, (SESSION, bent[&ctx.me()].clone())).await
            });
            for (at, result) in results.await {
                let Err(Failure::Run(RunError::Protocol(error))) = result else {
                    panic!("{stored}: node {at} takes it");
                };
                let complaint = error.complaint(at);
                // The link to a node that has stopped says nothing of a lie.
                if matches!(error, ProtocolError::Channel { .. }) {
                    continue;
                }
                let complaint = complaint.unwrap_or_else(|| panic!("{stored}: {error}"));
                assert!(complaint.sets().iter().all(|set| at == node(2) || set.contains(node(2))));
            }
        }
        let lie = Lie { at: At::Step(StepId::of("keep")), to: Some(node(3)), bit: 9 };
        let world = World::new(n, t).with_lie(node(2), lie);
        let (terms, fields) =
            (terms(&question, Security::Active), entries(&world, &question, &[4, 5]));
        let results = world.run(async |ctx: Context| -> Result<_, Failure> {
            one(&ctx, &terms, &fields, (SESSION, BTreeMap::new())).await.map(drop)
        });
        for (at, result) in results.await {
            match result {
                Err(Failure::Run(RunError::Protocol(error))) if at == node(3) => {
                    let complaint = error.complaint(at).unwrap();
                    assert!(complaint.sets().iter().all(|set| set.contains(node(2))), "{error}");
                }
                other => assert!(at != node(3), "{other:?}"),
            }
        }
    }
}

/// Nobody who does not have a step's variable on its shelf computes it.
#[tokio::test]
async fn what_is_not_on_the_shelf_is_not_loaded() {
    let world = World::new(3, 1);
    let question = first(Prime::Mersenne127);
    let (answer, _) = run(&world, &question, &[4, 5], &Shelves::new()).await;
    let next = second(&left(&question, &answer));
    let (terms, fields) = (terms(&next, Security::Active), entries(&world, &next, &[]));
    let results = world.run(async |ctx: Context| {
        one(&ctx, &terms, &fields, (SESSION, BTreeMap::new())).await.map(drop)
    });
    for (_, result) in results.await {
        assert!(matches!(result, Err(Failure::Run(RunError::Stored))));
    }
}
