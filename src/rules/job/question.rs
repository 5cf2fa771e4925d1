//! The question of a job: what its terms say beyond what every session's terms do.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::fault::JobFault;
use super::graph::{Graph, Input};
use super::input::layout;
use super::prime::Prime;
use super::step::{Given, Operation, Step};
use crate::rules::entries::{Layout, LayoutError};
use crate::sharing::form::Form;

/// What is computed, over which field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The field.
    pub field: Prime,
    /// The steps.
    pub steps: Vec<Step>,
}

impl Question {
    /// The steps as a graph.
    ///
    /// # Errors
    /// Names the first step that breaks a rule, and the rule.
    pub fn graph(&self) -> Result<Graph, JobFault> {
        Graph::of(self.field, &self.steps)
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
        if graph.inputs.is_empty() {
            return Err(JobFault::NoInput);
        }
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
