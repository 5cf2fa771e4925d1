//! The question of a job: what its terms say beyond what every session's terms do.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::fault::{JobFault, MAX_KEPT};
use super::graph::{Action, Graph, Input, Kind};
use super::input::layout;
use super::prime::Prime;
use super::step::{Given, Operation, Step};
use crate::rules::entries::{Layout, LayoutError};
use crate::rules::operator_key::OperatorKey;
use crate::sharing::form::Form;

/// What is computed, over which field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The field.
    pub field: Prime,
    /// The steps.
    pub steps: Vec<Step>,
    /// Names of variables that stay at the nodes.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Whether they take the place of what is stored under these names.
    #[serde(default)]
    pub replace: bool,
    /// The key under which the client alone is told what is for it.
    #[serde(default)]
    pub client_key: Option<OperatorKey>,
}

impl Question {
    /// A job that keeps nothing and tells the client alone nothing.
    pub const fn new(field: Prime, steps: Vec<Step>) -> Self {
        Self { field, steps, keep: Vec::new(), replace: false, client_key: None }
    }

    /// The steps as a graph.
    ///
    /// # Errors
    /// Names the first step that breaks a rule, and the rule.
    pub fn graph(&self) -> Result<Graph, JobFault> {
        let mut graph = Graph::of(self.field, &self.steps)?;
        graph.keeps = keeps(&graph, &self.keep)?;
        graph.check_refreshes(&self.keep)?;
        self.check_tells(&graph)?;
        self.check_handing(&graph)?;
        self.check_earlier(&graph)?;
        Ok(graph)
    }

    /// Whether it computes, keeps and reveals the same as another. How a variable that is dealt anew has been
    /// shared is for whoever opens the job to say, and compared by the nodes.
    pub fn does_the_same(&self, other: &Self) -> bool {
        let deals = |step: &Step| matches!(step.operation, Operation::Refresh { .. });
        let same = |(one, other): (&Step, &Step)| {
            one == other || deals(one) && deals(other) && one.id == other.id
        };
        self.steps.len() == other.steps.len()
            && self.steps.iter().zip(&other.steps).all(same)
            && (self.field, &self.keep, self.replace, &self.client_key)
                == (other.field, &other.keep, other.replace, &other.client_key)
    }

    /// Whether a participant hands anything in.
    pub fn takes_entries(&self) -> bool {
        let handed = |step: &Step| {
            matches!(step.operation, Operation::Assign { given: Given::Handed { .. }, .. })
        };
        self.steps.iter().any(handed)
    }

    /// The participants whom the steps name, each once, in their order.
    pub fn awaited(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for step in &self.steps {
            if let Operation::Assign { given: Given::Handed { by, .. }, .. } = &step.operation
                && !names.contains(by)
            {
                names.push(by.clone());
            }
        }
        names
    }

    /// The names of stored variables that its outcome changes: those kept, those dealt
    /// anew, and those forgotten.
    pub fn changed(&self) -> Vec<&str> {
        let loaded: HashMap<&str, &str> = self.loads().collect();
        let others = self.steps.iter().filter_map(|step| match &step.operation {
            Operation::Refresh { variable, .. } | Operation::Forget { variable } => {
                loaded.get(variable.as_str()).copied()
            }
            _ => None,
        });
        self.keep.iter().map(String::as_str).chain(others).collect()
    }

    /// The variables that are loaded, each with the name of the stored one.
    pub fn loads(&self) -> impl Iterator<Item = (&str, &str)> {
        self.steps.iter().filter_map(|step| match &step.operation {
            Operation::Load { variable, stored, .. } => Some((&variable[..], &stored[..])),
            _ => None,
        })
    }

    /// The fields of an entry.
    ///
    /// # Errors
    /// When nobody can hand such an entry in, which [`Question::check`] refuses.
    pub fn layout(&self) -> Result<Layout, LayoutError> {
        // Every envelope is checked against it, so the rest of the steps is not looked at.
        let mut participants = HashMap::new();
        let mut inputs = Vec::new();
        for step in &self.steps {
            let Operation::Assign { given: Given::Handed { by, bits, .. }, .. } = &step.operation
            else {
                continue;
            };
            let next = participants.len();
            let participant = *participants.entry(by.as_str()).or_insert(next);
            inputs.push(Input { variable: inputs.len(), participant, bits: *bits });
        }
        layout(self.field, &inputs)
    }

    /// Bits of the widest field of an entry.
    pub fn bits(&self) -> u32 {
        let widest = |layout: Layout| layout.fields().map(|field| field.bits).max();
        self.layout().ok().and_then(widest).unwrap_or(1)
    }

    /// Check what a node must not take on trust.
    ///
    /// # Errors
    /// Names the first step that breaks a rule, and the rule.
    pub fn check(&self, form: Form) -> Result<(), JobFault> {
        if form != Form::Bits {
            return Err(JobFault::Form);
        }
        let graph = self.graph()?;
        if graph.layout().is_err() {
            let most = |participant: &usize| {
                graph.inputs.iter().filter(|input| input.participant == *participant).count()
            };
            let largest = (0..graph.participants.len()).max_by_key(most).unwrap_or(0);
            let participant = graph.participants.get(largest).cloned().unwrap_or_default();
            return Err(JobFault::Entry { participant });
        }
        Ok(())
    }

    /// For each participant whom the steps name, the position of its entry among those of these
    /// names. Who is not there has none, and neither has a name that is there twice: nobody could
    /// tell which of the two is meant.
    pub fn seats(&self, names: &[&str]) -> Vec<Option<usize>> {
        let participants = self.graph().map(|graph| graph.participants).unwrap_or_default();
        let seat = |participant: &String| {
            let mut own =
                names.iter().enumerate().filter(|(_, name)| **name == participant.as_str());
            match (own.next(), own.next()) {
                (Some((at, _)), None) => Some(at),
                _ => None,
            }
        };
        participants.iter().map(seat).collect()
    }
}

/// The places of the variables that stay.
fn keeps(graph: &Graph, names: &[String]) -> Result<Vec<usize>, JobFault> {
    if names.len() > MAX_KEPT {
        return Err(JobFault::Kept { got: names.len() });
    }
    let mut places = Vec::with_capacity(names.len());
    for name in names {
        let cannot = |why| JobFault::Keep { variable: name.clone(), why };
        let at = graph.variables.iter().position(|variable| variable.name == *name);
        let at = at.ok_or_else(|| cannot("is no variable of this job"))?;
        if matches!(graph.variables[at].kind, Kind::Public(_)) {
            return Err(cannot("is public: it is in the record; assign it again where it is used"));
        }
        let wiped =
            |action: &Action| matches!(action, Action::Forget { variable } if *variable == at);
        if graph.steps.iter().any(|step| wiped(&step.action)) {
            return Err(cannot("is forgotten by a step; leave one of the two out"));
        }
        if places.contains(&at) {
            return Err(cannot("is there twice"));
        }
        places.push(at);
    }
    Ok(places)
}
