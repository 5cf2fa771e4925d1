//! What a survey computes once it is known which groups are opened: a list of steps that follows from
//! what is public, by which it is run and its cost foretold.

use std::collections::BTreeSet;

use crate::protocol::bits::nth;
use crate::protocol::bits::tally::{Shape, Tally};
use crate::rules::survey::{Group, Measure, Order, Question};

/// What is known of a survey when its steps are laid out; all of it is public.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Entries that take part.
    pub entries: usize,
    /// How many each cohort has, where that is public.
    pub members: Option<Vec<usize>>,
    /// The groups of which something is opened.
    pub open: Vec<Group>,
}

impl Known {
    /// How many positions a group's numbers have: where cohorts are secret, all.
    pub(super) fn len(&self, group: Group) -> usize {
        match (group, &self.members) {
            (Group::Cohort(cohort), Some(members)) => members.get(cohort).copied().unwrap_or(0),
            _ => self.entries,
        }
    }

    /// Whether a group's numbers are chosen by shared bits.
    pub(super) const fn is_secret(&self, group: Group) -> bool {
        matches!(group, Group::Cohort(_)) && self.members.is_none()
    }
}

/// A question's answers of a group, added up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sum {
    pub(super) group: Group,
    pub(super) item: usize,
    pub(super) tally: Tally,
}

/// A question's answers of a group, counted by the bins of its histogram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bins {
    pub(super) group: Group,
    pub(super) item: usize,
    pub(super) count: usize,
}

/// The smallest or the largest of a group's answers to a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Extreme {
    pub(super) group: Group,
    pub(super) item: usize,
    pub(super) order: Order,
}

/// Some places in the order of a group's answers to a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Places {
    pub(super) group: Group,
    pub(super) item: usize,
    pub(super) orders: Vec<Order>,
}

/// What is computed, in the order in which it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Steps {
    /// Questions of which secret cohorts' answers are cut out, by their cohorts.
    pub(super) masks: Vec<(usize, usize)>,
    pub(super) sums: Vec<Sum>,
    /// Sums of all together that are the sums of all cohorts.
    pub(super) joined: Vec<(usize, Tally)>,
    pub(super) bins: Vec<Bins>,
    pub(super) extremes: Vec<Extreme>,
    pub(super) places: Vec<Places>,
}

/// How a question's answers are added up for some measures, if at all.
fn tally_of(measures: &[Measure], item: usize) -> Option<Tally> {
    if measures.contains(&Measure::Squares(item)) {
        return Some(Tally::Squares);
    }
    measures.contains(&Measure::Sum(item)).then_some(Tally::Sum)
}

/// The one that gives both.
fn either(one: Tally, other: Tally) -> Tally {
    if one == Tally::Squares { one } else { other }
}

impl Steps {
    /// What is computed for the groups that are open.
    pub(super) fn of(question: &Question, known: &Known) -> Self {
        let mut steps = Self::default();
        for &group in &known.open {
            let measures = question.measures(group);
            for item in 0..question.items.len() {
                steps.add(question, known, group, item, &measures);
            }
        }
        if known.members.is_some() && known.open.contains(&Group::All) {
            steps.join(question, known);
        }
        steps.masks.sort_unstable();
        steps.masks.dedup();
        steps
    }

    fn add(
        &mut self,
        question: &Question,
        known: &Known,
        group: Group,
        item: usize,
        measures: &[Measure],
    ) {
        let mut masked = false;
        if let Some(tally) = tally_of(measures, item) {
            self.sums.push(Sum { group, item, tally });
            masked = true;
        }
        if measures.contains(&Measure::Bin(item, 0)) {
            let count = question.edges(item).len() + 1;
            self.bins.push(Bins { group, item, count });
        }
        let mut orders = Vec::new();
        for measure in measures {
            match *measure {
                Measure::Ranked(of, order @ (Order::Minimum | Order::Maximum)) if of == item => {
                    self.extremes.push(Extreme { group, item, order });
                    masked = true;
                }
                Measure::Ranked(of, order) if of == item => orders.push(order),
                _ => {}
            }
        }
        if !orders.is_empty() {
            self.places.push(Places { group, item, orders });
        }
        if let (true, true, Group::Cohort(cohort)) = (masked, known.is_secret(group), group) {
            self.masks.push((cohort, item));
        }
    }

