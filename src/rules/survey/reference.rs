//! The reference in the clear that the protocols are tested against: a few obvious lines.

use super::answer::{Answer, Cell, Value};
use super::question::Question;
use super::statistic::{Group, Measure, Order};

/// The statistics of valid entries in the order of arrival; see [`Question::is_valid`].
///
/// Where fewer than `at_least` answered, nobody included, everything is withheld.
pub fn answer(question: &Question, entries: &[&[u64]]) -> Answer {
    answer_of(question, entries, &[])
}

/// The same where the operator assigns the cohorts: `assigned` has that of each entry, by position.
pub fn answer_of(question: &Question, entries: &[&[u64]], assigned: &[u8]) -> Answer {
    let (cohorts, bits) = (question.cohorts.len(), question.chosen_cohorts());
    let cohort_of = |(at, entry): (usize, &&[u64])| match assigned.get(at) {
        Some(&cohort) => usize::from(cohort),
        None => entry.iter().take(bits).position(|&bit| bit == 1).unwrap_or(cohorts),
    };
    let members: Vec<usize> = entries.iter().enumerate().map(cohort_of).collect();
    let of = |group: Group| {
        let belongs = move |&(_, member): &(&&[u64], &usize)| match group {
            Group::All => true,
            Group::Cohort(cohort) => *member == cohort,
        };
        let those = entries.iter().zip(&members).filter(belongs);
        those.map(|(entry, _)| &entry[bits..]).collect::<Vec<&[u64]>>()
    };
    let rule = question.rule_of_cohorts();
    let counts = (0..cohorts).map(|cohort| of(Group::Cohort(cohort)).len() as u64);
    let withheld = rule.withheld(&counts.collect::<Vec<_>>());
    let cell = |group: Group| {
        let closed = match group {
            Group::All => rule.is_small(entries.len() as u64),
            Group::Cohort(cohort) => withheld[cohort],
        };
        if closed { Cell::Withheld } else { Cell::Open(opened(question, group, &of(group))) }
    };
    let told = members.iter().filter(|_| question.tells_cohorts());
    Answer {
        members: told.map(|&member| u8::try_from(member).unwrap_or(u8::MAX)).collect(),
        cells: question.groups().into_iter().map(cell).collect(),
    }
}

/// What is opened of some rows of answers.
fn opened(question: &Question, group: Group, rows: &[&[u64]]) -> Vec<Option<Value>> {
    let value = |measure: Measure| match measure {
        Measure::Count => Some(rows.len() as u128),
        Measure::Sum(item) => Some(rows.iter().map(|row| u128::from(row[item])).sum()),
        Measure::Squares(item) => {
            Some(rows.iter().map(|row| u128::from(row[item]) * u128::from(row[item])).sum())
        }
        Measure::Ranked(item, order) => {
            let mut sorted: Vec<u64> = rows.iter().map(|row| row[item]).collect();
            sorted.sort_unstable();
            Some(sorted[place(order, rows.len()) - 1].into())
        }
        Measure::Bin(item, bin) => {
            let counts = bins(question, item, rows);
            let withheld = question.rule_of_bins().withheld(&counts);
            (!withheld[bin]).then(|| counts[bin].into())
        }
    };
    let measures = question.measures(group);
    measures.into_iter().map(|measure| value(measure).map(Value)).collect()
}

/// The place of an answer in the order of so many, from 1.
fn place(order: Order, count: usize) -> usize {
    usize::try_from(order.place(count as u64)).unwrap_or(count)
}

/// How many answers there are in each bin of a question's histogram.
fn bins(question: &Question, item: usize, rows: &[&[u64]]) -> Vec<u64> {
    let edges = question.edges(item);
    let mut counts = vec![0; edges.len() + 1];
    for row in rows {
        let below = edges.iter().filter(|&&edge| edge <= row[item]).count();
        counts[below] += 1;
    }
    counts
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;
