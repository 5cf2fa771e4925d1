use crate::rules::job::graph::*;
use crate::rules::job::{Given, JobFault, Operation, Question, Step};

fn handed(name: &str) -> Operation {
    let given = Given::Handed { by: "client".to_owned(), private: false, bits: Some(20) };
    Operation::Assign { variable: name.to_owned(), given }
}

fn public(name: &str, value: u64) -> Operation {
    let given = Given::Public(Number::from(value));
    Operation::Assign { variable: name.to_owned(), given }
}

fn two(name: &str, x: &str, y: &str) -> (String, String, String) {
    (name.to_owned(), x.to_owned(), y.to_owned())
}

fn add(name: &str, x: &str, y: &str) -> Operation {
    let (variable, x, y) = two(name, x, y);
    Operation::Add { variable, x, y }
}

fn multiply(name: &str, x: &str, y: &str) -> Operation {
    let (variable, x, y) = two(name, x, y);
    Operation::Multiply { variable, x, y }
}

fn reveal(name: &str) -> Operation {
    Operation::Reveal { variable: name.to_owned() }
}

fn forget(name: &str) -> Operation {
    Operation::Forget { variable: name.to_owned() }
}

fn steps(steps: &[(&str, Operation, &[&str])]) -> Vec<Step> {
    let step = |(id, operation, after): &(&str, Operation, &[&str])| Step {
        id: (*id).to_owned(),
        operation: operation.clone(),
        after: after.iter().map(|&after| after.to_owned()).collect(),
    };
    steps.iter().map(step).collect()
}

fn graph(all: &[(&str, Operation, &[&str])]) -> Graph {
    Graph::of(Prime::Secp256k1, &steps(all)).unwrap()
}

fn levels(graph: &Graph) -> Vec<(&str, usize)> {
    graph.steps.iter().map(|step| (step.id.as_str(), step.level)).collect()
}

#[test]
fn a_step_that_takes_no_rounds_takes_no_level() {
    // Out of order: a step may stand before those that it waits for.
    let graph = graph(&[
        ("show", reveal("r"), &[]),
        ("q", multiply("q", "p", "s"), &[]),
        ("x", handed("x"), &[]),
        ("y", handed("y"), &[]),
        ("s", add("s", "x", "y"), &[]),
        ("p", multiply("p", "s", "s"), &[]),
        ("other", multiply("other", "x", "x"), &[]),
        ("r", add("r", "q", "p"), &[]),
    ]);
    let expected =
        [("show", 2), ("q", 1), ("x", 0), ("y", 0), ("s", 0), ("p", 0), ("other", 0), ("r", 2)];
    assert_eq!(levels(&graph), expected);
    assert_eq!(graph.levels(), 3);
    let order: Vec<usize> = graph.order.clone();
    let place = |at: usize| order.iter().position(|&other| other == at).unwrap();
    for (at, step) in graph.steps.iter().enumerate() {
        assert!(step.waits_for.iter().all(|&before| place(before) < place(at)), "{}", step.id);
    }
}

#[test]
fn all_that_nothing_waits_for_is_opened_at_the_end() {
    let graph = graph(&[
        ("x", handed("x"), &[]),
        ("show x", reveal("x"), &[]),
        ("p", multiply("p", "x", "x"), &[]),
        ("q", multiply("q", "p", "x"), &[]),
        ("show q", reveal("q"), &[]),
        ("forget x", forget("x"), &[]),
    ]);
    let by_id = |id: &str| levels(&graph).into_iter().find(|(own, _)| *own == id).unwrap().1;
    assert_eq!((by_id("show x"), by_id("show q"), by_id("forget x")), (2, 2, 3));
    let waited = [
        ("x", handed("x"), &[][..]),
        ("show", reveal("x"), &[]),
        ("p", multiply("p", "x", "x"), &["show"]),
        ("show p", reveal("p"), &[]),
    ];
    let early = self::graph(&waited);
    assert_eq!(levels(&early), [("x", 0), ("show", 0), ("p", 1), ("show p", 2)]);
}

#[test]
fn what_is_public_is_known_at_once() {
    let graph = graph(&[
        ("x", handed("x"), &[]),
        ("a", public("a", 6), &[]),
        ("b", public("b", 7), &[]),
        ("c", multiply("c", "a", "b"), &[]),
        ("d", multiply("d", "c", "x"), &[]),
        ("show", reveal("c"), &[]),
    ]);
    let answer = Number::from(42_u64);
    assert_eq!(graph.variables[3].kind, Kind::Public(answer));
    assert_eq!(graph.steps[3].action, Action::Known { variable: 3, value: answer });
    assert!(matches!(graph.steps[4].action, Action::Linear { .. }));
    assert_eq!(graph.variables[4].range, Range::Within { low: 0, high: 42 * ((1 << 20) - 1) });
}

#[test]
fn a_forgotten_variable_is_used_before() {
    let steps = steps(&[
        ("x", handed("x"), &[]),
        ("forget", forget("x"), &[]),
        ("p", multiply("p", "x", "x"), &["forget"]),
    ]);
    let circle = JobFault::Cycle { steps: ["forget", "p", "forget"].map(str::to_owned).to_vec() };
    assert_eq!(Graph::of(Prime::Mersenne61, &steps), Err(circle));
}

#[test]
fn what_lacks_a_value_is_told() {
    let from = |name: &str, by: &str| {
        let given = Given::Handed { by: by.to_owned(), private: false, bits: None };
        Operation::Assign { variable: name.to_owned(), given }
    };
    let graph = graph(&[
        ("x", from("x", "ada"), &[]),
        ("y", from("y", "bob"), &[]),
        ("s", add("s", "x", "y"), &[]),
        ("d", add("d", "x", "x"), &[]),
        ("late", add("late", "x", "x"), &["s"]),
    ]);
    assert_eq!(graph.participants, ["ada", "bob"]);
    let lacking = graph.lacking(&[true, false]);
    assert_eq!(lacking, [None, Some(1), Some(1), None, Some(1)]);
    let words = graph.statuses(&[true, false])[2].to_string();
    assert_eq!(words, "failed: \"bob\" handed nothing in");
}

#[test]
fn wide_values_take_several_fields() {
    let from = |name: &str, by: &str, bits| {
        let given = Given::Handed { by: by.to_owned(), private: false, bits };
        Operation::Assign { variable: name.to_owned(), given }
    };
    let steps = steps(&[
        ("a", from("a", "ada", Some(8)), &[]),
        ("b", from("b", "bob", None), &[]),
        ("c", from("c", "ada", Some(61)), &[]),
    ]);
    let question = Question::new(Prime::Secp256k1, steps);
    let graph = question.graph().unwrap();
    let widths: Vec<u32> = graph.layout().unwrap().fields().map(|field| field.bits).collect();
    assert_eq!(widths, [60, 60, 60, 60, 16]);
    assert_eq!(question.layout(), graph.layout());
    let large =
        Number::parse("98765432109876543210987654321098765432109876543210987654321").unwrap();
    let entry = graph.entry(1, &[large]);
    assert_eq!(graph.value(&graph.places()[1], &entry), large);
    let values = [Number::from(200_u64), Number::from(1_u64 << 60)];
    let entry = graph.entry(0, &values);
    assert_eq!(&entry[..], [200, 0, 1, 0, 0]);
    for (place, value) in [0, 2].into_iter().zip(values) {
        assert_eq!(graph.value(&graph.places()[place], &entry), value);
    }
    // What lies above a value's bits does not count.
    let place = &graph.places()[0];
    assert_eq!(graph.value(place, &[0xfff, 0, 0, 0, 0]), Number::from(0xff_u64));
}
