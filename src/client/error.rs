//! Why a request of the client failed.

use crate::identity::Digest;
use crate::identity::roster::RosterError;
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
    /// The answer is another model, or its owner did not sign it.
    #[error(
        "the coordinator answered with something else than model {}, signed by its owner; its answer \
         is not used",
        .asked.short()
    )]
    OtherModel {
        /// What was asked for.
        asked: Digest,
    },
    /// The coordinator's admission is not signed by its roster key.
    #[error("the coordinator's admission is not signed by the key in the roster; it is not used")]
    FalseAdmission,
    /// Another roster than the one with the digest that was given.
    #[error("{}", other_roster(.address, .given, .served))]
    OtherRoster {
        /// Who answered.
        address: String,
        /// The digest that was given.
        given: Digest,
        /// That of the roster which came.
        served: Digest,
    },
    /// A roster that breaks a rule, or does not succeed the one that is known.
    #[error("the roster that came is not used: {0}")]
    Roster(#[from] RosterError),
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

/// Groups of a digest that somebody may have mistyped. Nobody can make a roster whose digest agrees
/// in all the others.
const TYPING_ERRORS: usize = 4;

fn other_roster(address: &str, given: &Digest, served: &Digest) -> String {
    let groups = served.differing_groups(given);
    if groups.len() <= TYPING_ERRORS {
        let list: Vec<String> = groups.iter().map(usize::to_string).collect();
        return format!(
            "the digest differs in group {} of 16 from that of the roster at {address}: check what you typed; nothing was kept",
            list.join(", ")
        );
    }
    format!(
        "{address} serves another roster than the one with this digest, and nothing was kept; a coordinator that invents nodes could read bids, so ask a node's operator for the digest that `gavel roster show` prints there and do not bid before they agree"
    )
}

fn no_session(beginning: &str, found: usize) -> String {
    let beginning: String = beginning.chars().filter(|character| !character.is_control()).collect();
    if found == 0 {
        format!(
            "no session has an id that begins with {beginning:?}, or this title; see `gavel session list`"
        )
    } else {
        format!(
            "{found} sessions have an id that begins with {beginning:?}, or this title; give more digits of the id"
        )
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
            Self::OtherSession { .. } | Self::OtherModel { .. } | Self::FalseAdmission => {
                "bad-answer"
            }
            Self::OtherRoster { .. } => "other-roster",
            Self::Roster(_) => "bad-roster",
            Self::NoSuchSession { .. } => "unknown-session",
            Self::NoSuchAccount { .. } => "unknown-account",
            Self::NotTheOperator => "not-the-operator",
        }
    }
}
