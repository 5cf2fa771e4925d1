use crate::base::Timestamp;
use crate::rules::session_file::without_demo;
use crate::rules::survey::{By, Membership, Statistic};
use crate::rules::{SessionFile, Terms};
use crate::sharing::Scheme;
use crate::sharing::form::Form;
use crate::sharing::security::Security;

const FILE: &str = r#"
    title = "Pay"
    kind = "survey"
    bids_until = "2m"
    max_bids = 100
    at_least = 3
    membership = "secret"
    [[questions]]
    name = "pay"
    text = "What do you earn in a year, before taxes?"
    unit = "EUR"
    decimals = 2
    maximum = 500000
    [[questions]]
    name = "change"
    unit = "EUR"
    minimum = -1000
    maximum = "1000"
    [[cohorts]]
    name = "women"
    [[cohorts]]
    name = "men"
    [[results]]
    statistic = "mean"
    question = "pay"
    by = "both"
    [[results]]
    statistic = "ratio"
    question = "change"
    per = "pay"
    [[results]]
    statistic = "histogram"
    question = "pay"
    edges = [20000, "50000.50"]
    [[answers]]
    participant = "ada"
    cohort = "women"
    values = { pay = 50000.25, change = -3 }
"#;

fn terms(text: &str) -> Terms {
    SessionFile::parse(text).unwrap().terms(Timestamp::from_millis(0)).unwrap()
}

