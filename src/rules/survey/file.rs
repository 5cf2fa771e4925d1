//! A survey's fields in a session file.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::item::{Item, parse_signed};
use super::question::{Membership, Question};
use super::question_error::QuestionError;
use super::response::{Response, ResponseError};
use super::statistic::{By, Declared, Statistic};
use crate::base::name::{check_name, look};
use crate::rules::money::Currency;
use crate::rules::written::Written;

/// The fields of a session file that only surveys have, as written.
#[derive(Clone, Deserialize)]
pub struct Fields {
    /// What is asked.
    pub questions: Vec<Asked>,
    /// The cohorts, if there are any.
    #[serde(default)]
    pub cohorts: Vec<Cohort>,
    /// Who learns who is in which.
    #[serde(default)]
    pub membership: Membership,
    /// What is computed.
    pub results: Vec<Wanted>,
    /// Fewest answers of which anything is opened.
    #[serde(default = "usual_least")]
    pub at_least: u32,
    /// For demo, tests and benches: who answers what.
    #[serde(default)]
    pub answers: Vec<DemoAnswer>,
    /// For demo, tests and benches: so many made-up participants.
    pub participants: Option<u32>,
    /// What they are made up from.
    pub seed: Option<u64>,
}

const fn usual_least() -> u32 {
    5
}

/// A question as written.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// What it goes by.
    pub name: String,
    /// The question in full.
    pub text: Option<String>,
    /// What answers are counted in.
    #[serde(default)]
    pub unit: String,
    /// Their decimals.
    #[serde(default)]
    pub decimals: u8,
    /// The smallest answer in units; 0 if nothing is said.
    pub minimum: Option<Written>,
    /// The largest answer.
    pub maximum: Written,
}

/// A cohort as written.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cohort {
    /// What it is called.
    pub name: String,
}

/// A statistic as written.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Which one.
    pub statistic: Name,
    /// Of which question; a count is of none.
    pub question: Option<String>,
    /// A ratio's other question, by whose sum is divided.
    pub per: Option<String>,
    /// Of whom.
    #[serde(default)]
    pub by: By,
    /// A histogram's edges.
    pub edges: Option<Vec<Written>>,
}

/// The name of a statistic.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// See [`Statistic::Count`]; the others alike.
    Count,
    /// A sum.
    Sum,
    /// A mean.
    Mean,
    /// A standard deviation.
    Deviation,
    /// A ratio of two sums.
    Ratio,
    /// The smallest answer.
    Minimum,
    /// The largest.
    Maximum,
    /// The one in the middle.
    Median,
    /// Those at the quarters.
    Quartiles,
    /// Counts between edges.
    Histogram,
}

/// A response that the demo plays.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoAnswer {
    /// The participant's name.
    pub participant: String,
    /// The cohort, where there are any.
    pub cohort: Option<String>,
    /// An answer to every question.
    pub values: BTreeMap<String, Written>,
}

impl DemoAnswer {
    /// The response that it is. Where the operator assigns the cohorts, the demo's operator assigns
    /// the one that stands here.
    ///
    /// # Errors
    /// When it cannot be handed in.
    pub fn response(&self, question: &Question) -> Result<Response, QuestionError> {
        let answers: Vec<_> =
            self.values.iter().map(|(name, text)| (name.as_str(), text)).collect();
        let wrong =
            |error| QuestionError::Response { participant: self.participant.clone(), error };
        let response = Response::parse(question, self.cohort.as_deref(), &answers);
        let response = response.map_err(wrong)?;
        if question.assigned_cohorts().is_some() && response.assigned().is_none() {
            return Err(wrong(ResponseError::no_cohort(question)));
        }
        Ok(response)
    }
}

impl Asked {
    fn item(&self) -> Result<Item, QuestionError> {
        let unit = Currency { code: self.unit.clone(), decimals: self.decimals };
        if !unit.decimals_fit() {
            return Err(QuestionError::Decimals { item: self.name.clone(), got: self.decimals });
        }
        let bound = |field: &'static str, written: &Written| {
            parse_signed(&unit, written.text()).map_err(|error| QuestionError::Amount {
                field,
                item: self.name.clone(),
                error,
            })
        };
        let minimum = self.minimum.as_ref().map_or(Ok(0), |least| bound("the minimum", least))?;
        let maximum = bound("the maximum", &self.maximum)?;
        // Line breaks in the file count as blanks.
        let text = self.text.as_deref().map(|text| {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            lines.collect::<Vec<_>>().join(" ")
        });
        Ok(Item { name: self.name.clone(), text, unit, minimum, maximum })
    }
}

