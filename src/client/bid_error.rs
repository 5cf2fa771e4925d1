//! Why a bid is not in.

use super::error::ClientError;
use super::hand_in::Silence;
use super::split::SplitError;
use super::state::StateError;
use crate::identity::Digest;
use crate::session::Phase;

/// Why a bid is not in.
#[derive(Debug, thiserror::Error)]
pub enum BidError {
    /// The bidder does not know the roster to be right.
    #[error(
        "nothing was sent: nobody has compared the roster here (digest {}) with what a node's operator says, and a coordinator that invents nodes could read the bid; ask for the digest that `gavel roster show` prints at a node and give it to `gavel roster pin`",
        .digest.grouped()
    )]
    NotPinned {
        /// The roster's digest.
        digest: Digest,
    },
    /// The session takes no bids now.
    #[error("{}", not_open(*.phase))]
    NotOpen {
        /// The phase that the session is in.
        phase: Phase,
    },
    /// The session takes no bids for a while.
    #[error(
        "the session is paused{}; nothing was sent: bid once it goes on, or let `gavel bid --wait SECONDS` wait for that",
        in_brackets(.why.as_deref())
    )]
    Paused {
        /// Why, in its operator's words.
        why: Option<String>,
    },
    /// The amount or the papers are not right; nothing was sent.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// The coordinator.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// What is kept on this machine.
    #[error(transparent)]
    State(#[from] StateError),
    /// An earlier bid is under way and cannot be replaced.
    #[error(
        "revision {revision} of this bid was sent and has {receipts} of {needed} receipts; this auction takes one bid each, so send the same again with `gavel bid SESSION --resend`"
    )]
    Unfinished {
        /// Its revision.
        revision: u32,
        /// Receipts so far.
        receipts: usize,
        /// Receipts needed.
        needed: usize,
    },
    /// There is nothing to send again.
    #[error("there is no earlier bid in this session to send again")]
    NothingToResend,
    /// The history is under another name.
    #[error("this home has bid as {earlier:?} in this session; bid under that name again")]
    OtherName {
        /// The earlier name.
        earlier: String,
    },
    /// Every node refused.
    #[error("every node refused the bid: {reason}")]
    Refused {
        /// The refusal's slug.
        kind: &'static str,
        /// The first node's reason.
        reason: String,
        /// Every node's.
        nodes: Vec<Silence>,
    },
    /// Too few receipts in time.
    #[error("{}", too_few(*.receipts, *.needed, .missing))]
    TooFew {
        /// Receipts that came.
        receipts: usize,
        /// Receipts needed.
        needed: usize,
        /// The other nodes.
        missing: Vec<Silence>,
    },
}

fn in_brackets(why: Option<&str>) -> String {
    why.map(|why| format!(" ({why})")).unwrap_or_default()
}

fn not_open(phase: Phase) -> &'static str {
    match phase {
        Phase::Paused => "the session is paused and takes no bids until it goes on",
        Phase::Draft => "the session is a draft and takes no bids yet",
        Phase::Cancelled => "the session was called off and takes no bids",
        Phase::Open => "the session takes no bids",
        Phase::Closing | Phase::Computing | Phase::Settled | Phase::Failed => {
            "bidding has ended in this session; no bid can be added"
        }
    }
}

fn too_few(receipts: usize, needed: usize, missing: &[Silence]) -> String {
    let reasons: Vec<String> = missing.iter().map(Silence::to_string).collect();
    format!(
        "only {receipts} of the {needed} receipts needed came in; {}; the envelope is kept, `gavel bid SESSION --resend` sends it again",
        reasons.join("; ")
    )
}

impl BidError {
    /// A stable name for scripts.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::NotPinned { .. } => "roster-not-pinned",
            Self::NotOpen { .. } => "wrong-phase",
            Self::Paused { .. } => "paused",
            Self::Split(SplitError::AboveMaximum { .. }) => "above-maximum",
            Self::Split(SplitError::NoReplacement | SplitError::TooOften { .. }) => {
                "replacing-not-allowed"
            }
            Self::Split(_) => "bad-bid",
            Self::Client(error) => error.slug(),
            Self::State(_) => "file",
            Self::Unfinished { .. } => "unfinished-bid",
            Self::NothingToResend => "nothing-to-resend",
            Self::OtherName { .. } => "other-name",
            Self::Refused { kind, .. } => kind,
            Self::TooFew { .. } => "too-few-receipts",
        }
    }
}
