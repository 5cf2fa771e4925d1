use crate::rules::survey::answer::{Answer, Cell, Value};
use crate::rules::survey::check::*;
use crate::rules::survey::fixtures::question;
use crate::rules::survey::question::{Membership, Question};
use crate::rules::survey::reference;
use crate::rules::survey::statistic::{Measure, Order};

/// An honest answer of nine women and six men.
fn answer(question: &Question) -> Answer {
    let entry = |at: u64| vec![u64::from(at < 9), u64::from(at >= 9), 6_000 * at, at];
    let entries: Vec<Vec<u64>> = (0..15).map(entry).collect();
    reference::answer(question, &entries.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// The answer with one value of a cell changed.
fn with(question: &Question, cell: usize, measure: Measure, value: Option<u128>) -> Answer {
    let mut answer = answer(question);
    let measures = question.measures(question.groups()[cell]);
    let at = measures.iter().position(|own| *own == measure).unwrap();
    let Cell::Open(values) = &mut answer.cells[cell] else { panic!("open") };
    values[at] = value.map(Value);
    answer
}

#[test]
fn an_answer_names_the_cohort_of_everybody_where_the_operator_assigns_them() {
    let survey = Question { membership: Membership::Assigned, ..question() };
    let entries: Vec<Vec<u64>> = (0..15).map(|at| vec![6_000 * at, at]).collect();
    let entries: Vec<&[u64]> = entries.iter().map(Vec::as_slice).collect();
    let cohorts: Vec<u8> = (0..15).map(|at| u8::from(at >= 9)).collect();
    let right = reference::answer_of(&survey, &entries, &cohorts);
    assert_eq!((right.check(&survey, 15), &right.members), (Ok(()), &cohorts));
    // The same as of a survey in which they say so themselves.
    let public = Question { membership: Membership::Public, ..question() };
    assert_eq!(answer(&public), right);
    let told = |members: Vec<u8>| Answer { members, ..right.clone() }.check(&survey, 15);
    assert_eq!(told(Vec::new()), Err(AnswerError::Members { expected: 15, got: 0 }));
    assert_eq!(told(vec![2; 15]), Err(AnswerError::NoSuchCohort));
    // One who is moved changes how many there are.
    let mut moved = cohorts.clone();
    moved[0] = 1;
    assert_eq!(told(moved), Err(AnswerError::Impossible));
}

#[test]
fn answers_that_no_survey_gives_are_found_out() {
    let survey = question();
    let check = |answer: Answer| answer.check(&survey, 15);
    assert_eq!(check(answer(&survey)), Ok(()));
    let of = |cell, measure, value| check(with(&survey, cell, measure, value));
    let impossible = Err(AnswerError::Impossible);
    assert_eq!(of(0, Measure::Count, Some(14)), impossible);
    assert_eq!(of(1, Measure::Count, Some(8)), impossible, "one is missing");
    assert_eq!(of(1, Measure::Count, Some(2)), Err(AnswerError::Withholding));
    assert_eq!(of(0, Measure::Sum(0), Some(99_999 * 15 + 1)), impossible);
    assert_eq!(of(0, Measure::Squares(0), Some(1)), impossible);
    assert_eq!(of(0, Measure::Sum(0), None), Err(AnswerError::Values));
    assert_eq!(of(0, Measure::Ranked(0, Order::Minimum), Some(99_999)), impossible);
    assert_eq!(of(0, Measure::Ranked(0, Order::Maximum), Some(100_000)), impossible);
    // A bin withheld alone follows from the others.
    assert_eq!(of(1, Measure::Bin(0, 0), Some(4)), Err(AnswerError::Withholding));
    assert_eq!(of(1, Measure::Bin(0, 1), Some(2)), Err(AnswerError::Withholding));
    assert_eq!(of(1, Measure::Bin(0, 1), Some(10)), impossible);

    let mut fewer = answer(&survey);
    fewer.cells.pop();
    assert_eq!(check(fewer), Err(AnswerError::Cells { expected: 3, got: 2 }));
    let mut alone = answer(&survey);
    alone.cells[2] = Cell::Withheld;
    assert_eq!(check(alone), Err(AnswerError::Withholding));
    let mut all = answer(&survey);
    all.cells[0] = Cell::Withheld;
    assert_eq!(check(all), Err(AnswerError::Withholding));
    let few = answer(&survey).check(&survey, 2);
    assert!(few.is_err(), "two are too few for anything");
    let mut told = answer(&survey);
    told.members = vec![0; 15];
    assert_eq!(check(told), Err(AnswerError::Members { expected: 0, got: 15 }));
}

#[test]
fn where_membership_is_public_what_is_withheld_follows_from_it() {
    let survey = Question { membership: Membership::Public, ..question() };
    let right = answer(&survey);
    assert_eq!(right.members, [[0; 9].as_slice(), &[1; 6]].concat());
    assert_eq!(right.check(&survey, 15), Ok(()));
    let mut moved = right.clone();
    moved.members[0] = 1;
    assert_eq!(moved.check(&survey, 15), Err(AnswerError::Impossible));
    moved.members[0] = 2;
    assert_eq!(moved.check(&survey, 15), Err(AnswerError::NoSuchCohort));
    let mut withheld = right;
    withheld.cells[1] = Cell::Withheld;
    withheld.cells[2] = Cell::Withheld;
    assert_eq!(withheld.check(&survey, 15), Err(AnswerError::Withholding));
}

#[test]
fn values_are_written_in_one_way() {
    let answer = answer(&question());
    let text = serde_json::to_string(&answer).unwrap();
    assert_eq!(serde_json::from_str::<Answer>(&text).unwrap(), answer);
    for wrong in ["-1", "+1", "01", "", "1e3", " 1", "340282366920938463463374607431768211456"] {
        assert!(Value::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
    let most = Value(u128::MAX);
    assert_eq!(Value::try_from(most.to_string()), Ok(most));
}
