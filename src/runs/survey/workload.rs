//! What decides how much a survey costs, and the cost.

use std::sync::Arc;

use super::compute::{UNDER_WAY, opened, tripled};
use super::steps::{self, Known, Steps, decides_cohorts, is_public, open_groups, width};
use super::{adding, one_cohort, withheld};
use crate::protocol::bits::beside::waves;
use crate::protocol::bits::maximum::Keep;
use crate::protocol::bits::tally::{Shape, Tally};
use crate::protocol::tactics::BestBy;
use crate::protocol::{Cost, CostModel, Tactics};
use crate::rules::Terms;
use crate::rules::survey::{Answer, Cell, Group, Measure, Question};
use crate::runs::blocks::Comparisons;
use crate::runs::cost::Predicted;
use crate::runs::line::{Line, king_from, lanes, seconds};
use crate::runs::range;
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::sharing::{NodeSet, Scheme};

/// What decides how much a run costs; all of it is public.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workload {
    /// Which lies of nodes are found.
    pub security: Security,
    /// How answers are shared.
    pub protocol: Form,
    /// How many take part.
    pub entries: usize,
    /// What is asked.
    pub question: Arc<Question>,
}

/// What a run turned out to be, as far as it decides the cost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ending {
    /// Entries that were valid.
    pub valid: usize,
    /// How many each cohort has, where that is public.
    pub members: Option<Vec<usize>>,
    /// The groups that were opened.
    pub open: Vec<Group>,
    /// Bins that were withheld in them.
    pub closed: Vec<(Group, Measure)>,
}

impl Ending {
    /// The ending of a run that came to this answer.
    pub fn of(question: &Question, valid: usize, answer: &Answer) -> Self {
        let count = |cohort: usize| {
            answer.members.iter().filter(|&&own| usize::from(own) == cohort).count()
        };
        let members = is_public(question).then(|| (0..question.cohorts.len()).map(count).collect());
        let cells = || question.groups().into_iter().zip(&answer.cells);
        let open = cells().filter(|(_, cell)| **cell != Cell::Withheld).map(|(group, _)| group);
        let open = open.collect();
        let closed = cells().flat_map(|(group, cell)| {
            let values = cell.open().unwrap_or_default().iter();
            let values = values.zip(question.measures(group));
            let closed = values.filter(|(value, _)| value.is_none());
            closed.map(move |(_, measure)| (group, measure)).collect::<Vec<_>>()
        });
        Self { valid, members, open, closed: closed.collect() }
    }

    /// All entries are valid, and nothing is withheld that does not have to be; as many in every
    /// cohort.
    fn largest(question: &Question, entries: usize) -> Self {
        let cohorts = question.cohorts.len();
        let share = |cohort: usize| entries / cohorts + usize::from(cohort < entries % cohorts);
        let public = is_public(question);
        let members: Option<Vec<usize>> = public.then(|| (0..cohorts).map(share).collect());
        let hidden = match &members {
            Some(members) => {
                let counts: Vec<u64> = members.iter().map(|&count| count as u64).collect();
                question.rule_of_cohorts().withheld(&counts)
            }
            None => vec![!decides_cohorts(question, entries); cohorts],
        };
        let open = open_groups(question, entries, &hidden);
        Self { valid: entries, members, open, closed: Vec::new() }
    }
}

impl Workload {
    /// The work that so many entries make.
    pub fn of(terms: &Terms, question: &Question, entries: usize) -> Self {
        let (security, protocol) = (terms.security(), terms.protocol);
        Self { security, protocol, entries, question: Arc::new(question.clone()) }
    }

    /// What a run costs in which all entries are valid and nothing is withheld, with equal cohorts.
    pub(in crate::runs) fn predict(
        &self,
        scheme: Scheme,
        participants: NodeSet,
        tactics: &Tactics,
    ) -> Predicted {
        let ending = Ending::largest(&self.question, self.entries);
        self.predict_ending(scheme, participants, tactics, &ending)
    }

    /// What a run costs exactly, given what becomes public in it.
    pub fn predict_ending(
        &self,
        scheme: Scheme,
        participants: NodeSet,
        tactics: &Tactics,
        ending: &Ending,
    ) -> Predicted {
        let model = CostModel::new(scheme, participants).with_tactics(tactics);
        let known = Known {
            entries: ending.valid,
            members: ending.members.clone(),
            open: ending.open.clone(),
        };
        if self.protocol == Form::Sums {
            return Predicted::of(adding::cost(model, &self.question, self.entries, &known));
        }
        let bill = Bill {
            model: model.with_security(self.security),
            tactics,
            question: &self.question,
            ending,
            known,
        };
        Predicted::of(bill.total(self.entries))
    }

    /// The tactics that are expected to take the least time.
    pub(in crate::runs) fn tactics(
        &self,
        scheme: Scheme,
        participants: NodeSet,
        line: Line,
    ) -> Tactics {
        if self.protocol == Form::Sums {
            return Tactics::default();
        }
        let king_from = king_from(scheme, participants, line);
        let lanes = lanes(scheme, self.entries, line, 2);
        let bits = self.question.items.iter().map(|item| item.field().bits as usize);
        let (security, width, count) = (self.security, bits.max().unwrap_or(1), self.entries);
        let comparisons = Comparisons { scheme, participants, security, width, count, line };
        let fastest = |tactics: Tactics| {
            comparisons.fastest(tactics, |tactics| {
                let cost = self.predict(scheme, participants, &tactics).cost();
                let seconds = seconds(scheme, line, cost);
                (seconds, (seconds, tactics))
            })
        };
        let with = |best| Tactics { king_from, lanes, best, ..Tactics::default() };
        let (search, rank) =
            (fastest(with(Some(BestBy::Search))), fastest(with(Some(BestBy::Rank))));
        if rank.0 < search.0 { rank.1 } else { search.1 }
    }
}

