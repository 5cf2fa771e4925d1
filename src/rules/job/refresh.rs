//! Stored variables that a job has dealt anew: the value stays, and old shares of it are worth nothing
//! from then on.

use super::NAME;
use super::fault::{JobFault, MAX_KEPT};
use super::graph::{Action, Graph};
use super::prime::Prime;
use super::question::Question;
use super::step::Operation;
use super::stored::StoredVariable;
use super::version::Fingerprint;

/// When a session ends in which nobody hands anything in, and which closes at once.
const WAIT: &str = "10m";

/// A stored variable that is dealt anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refreshed {
    /// The step that says so.
    pub step: usize,
    /// Its place in [`Graph::loads`].
    pub load: usize,
    /// How often it was shared anew before.
    pub generation: u32,
}

impl Graph {
    /// The stored variables that are dealt anew, in the order of the steps.
    pub fn refreshes(&self) -> Vec<Refreshed> {
        let refreshed = self.steps.iter().enumerate().filter_map(|(step, planned)| {
            let Action::Refresh { variable, generation } = planned.action else { return None };
            let load = self.loads.iter().position(|load| load.variable == variable)?;
            Some(Refreshed { step, load, generation })
        });
        refreshed.collect()
    }

    /// Whether a variable is dealt anew, and nothing else is done with it: a node without a share
    /// of it can take part, and has one afterwards.
    pub fn only_refreshes(&self, variable: usize) -> bool {
        let mut refreshed = false;
        for step in &self.steps {
            match step.action {
                Action::Refresh { variable: own, .. } if own == variable => refreshed = true,
                ref action if action.uses().contains(&variable) => return false,
                _ => {}
            }
        }
        refreshed && !self.keeps.contains(&variable)
    }

    /// What becomes of a stored variable that is dealt anew.
    pub(super) fn renewed(
        &self,
        refreshed: Refreshed,
        digests: Vec<Fingerprint>,
    ) -> StoredVariable {
        let load = &self.loads[refreshed.load];
        StoredVariable {
            name: load.stored.clone(),
            field: self.prime,
            range: load.expected.range,
            owner: load.expected.owner.clone(),
            generation: refreshed.generation.saturating_add(1),
            digests,
        }
    }

    /// That what is dealt anew is stored, and nothing else becomes of it.
    pub(super) fn check_refreshes(&self, keep: &[String]) -> Result<(), JobFault> {
        let mut names: Vec<&str> = Vec::new();
        for step in &self.steps {
            let Action::Refresh { variable, .. } = step.action else { continue };
            let cannot = |why| JobFault::Refresh {
                step: step.id.clone(),
                variable: self.variables[variable].name.clone(),
                why,
            };
            let load = self.loads.iter().find(|load| load.variable == variable);
            let load = load.ok_or_else(|| cannot("is not loaded; only what is stored is"))?;
            if names.contains(&load.stored.as_str()) {
                return Err(cannot("is there twice"));
            }
            if keep.contains(&load.stored) {
                return Err(cannot("is replaced by what the job keeps; leave one of the two out"));
            }
            let same = |at: usize| {
                let own = self.loads.iter().find(|other| other.variable == at);
                own.is_some_and(|own| own.stored == load.stored)
            };
            let wiped =
                |action: &Action| matches!(*action, Action::Forget { variable } if same(variable));
            if self.steps.iter().any(|step| wiped(&step.action)) {
                return Err(cannot("is forgotten by a step; leave one of the two out"));
            }
            names.push(&load.stored);
        }
        let got = names.len() + self.keeps.len();
        if got > MAX_KEPT { Err(JobFault::Kept { got }) } else { Ok(()) }
    }
}

impl Question {
    /// That a job which deals from the nodes of an earlier roster does nothing else: nobody can compute
    /// with what they hold.
    pub(super) fn check_earlier(&self, graph: &Graph) -> Result<(), JobFault> {
        let first = graph.refreshes().into_iter().next();
        let (Some(first), Some(_), false) = (first, &graph.earlier, self.only_refreshes()) else {
            return Ok(());
        };
        let load = &graph.loads[first.load];
        Err(JobFault::Refresh {
            step: graph.steps[first.step].id.clone(),
            variable: graph.variables[load.variable].name.clone(),
            why: "is shared among the nodes of an earlier roster; deal it anew by a job of its own",
        })
    }

    /// Whether it does nothing but deal stored variables anew, which changes no value and tells
    /// nobody anything.
    pub fn only_refreshes(&self) -> bool {
        let anew = |operation: &Operation| {
            matches!(operation, Operation::Load { .. } | Operation::Refresh { .. })
        };
        let refreshes =
            self.steps.iter().any(|step| matches!(step.operation, Operation::Refresh { .. }));
        refreshes && self.keep.is_empty() && self.steps.iter().all(|step| anew(&step.operation))
    }
}

/// The session file of a job that deals stored variables of one field anew.
pub fn refresh_file(field: Prime, names: &[&str]) -> toml::Table {
    let step = |id: String, operation: &str, name: &str| {
        let fields = [("id", id.as_str()), ("operation", operation), ("variable", name)];
        let fields = fields.map(|(key, value)| (key.to_owned(), toml::Value::from(value)));
        toml::Value::Table(fields.into_iter().collect())
    };
    let steps = names.iter().enumerate().flat_map(|(at, name)| {
        [
            step(format!("load {}", at + 1), "load", name),
            step(format!("deal {} anew", at + 1), "refresh", name),
        ]
    });
    let title = match names {
        [] | [_] => format!("Deal {} anew", names.concat()),
        [first, others @ ..] => format!("Deal {first} and {} more anew", others.len()),
    };
    let shared =
        [("title", title.as_str()), ("kind", NAME), ("bids_until", WAIT), ("field", field.name())];
    let mut file: toml::Table =
        shared.map(|(key, value)| (key.to_owned(), value.into())).into_iter().collect();
    file.insert("steps".to_owned(), toml::Value::Array(steps.collect()));
    file
}

#[cfg(test)]
#[path = "refresh_tests.rs"]
mod tests;
