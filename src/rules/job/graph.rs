//! A job as a graph: its variables, and its steps by level. Everything that is computed, predicted
//! or shown goes by it.
//!
//! A step waits for those that make its operands and for those that it is said to come after;
//! forgetting a variable waits for all that use it. Steps that take rounds are put into levels:
//! each one level above the last of those that it waits for. All of a level are computed as one
//! batch. What is revealed is opened in one batch at the end, unless something waits for it.

pub use super::action::Action;
use super::earlier::Earlier;
use super::number::Number;
use super::prime::Prime;
use super::range::Range;
use super::step::Expected;

/// A job, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Graph {
    /// What it is computed over.
    pub prime: Prime,
    /// The variables, in the order in which steps make them.
    pub variables: Vec<Variable>,
    /// The steps, in the order of the terms.
    pub steps: Vec<Planned>,
    /// The steps in an order in which each comes after those that it waits for, level by level.
    pub order: Vec<usize>,
    /// Those who hand something in, in the order in which steps name them.
    pub participants: Vec<String>,
    /// What they hand in, in the order of the steps.
    pub inputs: Vec<Input>,
    /// What is loaded, in the order in which the graph is made.
    pub loads: Vec<Load>,
    /// Who knows private variables: the participants, then the owners of what is loaded.
    pub owners: Vec<String>,
    /// The variables that stay at the nodes, in the order of the terms.
    pub keeps: Vec<usize>,
    /// Among whom what is dealt anew is shared, if not among the session's nodes.
    pub earlier: Option<Earlier>,
}

/// A variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variable {
    /// What it goes by.
    pub name: String,
    /// Who knows it.
    pub kind: Kind,
    /// Where it lies.
    pub range: Range,
}

/// Who knows a variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// One person, by its place in [`Graph::owners`].
    Private(usize),
    /// Nobody.
    Shared,
    /// Everyone: its value.
    Public(Number),
}

/// A value that a participant hands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Input {
    /// The variable.
    pub variable: usize,
    /// Who hands it in.
    pub participant: usize,
    /// Its bits; none for any element of the field.
    pub bits: Option<u32>,
}

/// A variable that an earlier job kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Load {
    /// The variable.
    pub variable: usize,
    /// What the stored one goes by.
    pub stored: String,
    /// What it is.
    pub expected: Expected,
}

/// A step in its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Planned {
    /// What it goes by.
    pub id: String,
    /// What it does.
    pub action: Action,
    /// Steps that it waits for.
    pub waits_for: Vec<usize>,
    /// Its level, from 0.
    pub level: usize,
}

impl Graph {
    /// How many levels take rounds.
    pub fn levels(&self) -> usize {
        let taking = self.steps.iter().filter(|step| step.action.takes_rounds());
        taking.map(|step| step.level + 1).max().unwrap_or(0)
    }

    /// The step that makes a variable, by its place.
    pub fn maker(&self, variable: usize) -> Option<usize> {
        self.steps.iter().position(|step| match step.action {
            Action::Handed { input } => self.inputs[input].variable == variable,
            Action::Load { load } => self.loads[load].variable == variable,
            ref action => action.makes().contains(&Some(variable)),
        })
    }

    /// The variables that are revealed, in the order of the steps.
    pub fn revealed(&self) -> impl Iterator<Item = usize> + '_ {
        self.steps.iter().filter_map(|step| match step.action {
            Action::Reveal { variable } => Some(variable),
            _ => None,
        })
    }

    /// The steps of a level, in order.
    pub fn level(&self, level: usize) -> impl Iterator<Item = &Planned> + '_ {
        let steps = self.order.iter().map(|&at| &self.steps[at]);
        steps.filter(move |step| step.level == level)
    }

    /// For each step, the first participant without whose values it cannot be done, if there is
    /// one, where some have handed in.
    pub fn lacking(&self, handed_in: &[bool]) -> Vec<Option<usize>> {
        let mut lacking = vec![None; self.steps.len()];
        for &at in &self.order {
            let step = &self.steps[at];
            let own = match step.action {
                Action::Handed { input } => {
                    let participant = self.inputs[input].participant;
                    let missing = !handed_in.get(participant).copied().unwrap_or(false);
                    missing.then_some(participant)
                }
                _ => None,
            };
            let before = step.waits_for.iter().filter_map(|&before| lacking[before]).min();
            lacking[at] = own.or(before);
        }
        lacking
    }
}

#[cfg(test)]
#[path = "graph_tests.rs"]
mod tests;