fn error_of(from: &str, to: &str) -> String {
    let changed = FILE.replacen(from, to, 1);
    assert_ne!(changed, FILE);
    match SessionFile::parse(&changed) {
        Ok(_) => panic!("accepted {to}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn assigned_cohorts_are_in_the_terms_and_not_in_the_entry() {
    use crate::rules::terms::CohortError;
    let text = FILE.replace("\"secret\"", "\"assigned\"");
    let file = SessionFile::parse(&text).unwrap();
    let terms = terms(&text);
    let survey = terms.question.as_survey().unwrap();
    assert_eq!(survey.membership, Membership::Assigned);
    assert_eq!(survey.assigned_cohorts().unwrap(), ["women", "men"]);
    assert_eq!((survey.chosen_cohorts(), survey.layout().unwrap().extent().fields), (0, 2));
    assert!(survey.is_valid(&[0, 2000]) && !survey.is_valid(&[0, 1, 0, 2000]));
    assert!(survey.tells_cohorts());
    let lines = survey.opened_lines(Form::Bits).join("; ");
    assert!(
        lines.contains(
            "of each participant: whether the answers are within their bounds, the cohort"
        )
    );
    assert!(!lines.contains("one cohort chosen"), "{lines}");
    // What the demo's operator assigns stands beside the answers.
    let crate::rules::session_file::Fields::Survey(fields) = &file.fields else { panic!() };
    let response = fields.answers[0].response(survey).unwrap();
    assert_eq!((response.assigned(), response.fields().len()), (Some(0), 2));
    assert_eq!(response.cohort(survey), Some("women"));
    // Only the cohorts of the terms, and only where they are assigned.
    assert_eq!(terms.check_cohort(Some(1)), Ok(()));
    assert_eq!(terms.check_cohort(None), Err(CohortError::None));
    assert_eq!(terms.check_cohort(Some(2)), Err(CohortError::NoSuch { got: 3, cohorts: 2 }));
    let secret = self::terms(FILE);
    assert_eq!(secret.check_cohort(None), Ok(()));
    assert_eq!(secret.check_cohort(Some(0)), Err(CohortError::Spare));
    // The operator says one for everybody, of those that there are.
    for (from, to, said) in [
        ("cohort = \"women\"", "", "say which cohort you are in: women and men"),
        ("cohort = \"women\"", "cohort = \"both\"", "does not have this cohort"),
        (
            "[[cohorts]]\n    name = \"women\"\n    [[cohorts]]\n    name = \"men\"\n",
            "",
            "the survey has none",
        ),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        let Err(error) = SessionFile::parse(&changed) else { panic!("accepted {to:?}") };
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn a_file_becomes_terms() {
    let terms = terms(FILE);
    let survey = terms.question.as_survey().unwrap();
    assert_eq!((survey.at_least, survey.membership), (3, Membership::Secret));
    assert_eq!((survey.items[0].minimum, survey.items[0].maximum), (0, 50_000_000));
    assert_eq!((survey.items[1].minimum, survey.items[1].maximum), (-1_000, 1_000));
    let bits: Vec<u32> = terms.layout().unwrap().fields().map(|field| field.bits).collect();
    assert_eq!(bits, [1, 1, 26, 11]);
    assert!(terms.needs_range_check());
    assert_eq!(survey.results[0].by, By::Both);
    assert_eq!(survey.results[1].statistic, Statistic::Ratio(1, 0));
    assert_eq!(survey.results[2].statistic, Statistic::Histogram(0, vec![2_000_000, 5_000_050]));
}

#[test]
fn all_that_may_be_opened_is_listed() {
    let terms = terms(FILE);
    let survey = terms.question.as_survey().unwrap();
    let lines = survey.opened_lines(terms.protocol);
    assert_eq!(
        lines,
        [
            "of each participant: whether the answers are within their bounds, with one cohort \
             chosen",
            "of all together: the number of answers, the sum of pay, the sum of change, how many \
             answered pay: below 20 000.00 EUR, how many answered pay: 20 000.00 EUR to below \
             50 000.50 EUR, how many answered pay: 50 000.50 EUR and more",
            "of each cohort: whether it is withheld, the number of answers, the sum of pay",
        ]
    );
    let measured =
        survey.opened(Form::Bits).into_iter().filter(|opened| opened.measure.is_some()).count();
    let declared = survey.measures_of_all().len() + survey.measures_of_cohorts().len();
    assert_eq!(measured, declared);
}

/// The survey with what nodes that only add can do of it.
const SUMS: &str = r#"
    title = "Pay"
    kind = "survey"
    bids_until = "2m"
    protocol = "sums"
    membership = "public"
    [[questions]]
    name = "pay"
    maximum = 500000
    [[questions]]
    name = "hours"
    minimum = -5
    maximum = 60
    [[cohorts]]
    name = "women"
    [[cohorts]]
    name = "men"
    [[results]]
    statistic = "count"
    [[results]]
    statistic = "mean"
    question = "pay"
    by = "both"
    [[results]]
    statistic = "sum"
    question = "hours"
    [[results]]
    statistic = "ratio"
    question = "pay"
    per = "hours"
"#;

#[test]
fn nodes_that_only_add_are_asked_for_sums_alone() {
    let terms = terms(SUMS);
    assert_eq!((terms.protocol, terms.security()), (Form::Sums, Security::Passive));
    assert!(terms.needs_range_check(), "a cohort that is none shows");
    let lines = terms.question.as_survey().unwrap().opened_lines(terms.protocol);
    assert_eq!(lines[0], "of each participant: the cohort");
    let refused = |from: &str, to: &str| {
        let text = SUMS.replacen(from, to, 1);
        assert_ne!(text, SUMS);
        SessionFile::parse(&text).err().unwrap().to_string()
    };
    for statistic in ["deviation", "minimum", "maximum", "median", "quartiles"] {
        let said = refused("\"mean\"", &format!("{statistic:?}"));
        assert!(said.contains(&format!("the {statistic} takes more than adding up")), "{said}");
    }
    let histogram = "\"histogram\"\n    edges = [5]";
    let said = refused(
        "\"mean\"\n    question = \"pay\"\n    by = \"both\"",
        &format!("{histogram}\n    question = \"pay\""),
    );
    assert!(said.contains("the histogram takes more than adding up"), "{said}");
    let said = refused("\"public\"", "\"secret\"");
    assert!(said.contains("write membership = \"public\""), "{said}");
    let said = refused("\"sums\"", "\"sums\"\n    security = \"active\"");
    assert!(said.contains("with protocol = \"sums\" nodes are taken to compute"), "{said}");
    assert_eq!(
        refused("\"sums\"", "\"paper\""),
        "a survey runs on bits; leave out protocol = \"paper\""
    );
}

#[test]
fn a_roster_that_only_adds_takes_sums_and_any_other_takes_all() {
    let (bits, sums) = (terms(FILE), terms(SUMS));
    for (n, t) in [(3, 1), (5, 2), (4, 1)] {
        let scheme = Scheme::new(n, t).unwrap();
        assert_eq!((bits.check_nodes(scheme), sums.check_nodes(scheme)), (Ok(()), Ok(())));
    }
    let said = |n, t| {
        let scheme = Scheme::any(n, t).unwrap();
        assert_eq!(sums.check_nodes(scheme), Ok(()));
        bits.check_nodes(scheme).unwrap_err().to_string()
    };
    let two = said(2, 1);
    assert!(two.starts_with("2 nodes of which any 1 learn nothing can add, but not"), "{two}");
    assert!(two.ends_with("take a roster of at least 3 nodes"), "{two}");
    let five = said(5, 3);
    assert!(five.ends_with("at least 7 nodes, or one with a threshold of at most 2"), "{five}");
}

#[test]
fn wrong_files_get_one_clear_line() {
    let mean = "question = \"pay\"\n    by";
    assert!(error_of(mean, "question = \"pax\"\n    by").contains("the mean is of \"pax\""));
    assert!(error_of(mean, "by").contains("the mean needs a question"));
    assert!(error_of("per = \"pay\"", "").contains("the ratio needs a per"));
    assert!(error_of("per = \"pay\"", "per = \"change\"").contains("to itself"));
    assert!(error_of("per = \"pay\"", "per = \"pay\"\nedges = [1]").contains("has no edges"));
    assert!(error_of("edges = [20000,", "edges = [90000,").contains("the edges of the histogram"));
    assert!(error_of("edges = [20000,", "edges = [\"x\",").starts_with("an edge of question"));
    assert!(error_of("\"mean\"", "\"mode\"").contains("unknown variant `mode`"));
    let wide = error_of("decimals = 2\n    maximum = 500000", "decimals = 8\n    maximum = 500000");
    assert!(wide.contains("take 46 bits, at most 40"), "{wide}");
    assert!(error_of("minimum = -1000", "minimum = 1000").contains("is not above its minimum"));
    let another = "[[questions]]\nname = \"PAY\"\nmaximum = 1\n[[cohorts]]";
    assert!(error_of("[[cohorts]]", another).contains("two questions are called \"PAY\""));
    let reserved = another.replace("PAY", "Cohort");
    assert!(error_of("[[cohorts]]", &reserved).contains("cannot be called \"cohort\""));
    assert!(error_of("name = \"men\"", "name = \"women\"").contains("two cohorts are called"));
    assert!(error_of("at_least = 3", "at_least = 0").contains("at_least is 1 to"));
    assert!(error_of("at_least = 3", "reserve = 3").contains("unknown field `reserve`"));
    let numbers = error_of("at_least = 3", "protocol = \"paper\"");
    assert!(numbers.contains("a survey runs on bits"), "{numbers}");
    let one = error_of("[[cohorts]]\n    name = \"men\"", "");
    assert!(one.contains("2 to 16 cohorts, or none"), "{one}");
    let twice = error_of("statistic = \"ratio\"", "statistic = \"mean\"");
    assert!(twice.contains("has no per"), "{twice}");
    let both = error_of("edges = [20000,", "by = \"both\"\nedges = [20000,");
    assert!(both.contains("more than one histogram"), "{both}");
}

#[test]
fn answers_of_the_demo_are_looked_at() {
    let cohort = error_of("cohort = \"women\"", "cohort = \"children\"");
    assert!(cohort.starts_with("the answers of \"ada\": the survey does not have"), "{cohort}");
    assert!(error_of("cohort = \"women\"", "").contains("say which cohort you are in: women and"));
    assert!(error_of("50000.25", "50000.255").contains("\"pay\": the amount has 3 decimals"));
    assert!(error_of("50000.25", "600000").contains("0.00 EUR to 500 000.00 EUR"));
    assert!(error_of(", change = -3", "").contains("there is no answer to \"change\""));
    assert!(error_of("change = -3", "change = -3, age = 4").contains("does not ask for \"age\""));
    let never = error_of("50000.25", "\"=A1*2\"");
    assert!(never.contains("a formula") && !never.contains("A1"), "{never}");
    assert!(error_of("at_least = 3", "participants = 4").contains("leave one of them out"));
}

#[test]
fn what_only_a_demo_reads_goes_to_no_server() {
    let seeded = FILE.split("[[answers]]").next().unwrap();
    let seeded = seeded.replace("at_least = 3", "at_least = 3\nparticipants = 9\nseed = 2008");
    for text in [FILE.to_owned(), seeded] {
        let sent = toml::to_string(&without_demo(&text).unwrap()).unwrap();
        assert!(!sent.contains("ada") && !sent.contains("2008") && !sent.contains("participants"));
        assert_eq!(terms(&sent).question, terms(&text).question);
    }
}
