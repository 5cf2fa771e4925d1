//! What came of a survey, in the words that screens share.

use crate::base::text::{Clean, clean};
use crate::rules::{Answer, Terms};
use crate::session::outcome::Entrant;

/// What a survey came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Surveyed {
    /// Every number, in the order of the terms.
    pub bars: Vec<Bar>,
    /// How many results were opened.
    pub opened: usize,
    /// How many were withheld, as a whole or bin by bin.
    pub withheld: usize,
    /// How many answered in each cohort, where everyone learns that.
    pub members: Vec<(Clean, u64)>,
}

/// A number of a result.
#[derive(Clone, PartialEq, Debug)]
pub struct Bar {
    /// The statistic with what it is of.
    pub what: Clean,
    /// Of whom, and which part.
    pub whom: Clean,
    /// The number, or why there is none.
    pub shown: Clean,
    /// Its part of the largest one beside it, by size; none where there is no number.
    pub share: Option<f64>,
    /// Whether it is below zero.
    pub negative: bool,
    /// Whether it was withheld.
    pub withheld: bool,
}

impl Surveyed {
    /// Of an answer; none of another kind's.
    pub fn of(terms: &Terms, answer: &Answer<Entrant>) -> Option<Self> {
        let (survey, answer) = (terms.question.as_survey()?, answer.as_survey()?);
        let rows = survey.rows(answer);
        let bars = rows.iter().map(|row| {
            let beside = rows.iter().filter(|other| row.is_beside(other));
            let largest = beside.filter_map(|row| row.size).map(f64::abs).fold(0.0, f64::max);
            let share = |size: f64| if largest > 0.0 { size.abs() / largest } else { 0.0 };
            Bar {
                what: clean(&row.what()),
                whom: clean(&row.whom()),
                shown: clean(&row.shown),
                share: row.size.map(share),
                negative: row.size.is_some_and(|size| size < 0.0),
                withheld: row.is_withheld(),
            }
        });
        let bars = bars.collect();
        let results = survey.results(answer);
        let withheld = results.iter().filter(|line| line.figure.is_withheld()).count();
        let many = |at: usize| answer.members.iter().filter(|&&own| usize::from(own) == at).count();
        let members = survey.cohorts.iter().enumerate();
        let members = members.filter(|_| !answer.members.is_empty());
        Some(Self {
            bars,
            opened: results.len() - withheld,
            withheld,
            members: members.map(|(at, name)| (clean(name), many(at) as u64)).collect(),
        })
    }

    /// In a few words: "mean of pay 52 000 EUR", "12 results".
    pub fn short(&self) -> String {
        match (&self.bars[..], self.opened) {
            ([bar], _) => format!("{} {}", bar.what, bar.shown),
            (_, 0) => "all withheld".to_owned(),
            (_, 1) => "1 result".to_owned(),
            (_, opened) => format!("{opened} results"),
        }
    }

    /// In a sentence without its full stop.
    pub fn line(&self, at_least: u32) -> String {
        match (&self.bars[..], self.opened, self.withheld) {
            (_, 0, _) => format!("nothing is told: too few answered; at_least is {at_least}"),
            ([bar], ..) => format!("{}: {}", bar.what, bar.shown),
            (_, _, 0) => self.short(),
            (_, _, withheld) => format!("{}, {withheld} withheld", self.short()),
        }
    }
}
