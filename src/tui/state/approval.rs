//! A job that waits for the word of this node's operator: its steps, as the coordinator has signed them.

use crate::base::text::{Clean, clean};
use crate::rules::Terms;
use crate::session::SessionId;

/// What is to be let run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedJob {
    /// Its title.
    pub title: Clean,
    /// What it computes over.
    pub field: &'static str,
    /// Its steps, each with its id; then what stays.
    pub steps: Vec<(Clean, Clean)>,
}

impl SignedJob {
    /// Of terms; none of another kind.
    pub fn of(terms: &Terms) -> Option<Self> {
        let question = terms.question.as_job()?;
        let steps = question.steps.iter().map(|step| (clean(&step.id), clean(&step.formula())));
        let keeps = question.keep.iter().map(|name| (clean("keep"), clean(name)));
        Some(Self {
            title: clean(&terms.title),
            field: question.field.name(),
            steps: steps.chain(keeps).collect(),
        })
    }
}

/// How far the question is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ApprovalStage {
    /// The node is asked for what it was told.
    Asking,
    /// Why it cannot be shown, or was not let run.
    Failed(Clean),
    /// The signed steps, to be let run or not.
    Ready(SignedJob),
    /// The word is on its way to the node.
    Sending(SignedJob),
}

/// A job that is to be let run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Approval {
    /// The job.
    pub session: SessionId,
    /// How far the question is.
    pub stage: ApprovalStage,
}

impl Approval {
    /// What is shown of it.
    pub fn job(&self) -> Option<&SignedJob> {
        match &self.stage {
            ApprovalStage::Ready(job) | ApprovalStage::Sending(job) => Some(job),
            ApprovalStage::Asking | ApprovalStage::Failed(_) => None,
        }
    }
}
