//! The run of a survey on additive shares: counts and sums alone, and no entry is checked.
//!
//! In: the fields of all entries in the order of arrival, shared. Out, at every node: the same as
//! [`crate::rules::survey::reference`] says of entries that are within the terms. Who learns what: all
//! nodes exactly what is opened:
//!
//! - where participants choose their cohorts, that of each entry. An entry that has not exactly one is out of
//!   range; that is the one thing that can be seen of an entry here;
//! - the declared sums of the open groups.
//!
//! Each node adds up its components by itself, and they are opened in two rounds
//! ([`crate::protocol::sums`]). Adversary: all nodes do what they should, and are curious. An answer
//! larger than the terms allow goes into the sums like any other; only sums that no answers within the
//! terms come to are noticed, and end the run.

use super::compute::opened;
use super::steps::{Known, is_public, open_groups};
use crate::field::Mersenne127;
use crate::protocol::{Context, Cost, CostModel, sums};
use crate::rules::Stage;
use crate::rules::survey::check::largest;
use crate::rules::survey::stage::Stage as OfSurveys;
use crate::rules::survey::{Answer, Cell, Group, Measure, Question, Value};
use crate::runs::computed::{Computed, RunError};
use crate::runs::reporter::Reporter;
use crate::sharing::{Holding, SharedElements};

/// One field of all entries.
type Numbers = SharedElements<Mersenne127>;

/// The entries that take part, all of them and by cohort: positions in the manifest.
struct Taking {
    all: Vec<usize>,
    cohorts: Vec<Vec<usize>>,
}

impl Taking {
    fn of(&self, group: Group) -> &[usize] {
        match group {
            Group::All => &self.all,
            Group::Cohort(cohort) => self.cohorts.get(cohort).map_or(&[], Vec::as_slice),
        }
    }
}

/// Add up what is declared and large enough, and open it. `assigned` has the cohort of each entry
/// where the operator assigns them.
pub(super) async fn run(
    ctx: &Context,
    question: &Question,
    (fields, assigned): (&[Numbers], Option<Vec<usize>>),
    reporter: &Reporter<'_>,
) -> Result<Computed, RunError> {
    let expected = question.layout().map_err(|_| RunError::Form)?.extent().fields;
    if fields.len() != expected {
        return Err(RunError::Form);
    }
    let entries = fields.first().map_or(0, Numbers::len);
    let (cohorts, items) = fields.split_at(question.chosen_cohorts());
    // Nothing is told of secret cohorts, so that nothing can be added up by them.
    let told = match assigned {
        Some(assigned) => assigned.into_iter().map(Some).collect(),
        None if is_public(question) => members(ctx, cohorts, entries, reporter).await?,
        None => vec![Some(0); entries],
    };
    let of = |cohort: usize| (0..entries).filter(|&at| told[at] == Some(cohort)).collect();
    let public = if is_public(question) { question.cohorts.len() } else { 0 };
    let taking = Taking {
        all: (0..entries).filter(|&at| told[at].is_some()).collect(),
        cohorts: (0..public).map(of).collect(),
    };
    let counts: Vec<u64> = taking.cohorts.iter().map(|own| own.len() as u64).collect();
    let hidden = question.rule_of_cohorts().withheld(&counts);
    let known = Known {
        entries: taking.all.len(),
        members: is_public(question).then(|| taking.cohorts.iter().map(Vec::len).collect()),
        open: open_groups(question, taking.all.len(), &hidden),
    };
    let cells = cells(ctx, question, items, &taking, &known, reporter).await?;
    let members = taking.all.iter().filter(|_| public > 0).filter_map(|&at| told[at]);
    let members = members.map(|cohort| u8::try_from(cohort).unwrap_or(u8::MAX)).collect();
    let out_of_range = (0..entries).filter(|&at| told[at].is_none()).collect();
    Ok(Computed { answer: Answer { members, cells }.into(), out_of_range })
}

/// The cohort of each entry; none of one that has not exactly one.
async fn members(
    ctx: &Context,
    cohorts: &[Numbers],
    entries: usize,
    reporter: &Reporter<'_>,
) -> Result<Vec<Option<usize>>, RunError> {
    if entries == 0 {
        return Ok(Vec::new());
    }
    reporter.stage(OfSurveys::Counting);
    let holding = Holding::of(ctx.scheme(), ctx.me());
    let all = Numbers::concat(holding, cohorts)?;
    let opened = sums::open(&ctx.narrow("members"), &all).await?;
    let chosen: Vec<&[Mersenne127]> = opened.chunks(entries).collect();
    let only = |entry: usize| {
        let mut only = None;
        for (cohort, chosen) in chosen.iter().enumerate() {
            match chosen.get(entry).map(|number| number.to_number()) {
                Some(0) => {}
                Some(1) if only.is_none() => only = Some(cohort),
                _ => return None,
            }
        }
        only
    };
    Ok((0..entries).map(only).collect())
}

/// The declared sums of the open groups, opened.
async fn cells(
    ctx: &Context,
    question: &Question,
    items: &[Numbers],
    taking: &Taking,
    known: &Known,
    reporter: &Reporter<'_>,
) -> Result<Vec<Cell>, RunError> {
    reporter.stage(OfSurveys::Adding);
    let declared = opened(question, known);
    let total = |&(group, measure): &(Group, Measure)| match measure {
        Measure::Sum(item) => {
            let numbers = items.get(item).ok_or(RunError::Form)?;
            Ok(numbers.sum_at(taking.of(group))?)
        }
        // How many there are is known, and the rest takes more than adding.
        Measure::Count | Measure::Squares(_) | Measure::Ranked(..) | Measure::Bin(..) => {
            Err(RunError::Form)
        }
    };
    let totals = declared.iter().map(total).collect::<Result<Vec<_>, RunError>>()?;
    let totals = Numbers::concat(Holding::of(ctx.scheme(), ctx.me()), &totals)?;
    if !totals.is_empty() {
        reporter.stage(Stage::Opening);
    }
    let values = sums::open(&ctx.narrow("results"), &totals).await?;
    for (&(group, measure), value) in declared.iter().zip(values.iter()) {
        let count = taking.of(group).len() as u128;
        if let Measure::Sum(item) = measure
            && value.to_number() > largest(question, measure, count)
        {
            let question = question.items.get(item).map_or("", |item| &item.name).to_owned();
            return Err(RunError::TooMuch { question });
        }
    }
    let value = |group: Group, measure: Measure| {
        if measure == Measure::Count {
            return Some(Value(taking.of(group).len() as u128));
        }
        let at = declared.iter().position(|&cell| cell == (group, measure))?;
        values.get(at).map(|value| Value(value.to_number()))
    };
    let cell = |group: Group| {
        if !known.open.contains(&group) {
            return Cell::Withheld;
        }
        let measures = question.measures(group).into_iter();
        Cell::Open(measures.map(|measure| value(group, measure)).collect())
    };
    Ok(question.groups().into_iter().map(cell).collect())
}

/// What a run costs exactly, given what becomes public in it.
pub(super) fn cost(model: CostModel, question: &Question, entries: usize, known: &Known) -> Cost {
    let told = if is_public(question) { question.chosen_cohorts() * entries } else { 0 };
    model.keys()
        + model.opening_sums::<Mersenne127>(told)
        + model.opening_sums::<Mersenne127>(opened(question, known).len())
}
