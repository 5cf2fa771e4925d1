//! The phases of a session and the pure transition function.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a session stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The terms are written; nodes know nothing yet.
    Draft,
    /// Bids come in.
    Open,
    /// No bids are taken until an operator lets it go on; those that are in count.
    Paused,
    /// Frozen: the nodes agree on one manifest.
    Closing,
    /// The manifest is signed; attempts run.
    Computing,
    /// The outcome is signed.
    Settled,
    /// No attempt worked; may be tried again.
    Failed,
    /// An operator has ended it without an outcome.
    Cancelled,
}

/// What moves a session from phase to phase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The coordinator's operator writes other terms.
    Edit,
    /// The coordinator announces the session.
    Open,
    /// The coordinator's operator stops taking bids for a while.
    Pause,
    /// The coordinator's operator lets bids come in again.
    Resume,
    /// Bidding ends: by the clock or by hand.
    Freeze,
    /// The manifest has its signatures.
    ManifestSigned,
    /// The outcome has its signatures.
    OutcomeSigned,
    /// An attempt, or the closing, cannot go on.
    Fail,
    /// The coordinator tries again.
    Retry,
    /// The coordinator cancels the session.
    Cancel,
}

/// A step that the phase does not allow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the session is {phase}: {}", reason(*.phase, *.step))]
pub struct PhaseError {
    /// Where the session stands.
    pub phase: Phase,
    /// What was asked for.
    pub step: Step,
}

const fn reason(phase: Phase, step: Step) -> &'static str {
    match (step, phase) {
        (_, Phase::Settled) => "it is decided, nothing can change it",
        (_, Phase::Cancelled) => "it was called off; open a new one",
        (Step::Edit, _) => "its terms are signed; call it off and write a new one to change them",
        (Step::Open, _) => "it has been opened already",
        (Step::Freeze, Phase::Draft) => "open it before closing it",
        (Step::Pause | Step::Resume, Phase::Draft) => "it takes no bids yet; open it first",
        (Step::Pause, Phase::Paused) => "`gavel session resume` lets bids come in again",
        (Step::Resume, Phase::Open) => "bids come in",
        (Step::Freeze | Step::Pause | Step::Resume, _) => "bidding has ended already",
        (Step::Cancel, _) => "the bids are fixed and the outcome is being computed",
        (Step::Retry, _) => "only a failed session is tried again",
        (Step::ManifestSigned | Step::OutcomeSigned | Step::Fail, _) => {
            "this step does not belong here"
        }
    }
}

impl Phase {
    /// Every phase, in the order of a session's life.
    pub const ALL: [Self; 8] = [
        Self::Draft,
        Self::Open,
        Self::Paused,
        Self::Closing,
        Self::Computing,
        Self::Settled,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The phase after a step.
    ///
    /// # Errors
    /// When the phase does not allow the step.
    pub const fn after(self, step: Step) -> Result<Self, PhaseError> {
        match (self, step) {
            (Self::Draft, Step::Edit) => Ok(Self::Draft),
            (Self::Draft, Step::Open) | (Self::Paused, Step::Resume) => Ok(Self::Open),
            (Self::Open, Step::Pause) => Ok(Self::Paused),
            (Self::Open | Self::Paused, Step::Freeze) => Ok(Self::Closing),
            (Self::Closing, Step::ManifestSigned) | (Self::Failed, Step::Retry) => {
                Ok(Self::Computing)
            }
            // A node that stayed away for the attempt learns the outcome from the others.
            (Self::Computing | Self::Failed | Self::Closing, Step::OutcomeSigned) => {
                Ok(Self::Settled)
            }
            (Self::Computing, Step::Fail) => Ok(Self::Failed),
            (Self::Draft | Self::Open | Self::Paused | Self::Closing, Step::Cancel) => {
                Ok(Self::Cancelled)
            }
            (phase, step) => Err(PhaseError { phase, step }),
        }
    }

    /// Whether nothing can change any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Settled | Self::Cancelled)
    }

    /// Whether bidding has begun and not ended: bids come in, or will again.
    pub const fn is_bidding(self) -> bool {
        matches!(self, Self::Open | Self::Paused)
    }

    /// The name on screens and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Closing => "closing",
            Self::Computing => "computing",
            Self::Settled => "settled",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Phase {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|phase| phase.name() == text)
            .ok_or_else(|| format!("unknown phase {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use crate::session::phase::*;

    const STEPS: [Step; 10] = [
        Step::Edit,
        Step::Open,
        Step::Pause,
        Step::Resume,
        Step::Freeze,
        Step::ManifestSigned,
        Step::OutcomeSigned,
        Step::Fail,
        Step::Retry,
        Step::Cancel,
    ];

    #[test]
    fn final_phases_stay() {
        for phase in Phase::ALL {
            for step in STEPS {
                let next = phase.after(step);
                assert!(!phase.is_final() || next.is_err(), "{phase} moved by {step:?}");
            }
        }
    }

    #[test]
    fn only_a_draft_is_edited() {
        for phase in Phase::ALL {
            let edited = phase.after(Step::Edit);
            assert_eq!(edited.is_ok(), phase == Phase::Draft, "{phase}");
            assert!(edited.is_err() || edited == Ok(Phase::Draft));
        }
    }

    #[test]
    fn nothing_but_a_resume_leads_back_to_open() {
        for phase in Phase::ALL {
            for step in STEPS {
                let reopened = phase.after(step) == Ok(Phase::Open);
                let by_right = matches!(
                    (phase, step),
                    (Phase::Draft, Step::Open) | (Phase::Paused, Step::Resume)
                );
                assert_eq!(reopened, by_right, "{phase} {step:?}");
            }
        }
    }

    #[test]
    fn only_what_is_open_is_paused_and_a_pause_ends_as_bidding_does() {
        for phase in Phase::ALL {
            for step in STEPS {
                let paused = phase.after(step) == Ok(Phase::Paused);
                assert_eq!(paused, (phase, step) == (Phase::Open, Step::Pause));
            }
        }
        let after = |step| Phase::Paused.after(step).ok();
        assert_eq!(after(Step::Resume), Some(Phase::Open));
        assert_eq!(after(Step::Freeze), Some(Phase::Closing));
        assert_eq!(after(Step::Cancel), Some(Phase::Cancelled));
        for step in [Step::Edit, Step::Open, Step::ManifestSigned, Step::OutcomeSigned, Step::Fail]
        {
            assert_eq!(after(step), None, "{step:?}");
        }
        let again = Phase::Paused.after(Step::Pause).unwrap_err().to_string();
        assert!(again.contains("the session is paused") && again.contains("resume"), "{again}");
    }

    #[test]
    fn a_refusal_says_why() {
        let error = Phase::Settled.after(Step::Cancel).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the session is settled: it is decided, nothing can change it"
        );
    }
}
