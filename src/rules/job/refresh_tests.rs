use crate::base::Timestamp;
use crate::rules::SessionFile;
use crate::rules::job::fill::fill;
use crate::rules::job::refresh::*;
use crate::rules::job::{Answer, Change, Range, StoredVariable};

fn stored(name: &str) -> StoredVariable {
    StoredVariable {
        name: name.to_owned(),
        field: Prime::Mersenne61,
        range: Range::of_bits(8),
        owner: Some("ada".to_owned()),
        generation: 4,
        digests: vec![Fingerprint([1; 32]); 3],
    }
}

/// The question of a file, filled in from x and y.
fn filled(text: &str) -> Result<Question, String> {
    let mut table: toml::Table = text.parse().unwrap();
    let all = [stored("x"), stored("y")];
    fill(&mut table, |name| all.iter().find(|stored| stored.name == name))
        .map_err(|error| error.to_string())?;
    let file = SessionFile::parse(&table.to_string()).map_err(|error| error.to_string())?;
    let terms = file.terms(Timestamp::from_millis(0)).map_err(|error| error.to_string())?;
    terms.check().map_err(|error| error.to_string())?;
    Ok(terms.question.as_job().unwrap().clone())
}

#[test]
fn a_file_that_deals_variables_anew_is_made_and_filled_in() {
    let file = refresh_file(Prime::Mersenne61, &["x", "y"]);
    assert_eq!(file["title"].as_str(), Some("Deal x and 1 more anew"));
    let question = filled(&file.to_string()).unwrap();
    assert!(question.only_refreshes() && !question.takes_entries());
    assert_eq!(question.changed(), ["x", "y"]);
    let generations: Vec<_> =
        question.wanted().into_iter().map(|wanted| wanted.generation).collect();
    assert_eq!(generations, [Some(4), Some(4)]);
    let [wanted, _] = &question.wanted()[..] else { panic!("two") };
    assert!(wanted.is(&stored("x")));
    // By the version it could not be another generation; a node looks at both.
    let other = StoredVariable { generation: 5, ..stored("x") };
    assert!(!wanted.is(&other));

    let digests = vec![Fingerprint([7; 32]); 3];
    let kept = vec![Some(digests.clone()), Some(vec![Fingerprint([8; 32]); 3])];
    let answer: Answer<usize> = Answer { kept, ..Answer::new(Vec::new(), Vec::new()) };
    assert_eq!(answer.check(&question), Ok(()));
    let [Change::Refresh { variable, step }, Change::Refresh { .. }] =
        &question.changes(&answer)[..]
    else {
        panic!("two")
    };
    let expected = StoredVariable { generation: 5, digests, ..stored("x") };
    assert_eq!((variable, &step[..]), (&expected, "deal 1 anew"));
    for kept in
        [vec![], vec![None, None], vec![Some(Vec::new()); 2], vec![answer.kept[0].clone(); 3]]
    {
        let wrong = Answer { kept, ..answer.clone() };
        assert!(wrong.check(&question).is_err(), "{:?}", wrong.kept);
    }
}

#[test]
fn only_what_is_stored_and_stays_is_dealt_anew() {
    let steps = |more: &str, steps: &str| {
        filled(&format!(
            "title = \"Job\"\nkind = \"job\"\nfield = \"2^61-1\"\nbids_until = \"1m\"\n{more}\n\
             steps = [{{ id = \"1\", operation = \"load\", variable = \"a\", stored = \"x\" }},\n\
             {{ id = \"2\", operation = \"refresh\", variable = \"a\" }},\n{steps}]\n"
        ))
    };
    let question = steps("", "").unwrap();
    let graph = question.graph().unwrap();
    assert!(graph.only_refreshes(0) && question.only_refreshes());
    assert_eq!(graph.refreshes(), [Refreshed { step: 1, load: 0, generation: 4 }]);

    let show = "{ id = \"3\", operation = \"add\", variable = \"b\", operand1 = \"a\", operand2 = \"a\" },";
    let question = steps("keep = [\"b\"]", show).unwrap();
    assert!(!question.graph().unwrap().only_refreshes(0) && !question.only_refreshes());
    assert_eq!(question.changed(), ["b", "x"]);
    assert!(!steps("keep = [\"a\"]", "").unwrap().graph().unwrap().only_refreshes(0));

    let random = "{ id = \"3\", operation = \"random\", variable = \"x\" },";
    let again = "{ id = \"3\", operation = \"refresh\", variable = \"a\", after = [\"2\"] },";
    let forget = "{ id = \"3\", operation = \"forget\", variable = \"a\" },";
    let other = "{ id = \"3\", operation = \"load\", variable = \"c\", stored = \"x\" },\
                 { id = \"4\", operation = \"forget\", variable = \"c\" },";
    let made = "{ id = \"3\", operation = \"random\", variable = \"r\" },\
                { id = \"4\", operation = \"refresh\", variable = \"r\", generation = 0 },";
    let unsaid = "{ id = \"3\", operation = \"random\", variable = \"r\" },\
                  { id = \"4\", operation = \"refresh\", variable = \"r\" },";
    for (more, all, why) in [
        ("keep = [\"x\"]\nreplace = true", random, "replaced by what the job keeps"),
        ("", again, "there twice"),
        ("", forget, "forgotten by a step"),
        ("", other, "forgotten by a step"),
        ("", made, "is not loaded"),
        ("", unsaid, "refresh needs generation"),
    ] {
        let error = steps(more, all).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}