impl Wanted {
    fn declared(&self, items: &[Item]) -> Result<Declared, QuestionError> {
        let statistic = self.name();
        let place = |name: &Option<String>, field: &'static str| {
            let name = name.as_ref().ok_or(QuestionError::Needs { statistic, field })?;
            let place = items.iter().position(|item| item.name == *name);
            place.ok_or_else(|| QuestionError::Unasked { statistic, item: name.clone() })
        };
        let spare = [
            ("question", self.question.is_some(), self.statistic != Name::Count),
            ("per", self.per.is_some(), self.statistic == Name::Ratio),
            ("edges", self.edges.is_some(), self.statistic == Name::Histogram),
        ];
        if let Some((field, ..)) = spare.into_iter().find(|(_, given, used)| *given && !used) {
            return Err(QuestionError::Spare { statistic, field });
        }
        let item = || place(&self.question, "question");
        let statistic = match self.statistic {
            Name::Count => Statistic::Count,
            Name::Sum => Statistic::Sum(item()?),
            Name::Mean => Statistic::Mean(item()?),
            Name::Deviation => Statistic::Deviation(item()?),
            Name::Ratio => Statistic::Ratio(item()?, place(&self.per, "per")?),
            Name::Minimum => Statistic::Minimum(item()?),
            Name::Maximum => Statistic::Maximum(item()?),
            Name::Median => Statistic::Median(item()?),
            Name::Quartiles => Statistic::Quartiles(item()?),
            Name::Histogram => {
                let item = item()?;
                let edges = self.edges.as_ref();
                let edges = edges.ok_or(QuestionError::Needs { statistic, field: "edges" })?;
                Statistic::Histogram(item, read_edges(&items[item], edges)?)
            }
        };
        Ok(Declared { statistic, by: self.by })
    }

    /// The name of the statistic, for messages.
    const fn name(&self) -> &'static str {
        match self.statistic {
            Name::Count => "count",
            Name::Sum => "sum",
            Name::Mean => "mean",
            Name::Deviation => "deviation",
            Name::Ratio => "ratio",
            Name::Minimum => "minimum",
            Name::Maximum => "maximum",
            Name::Median => "median",
            Name::Quartiles => "quartiles",
            Name::Histogram => "histogram",
        }
    }
}

fn read_edges(item: &Item, edges: &[Written]) -> Result<Vec<i64>, QuestionError> {
    let edge = |written: &Written| {
        parse_signed(&item.unit, written.text()).map_err(|error| QuestionError::Amount {
            field: "an edge",
            item: item.name.clone(),
            error,
        })
    };
    edges.iter().map(edge).collect()
}

impl Fields {
    /// Their names, but for the kind, which every session file has.
    pub const NAMES: &[&str] = &[
        "questions",
        "cohorts",
        "membership",
        "results",
        "at_least",
        "answers",
        "participants",
        "seed",
    ];

    /// Those that only a demo reads. They hold what participants keep to themselves and go to no
    /// server.
    pub const DEMO: &[&str] = &["answers", "participants", "seed"];

    /// The question that they make, with every default filled in.
    ///
    /// # Errors
    /// When a number is none, or a response of the demo cannot be handed in.
    pub fn question(&self) -> Result<Question, QuestionError> {
        let items = self.questions.iter().map(Asked::item).collect::<Result<Vec<_>, _>>()?;
        let results = self.results.iter().map(|wanted| wanted.declared(&items));
        let results = results.collect::<Result<_, _>>()?;
        let question = Question {
            items,
            cohorts: self.cohorts.iter().map(|cohort| cohort.name.clone()).collect(),
            membership: self.membership,
            results,
            at_least: self.at_least,
        };
        question.check_parts()?;
        self.check_answers(&question)?;
        Ok(question)
    }

    /// How many participants there are for a demo.
    pub fn participants(&self) -> usize {
        self.participants.map_or(self.answers.len(), |count| count as usize)
    }

    /// That the demo's responses can be handed in, and are of one participant each.
    fn check_answers(&self, question: &Question) -> Result<(), QuestionError> {
        if !self.answers.is_empty() && self.participants.is_some() {
            return Err(QuestionError::Both);
        }
        let mut names = HashSet::new();
        for answer in &self.answers {
            check_name("a participant's name", &answer.participant)?;
            if !names.insert(look(&answer.participant)) {
                let (what, name) = ("participants", answer.participant.clone());
                return Err(QuestionError::SameName { what, name });
            }
            answer.response(question)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
