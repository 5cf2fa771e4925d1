//! What a job tells one node, or its client, alone. It is never opened: the outcome has digests of the
//! value's components, and each node seals its own to the receiver.

use super::answer::Answer;
use super::fault::{JobFault, MAX_KEPT};
use super::graph::{Action, Graph};
use super::next::piece_name;
use super::prime::Prime;
use super::question::Question;
use super::receiver::Receiver;
use super::step::Operation;
use super::version::Fingerprint;

/// A step that tells somebody alone a variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tell {
    /// The step.
    pub step: usize,
    /// The variable.
    pub variable: usize,
    /// Who learns it.
    pub to: Receiver,
}

/// A value that somebody alone learns of an outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Telling {
    /// Its place among all that the job tells.
    pub place: usize,
    /// The variable.
    pub variable: String,
    /// What it is shared over.
    pub field: Prime,
    /// Who learns it.
    pub to: Receiver,
    /// The digests of all its components, which the nodes have agreed on.
    pub digests: Vec<Fingerprint>,
    /// How many elements it has: one, but for what is handed over to another roster.
    pub elements: usize,
}

impl Graph {
    /// What is told to some alone, in the order of the steps.
    pub fn tells(&self) -> Vec<Tell> {
        let tells = self.steps.iter().enumerate().filter_map(|(step, planned)| {
            let Action::Tell { variable, to } = planned.action else { return None };
            Some(Tell { step, variable, to })
        });
        tells.collect()
    }

    /// The variables that are told to some alone, as people read them: "z to node 2".
    pub fn told(&self) -> Vec<String> {
        let told = |tell: Tell| format!("{} to {}", self.variables[tell.variable].name, tell.to);
        self.tells().into_iter().map(told).collect()
    }
}

impl Question {
    /// That there is a key to tell the client under where a step tells the client anything, and that
    /// the outcome has room for the digests.
    pub(super) fn check_tells(&self, graph: &Graph) -> Result<(), JobFault> {
        let tells = graph.tells();
        let first = tells.iter().find(|tell| tell.to == Receiver::Client);
        match (first, &self.client_key) {
            (Some(first), None) => {
                return Err(JobFault::NoClientKey { step: graph.steps[first.step].id.clone() });
            }
            (None, Some(_)) => return Err(JobFault::NoUseForKey),
            (Some(_), Some(key)) if !key.has_length() => return Err(JobFault::ClientKey),
            _ => {}
        }
        let got = graph.keeps.len() + graph.refreshes().len() + tells.len();
        if got > MAX_KEPT { Err(JobFault::Kept { got }) } else { Ok(()) }
    }

    /// The nodes that learn something alone.
    pub fn told_nodes(&self) -> impl Iterator<Item = crate::sharing::NodeIndex> + '_ {
        self.steps.iter().filter_map(|step| match step.operation {
            Operation::Tell { to: Receiver::Node(node), .. } => Some(node),
            _ => None,
        })
    }

    /// What an answer tells some alone, of what could be computed.
    pub fn tellings<E>(&self, answer: &Answer<E>) -> Vec<Telling> {
        let Ok(graph) = self.graph() else { return Vec::new() };
        let before = graph.keeps.len() + graph.refreshes().len();
        let told = graph.tells().into_iter().enumerate().zip(answer.kept.iter().skip(before));
        let told = told.filter_map(|((place, tell), digests)| {
            Some(Telling {
                place,
                variable: graph.variables[tell.variable].name.clone(),
                field: graph.prime,
                to: tell.to,
                digests: digests.clone()?,
                elements: 1,
            })
        });
        told.chain(handed_over(&graph, answer)).collect()
    }
}

/// What an answer tells the nodes of the other roster, each alone.
fn handed_over<E>(graph: &Graph, answer: &Answer<E>) -> Vec<Telling> {
    let Some(handing) = graph.handing() else { return Vec::new() };
    let before = graph.keeps.len() + graph.refreshes().len() + graph.tells().len();
    let first = graph.tells().len();
    let elements = handing.variables.len();
    let told = |to| {
        let pieces = handing.to.held_by(to).into_iter();
        pieces.filter_map(move |place| {
            Some(Telling {
                place: first + place,
                variable: piece_name(place),
                field: graph.prime,
                to: Receiver::Next(to),
                digests: answer.kept.get(before + place)?.clone()?,
                elements,
            })
        })
    };
    handing.to.all().iter().flat_map(told).collect::<Vec<_>>()
}

#[cfg(test)]
#[path = "telling_tests.rs"]
mod tests;
