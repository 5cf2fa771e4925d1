//! Stored variables that are handed over to the nodes of another roster, of whom none need be among the
//! session's. Every value is cut into new components, as many as the other roster's scheme has; each is
//! shared among the session's nodes like any value, and told to those of the other nodes that are to hold
//! it, and to nobody else.

use super::NAME;
use super::fault::{JobFault, MAX_KEPT};
use super::graph::{Action, Graph};
use super::next::Next;
use super::prime::Prime;
use super::question::Question;
use super::step::Operation;
use crate::sharing::Scheme;

/// When a session ends in which nobody hands anything in, and which closes at once.
const WAIT: &str = "10m";

/// What a job hands over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Handing {
    /// The step that says so.
    pub step: usize,
    /// The variables, in the order in which their elements stand in a component.
    pub variables: Vec<usize>,
    /// Nodes and threshold of the roster that it goes to.
    pub to: Scheme,
}

impl Graph {
    /// What is handed over to another roster, where anything is.
    pub fn handing(&self) -> Option<Handing> {
        self.steps.iter().enumerate().find_map(|(step, planned)| match &planned.action {
            Action::HandOver { variables, to } => {
                Some(Handing { step, variables: variables.clone(), to: *to })
            }
            _ => None,
        })
    }

    /// How many components it is handed over in; none where nothing is.
    pub fn pieces(&self) -> usize {
        self.handing().map_or(0, |handing| handing.to.sets().len())
    }
}

impl Question {
    /// The variables that it hands over, by the names that they are stored under, and the roster that they
    /// go to.
    pub fn hands_over(&self) -> Option<(Vec<&str>, &Next)> {
        self.steps.iter().find_map(|step| match &step.operation {
            Operation::HandOver { variables, next } => {
                let stored = |name: &String| {
                    self.loads().find(|(variable, _)| variable == name).map(|(_, stored)| stored)
                };
                Some((variables.iter().filter_map(stored).collect(), next))
            }
            _ => None,
        })
    }

    /// That a job which hands stored variables over does so once, and nothing else.
    pub(super) fn check_handing(&self, graph: &Graph) -> Result<(), JobFault> {
        let Some(handing) = graph.handing() else { return Ok(()) };
        let step = &graph.steps[handing.step].id;
        let fault = |why| Err(JobFault::HandOver { step: step.clone(), why });
        let alone = |other: &super::Step| {
            matches!(other.operation, Operation::Load { .. } | Operation::HandOver { .. })
        };
        let times =
            self.steps.iter().filter(|step| matches!(step.operation, Operation::HandOver { .. }));
        if times.count() > 1 || !self.keep.is_empty() || !self.steps.iter().all(alone) {
            return fault(
                "is to be the only step of its job but those that load what is handed over",
            );
        }
        if !handing.to.compares() {
            return fault("is to a roster that can only add, and holds no variables");
        }
        let mut names: Vec<&str> = Vec::new();
        for variable in &handing.variables {
            let load = graph.loads.iter().find(|load| load.variable == *variable);
            match load {
                None => {
                    return fault("names a variable that is not loaded; only what is stored is");
                }
                Some(load) if names.contains(&load.stored.as_str()) => {
                    return fault("names a variable twice");
                }
                Some(load) => names.push(&load.stored),
            }
        }
        let got = names.len();
        if got == 0 {
            return fault("names no variable");
        }
        if got > MAX_KEPT { Err(JobFault::Kept { got }) } else { Ok(()) }
    }
}

/// The session file of a job that hands stored variables of one field over to the nodes of another
/// roster.
///
/// # Errors
/// When what is said of that roster cannot be written down.
pub fn hand_over_file(
    field: Prime,
    names: &[&str],
    next: &Next,
) -> Result<toml::Table, toml::ser::Error> {
    let load = |(at, name): (usize, &&str)| {
        let id = format!("load {}", at + 1);
        let fields = [("id", id.as_str()), ("operation", "load"), ("variable", name)];
        let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value.into()));
        toml::Value::Table(fields.collect())
    };
    let mut steps: Vec<toml::Value> = names.iter().enumerate().map(load).collect();
    let mut step = toml::Table::new();
    step.insert("id".to_owned(), "hand over".into());
    step.insert("operation".to_owned(), "hand-over".into());
    let variables = names.iter().map(|name| toml::Value::from(*name)).collect();
    step.insert("variables".to_owned(), toml::Value::Array(variables));
    step.insert("next".to_owned(), toml::Value::try_from(next)?);
    steps.push(toml::Value::Table(step));
    let title = match names {
        [] | [_] => format!("Hand {} over", names.concat()),
        [first, others @ ..] => format!("Hand {first} and {} more over", others.len()),
    };
    let shared =
        [("title", title.as_str()), ("kind", NAME), ("bids_until", WAIT), ("field", field.name())];
    let mut file: toml::Table =
        shared.map(|(key, value)| (key.to_owned(), value.into())).into_iter().collect();
    file.insert("steps".to_owned(), toml::Value::Array(steps));
    Ok(file)
}

#[cfg(test)]
#[path = "handing_tests.rs"]
mod tests;
