use crate::base::bytes::Blob;
use crate::rules::job::file::Fields;
use crate::rules::job::version::Fingerprint;
use crate::rules::job::*;
use crate::rules::operator_key::{self, OperatorKey};
use crate::rules::session_file::{SessionFile, with_operator_key};
use crate::sharing::NodeIndex;

const STEPS: &str = r#"
field = "2^61-1"
steps = [
    { id = "1", operation = "assign", variable = "x", from = "ada", bits = 8 },
    { id = "2", operation = "assign", variable = "y", from = "ben", bits = 8 },
    { id = "3", operation = "multiply", variable = "z", operand1 = "x", operand2 = "y" },
    { id = "4", operation = "reveal", variable = "z", to = "node 2" },
    { id = "5", operation = "reveal", variable = "z", to = "client" },
    { id = "6", operation = "reveal", variable = "x", destination_node = 3 },
    { id = "7", operation = "reveal", variable = "y", to = "all" },
    { id = "8", operation = "forget", variable = "z" },
]
"#;

fn key() -> OperatorKey {
    OperatorKey(Blob(vec![7; operator_key::BYTES]))
}

fn read(text: &str) -> Result<Question, JobFault> {
    let mut fields: Fields = toml::from_str(text).unwrap();
    if fields.lacks_client_key() {
        fields.client_key = Some(key());
    }
    fields.question()
}

fn fault(from: &str, to: &str) -> String {
    assert!(STEPS.contains(from), "{from}");
    read(&STEPS.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn what_is_for_some_alone_is_not_among_what_is_revealed() {
    let question = read(STEPS).unwrap();
    let graph = question.graph().unwrap();
    let (node, client) = (|at| Receiver::Node(NodeIndex::new(at).unwrap()), Receiver::Client);
    let to: Vec<Receiver> = graph.tells().iter().map(|tell| tell.to).collect();
    assert_eq!(to, [node(2), client, node(3)]);
    assert_eq!(graph.told(), ["z to node 2", "z to client", "x to node 3"]);
    let revealed: Vec<usize> = graph.revealed().collect();
    assert_eq!(revealed.len(), 1);
    assert_eq!(graph.variables[revealed[0]].name, "y");
    assert_eq!(question.told_nodes().map(NodeIndex::get).collect::<Vec<_>>(), [2, 3]);
    let formulas: Vec<String> = question.steps.iter().map(Step::formula).collect();
    assert_eq!(
        formulas[3..6],
        ["reveal z to node 2 alone", "reveal z to client alone", "reveal x to node 3 alone"]
    );
}

#[test]
fn a_job_with_another_key_receiver_or_step_is_not_the_same() {
    let posted = read(STEPS).unwrap();
    assert!(read(STEPS).unwrap().does_the_same(&posted));
    for (from, to) in [
        ("to = \"client\"", "to = \"all\""),
        ("to = \"node 2\"", "to = \"node 1\""),
        ("operand2 = \"y\"", "operand2 = \"x\""),
        ("field = \"2^61-1\"", "field = \"2^127-1\""),
        ("field = \"2^61-1\"", "field = \"2^61-1\"\nkeep = [\"x\"]"),
    ] {
        assert!(STEPS.contains(from), "{from}");
        assert!(!read(&STEPS.replacen(from, to, 1)).unwrap().does_the_same(&posted), "{to}");
    }
    let mut other = posted.clone();
    other.client_key = Some(OperatorKey(Blob(vec![8; operator_key::BYTES])));
    assert!(!other.does_the_same(&posted));
    other = posted.clone();
    other.steps.pop();
    assert!(!other.does_the_same(&posted) && !posted.does_the_same(&other));
}

#[test]
fn an_answer_has_digests_of_what_it_tells_and_no_value() {
    let question = read(STEPS).unwrap();
    let digests = |at: u8| Some(vec![Fingerprint([at; 32]); 3]);
    let answer = Answer {
        participants: vec![Some(0), Some(1)],
        revealed: vec![Some(Number::from(5_u64))],
        kept: vec![digests(1), digests(2), digests(3)],
    };
    answer.check(&question).unwrap();
    let told = question.tellings(&answer);
    let places: Vec<(usize, &str)> =
        told.iter().map(|telling| (telling.place, telling.variable.as_str())).collect();
    assert_eq!(places, [(0, "z"), (1, "z"), (2, "x")]);
    assert_eq!(told[2].digests, vec![Fingerprint([3; 32]); 3]);
    // Without ben nobody is told the product, and node 3 is told x all the same.
    let without = Answer {
        participants: vec![Some(0), None],
        revealed: vec![None],
        kept: vec![None, None, digests(3)],
    };
    without.check(&question).unwrap();
    assert_eq!(question.tellings(&without).len(), 1);
    for wrong in [
        Answer { kept: vec![digests(1), digests(2)], ..answer.clone() },
        Answer { kept: vec![digests(1), None, digests(3)], ..answer.clone() },
        Answer { kept: vec![digests(1), digests(2), digests(3)], ..without },
    ] {
        assert!(wrong.check(&question).is_err(), "{wrong:?}");
    }
}

#[test]
fn who_cannot_be_told_is_said_where_the_job_is_written() {
    assert!(fault("\"node 2\"", "\"node 77\"").contains("such as \"node 2\""));
    assert!(fault("\"node 2\"", "\"ada\"").contains("not to \"ada\""));
    let private =
        fault("bits = 8 },\n    { id = \"2\"", "type = \"private\", bits = 8 },\n    { id = \"2\"");
    assert!(private.contains("\"x\" is private"), "{private}");
    let public = STEPS.replace(
        "variable = \"x\", from = \"ada\", bits = 8",
        "variable = \"x\", type = \"public\", value = 3",
    );
    let public = read(&public).unwrap_err().to_string();
    assert!(public.contains("step \"6\": \"x\" is public"), "{public}");

    let fields: Fields = toml::from_str(STEPS).unwrap();
    let lacks = fields.question().unwrap_err().to_string();
    assert!(lacks.contains("step \"5\"") && lacks.contains("client_key"), "{lacks}");
    let nobody = STEPS.replace("to = \"client\"", "to = \"all\"");
    let spare = Fields { client_key: Some(key()), ..toml::from_str(&nobody).unwrap() };
    assert!(spare.question().unwrap_err().to_string().contains("leave it out"));
    let short = OperatorKey(Blob(vec![7; 32]));
    let short = Fields { client_key: Some(short), ..toml::from_str(STEPS).unwrap() };
    assert!(short.question().unwrap_err().to_string().contains("client_key is not one"));
}

#[test]
fn the_clients_key_is_written_into_files_of_jobs() {
    let file = format!("title = \"T\"\nkind = \"job\"\nbids_until = \"1m\"\n{STEPS}");
    assert!(SessionFile::read(&file).unwrap().fields.lacks_operator_key());
    let with = toml::to_string(&with_operator_key(&file, &key()).unwrap()).unwrap();
    let terms = SessionFile::parse(&with).unwrap();
    assert!(!terms.fields.lacks_operator_key());
    let terms = terms.terms(crate::base::Timestamp::from_millis(0)).unwrap();
    assert_eq!(terms.question.client_key(), Some(&key()));
    let scheme = |nodes| crate::sharing::Scheme::new(nodes, 1).unwrap();
    assert_eq!(terms.check_nodes(scheme(3)), Ok(()));
    let fewer = crate::sharing::Scheme::new(2, 0).map(|scheme| terms.check_nodes(scheme));
    if let Ok(fewer) = fewer {
        assert!(fewer.unwrap_err().to_string().contains("node 3 alone, and the roster has 2"));
    }
}
