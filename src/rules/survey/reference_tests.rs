use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::rules::survey::exact::Exact;
use crate::rules::survey::fixtures::question;
use crate::rules::survey::item::Item;
use crate::rules::survey::question::{Membership, Question};
use crate::rules::survey::reference::answer;
use crate::rules::survey::results::{Figure, Line};
use crate::rules::survey::statistic::{By, Declared, Group, Statistic};

/// A survey of one question for all, with these statistics of it.
fn plain(minimum: i64, maximum: i64, at_least: u32, results: &[Statistic]) -> Question {
    let item = Item { minimum, maximum, ..question().items.remove(1) };
    let declared = |statistic: &Statistic| Declared { statistic: statistic.clone(), by: By::All };
    Question {
        items: vec![item],
        cohorts: Vec::new(),
        membership: Membership::Secret,
        results: results.iter().map(declared).collect(),
        at_least,
    }
}

fn figures(question: &Question, answers: &[i64]) -> Vec<Figure> {
    let above = |answer: &i64| vec![question.items[0].above_minimum(*answer).unwrap()];
    let entries: Vec<Vec<u64>> = answers.iter().map(above).collect();
    let entries: Vec<&[u64]> = entries.iter().map(Vec::as_slice).collect();
    let answer = answer(question, &entries);
    assert_eq!(answer.check(question, entries.len()), Ok(()));
    question.results(&answer).into_iter().map(|line| line.figure).collect()
}

fn whole(number: i128) -> Figure {
    Figure::Number(Exact::Whole(number))
}

#[test]
fn known_answers() {
    let all = [Statistic::Count, Statistic::Sum(0), Statistic::Mean(0), Statistic::Deviation(0)];
    let survey = plain(0, 1000, 5, &all);
    let sevens: Vec<i64> = (1..=10).map(|number| 7 * number).collect();
    let found = figures(&survey, &sevens);
    assert_eq!(found[0..2], [whole(10), whole(385)]);
    assert_eq!(found[2], Figure::Number(Exact::Fraction { numerator: 385, denominator: 10 }));
    // The deviation of 1 to 10 is sqrt(8.25), times 7.
    let Figure::Number(deviation) = found[3] else { panic!("a number") };
    assert_eq!(deviation.rounded(4), Some(201_060));
    assert!((deviation.float() - 7.0 * 8.25_f64.sqrt()).abs() < 1e-12);

    let points = plain(0, 200, 3, &[Statistic::Sum(0)]);
    assert_eq!(figures(&points, &[123, 145, 132]), [whole(400)]);
}

#[test]
fn nobody_one_all_equal_and_extremes() {
    let all = [
        Statistic::Sum(0),
        Statistic::Mean(0),
        Statistic::Deviation(0),
        Statistic::Minimum(0),
        Statistic::Median(0),
        Statistic::Maximum(0),
    ];
    let survey = plain(-50, 50, 1, &all);
    assert_eq!(figures(&survey, &[]), vec![Figure::Withheld; 6]);
    let shown = |answers: &[i64]| -> Vec<Option<i128>> {
        let rounded = |figure| match figure {
            Figure::Number(number) => number.rounded(1),
            _ => None,
        };
        figures(&survey, answers).into_iter().map(rounded).collect()
    };
    let row = |row: [i128; 6]| row.map(Some).to_vec();
    assert_eq!(shown(&[-7]), row([-70, -70, 0, -70, -70, -70]));
    assert_eq!(shown(&[4, 4, 4]), row([120, 40, 0, 40, 40, 40]));
    assert_eq!(shown(&[-50, 50, 50, -50]), row([0, 0, 500, -500, -500, 500]));
    assert_eq!(shown(&[-1, 0, 3]), row([20, 7, 17, -10, 0, 30]));
    // Too few: nothing at all.
    assert_eq!(figures(&plain(0, 9, 3, &all), &[1, 2]), vec![Figure::Withheld; 6]);
}

