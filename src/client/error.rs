//! Why a request of the client failed.

use crate::session::SessionId;
use crate::session::announcement::AnnouncementError;
use crate::transport::HttpError;
use crate::wire::problem::{Problem, ProblemType};

/// A failed request.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server cannot be reached, or answers with a problem.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The coordinator's answer does not hold what it must.
    #[error("the coordinator announces this session with a fault: {0}")]
    Announcement(#[from] AnnouncementError),
    /// The answer is for another session.
    #[error("the coordinator answered for another session than {asked}; its answer is not used")]
    OtherSession {
        /// What was asked for.
        asked: SessionId,
    },
    /// The coordinator's admission is not signed by its roster key.
    #[error("the coordinator's admission is not signed by the key in the roster; it is not used")]
    FalseAdmission,
    /// The roster is another coordinator's.
    #[error(
        "the roster names another certificate for the coordinator than the given fingerprint; it is not used"
    )]
    OtherRoster,
    /// No session, or several, begin with these digits.
    #[error("{}", no_session(.beginning, *.found))]
    NoSuchSession {
        /// The beginning of an id, as typed.
        beginning: String,
        /// Sessions that fit.
        found: usize,
    },
    /// No account has this name.
    #[error("there is no account {name:?}; see `gavel account list`")]
    NoSuchAccount {
        /// The account's name, as typed.
        name: String,
    },
    /// This home is not the coordinator's.
    #[error(
        "this is for the coordinator's operators: log in with `gavel login`, or use the coordinator's home folder (--home DIR), which holds coordinator.key"
    )]
    NotTheOperator,
}

fn no_session(beginning: &str, found: usize) -> String {
    let beginning: String = beginning.chars().filter(|character| !character.is_control()).collect();
    if found == 0 {
        format!("no session's id begins with {beginning:?}; see `gavel session list`")
    } else {
        format!("{found} sessions' ids begin with {beginning:?}; give more digits")
    }
}

impl ClientError {
    /// The problem document that the server answered with; `None` where it is no such answer.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Http(error) => error.problem(),
            _ => None,
        }
    }

    /// The slug of a problem document, or of the kind of trouble.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Http(HttpError::Problem { problem, .. }) => match problem.kind {
                ProblemType::Other => "problem",
                kind => kind.slug(),
            },
            Self::Http(_) => "unreachable",
            Self::Announcement(_) => "bad-announcement",
            Self::OtherSession { .. } | Self::FalseAdmission | Self::OtherRoster => "bad-answer",
            Self::NoSuchSession { .. } => "unknown-session",
            Self::NoSuchAccount { .. } => "unknown-account",
            Self::NotTheOperator => "not-the-operator",
        }
    }
}