    /// Where cohorts are public and some are added up anyway, what all come to is their sum.
    fn join(&mut self, question: &Question, known: &Known) {
        let cohorts = known.members.as_ref().map_or(0, Vec::len);
        for item in 0..question.items.len() {
            let of_all =
                self.sums.iter().position(|sum| (sum.group, sum.item) == (Group::All, item));
            let of_cohort =
                self.sums.iter().filter(|sum| sum.item == item && sum.group != Group::All);
            let tallies: Vec<Tally> = of_cohort.map(|sum| sum.tally).collect();
            let (Some(at), Some(&first)) = (of_all, tallies.first()) else { continue };
            let tally = self.sums.remove(at).tally;
            let with = either(tally, first);
            self.sums.retain(|sum| sum.item != item);
            let groups = (0..cohorts).map(Group::Cohort).filter(|&group| known.len(group) > 0);
            self.sums.extend(groups.map(|group| Sum { group, item, tally: with }));
            self.joined.push((item, tally));
        }
    }

    /// The cohorts whose sums make up that of all.
    pub(super) fn parts(&self, item: usize) -> impl Iterator<Item = &Sum> {
        self.sums.iter().filter(move |sum| sum.item == item)
    }

    /// What is added up at once: sums, then bins.
    pub(super) fn tallies(&self, question: &Question, known: &Known) -> Vec<Shape> {
        let sums = self.sums.iter().map(|sum| Shape {
            tally: sum.tally,
            width: width(question, sum.item),
            count: known.len(sum.group),
        });
        let bins = self.bins.iter().map(|bins| Shape {
            tally: Tally::Counts,
            width: bins.count,
            count: known.len(bins.group),
        });
        sums.chain(bins).collect()
    }

    /// What is looked for in the order of answers.
    pub(super) fn ordered(&self, question: &Question, known: &Known) -> Vec<nth::Shape> {
        let shape = |places: &Places| nth::Shape {
            width: width(question, places.item),
            count: known.len(places.group),
            some: known.is_secret(places.group),
            asked: places.orders.len(),
        };
        self.places.iter().map(shape).collect()
    }

    /// Questions that have a histogram of an open group.
    pub(super) fn parted(&self) -> BTreeSet<usize> {
        self.bins.iter().map(|bins| bins.item).collect()
    }
}

/// Bits of a question's answers.
pub(super) fn width(question: &Question, item: usize) -> usize {
    question.items.get(item).map_or(0, |item| item.field().bits as usize)
}

/// The groups of which something is opened, given which cohorts are withheld.
pub(super) fn open_groups(question: &Question, entries: usize, withheld: &[bool]) -> Vec<Group> {
    let small = question.rule_of_cohorts().is_small(entries as u64);
    let groups = question.groups().into_iter();
    let open = |group: &Group| match *group {
        Group::All => !small,
        Group::Cohort(cohort) => !withheld.get(cohort).copied().unwrap_or(true),
    };
    groups.filter(open).collect()
}

/// How many answers come before the one at a place, from the largest down: a public number of a
/// shared one, n, as (n * times) >> shift.
pub(super) const fn before(order: Order) -> (u64, usize) {
    match order {
        // n - ceil(n/4), and so on.
        Order::LowerQuartile => (3, 2),
        Order::Median => (1, 1),
        Order::UpperQuartile => (1, 2),
        // Extremes are found otherwise.
        Order::Minimum | Order::Maximum => (0, 0),
    }
}

/// Whether cohorts are told openly, or known beforehand.
pub(super) fn is_public(question: &Question) -> bool {
    question.tells_cohorts()
}

/// Whether it is decided on shares which cohorts are withheld.
pub(super) fn decides_cohorts(question: &Question, entries: usize) -> bool {
    !is_public(question)
        && !question.measures_of_cohorts().is_empty()
        && !question.rule_of_cohorts().is_small(entries as u64)
}