#[test]
fn quartiles_are_answers_that_were_given() {
    let survey = plain(0, 100, 1, &[Statistic::Quartiles(0), Statistic::Median(0)]);
    let quartiles = |answers: &[i64]| {
        let found = figures(&survey, answers);
        let Figure::Several(three) = &found[0] else { panic!("three") };
        assert_eq!(found[1], Figure::Number(three[1].unwrap()));
        three.iter().map(|number| number.unwrap().rounded(0).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(quartiles(&[9]), [9, 9, 9]);
    assert_eq!(quartiles(&[2, 1]), [1, 1, 2]);
    assert_eq!(quartiles(&[4, 1, 3, 2]), [1, 2, 3]);
    assert_eq!(quartiles(&[5, 4, 3, 2, 1]), [2, 3, 4]);
}

#[test]
fn a_histogram_withholds_bins_that_are_too_small() {
    let edges = vec![10, 20, 30];
    let survey = plain(0, 100, 3, &[Statistic::Histogram(0, edges)]);
    let bins = |answers: &[i64]| {
        let found = figures(&survey, answers);
        let Figure::Several(bins) = &found[0] else { panic!("bins") };
        let count = |bin: &Option<Exact>| bin.map(|count| count.rounded(0).unwrap());
        bins.iter().map(count).collect::<Vec<_>>()
    };
    let full = [0, 9, 9, 10, 19, 19, 20, 20, 29, 30, 30, 100];
    assert_eq!(bins(&full), [Some(3), Some(3), Some(3), Some(3)]);
    // One too few in the last: the first of the smallest goes with it.
    let fewer = [0, 9, 9, 10, 19, 19, 20, 20, 29, 30, 30];
    assert_eq!(bins(&fewer), [None, Some(3), Some(3), None]);
}

#[test]
fn a_ratio_is_of_sums_and_in_units() {
    let survey = question();
    let entry = |cents: u64, hours: u64| vec![1, 0, cents, hours];
    let of = |entries: &[Vec<u64>]| {
        let entries: Vec<&[u64]> = entries.iter().map(Vec::as_slice).collect();
        let answer = answer(&survey, &entries);
        assert_eq!(answer.check(&survey, entries.len()), Ok(()));
        let ratio =
            |line: &Line<'_>| line.group == Group::All && *line.statistic == Statistic::Ratio(0, 1);
        survey.results(&answer).into_iter().find(ratio).unwrap().figure
    };
    let Figure::Number(ratio) = of(&[entry(2_000, 1), entry(3_000, 1), entry(1_050, 3)]) else {
        panic!("a number")
    };
    // 60.50 EUR for 5 hours.
    assert_eq!(survey.show_number(&Statistic::Ratio(0, 1), ratio), "12.1000 EUR/h");
    assert_eq!(of(&[entry(1, 0), entry(2, 0), entry(3, 0)]), Figure::Undefined);
}

#[test]
fn statistics_agree_with_those_of_the_rows_themselves() {
    let mut rng = StdRng::seed_from_u64(2008);
    for membership in [Membership::Secret, Membership::Public] {
        let survey = Question { membership, ..question() };
        for count in [0, 1, 2, 3, 5, 6, 9, 40] {
            let entries: Vec<Vec<u64>> = (0..count)
                .map(|_| {
                    let woman = u64::from(rng.random_bool(0.4));
                    let pay = rng.random_range(0..=99_999);
                    vec![woman, 1 - woman, pay, rng.random_range(0..=60)]
                })
                .collect();
            let rows: Vec<&[u64]> = entries.iter().map(Vec::as_slice).collect();
            let answer = answer(&survey, &rows);
            assert_eq!(answer.check(&survey, rows.len()), Ok(()), "{entries:?}");
            for Line { group, statistic, figure } in survey.results(&answer) {
                let own: Vec<f64> = entries
                    .iter()
                    .filter(|entry| match group {
                        Group::All => true,
                        Group::Cohort(cohort) => entry[cohort] == 1,
                    })
                    .map(|entry| entry[2] as f64)
                    .collect();
                let number = match figure {
                    Figure::Withheld => {
                        let company = matches!(group, Group::Cohort(_)) && own.len() >= 3;
                        assert!(own.len() < 3 || company);
                        continue;
                    }
                    Figure::Number(number) => number.float(),
                    Figure::Several(_) | Figure::Undefined => continue,
                };
                assert!(own.len() >= 3, "{group:?} {}", own.len());
                let mean = own.iter().sum::<f64>() / own.len() as f64;
                let squares = own.iter().map(|pay| (pay - mean).powi(2)).sum::<f64>();
                let expected = match statistic {
                    Statistic::Count => own.len() as f64,
                    Statistic::Sum(_) => own.iter().sum(),
                    Statistic::Mean(_) => mean,
                    Statistic::Deviation(_) => (squares / own.len() as f64).sqrt(),
                    Statistic::Minimum(_) => own.iter().copied().fold(f64::MAX, f64::min),
                    Statistic::Maximum(_) => own.iter().copied().fold(0.0, f64::max),
                    _ => continue,
                };
                assert!((number - expected).abs() < 1e-6, "{statistic:?} {number} {expected}");
            }
        }
    }
}
