//! Turns a node's errors into problem documents; nowhere else does it.

use super::handout::HandoutError;
use super::intake::IntakeError;
use super::manifest::CommitError;
use super::pace::TooFast;
use super::papers::TakeOutcomeError;
use super::variables::VariableError;
use super::verdict::VerdictError;
use crate::session::announcement::AnnouncementError;
use crate::session::envelope::EnvelopeError;
use crate::session::exclusion::ExclusionReason;
use crate::session::{Phase, SessionId};
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::node::PutError;
use crate::storage::node::material::StockError;
use crate::storage::{DocumentKind, StorageError};
use crate::transport::server::reply::Refusal;
use crate::wire::problem::{Problem, ProblemType};
use crate::wire::reason::RefusalCause;

/// The refusal for a session this node does not know.
pub(super) fn unknown_session(session: SessionId) -> Refusal {
    Refusal::new(
        ProblemType::UnknownSession,
        format!("session {} is not known here", session.short()),
    )
}

/// What the store refuses.
pub(super) fn of_store(error: &StorageError) -> Refusal {
    let kind = match error {
        StorageError::NoSession { session } => return unknown_session(*session),
        StorageError::Phase(_) => ProblemType::WrongPhase,
        StorageError::Conflict { what: DocumentKind::Bundle, .. } => ProblemType::BundleConflict,
        StorageError::Conflict { .. } => ProblemType::ManifestConflict,
        StorageError::OldAttempt { .. } => ProblemType::AttemptOutdated,
        StorageError::Superseded { .. } => ProblemType::Unavailable,
        _ => return Refusal::internal(error),
    };
    Refusal::new(kind, error.to_string())
}

/// Why a half of a batch is not given out.
pub(super) fn of_handout(error: &HandoutError) -> Refusal {
    let kind = match error {
        HandoutError::Signature | HandoutError::Givers | HandoutError::Vouched(_) => {
            ProblemType::BadPromise
        }
        HandoutError::Stock(StockError::Unknown) => ProblemType::UnknownBatch,
        HandoutError::Stock(StockError::Storage(error)) => return of_store(error),
        HandoutError::Kept(_) | HandoutError::Shape(_) => {
            return Refusal::internal(error);
        }
        HandoutError::Roster => ProblemType::WrongRoster,
        HandoutError::Over
        | HandoutError::Other
        | HandoutError::Convert(_)
        | HandoutError::Stock(_) => ProblemType::BatchUsed,
    };
    Refusal::new(kind, error.to_string())
}

/// Why no verdict is given.
pub(super) fn of_verdict(error: &VerdictError) -> Refusal {
    match error {
        VerdictError::Inventories(error) => {
            let cause = RefusalCause::UnsoundBundle { nodes: error.nodes() };
            because(ProblemType::ManifestConflict, error, &cause)
        }
        VerdictError::Missing { holders } => {
            let cause = RefusalCause::MissingEnvelopes { count: 1, holders: *holders };
            because(ProblemType::Unavailable, error, &cause)
        }
        VerdictError::Store(error) => of_store(error),
    }
}

/// Why a manifest is not signed or not taken.
pub(super) fn of_commit(error: &CommitError) -> Refusal {
    let (kind, cause) = match error {
        CommitError::Bundle(error) => {
            (ProblemType::ManifestConflict, RefusalCause::UnsoundBundle { nodes: error.nodes() })
        }
        CommitError::Signature { node } => (
            ProblemType::ManifestConflict,
            RefusalCause::Signatures { wrong: NodeSet::EMPTY.with(*node) },
        ),
        CommitError::Signers { .. } => {
            (ProblemType::ManifestConflict, RefusalCause::Signatures { wrong: NodeSet::EMPTY })
        }
        CommitError::NotTheManifest => (ProblemType::ManifestConflict, RefusalCause::OtherManifest),
        CommitError::OtherBundle { nodes } => {
            (ProblemType::BundleConflict, RefusalCause::OtherBundle { nodes: *nodes })
        }
        CommitError::MissingEnvelopes { count, holders } => (
            ProblemType::Unavailable,
            RefusalCause::MissingEnvelopes { count: *count as u64, holders: *holders },
        ),
        CommitError::Unheard { nodes, .. } => {
            (ProblemType::WaitingForNodes, RefusalCause::Unheard { nodes: *nodes })
        }
        CommitError::UnfitParts { count, silent, wrong } => (
            ProblemType::Unavailable,
            RefusalCause::UnfitParts { count: *count as u64, silent: *silent, wrong: *wrong },
        ),
        CommitError::Phase { phase } => {
            (ProblemType::WrongPhase, RefusalCause::Phase { phase: *phase })
        }
        CommitError::Store(error) => return of_store(error),
    };
    because(kind, error, &cause)
}