/// What a run costs, added up.
struct Bill<'a> {
    model: CostModel,
    tactics: &'a Tactics,
    question: &'a Question,
    ending: &'a Ending,
    known: Known,
}

impl Bill<'_> {
    fn total(&self, entries: usize) -> Cost {
        let (model, cohorts) = (self.model, self.question.cohorts.len());
        let chosen = self.question.chosen_cohorts();
        let mut cost = model.keys();
        if let (Ok(layout), 1..) = (self.question.layout(), entries) {
            let faults = (one_cohort::cost(model, chosen, entries), one_cohort::count(chosen));
            cost += range::cost(model, &layout, entries, faults);
        }
        let valid = self.known.entries;
        if is_public(self.question) && chosen > 0 && valid > 0 {
            cost = model.opening(cost, &vec![(1, valid); chosen]);
        }
        if decides_cohorts(self.question, valid) {
            let shape = Shape { tally: Tally::Counts, width: cohorts, count: valid };
            let rule = self.question.rule_of_cohorts();
            let width = shape.widths().into_iter().next().unwrap_or(0);
            cost += model.tally(&[shape]) + withheld::cost(model, rule, cohorts, width);
            cost = model.opening(cost, &[(1, cohorts)]);
        }
        let steps = Steps::of(self.question, &self.known);
        cost += self.sums(&steps);
        if !steps.bins.is_empty() {
            let rule = self.question.rule_of_bins();
            let small = steps
                .bins
                .iter()
                .map(|bins| withheld::cost(model, rule, bins.count, self.count_width(bins.group)));
            cost += Cost::beside(small);
            let batches: Vec<_> = steps.bins.iter().map(|bins| (1, bins.count)).collect();
            cost = model.opening(cost, &batches);
        }
        cost += self.ranked(&steps);
        let opened = opened(self.question, &self.known).into_iter();
        let opened = opened.filter(|cell| !self.ending.closed.contains(cell));
        let batches: Vec<_> = opened.map(|cell| (self.width_of(cell), 1)).collect();
        if batches.is_empty() { cost } else { model.opening(cost, &batches) }
    }

    /// Bits of how many there are in a group.
    fn count_width(&self, group: Group) -> usize {
        let shape = Shape { tally: Tally::Counts, width: 1, count: self.known.len(group) };
        shape.widths().into_iter().next().unwrap_or(0)
    }

    fn width_of(&self, (group, measure): (Group, Measure)) -> usize {
        let of = |tally, item, at: usize| {
            let width = width(self.question, item);
            let shape = Shape { tally, width, count: self.known.len(group) };
            shape.widths().get(at).copied().unwrap_or(0)
        };
        match measure {
            Measure::Count | Measure::Bin(..) => self.count_width(group),
            Measure::Sum(item) => of(Tally::Sum, item, 0),
            Measure::Squares(item) => of(Tally::Squares, item, 1),
            Measure::Ranked(item, _) => width(self.question, item),
        }
    }

    /// Masks, histograms, sums and squares.
    fn sums(&self, steps: &Steps) -> Cost {
        let (model, question, entries) = (self.model, self.question, self.known.entries);
        let masks = steps.masks.iter();
        let masks = masks.map(|&(_, item)| model.multiply(1, width(question, item), entries));
        let parts = steps.parted().into_iter().map(|item| {
            let edges = question.edges(item).len();
            let one = model.public_less_than(width(question, item), entries);
            Cost::beside((0..edges).map(|_| one))
        });
        let of_groups = steps.bins.iter().map(|bins| {
            let secret = self.known.is_secret(bins.group);
            if secret { model.multiply(1, bins.count, entries) } else { Cost::default() }
        });
        let joined = steps.joined.iter().flat_map(|&(item, tally)| {
            let bits = width(question, item);
            let all = Shape { tally, width: bits, count: entries }.widths();
            let parts: Vec<Vec<usize>> = steps
                .parts(item)
                .map(|sum| {
                    let count = self.known.len(sum.group);
                    Shape { tally: sum.tally, width: bits, count }.widths()
                })
                .collect();
            let join = |(at, width)| {
                let parts: Vec<usize> =
                    parts.iter().filter_map(|widths| widths.get(at).copied()).collect();
                model.join(&parts, width)
            };
            all.into_iter().enumerate().map(join).collect::<Vec<_>>()
        });
        Cost::beside(masks)
            + Cost::beside(parts)
            + Cost::beside(of_groups)
            + model.tally(&steps.tallies(question, &self.known))
            + Cost::beside(joined)
    }

    /// Minima, maxima, medians and quartiles.
    fn ranked(&self, steps: &Steps) -> Cost {
        let (model, groups) = (self.model, &self.tactics.groups[..]);
        let one = |extreme: &steps::Extreme| {
            let width = width(self.question, extreme.item);
            model.maximum(width, self.known.len(extreme.group), Keep::Value, groups)
        };
        let weights = steps.extremes.iter().map(|extreme| self.known.len(extreme.group));
        let mut rest = &steps.extremes[..];
        let mut cost = Cost::default();
        for size in waves(weights, UNDER_WAY) {
            let (wave, later) = rest.split_at(size);
            cost += Cost::beside(wave.iter().map(one));
            rest = later;
        }
        let count = self.count_width(Group::All);
        let quarters = tripled(&self.known, steps).into_iter();
        let quarters = quarters.map(|_| model.combine(&[(count, 3)], count + 2, 1));
        cost + Cost::beside(quarters)
            + model.nth(self.tactics, &steps.ordered(self.question, &self.known))
    }
}
