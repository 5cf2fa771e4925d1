//! Jobs as the coordinator takes them and tells of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::reason::{Explained, Reason};
use crate::base::Timestamp;
use crate::rules::job::{Change, Graph, Question, Receiver, Status, Tell};
use crate::rules::{Answer, Terms};
use crate::session::outcome::Entrant;
use crate::session::{Phase, SessionId};

/// How far a step has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Its turn has not come.
    Pending,
    /// It is being computed.
    InProgress,
    /// It was done.
    Completed,
    /// It was not, or cannot be.
    Failed,
}

impl StepState {
    /// The name on the wire and in lists.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// One step of a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StepLine {
    /// What it goes by.
    pub id: String,
    /// Its operation.
    pub operation: String,
    /// What it does, as one reads a formula.
    pub formula: String,
    /// Its level, from 0.
    pub level: usize,
    /// How far it has come.
    pub status: StepState,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A variable that somebody alone learns.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ApartLine {
    /// The variable.
    pub variable: String,
    /// Who learns it: "client", or a node such as "node 2".
    pub to: String,
}

/// A job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobLine {
    /// The session that it is.
    pub job: SessionId,
    /// Its title.
    pub title: String,
    /// How far the session has come.
    pub phase: Phase,
    /// When it was written.
    pub created: Timestamp,
    /// Why it waits, failed or was cancelled.
    #[serde(default)]
    pub reason: Option<Explained<Reason>>,
    /// Who hands something in.
    pub participants: Vec<String>,
    /// Who of them has not yet, while the job takes it; for those who run part of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Vec<String>>,
    /// Its steps, in the order of the terms.
    pub steps: Vec<StepLine>,
    /// What was revealed, in decimal digits, once settled; none of what could not be.
    pub revealed: BTreeMap<String, Option<String>>,
    /// What is for one node, or the client, alone, and whom it is for; never its value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<ApartLine>,
    /// The variables that stay at the nodes, once settled.
    pub kept: Vec<String>,
    /// The stored variables that were dealt anew, once settled.
    #[serde(default)]
    pub refreshed: Vec<String>,
}

/// Where a session stands, besides its terms.
pub struct Standing<'a> {
    /// The session.
    pub session: SessionId,
    /// Its phase.
    pub phase: Phase,
    /// When it was written.
    pub created: Timestamp,
    /// Why it waits, failed or was cancelled.
    pub reason: Option<Explained<Reason>>,
    /// What came of it, once settled.
    pub result: Option<&'a Answer<Entrant>>,
    /// Levels that nodes have told to be done, while it is computed.
    pub levels: u32,
}

impl JobLine {
    /// Whether something is for this receiver alone.
    pub fn tells(&self, to: Receiver) -> bool {
        let to = to.to_string();
        self.apart.iter().any(|line| line.to == to)
    }

    /// Of a session; none of other kinds.
    pub fn of(terms: &Terms, standing: Standing<'_>) -> Option<Self> {
        let question = terms.question.as_job()?;
        let graph = question.graph().ok()?;
        let answer = standing.result.and_then(Answer::as_job);
        let statuses = answer.map(|answer| graph.statuses(&answer.handed_in()));
        let levels = standing.levels as usize;
        let state = |at: usize| match (&statuses, standing.phase) {
            (Some(statuses), _) => match &statuses[at] {
                Status::Completed => (StepState::Completed, None),
                failed @ Status::Failed { .. } => (StepState::Failed, Some(failed.to_string())),
            },
            (None, Phase::Failed | Phase::Cancelled) => {
                let why = standing.reason.as_ref().map(ToString::to_string);
                (StepState::Failed, why)
            }
            (None, Phase::Computing) => match graph.steps[at].level {
                level if level < levels => (StepState::Completed, None),
                level if level == levels => (StepState::InProgress, None),
                _ => (StepState::Pending, None),
            },
            (None, _) => (StepState::Pending, None),
        };
        let steps = question.steps.iter().enumerate().map(|(at, step)| {
            let (status, reason) = state(at);
            StepLine {
                id: step.id.clone(),
                operation: step.operation.name().to_owned(),
                formula: step.formula(),
                level: graph.steps[at].level,
                status,
                reason,
            }
        });
        let revealed = answer.map(|answer| answer.revealed(&graph)).unwrap_or_default();
        let text = |value: crate::rules::job::Number| value.to_string();
        Some(Self {
            job: standing.session,
            title: terms.title.clone(),
            phase: standing.phase,
            created: standing.created,
            participants: graph.participants.clone(),
            missing: None,
            steps: steps.collect(),
            revealed: revealed
                .into_iter()
                .map(|revealed| (revealed.variable, revealed.value.map(text)))
                .collect(),
            apart: apart(&graph),
            kept: answer.map(|answer| kept(question, answer)).unwrap_or_default(),
            refreshed: answer.map(|answer| refreshed(question, answer)).unwrap_or_default(),
            reason: standing.reason,
        })
    }
}

/// What is for some alone.
fn apart(graph: &Graph) -> Vec<ApartLine> {
    let line = |tell: Tell| ApartLine {
        variable: graph.variables[tell.variable].name.clone(),
        to: tell.to.to_string(),
    };
    graph.tells().into_iter().map(line).collect()
}

/// The names of the stored variables that were dealt anew.
fn refreshed(question: &Question, answer: &crate::rules::job::Answer<Entrant>) -> Vec<String> {
    let changes = question.changes(answer).into_iter();
    let names = changes.filter_map(|change| match change {
        Change::Refresh { variable, .. } => Some(variable.name),
        Change::Keep { .. } | Change::Forget { .. } => None,
    });
    names.collect()
}

/// The names of the variables that stayed.
fn kept(question: &Question, answer: &crate::rules::job::Answer<Entrant>) -> Vec<String> {
    let named = question.keep.iter().zip(&answer.kept);
    named.filter(|(_, kept)| kept.is_some()).map(|(name, _)| name.clone()).collect()
}
