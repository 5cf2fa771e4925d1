//! Whether a survey can have come to an answer, as far as that shows without the entries.

use std::collections::BTreeMap;

use super::answer::{Answer, Cell, Value};
use super::item::Item;
use super::question::Question;
use super::statistic::{Group, Measure};
use super::withhold::Rule;

/// Which rule a survey's answer breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AnswerError {
    /// Cohorts told where they are secret, or not of all.
    #[error("the outcome tells the cohorts of {got} participants where it is to tell {expected}")]
    Members {
        /// As many as take part, or none.
        expected: usize,
        /// As it says.
        got: usize,
    },
    /// A cohort that there is not.
    #[error("the outcome puts a participant into a cohort that the survey does not have")]
    NoSuchCohort,
    /// Other cells than the terms declare.
    #[error("the outcome opens {got} groups where the terms declare {expected}")]
    Cells {
        /// As the terms declare.
        expected: usize,
        /// As it says.
        got: usize,
    },
    /// Other values than the terms declare.
    #[error("the outcome opens other values than the terms declare")]
    Values,
    /// Something is opened that is to be withheld, or the other way round.
    #[error("the outcome opens or withholds otherwise than the terms' at_least says")]
    Withholding,
    /// A value that no answers come to.
    #[error("the outcome has a value that no answers within the terms come to")]
    Impossible,
}

impl Answer {
    /// Check that a survey can have come to this, given how many entries took part in it.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self, question: &Question, in_range: usize) -> Result<(), AnswerError> {
        let public = question.tells_cohorts();
        let expected = if public { in_range } else { 0 };
        let got = self.members.len();
        if expected != got {
            return Err(AnswerError::Members { expected, got });
        }
        let mut members = vec![0_u64; question.cohorts.len()];
        for &member in &self.members {
            *members.get_mut(usize::from(member)).ok_or(AnswerError::NoSuchCohort)? += 1;
        }
        let groups = question.groups();
        let (expected, got) = (groups.len(), self.cells.len());
        if expected != got {
            return Err(AnswerError::Cells { expected, got });
        }
        let all = in_range as u64;
        let mut cohorts = Vec::new();
        for (&group, cell) in groups.iter().zip(&self.cells) {
            let answers = match group {
                Group::All => Answers::Exactly(all),
                Group::Cohort(cohort) if public => {
                    Answers::Exactly(members.get(cohort).copied().unwrap_or(0))
                }
                Group::Cohort(_) => Answers::AtMost(all),
            };
            check_cell(question, group, cell, answers)?;
            if group != Group::All {
                cohorts.push(cell);
            } else if (*cell == Cell::Withheld) != question.rule_of_cohorts().is_small(all) {
                return Err(AnswerError::Withholding);
            }
        }
        if cohorts.is_empty() {
            return Ok(());
        }
        let rule = question.rule_of_cohorts();
        if public {
            let withheld = cohorts.iter().map(|cell| **cell == Cell::Withheld);
            let same = withheld.eq(rule.withheld(&members));
            return if same { Ok(()) } else { Err(AnswerError::Withholding) };
        }
        let measures = question.measures_of_cohorts();
        let counted = measures.contains(&Measure::Count);
        let count = |cell: &&Cell| match cell {
            Cell::Withheld => Part::Withheld,
            Cell::Open(_) if !counted => Part::Uncounted,
            Cell::Open(_) => Part::Count(cell.value(&measures, Measure::Count).unwrap_or(0)),
        };
        check_parts(rule, &cohorts.iter().map(count).collect::<Vec<_>>(), all.into())
    }
}

/// What is known of how many a group has.
#[derive(Clone, Copy)]
enum Answers {
    Exactly(u64),
    AtMost(u64),
}

/// A cell of a partition whose counts are secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Withheld,
    Uncounted,
    Count(u128),
}

/// That the open cells of a partition are large enough, and that nothing can be had of the withheld
/// ones by subtraction.
fn check_parts(rule: Rule, parts: &[Part], whole: u128) -> Result<(), AnswerError> {
    let least = u128::from(rule.at_least);
    let hidden = parts.iter().filter(|part| **part == Part::Withheld).count();
    let (mut open, mut counted) = (0_u128, true);
    for part in parts {
        open += match *part {
            Part::Withheld => 0,
            Part::Uncounted => {
                counted = false;
                least
            }
            Part::Count(count) if count < least => return Err(AnswerError::Withholding),
            Part::Count(count) => count,
        };
    }
    let left = whole.checked_sub(open).ok_or(AnswerError::Impossible)?;
    if hidden == 0 {
        let whole = !counted || left == 0;
        return if whole { Ok(()) } else { Err(AnswerError::Impossible) };
    }
    let some = hidden < parts.len();
    if some && rule.whole_known && rule.at_least > 1 && (hidden < 2 || left < least) {
        return Err(AnswerError::Withholding);
    }
    Ok(())
}

/// That a cell has the values that the terms declare, and ones that so many answers come to.
fn check_cell(
    question: &Question,
    group: Group,
    cell: &Cell,
    answers: Answers,
) -> Result<(), AnswerError> {
    let Some(values) = cell.open() else { return Ok(()) };
    let measures = question.measures(group);
    if values.len() != measures.len() {
        return Err(AnswerError::Values);
    }
    let counted = cell.value(&measures, Measure::Count);
    let (right, most) = match answers {
        Answers::Exactly(all) => (counted.is_none_or(|count| count == all.into()), all),
        Answers::AtMost(all) => (counted.is_none_or(|count| count <= all.into()), all),
    };
    if !right {
        return Err(AnswerError::Impossible);
    }
    let count = counted.unwrap_or_else(|| most.into());
    if count < question.at_least.into() {
        return Err(AnswerError::Withholding);
    }
    let mut bins: BTreeMap<usize, Vec<Part>> = BTreeMap::new();
    let mut before: Option<(usize, u128)> = None;
    for (&measure, value) in measures.iter().zip(values) {
        if let Measure::Bin(item, _) = measure {
            let part = value.map_or(Part::Withheld, |Value(count)| Part::Count(count));
            bins.entry(item).or_default().push(part);
            continue;
        }
        let Value(value) = value.ok_or(AnswerError::Values)?;
        if value > largest(question, measure, count) {
            return Err(AnswerError::Impossible);
        }
        let possible = match measure {
            // The mean of the squares is at least the square of the mean.
            Measure::Squares(item) => match (counted, cell.value(&measures, Measure::Sum(item))) {
                (Some(count), Some(sum)) => count.saturating_mul(value) >= sum.saturating_mul(sum),
                _ => true,
            },
            Measure::Ranked(item, _) => {
                let before = before.replace((item, value));
                before.is_none_or(|(of, smaller)| of != item || smaller <= value)
            }
            _ => true,
        };
        if !possible {
            return Err(AnswerError::Impossible);
        }
    }
    bins.values().try_for_each(|bins| check_parts(question.rule_of_bins(), bins, count))
}

/// The most that a measure of so many answers comes to.
pub fn largest(question: &Question, measure: Measure, count: u128) -> u128 {
    let span = |item: usize| u128::from(question.items.get(item).map_or(0, Item::span));
    match measure {
        Measure::Count | Measure::Bin(..) => count,
        Measure::Sum(item) => span(item).saturating_mul(count),
        Measure::Squares(item) => span(item).saturating_mul(span(item)).saturating_mul(count),
        Measure::Ranked(item, _) => span(item),
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
