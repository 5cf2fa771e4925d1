//! Why there is no score, and whose fault it is.

use std::time::Duration;

use super::said::Why;
use crate::protocol::ChannelError;
use crate::protocol::pair::PairError;
use crate::runs::score::ScoreError;
use crate::session::scoring::ScoreSignatureError;
use crate::transport::HttpError;
use crate::transport::streams::line::LineError;

/// Why two parties came to no score.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MeetingError {
    /// No connection.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Whoever answers is not the owner.
    #[error(
        "{address} did not prove that it is the model's owner; someone may be in between, or the \
         address is another's"
    )]
    NotTheOwner {
        /// Host and port.
        address: String,
    },
    /// Before the computation, the partner is gone, silent, or says what is not due.
    #[error("while {doing}: {source}")]
    Line {
        /// What was being done.
        doing: &'static str,
        /// What is wrong.
        source: LineError,
    },
    /// The dealers do not give this party's half in time.
    #[error("the dealers did not give the half of the batch within {} s", .after.as_secs_f64())]
    Slow {
        /// How long it was waited for.
        after: Duration,
    },
    /// The partner stops, and says why.
    #[error("{partner} called it off: {why}")]
    CalledOff {
        /// "the model's owner" or "the client".
        partner: &'static str,
        /// Its reason.
        why: Why,
    },
    /// This party refuses.
    #[error("the client was turned away: {0}")]
    Refused(Why),
    /// The owner's time is far from the own.
    #[error("the owner's clock is {minutes} minutes off; compare both clocks")]
    Clock {
        /// By how much.
        minutes: u64,
    },
    /// This party's half could not be had.
    #[error("this party's half of the batch could not be had: {0}")]
    Half(String),
    /// The partner went away in the middle.
    #[error(
        "{partner} went away in round {round}; the batch is used up, and nothing was learnt: try again \
         with another one"
    )]
    Gone {
        /// "the model's owner" or "the client".
        partner: &'static str,
        /// Which round.
        round: u64,
    },
    /// The computation ended.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// A signature does not fit.
    #[error(transparent)]
    Signature(#[from] ScoreSignatureError),
    /// No randomness.
    #[error("the operating system gives no randomness")]
    Randomness,
}

impl MeetingError {
    /// What the partner is told, if it is not the one who said it, or gone.
    pub(super) const fn why(&self) -> Option<Why> {
        match self {
            Self::Refused(why) => Some(*why),
            Self::Half(_) | Self::Slow { .. } => Some(Why::NoHalf),
            Self::Signature(_) => Some(Why::BadSignature),
            Self::Score(ScoreError::Pair(error)) => match error {
                PairError::Mac { .. } => Some(Why::Mac),
                PairError::Channel { source: ChannelError::Timeout { .. }, .. } => {
                    Some(Why::Silent)
                }
                PairError::Randomness | PairError::Shape(_) => Some(Why::Internal),
                _ => Some(Why::Malformed),
            },
            Self::Score(ScoreError::Larger) => Some(Why::Larger),
            Self::Score(_) | Self::Randomness => Some(Why::Internal),
            Self::Clock { .. } => Some(Why::TooLate),
            Self::Line { source: LineError::Closed, .. }
            | Self::Http(_)
            | Self::NotTheOwner { .. }
            | Self::CalledOff { .. }
            | Self::Gone { .. } => None,
            Self::Line { source: LineError::Timeout { .. }, .. } => Some(Why::Silent),
            Self::Line { .. } => Some(Why::Malformed),
        }
    }
}
