//! What a job came to: in words for people, and as scripts read it.

use serde_json::{Map, Value, json};

use super::output::{clean, count, strong};
use crate::rules::job::answer::Revealed;
use crate::rules::job::{Graph, Status};
use crate::rules::{Answer, Terms};
use crate::session::outcome::Entrant;

/// Most values that a line has.
const NAMED: usize = 4;

/// A job that was computed.
pub struct Completed {
    graph: Graph,
    revealed: Vec<Revealed>,
    statuses: Vec<Status>,
}

impl Completed {
    /// Of a job; none of other kinds.
    pub fn of(terms: &Terms, answer: &Answer<Entrant>) -> Option<Self> {
        let (question, answer) = (terms.question.as_job()?, answer.as_job()?);
        let graph = question.graph().ok()?;
        let revealed = answer.revealed(&graph);
        let statuses = graph.statuses(&answer.handed_in());
        Some(Self { graph, revealed, statuses })
    }

    /// How many steps were not done.
    fn failed(&self) -> u64 {
        let failed = |status: &&Status| **status != Status::Completed;
        self.statuses.iter().filter(failed).count() as u64
    }

    fn values(&self) -> Vec<String> {
        let value = |revealed: &Revealed| {
            let value = revealed.value.map_or_else(|| "-".to_owned(), |value| value.to_string());
            format!("{} = {value}", clean(&revealed.variable))
        };
        self.revealed.iter().map(value).collect()
    }

    /// "score = 812; 9 steps".
    pub fn line(&self) -> String {
        let steps = count(self.statuses.len() as u64);
        let steps = match self.failed() {
            0 => format!("{steps} steps completed"),
            failed => format!("{} of {steps} steps failed", count(failed)),
        };
        format!("{}; {steps}", strong(self.short()))
    }

    /// The revealed values, or the first of them.
    pub fn short(&self) -> String {
        let values = self.values();
        if values.is_empty() {
            return "nothing revealed".to_owned();
        }
        let shown = values.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        match values.len().saturating_sub(NAMED) {
            0 => shown,
            more => format!("{shown} and {} more", count(more as u64)),
        }
    }

    /// Every revealed value, and what failed and why.
    pub fn text(&self) -> String {
        let mut lines: Vec<String> = self.values().into_iter().map(strong).collect();
        if lines.is_empty() {
            lines.push("nothing revealed".to_owned());
        }
        let steps = self.graph.steps.iter().zip(&self.statuses);
        for (step, status) in steps.filter(|(_, status)| **status != Status::Completed) {
            lines.push(format!("step {:?} {}", clean(&step.id), clean(&status.to_string())));
        }
        let done = self.statuses.len() as u64 - self.failed();
        lines.push(format!("{} steps completed", count(done)));
        lines.join("\n  ")
    }

    /// Values by name, and every step's status.
    pub fn json(&self) -> Value {
        let value = |revealed: &Revealed| {
            (revealed.variable.clone(), revealed.value.map(|value| value.to_string()).into())
        };
        let revealed: Map<String, Value> = self.revealed.iter().map(value).collect();
        let step = |(step, status): (&crate::rules::job::graph::Planned, &Status)| {
            let mut shown = json!({"id": step.id, "status": status.name()});
            if *status != Status::Completed {
                shown["reason"] = status.to_string().into();
            }
            shown
        };
        let steps: Vec<Value> = self.graph.steps.iter().zip(&self.statuses).map(step).collect();
        json!({"revealed": revealed, "steps": steps})
    }
}
