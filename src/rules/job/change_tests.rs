use std::collections::BTreeMap;

use crate::base::Timestamp;
use crate::rules::SessionFile;
use crate::rules::job::change::*;
use crate::rules::job::file::{has_values, own_values};
use crate::rules::job::fill::{fill, loads_any};
use crate::rules::job::{Range, StoredVariable, Version};

fn stored(name: &str, field: Prime, owner: Option<&str>) -> StoredVariable {
    StoredVariable {
        name: name.to_owned(),
        field,
        range: Range::of_bits(8),
        owner: owner.map(str::to_owned),
        generation: 0,
        digests: vec![Fingerprint([1; 32]), Fingerprint([2; 32])],
    }
}

fn file(more: &str, steps: &str) -> String {
    format!(
        "title = \"Job\"\nkind = \"job\"\nfield = \"2^61-1\"\nbids_until = \"1m\"\n{more}\n\
         steps = [{steps}]\n"
    )
}

const LOAD: &str = "{ id = \"1\", operation = \"load\", variable = \"a\", stored = \"x\" },";

/// The question of a file, filled in from these.
fn filled(text: &str, all: &[StoredVariable]) -> Result<Question, String> {
    let mut table: toml::Table = text.parse().unwrap();
    let all: BTreeMap<&str, &StoredVariable> =
        all.iter().map(|stored| (stored.name.as_str(), stored)).collect();
    fill(&mut table, |name| all.get(name).copied()).map_err(|error| error.to_string())?;
    let file = SessionFile::parse(&table.to_string()).map_err(|error| error.to_string())?;
    let terms = file.terms(Timestamp::from_millis(0)).map_err(|error| error.to_string())?;
    terms.check().map_err(|error| error.to_string())?;
    Ok(terms.question.as_job().unwrap().clone())
}

#[test]
fn everything_that_is_known_makes_the_version() {
    let one = stored("x", Prime::Mersenne61, None);
    let mut versions = vec![one.version()];
    let changes: [fn(&mut StoredVariable); 6] = [
        |stored| stored.name.push('y'),
        |stored| stored.field = Prime::Mersenne127,
        |stored| stored.range = Range::of_bits(9),
        |stored| stored.owner = Some("ada".to_owned()),
        |stored| stored.generation = 1,
        |stored| stored.digests[1].0[31] ^= 1,
    ];
    for change in changes {
        let mut other = one.clone();
        change(&mut other);
        assert!(!versions.contains(&other.version()), "{other:?}");
        versions.push(other.version());
    }
    assert_eq!(one.version().to_string().parse(), Ok(one.version()));
    assert!("x".parse::<Version>().is_err());
}

#[test]
fn what_a_file_leaves_open_is_filled_in() {
    let x = stored("x", Prime::Mersenne61, Some("ada"));
    let text = file("", LOAD);
    assert!(loads_any(&text.parse().unwrap()));
    let error = SessionFile::parse(&text).map(drop).unwrap_err().to_string();
    assert!(error.contains("does not say which"), "{error}");
    let question = filled(&text, std::slice::from_ref(&x)).unwrap();
    let [wanted] = &question.wanted()[..] else { panic!("one load") };
    assert!(wanted.is(&x) && !question.takes_entries());
    assert_eq!(question.graph().unwrap().known_to(0), "private to ada");
    let mut newer = x.clone();
    newer.generation = 1;
    assert!(!wanted.is(&newer));
    // It is filled in once: what is said stays.
    let error = filled(&text, &[]).unwrap_err();
    assert!(error.contains("no variable \"x\" is stored"), "{error}");
    let error = filled(&text, &[stored("x", Prime::Mersenne127, None)]).unwrap_err();
    assert!(error.contains("say field = \"2^127-1\""), "{error}");
    let wrong = LOAD.replace("stored", "range = \"9..=1\", stored");
    assert!(filled(&file("", &wrong), &[x]).is_err());
}

