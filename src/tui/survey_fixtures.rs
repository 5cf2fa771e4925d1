//! Made-up states of surveys, for tests.

use super::fixtures::{at, empty, event, node, put, receive, summary};
use super::state::model::Model;
use super::state::own::OwnBid;
use super::update::action::News;
use super::update::update;
use crate::base::text::clean;
use crate::identity::Digest;
use crate::rules::{Answer, Currency, Stage, survey};
use crate::session::Phase;
use crate::session::progress::{Progress, What};
use crate::wire::coordinator_api::SessionSummary;

/// Pay, hours and a change of pay, in two cohorts.
pub fn survey(membership: survey::Membership) -> survey::Question {
    use survey::{By, Declared, Statistic};
    let item = |name: &str, text: &str, (code, decimals), minimum, maximum| survey::Item {
        name: name.into(),
        text: Some(text.into()),
        unit: Currency { code: String::from(code), decimals },
        minimum,
        maximum,
    };
    let of = |statistic, by| Declared { statistic, by };
    survey::Question {
        items: vec![
            item("pay", "What is your gross pay for a year?", ("EUR", 0), 0, 1_000_000),
            item("hours", "How many hours a week do you work?", ("h", 1), 0, 800),
            item("raise", "By how much did your pay change?", ("EUR", 0), -100_000, 100_000),
        ],
        cohorts: vec!["women".into(), "men".into()],
        membership,
        results: vec![
            of(Statistic::Count, By::Both),
            of(Statistic::Mean(0), By::Both),
            of(Statistic::Deviation(0), By::Both),
            of(Statistic::Ratio(0, 1), By::All),
            of(Statistic::Mean(2), By::Both),
            of(Statistic::Quartiles(0), By::All),
            of(Statistic::Histogram(0, vec![40_000, 50_000, 60_000]), By::All),
        ],
        at_least: 3,
    }
}

pub fn of_survey(question: survey::Question, phase: Phase) -> SessionSummary {
    let mut summary = summary(1, "Pay in our trade", phase);
    summary.terms.question = question.into();
    summary
}

/// An open survey with answers.
pub fn open_survey() -> Model {
    survey_like(survey(survey::Membership::Secret))
}

/// An open survey that asks this.
pub fn survey_like(question: survey::Question) -> Model {
    let mut model = empty();
    let open = of_survey(question, Phase::Open);
    put(&mut model, vec![open.clone()], open);
    for bidder in ["Alma", "Bela", "Cyril"] {
        receive(&mut model, 1, bidder, &[1, 2, 3, 4, 5]);
    }
    model
}

/// The same, while its results are computed.
pub fn computing_survey() -> Model {
    let mut model = empty();
    let computing = of_survey(survey(survey::Membership::Secret), Phase::Computing);
    put(&mut model, vec![computing.clone()], computing);
    for index in 1..=5 {
        for stage in [
            Stage::Preparing,
            Stage::CheckingEntries,
            survey::Stage::Counting.into(),
            survey::Stage::Adding.into(),
        ] {
            let progress = Progress {
                attempt: 1,
                stage,
                rounds: 40,
                rounds_total: 131,
                gates: 300_000,
                bytes_sent: 62_000,
                ..Progress::default()
            };
            update(&mut model, event(1, Some(index), What::Progress(progress)));
        }
    }
    model
}

/// A settled survey in which so many women and men answered, ada among them.
pub fn settled_survey(question: survey::Question, women: u64, men: u64) -> Model {
    let entry = |at: u64| {
        let woman = u64::from(at < women);
        vec![woman, 1 - woman, 38_000 + 2_500 * at, 380 + at, 99_000 + 300 * at]
    };
    let entries: Vec<Vec<u64>> = (0..women + men).map(entry).collect();
    let entries: Vec<&[u64]> = entries.iter().map(Vec::as_slice).collect();
    let answer = survey::reference::answer(&question, &entries);
    let mut model = empty();
    let mut settled = of_survey(question, Phase::Settled);
    settled.result = Some(Answer::Survey(answer));
    let own = OwnBid {
        revision: 2,
        envelope: Digest([3; 32]),
        receipts: (1..=5).map(|index| (node(index), at(-100))).collect(),
        name: clean("ada"),
        name_shared: false,
        seen: at(-100),
    };
    update(&mut model, News::Own(vec![(settled.session, own)]));
    put(&mut model, vec![settled.clone()], settled);
    model
}
