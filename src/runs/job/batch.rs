//! The steps of a level, by how they are computed together. The run and the prediction of its cost
//! go by the same.

use std::collections::BTreeMap;

use crate::protocol::elements::decide::Counts;
use crate::rules::job::fault::DIVIDED_BITS;
use crate::rules::job::graph::Kind;
use crate::rules::job::{Action, Graph, Refreshed, Tell};

/// The steps of a level.
#[derive(Default)]
pub struct Batch<'a> {
    /// Those that take no rounds, in order.
    pub local: Vec<&'a Action>,
    /// Products and sums of products, by how many products make a sum. Each with what it makes.
    pub products: BTreeMap<usize, Vec<&'a Action>>,
    /// Comparisons.
    pub less: Vec<&'a Action>,
    /// Equalities.
    pub equal: Vec<&'a Action>,
    /// Divisions.
    pub quotients: Vec<&'a Action>,
    /// Variables that are opened, each with the place of its step.
    pub opened: Vec<(usize, usize)>,
    /// Bits by which numbers that are compared may differ.
    pub width: usize,
}

impl<'a> Batch<'a> {
    /// The steps of a level, but for those that lack something.
    pub fn of(graph: &'a Graph, level: usize, lacking: &[Option<usize>]) -> Self {
        let mut batch = Self::default();
        for &at in &graph.order {
            let step = &graph.steps[at];
            if step.level == level && lacking[at].is_none() {
                batch.put(graph, at, &step.action);
            }
        }
        batch
    }

    fn put(&mut self, graph: &Graph, at: usize, action: &'a Action) {
        match action {
            Action::Handed { .. }
            | Action::Load { .. }
            | Action::Known { .. }
            | Action::Linear { .. }
            | Action::Random { .. }
            | Action::Refresh { .. }
            | Action::Tell { .. }
            | Action::HandOver { .. }
            | Action::Forget { .. } => self.local.push(action),
            Action::Product { .. } | Action::Select { .. } => {
                self.products.entry(1).or_default().push(action);
            }
            Action::Inner { pairs, .. } => {
                self.products.entry(pairs.len()).or_default().push(action);
            }
            Action::Equal { width, .. } => {
                self.width = self.width.max(*width as usize);
                self.equal.push(action);
            }
            Action::Less { width, .. } => {
                self.width = self.width.max(*width as usize);
                self.less.push(action);
            }
            Action::Divide { .. } => self.quotients.push(action),
            Action::Reveal { variable } => {
                // What everyone knows is not opened.
                if !matches!(graph.variables[*variable].kind, Kind::Public(_)) {
                    self.opened.push((at, *variable));
                }
            }
        }
    }

    /// How much is decided of which sort.
    pub fn counts(&self) -> Counts {
        Counts {
            width: self.width,
            less: self.less.len(),
            equal: self.equal.len(),
            divided: DIVIDED_BITS as usize,
            quotients: self.quotients.len(),
        }
    }

    /// How many are compared.
    pub const fn compared(&self) -> usize {
        self.less.len() + self.equal.len()
    }
}

/// The variables that stay, of those that are computed, each with its place among all that are kept.
pub fn kept<'a>(
    graph: &'a Graph,
    lacking: &'a [Option<usize>],
) -> impl Iterator<Item = (usize, usize)> + 'a {
    let made = |variable| graph.maker(variable).is_some_and(|at| lacking[at].is_none());
    graph.keeps.iter().copied().enumerate().filter(move |&(_, variable)| made(variable))
}

/// The variables that are dealt anew, each with its place behind all that are kept.
pub fn refreshed(graph: &Graph, lacking: &[Option<usize>]) -> Vec<(usize, Refreshed)> {
    let all = graph.refreshes().into_iter().enumerate();
    let done = all.filter(|(_, refreshed)| lacking[refreshed.step].is_none());
    done.map(|(at, refreshed)| (graph.keeps.len() + at, refreshed)).collect()
}

/// What is told to some alone, of what is computed, each with its place among all that is.
pub fn told(graph: &Graph, lacking: &[Option<usize>]) -> Vec<(usize, Tell)> {
    let all = graph.tells().into_iter().enumerate();
    all.filter(|(_, tell)| lacking[tell.step].is_none()).collect()
}