/// Why an outcome is not taken.
pub(super) fn of_outcome(error: &TakeOutcomeError) -> Refusal {
    match error {
        TakeOutcomeError::Store(error) => of_store(error),
        TakeOutcomeError::Disclose(error) => Refusal::internal(error),
        TakeOutcomeError::OtherManifest | TakeOutcomeError::Signatures(_) => {
            Refusal::new(ProblemType::ManifestConflict, error.to_string())
        }
    }
}

fn because(kind: ProblemType, error: &dyn std::fmt::Display, cause: &RefusalCause) -> Refusal {
    Refusal(Problem::new(kind, error.to_string()).with(RefusalCause::MEMBER, cause))
}

/// Why an announcement is not taken.
pub(super) fn of_announcement(error: &AnnouncementError) -> Refusal {
    let kind = match error {
        AnnouncementError::Roster { .. } => ProblemType::WrongRoster,
        AnnouncementError::Signature(_)
        | AnnouncementError::Terms(_)
        | AnnouncementError::OperatorKey(_) => ProblemType::BadTerms,
    };
    Refusal::new(kind, error.to_string())
}

/// Why a session that loads or keeps variables is not taken.
pub(super) fn of_variable(node: NodeIndex, error: &VariableError) -> Refusal {
    match error {
        VariableError::Lack { name, lack } => {
            let detail = format!("node {node} {}", lack.explain(name));
            let cause = RefusalCause::Variable { name: name.clone(), lack: *lack };
            Refusal(Problem::new(ProblemType::BadTerms, detail).with(RefusalCause::MEMBER, &cause))
        }
        VariableError::Handover(error) => Refusal::new(ProblemType::BadTerms, error.to_string()),
        VariableError::Store(error) => of_store(error),
        VariableError::Sealing(error) => Refusal::internal(error),
    }
}

/// What is wrong with an envelope.
pub(super) fn of_envelope(error: &IntakeError) -> Refusal {
    let kind = match error {
        IntakeError::Envelope(EnvelopeError::Admission) => ProblemType::NotAdmitted,
        IntakeError::Envelope(_) => ProblemType::BadEnvelope,
        IntakeError::Part(ExclusionReason::SeedsDoNotFit) => ProblemType::SeedsDoNotFit,
        IntakeError::Part(_) => ProblemType::PartUnreadable,
    };
    Refusal::new(kind, error.to_string())
}

/// Why a bid is not replaced yet.
pub(super) fn of_pace(error: TooFast) -> Refusal {
    Refusal::new(ProblemType::TooManyRequests, error.to_string()).retry_after(error.seconds)
}

/// Why nothing is taken while a session is paused, with the operator's words.
pub(super) fn of_pause(why: Option<&str>) -> Refusal {
    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
    let detail = format!(
        "the session is paused{why}; nothing is lost: hand the same in again once it goes on, or let `gavel bid --wait SECONDS` wait for that"
    );
    Refusal::new(ProblemType::Paused, detail)
}

/// Why a sound envelope is not taken.
pub(super) fn of_put(error: &PutError) -> Refusal {
    let kind = match error {
        PutError::NotOpen { phase: Phase::Paused } => return of_pause(None),
        PutError::NotOpen { .. } | PutError::Late { .. } => ProblemType::TooLate,
        PutError::Fixed { .. } => ProblemType::ReplacingNotAllowed,
        PutError::Stale { .. } => ProblemType::StaleRevision,
        PutError::Conflict { .. } => ProblemType::RevisionConflict,
        PutError::Full { .. } => ProblemType::SessionFull,
        PutError::Receipt | PutError::Storage(_) => return Refusal::internal(error),
    };
    Refusal::new(kind, error.to_string())
}