#[test]
fn only_what_is_secret_and_stays_may_be_kept() {
    let x = stored("x", Prime::Mersenne61, None);
    let keep = |names: &str, more: &str| {
        filled(
            &file(&format!("keep = [{names}]"), &format!("{LOAD}{more}")),
            std::slice::from_ref(&x),
        )
    };
    let question = keep("\"a\"", "").unwrap();
    assert_eq!((question.graph().unwrap().keeps, question.changed()), (vec![0], vec!["a"]));
    let public =
        "{ id = \"2\", operation = \"assign\", variable = \"p\", type = \"public\", value = 1 },";
    let forget = "{ id = \"3\", operation = \"forget\", variable = \"a\" },";
    for (names, more, why) in [
        ("\"b\"", "", "no variable of this job"),
        ("\"a\", \"a\"", "", "twice"),
        ("\"p\"", public, "is public"),
        ("\"a\"", forget, "is forgotten"),
    ] {
        let error = keep(names, more).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    let question = keep("", forget).unwrap();
    assert_eq!(question.changed(), ["x"]);
    let answer: Answer<usize> = Answer::new(Vec::new(), Vec::new());
    assert_eq!(question.changes(&answer), [Change::Forget { name: "x".to_owned() }]);
}

#[test]
fn an_answer_says_of_every_kept_variable_what_binds_it() {
    let x = stored("x", Prime::Mersenne61, None);
    let add = "{ id = \"2\", operation = \"add\", variable = \"b\", operand1 = \"a\", operand2 = \"a\" },\
               { id = \"3\", operation = \"assign\", variable = \"c\", from = \"ada\", bits = 4 },";
    let question = filled(&file("keep = [\"b\", \"c\"]", &format!("{LOAD}{add}")), &[x]).unwrap();
    let digests = vec![Fingerprint([7; 32]); 3];
    let kept = vec![Some(digests.clone()), None];
    let answer: Answer<usize> = Answer { participants: vec![None], revealed: Vec::new(), kept };
    assert_eq!(answer.check(&question), Ok(()));
    let [Change::Keep { variable, step }] = &question.changes(&answer)[..] else { panic!("one") };
    assert_eq!((&variable.name[..], &step[..]), ("b", "2"));
    assert_eq!(
        (variable.range, &variable.digests),
        (Range::Within { low: 0, high: 510 }, &digests)
    );
    for kept in [vec![], vec![None, None], vec![Some(Vec::new()), None], vec![Some(digests); 2]] {
        let wrong = Answer { kept, ..answer.clone() };
        assert!(wrong.check(&question).is_err(), "{:?}", wrong.kept);
    }
    let mut other = answer.clone();
    other.kept[0] = Some(vec![Fingerprint([8; 32]); 3]);
    assert_eq!(answer.without_digests(), other.without_digests());
    assert_ne!(answer, other);
}

#[test]
fn values_are_found_in_a_file_before_it_is_sent() {
    let step = |more: &str| {
        format!("{{ id = \"1\", operation = \"assign\", variable = \"v\", value = 4{more} }},")
    };
    for (more, secret) in [("", true), (", from = \"ada\"", true), (", type = \"public\"", false)] {
        let text = file("", &step(more));
        assert_eq!(has_values(&text.parse().unwrap()), secret, "{more}");
        let own = own_values(&text, "ada").map(|line| line.to_string());
        assert_eq!(own.is_some(), more.contains("ada"), "{own:?}");
        assert!(own.is_none_or(|line| line == "v = 4"));
    }
}

#[test]
fn forgetting_takes_no_share_and_computing_does() {
    let x = stored("x", Prime::Mersenne61, None);
    let load = "{ id = \"1\", operation = \"load\", variable = \"a\", stored = \"x\" },";
    let forget = "{ id = \"9\", operation = \"forget\", variable = \"a\" },";
    let twice = "{ id = \"2\", operation = \"add\", variable = \"b\", operand1 = \"a\", \
                 operand2 = \"a\" },";
    let share = |steps: &str| {
        let question = filled(&file("", &format!("{load}{steps}")), std::slice::from_ref(&x));
        question.unwrap().wanted()[0].share
    };
    assert!(!share(forget));
    assert!(share(twice) && share(&format!("{twice}{forget}")));
}

#[test]
fn a_participants_entry_is_the_one_under_the_name() {
    let steps =
        "{ id = \"1\", operation = \"assign\", variable = \"c\", from = \"ada\", bits = 4 },";
    let question = filled(&file("", steps), &[]).unwrap();
    let check = |entry: Option<usize>, names: &[&str]| {
        Answer::new(vec![entry], Vec::new()).check_among(&question, names).is_ok()
    };
    assert!(check(Some(1), &["ben", "ada"]) && check(None, &["ben"]));
    // Somebody else's, nobody's, or one of two under that name.
    assert!(!check(Some(0), &["ben", "ada"]) && !check(None, &["ben", "ada"]));
    assert!(!check(Some(0), &["ada", "ada"]) && check(None, &["ada", "ada"]));
}
