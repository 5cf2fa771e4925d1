//! What a job takes from the variables that are stored, and what it leaves behind.

use std::collections::{BTreeMap, HashSet};

use super::answer::Answer;
use super::earlier::Earlier;
use super::graph::{Action, Graph, Kind};
use super::prime::Prime;
use super::question::Question;
use super::status::Status;
use super::step::{Expected, Operation, Step};
use super::stored::StoredVariable;
use super::version::Fingerprint;

/// A stored variable that a job loads, as its terms have it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// What it goes by.
    pub name: String,
    /// What it is to be shared over.
    pub field: Prime,
    /// What else it is to be.
    pub expected: Expected,
    /// Whether a node computes with its share of it; forgetting takes none.
    pub share: bool,
    /// How often it is to have been shared anew, where the job does so once more.
    pub generation: Option<u32>,
    /// Among whom it is shared then, if not among the session's nodes.
    pub earlier: Option<Earlier>,
}

impl Wanted {
    /// Whether a stored variable is the one that is meant.
    pub fn is(&self, stored: &StoredVariable) -> bool {
        let Expected { range, owner, version } = &self.expected;
        stored.name == self.name
            && stored.field == self.field
            && stored.range == *range
            && stored.owner == *owner
            && stored.version() == *version
            && self.generation.is_none_or(|generation| stored.generation == generation)
    }
}

/// What the outcome of a job changes of what nodes keep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A variable stays.
    Keep {
        /// The variable.
        variable: StoredVariable,
        /// The step that made it.
        step: String,
    },
    /// A stored variable has new shares.
    Refresh {
        /// The variable, one generation on.
        variable: StoredVariable,
        /// The step that says so.
        step: String,
    },
    /// What is stored under a name goes away.
    Forget {
        /// The name.
        name: String,
    },
}

impl Question {
    /// The stored variables that it loads.
    pub fn wanted(&self) -> Vec<Wanted> {
        let forgets = |step: &&Step| matches!(step.operation, Operation::Forget { .. });
        let using = self.steps.iter().filter(|step| !forgets(step));
        let used: HashSet<&str> = using
            .flat_map(|step| step.operation.uses())
            .chain(self.keep.iter().map(String::as_str))
            .collect();
        let anew = self.steps.iter().filter_map(|step| match &step.operation {
            Operation::Refresh { variable, generation, earlier } => {
                Some((variable.as_str(), (*generation, earlier)))
            }
            _ => None,
        });
        let anew: BTreeMap<&str, (u32, &Option<Earlier>)> = anew.collect();
        let wanted = self.steps.iter().filter_map(|step| match &step.operation {
            Operation::Load { variable, stored, expected } => Some(Wanted {
                name: stored.clone(),
                field: self.field,
                expected: expected.clone(),
                share: used.contains(variable.as_str()),
                generation: anew.get(variable.as_str()).map(|(generation, _)| *generation),
                earlier: anew.get(variable.as_str()).and_then(|(_, earlier)| (*earlier).clone()),
            }),
            _ => None,
        });
        wanted.collect()
    }

    /// What an answer leaves behind, in the order of the terms: what stays, what is dealt anew,
    /// then what goes away.
    pub fn changes<E>(&self, answer: &Answer<E>) -> Vec<Change> {
        let Ok(graph) = self.graph() else { return Vec::new() };
        let kept = graph.keeps.iter().zip(&answer.kept);
        let mut changes: Vec<Change> = kept
            .filter_map(|(&variable, digests)| {
                let step = graph.steps[graph.maker(variable)?].id.clone();
                let variable = stays(&graph, variable, digests.clone()?);
                Some(Change::Keep { variable, step })
            })
            .collect();
        let anew = graph.refreshes().into_iter().zip(answer.kept.iter().skip(graph.keeps.len()));
        changes.extend(anew.filter_map(|(refreshed, digests)| {
            let variable = graph.renewed(refreshed, digests.clone()?);
            let step = graph.steps[refreshed.step].id.clone();
            Some(Change::Refresh { variable, step })
        }));
        let statuses = graph.statuses(&answer.handed_in());
        for (step, status) in graph.steps.iter().zip(statuses) {
            let Action::Forget { variable } = step.action else { continue };
            let loaded = graph.loads.iter().find(|load| load.variable == variable);
            let Some(load) = loaded.filter(|_| status == Status::Completed) else { continue };
            // What takes its place stays.
            if !self.keep.contains(&load.stored) {
                changes.push(Change::Forget { name: load.stored.clone() });
            }
        }
        changes
    }
}

fn stays(graph: &Graph, variable: usize, digests: Vec<Fingerprint>) -> StoredVariable {
    let variable = &graph.variables[variable];
    let owner = match variable.kind {
        Kind::Private(owner) => graph.owners.get(owner).cloned(),
        Kind::Shared | Kind::Public(_) => None,
    };
    StoredVariable {
        name: variable.name.clone(),
        field: graph.prime,
        range: variable.range,
        owner,
        generation: 0,
        digests,
    }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
