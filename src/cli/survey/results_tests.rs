use crate::cli::survey::results::*;
use crate::rules::survey::fixtures::question;
use crate::rules::survey::{Answer, Declared, Membership, reference};

/// Nine women and six men.
fn answer(survey: &Question) -> Answer {
    let entry = |at: u64| vec![u64::from(at < 9), u64::from(at >= 9), 6_000 * at, 40];
    let entries: Vec<Vec<u64>> = (0..15).map(entry).collect();
    reference::answer(survey, &entries.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn plain(text: &str) -> String {
    console::strip_ansi_codes(text).into_owned()
}

#[test]
fn results_read_as_a_table_with_bars() {
    let survey = question();
    let answer = answer(&survey);
    insta::assert_snapshot!(plain(&Surveyed::new(&survey, &answer).text()));
}

#[test]
fn what_scripts_read_has_a_value_for_every_result() {
    let survey = question();
    let json = Surveyed::new(&survey, &answer(&survey)).json();
    let results = json["results"].as_array().unwrap();
    assert_eq!(results.len(), 9 * 3 + 2);
    let of = |statistic: &str, cohort: Option<&str>| {
        let own = results
            .iter()
            .find(|result| result["statistic"] == statistic && result["cohort"].as_str() == cohort);
        own.unwrap()["value"].clone()
    };
    assert_eq!((of("count", None), of("count", Some("men"))), (15.into(), 6.into()));
    assert_eq!(of("sum", None), 630_000);
    assert_eq!(of("mean", Some("women")), 24_000.0);
    assert_eq!(of("median", None), 42_000);
    assert_eq!(of("quartiles", Some("women")), json!([12_000, 24_000, 36_000]));
    // Nobody is in the last bin, and the smallest of the others goes with it.
    assert_eq!(of("histogram", Some("women")), json!([null, 5, null]));
    assert_eq!(results[0]["question"], Value::Null);
}

#[test]
fn nothing_is_told_of_too_few() {
    let survey = Question { at_least: 20, membership: Membership::Secret, ..question() };
    let answer = answer(&survey);
    let surveyed = Surveyed::new(&survey, &answer);
    assert_eq!(plain(&surveyed.text()), "Nothing is told: too few answered; at_least is 20");
    let json = surveyed.json();
    assert!(
        json["results"]
            .as_array()
            .unwrap()
            .iter()
            .all(|result| { result["value"].is_null() && result["withheld"] == true })
    );
    assert!(surveyed.rows().iter().all(|row| row.is_withheld() && row.value.is_none()));
}

#[test]
fn one_result_is_one_line() {
    let survey = question();
    let declared = Declared { by: crate::rules::survey::By::All, ..survey.results[1].clone() };
    let survey = Question { results: vec![declared], cohorts: Vec::new(), ..survey };
    let entries: Vec<Vec<u64>> = (1..=10).map(|at| vec![700 * at, 40]).collect();
    let rows: Vec<&[u64]> = entries.iter().map(Vec::as_slice).collect();
    let answer = reference::answer(&survey, &rows);
    let surveyed = Surveyed::new(&survey, &answer);
    assert_eq!(plain(&surveyed.text()), "sum of pay: 385.00 EUR");
    assert_eq!(surveyed.short(), "sum 385.00 EUR");
    assert_eq!(surveyed.json()["results"][0]["value"], 38_500);
    let row = &surveyed.rows()[0];
    assert_eq!((row.value.as_deref(), row.unit.as_str()), (Some("385.00"), "EUR"));
}

#[test]
fn the_survey_to_edit_can_be_held() {
    let file = crate::rules::SessionFile::parse(crate::cli::survey::TEMPLATE).unwrap();
    let terms = file.terms(crate::base::Timestamp::from_millis(0)).unwrap();
    assert_eq!(terms.question.kind_name(), "survey");
}
