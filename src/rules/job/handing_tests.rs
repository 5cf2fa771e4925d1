use crate::base::Timestamp;
use crate::rules::SessionFile;
use crate::rules::job::answer::Answer;
use crate::rules::job::fill::fill;
use crate::rules::job::handing::*;
use crate::rules::job::receiver::Receiver;
use crate::rules::job::version::Fingerprint;
use crate::rules::job::{Range, StoredVariable};
use crate::sharing::NodeIndex;

fn stored(name: &str) -> StoredVariable {
    StoredVariable {
        name: name.to_owned(),
        field: Prime::Mersenne61,
        range: Range::of_bits(8),
        owner: None,
        generation: 4,
        digests: vec![Fingerprint([1; 32]); 3],
    }
}

fn next(nodes: u8, threshold: u8) -> Next {
    let scheme = Scheme::any(nodes, threshold).unwrap();
    Next { scheme, digest: Fingerprint([0xa5; 32]), roster: "{\"a\": \"b\"}".to_owned() }
}

fn filled(mut table: toml::Table) -> Result<Question, String> {
    let all = [stored("x"), stored("y")];
    fill(&mut table, |name| all.iter().find(|stored| stored.name == name))
        .map_err(|error| error.to_string())?;
    let file = SessionFile::parse(&table.to_string()).map_err(|error| error.to_string())?;
    let terms = file.terms(Timestamp::from_millis(0)).map_err(|error| error.to_string())?;
    terms.check().map_err(|error| error.to_string())?;
    Ok(terms.question.as_job().unwrap().clone())
}

fn file(names: &[&str], next: &Next) -> toml::Table {
    hand_over_file(Prime::Mersenne61, names, next).unwrap()
}

#[test]
fn a_file_that_hands_variables_over_is_made_and_filled_in() {
    let next = next(5, 2);
    let file = file(&["x", "y"], &next);
    assert_eq!(file["title"].as_str(), Some("Hand x and 1 more over"));
    let question = filled(file).unwrap();
    assert_eq!(question.hands_over(), Some((vec!["x", "y"], &next)));
    assert!(!question.only_refreshes() && !question.takes_entries());
    assert!(question.changed().is_empty() && question.wanted().iter().all(|one| one.share));
    let graph = question.graph().unwrap();
    assert_eq!((graph.pieces(), graph.handing().unwrap().variables), (10, vec![0, 1]));
    let words = question.steps[2].formula();
    assert!(words.contains("hand x, y over to the 5 nodes (t = 2)"), "{words}");
    assert!(words.ends_with(&vec!["a5a5"; 16].join("-")), "{words}");

    // Ten components, of each of which the outcome has digests; every node is told those it holds.
    let kept: Vec<_> = (0..10).map(|at| Some(vec![Fingerprint([at; 32]); 3])).collect();
    let answer: Answer<usize> = Answer { kept, ..Answer::new(Vec::new(), Vec::new()) };
    assert_eq!(answer.check(&question), Ok(()));
    let told = question.tellings(&answer);
    for node in next.scheme.all().iter() {
        let own = told.iter().filter(|telling| telling.to == Receiver::Next(node));
        let places: Vec<usize> = own.clone().map(|telling| telling.place).collect();
        assert_eq!(places, next.scheme.held_by(node));
        assert!(own.clone().all(|telling| telling.elements == 2));
        assert!(own.into_iter().all(|own| own.digests[0].0[0] == u8::try_from(own.place).unwrap()));
    }
    assert!(told.iter().all(|telling| telling.to != Receiver::Node(NodeIndex::new(1).unwrap())));
    let mut missing = answer.clone();
    missing.kept[9] = None;
    assert!(missing.check(&question).is_err());
    missing.kept.pop();
    assert!(missing.check(&question).is_err());
}

#[test]
fn what_cannot_be_handed_over_is_refused() {
    let (whole, five) = (|| file(&["x", "y"], &next(5, 2)), next(5, 2));
    let says = |file: toml::Table, what: &str| {
        let error = filled(file).unwrap_err();
        assert!(error.contains(what), "{error}");
    };
    says(file(&["x", "z"], &five), "no variable \"z\" is stored");
    says(file(&[], &five), "names no variable");
    says(file(&["x"], &next(2, 1)), "can only add");
    let mut keeps = whole();
    keeps.insert("keep".to_owned(), toml::Value::Array(vec!["x".into()]));
    says(keeps, "the only step of its job");
    let with = |change: &dyn Fn(&mut Vec<toml::Value>)| {
        let mut file = whole();
        change(file["steps"].as_array_mut().unwrap());
        file
    };
    let over = |steps: &mut Vec<toml::Value>| steps[2].as_table().unwrap().clone();
    says(
        with(&|steps| {
            let mut again = over(steps);
            again.insert("id".to_owned(), "again".into());
            steps.push(toml::Value::Table(again));
        }),
        "the only step of its job",
    );
    says(
        with(&|steps| {
            let mut twice = over(steps);
            twice.insert("variables".to_owned(), vec!["x", "x"].into());
            steps[2] = toml::Value::Table(twice);
        }),
        "names a variable twice",
    );
    says(
        with(&|steps| {
            let mut without = over(steps);
            without.remove("next");
            steps[2] = toml::Value::Table(without);
        }),
        "hand-over needs next",
    );
}
