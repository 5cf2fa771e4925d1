//! Which steps of a job completed, and why the others did not.

use std::fmt;

use super::graph::Graph;

/// What became of a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Status {
    /// It was done.
    Completed,
    /// It could not be done.
    Failed {
        /// Whose values were missing.
        participant: String,
    },
}

impl Status {
    /// The name in results.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed { .. } => "failed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed => f.pad(self.name()),
            Self::Failed { participant } => {
                write!(f, "failed: {participant:?} handed nothing in")
            }
        }
    }
}

impl Graph {
    /// What becomes of each step where these participants have handed in.
    pub fn statuses(&self, handed_in: &[bool]) -> Vec<Status> {
        let status = |lacking: Option<usize>| match lacking {
            None => Status::Completed,
            Some(at) => Status::Failed {
                participant: self.participants.get(at).cloned().unwrap_or_default(),
            },
        };
        self.lacking(handed_in).into_iter().map(status).collect()
    }
}
