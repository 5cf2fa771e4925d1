//! Placing a bid: ask for admission, split and seal, put the envelope on disk, hand it to every
//! node, keep the signed receipts.
//!
//! When a bid is in: n - t receipts. Whichever 2t+1 nodes close the session, more than t of them
//! then hold a receipt they signed (n - t and 2t+1 of n overlap in t+1), so at least one names the
//! envelope even if t keep silent, and the others fetch it from there.
//!
//! Who learns what: the coordinator, who asks for admission; a node, who bids and when; nobody the
//! amount. Cost: one request to the coordinator, one to each node, all nodes at once.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use rand::{TryRng as _, rngs::SysRng};
use tokio::time::Instant;

use super::coordinator::CoordinatorClient;
use super::error::ClientError;
use super::network::Network;
use super::node::NodeClient;
use super::split::{BidAmount, SplitError, make_envelope};
use super::state::{BidderState, SentBid, StateError};
use crate::base::offload::offload;
use crate::identity::{KeyPair, Signature, Signed};
use crate::session::{Announcement, Envelope, Phase, Receipt, SessionId};
use crate::sharing::{NodeIndex, NodeSet};
use crate::transport::HttpError;
use crate::wire::problem::ProblemType;

/// Who bids, and where the bids are kept.
pub struct Bidder<'a> {
    /// The name to bid under.
    pub name: &'a str,
    /// The bidder's keys.
    pub keys: &'a KeyPair,
    /// Where envelopes and receipts are kept.
    pub state: &'a BidderState,
}

/// How long to try.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until n - t receipts are in.
    pub deadline: Duration,
    /// For the remaining nodes, once n - t receipts are in.
    pub stragglers: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(30), stragglers: Duration::from_secs(5) }
    }
}

/// A bid that enough nodes have signed receipts for.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The envelope and its receipts, as kept.
    pub bid: SentBid,
    /// Nodes that gave no receipt, with reasons.
    pub missing: Vec<Silence>,
}

/// A node that gave no receipt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Silence {
    /// The node that gave no receipt.
    pub node: NodeIndex,
    /// Its name in the roster.
    pub name: String,
    /// The refusal's slug; `None` when the node was not reached or its answer not usable.
    pub refused: Option<&'static str>,
    /// Why, in the node's or our words.
    pub reason: String,
}

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verb = if self.refused.is_some() { "refused" } else { "gave no receipt" };
        write!(f, "node {} ({}) {verb}: {}", self.node, self.name, self.reason)
    }
}

/// Why a bid is not in.
#[derive(Debug, thiserror::Error)]
pub enum BidError {
    /// The session takes no bids now.
    #[error("{}", not_open(*.phase))]
    NotOpen {
        /// The phase that the session is in.
        phase: Phase,
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

fn not_open(phase: Phase) -> &'static str {
    match phase {
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
            Self::NotOpen { .. } => "wrong-phase",
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

/// The session's announcement, checked against the roster; refuses a session that takes no bids.
///
/// # Errors
/// When the session is not open, or the coordinator's answer does not hold.
pub async fn announcement(
    network: &Network,
    session: SessionId,
) -> Result<Signed<Announcement>, BidError> {
    let detail = network.coordinator().session(session).await?;
    let phase = detail.summary.phase;
    match CoordinatorClient::announcement(&detail) {
        Some(announcement) if phase == Phase::Open => Ok(announcement.clone()),
        _ => Err(BidError::NotOpen { phase }),
    }
}

/// What is told of each node's answer as it comes: its receipt, or its silence.
pub type Told<'a> = dyn Fn(Result<&Signed<Receipt>, &Silence>) + Send + Sync + 'a;

/// Make a bid and hand it in. The announcement must be the one of [`announcement`].
///
/// An amount that the terms do not allow leaves nothing behind; so does an envelope that every
/// node refuses.
///
/// # Errors
/// Why the bid is not in, with each node's reason.
pub async fn place(
    network: &Network,
    announcement: &Signed<Announcement>,
    bidder: &Bidder<'_>,
    amount: BidAmount,
    patience: Patience,
) -> Result<Placed, BidError> {
    place_watched(network, announcement, bidder, amount, patience, &|_| {}).await
}

/// [`place`], telling of each node's answer as it comes.
///
/// # Errors
/// Why the bid is not in, with each node's reason.
pub async fn place_watched(
    network: &Network,
    announcement: &Signed<Announcement>,
    bidder: &Bidder<'_>,
    amount: BidAmount,
    patience: Patience,
    told: &Told<'_>,
) -> Result<Placed, BidError> {
    let terms = &announcement.body.terms;
    amount.check(terms)?;
    let session = announcement.body.session;
    let earlier = bidder.state.bids(session)?.pop();
    if let Some(last) = &earlier {
        same_name(last, bidder)?;
        let needed = network.receipts_needed();
        if !terms.replace_bids && last.receipts.len() < needed {
            return Err(BidError::Unfinished {
                revision: last.revision(),
                receipts: last.receipts.len(),
                needed,
            });
        }
        if !terms.replace_bids {
            return Err(SplitError::NoReplacement.into());
        }
    }
    let admission = match &earlier {
        Some(last) => last.admission(),
        None => network.coordinator().admit(session, bidder.name, bidder.keys).await?,
    };
    let revision = earlier.map_or(1, |last| last.revision().saturating_add(1));
    let envelope = seal(network, announcement, admission, bidder, revision, amount).await?;
    let bid = SentBid::new(announcement.clone(), envelope);
    let bid = on_disk(bidder.state, bid, BidderState::create).await?;
    hand_in(network, bidder.state, bid, true, patience, told).await
}

/// Send the latest envelope again to the nodes whose receipt is missing.
///
/// # Errors
/// Why the bid is not in, with each node's reason.
pub async fn resend(
    network: &Network,
    session: SessionId,
    bidder: &Bidder<'_>,
    patience: Patience,
) -> Result<Placed, BidError> {
    resend_watched(network, session, bidder, patience, &|_| {}).await
}

/// [`resend`], telling of each node's answer as it comes.
///
/// # Errors
/// Why the bid is not in, with each node's reason.
pub async fn resend_watched(
    network: &Network,
    session: SessionId,
    bidder: &Bidder<'_>,
    patience: Patience,
    told: &Told<'_>,
) -> Result<Placed, BidError> {
    let bid = bidder.state.bids(session)?.pop().ok_or(BidError::NothingToResend)?;
    same_name(&bid, bidder)?;
    hand_in(network, bidder.state, bid, false, patience, told).await
}

fn same_name(earlier: &SentBid, bidder: &Bidder<'_>) -> Result<(), BidError> {
    let name = &earlier.envelope.body.bidder;
    if name == bidder.name && earlier.envelope.body.key == bidder.keys.public() {
        return Ok(());
    }
    Err(BidError::OtherName { earlier: name.clone() })
}

/// Sealing takes a few tenths of a millisecond per node; it is done away from the async threads so
/// that many bidders in one process do not hold each other's replies up.
async fn seal(
    network: &Network,
    announcement: &Signed<Announcement>,
    admission: Signature,
    bidder: &Bidder<'_>,
    revision: u32,
    amount: BidAmount,
) -> Result<Envelope, BidError> {
    let roster = network.shared_roster();
    let (announcement, keys) = (announcement.clone(), bidder.keys.clone());
    let name = bidder.name.to_owned();
    let envelope = offload(move || {
        make_envelope(&announcement, &roster, admission, &name, &keys, revision, amount)
    });
    Ok(envelope.await?)
}

/// Do something with a bid and its file, away from the async threads: it waits for the disk.
async fn on_disk(
    state: &BidderState,
    bid: SentBid,
    put: impl FnOnce(&BidderState, &SentBid) -> Result<(), StateError> + Send + 'static,
) -> Result<SentBid, StateError> {
    if matches!(state, BidderState::Memory) {
        return Ok(bid);
    }
    let state = state.clone();
    offload(move || put(&state, &bid).map(|()| bid)).await
}

/// Hand an envelope to every node whose receipt is missing, all at once, and keep what comes back.
async fn hand_in(
    network: &Network,
    state: &BidderState,
    mut bid: SentBid,
    fresh: bool,
    patience: Patience,
    told: &Told<'_>,
) -> Result<Placed, BidError> {
    let needed = network.receipts_needed();
    let have = bid.nodes();
    let end = Instant::now() + patience.deadline;
    let envelope = bid.envelope.clone();
    let mut asked: FuturesUnordered<_> = network
        .nodes()
        .iter()
        .filter(|node| !have.contains(node.index()))
        .map(|node| ask(node, &envelope, end))
        .collect();
    let mut missing: Vec<Silence> = Vec::new();
    let mut enough_since = (bid.receipts.len() >= needed).then(Instant::now);
    let mut answered = NodeSet::EMPTY;
    let mut saved = bid.receipts.len();
    loop {
        let limit = enough_since.map_or(end, |since| end.min(since + patience.stragglers));
        // Over when the time is, or when every node has answered.
        let Ok(Some(answer)) = tokio::time::timeout_at(limit, asked.next()).await else { break };
        told(answer.as_ref());
        match answer {
            Ok(receipt) => {
                answered.insert(receipt.body.node);
                bid.add(receipt);
            }
            Err(silence) => {
                answered.insert(silence.node);
                missing.push(silence);
            }
        }
        if bid.receipts.len() >= needed && enough_since.is_none() {
            enough_since = Some(Instant::now());
            // On disk as soon as the bid is in, whatever the remaining nodes do.
            bid = on_disk(state, bid, BidderState::update).await?;
            saved = bid.receipts.len();
        }
    }
    drop(asked);
    for node in network.nodes() {
        if !have.union(answered).contains(node.index()) {
            missing.push(Silence {
                node: node.index(),
                name: node.name().to_owned(),
                refused: None,
                reason: "no answer in time".to_owned(),
            });
        }
    }
    missing.sort_by_key(|silence| silence.node);
    if bid.receipts.len() > saved {
        bid = on_disk(state, bid, BidderState::update).await?;
    }
    conclude(network, state, bid, fresh, missing).await
}

async fn conclude(
    network: &Network,
    state: &BidderState,
    bid: SentBid,
    fresh: bool,
    missing: Vec<Silence>,
) -> Result<Placed, BidError> {
    let needed = network.receipts_needed();
    let all_refused =
        bid.receipts.is_empty() && missing.iter().all(|silence| silence.refused.is_some());
    if let (true, Some(first)) = (all_refused, missing.first()) {
        if fresh {
            // No node holds it, so its revision is as good as unused.
            on_disk(state, bid, BidderState::forget).await?;
        }
        return Err(BidError::Refused {
            kind: first.refused.unwrap_or("refused"),
            reason: first.reason.clone(),
            nodes: missing,
        });
    }
    let receipts = bid.receipts.len();
    if receipts < needed {
        return Err(BidError::TooFew { receipts, needed, missing });
    }
    Ok(Placed { bid, missing })
}

/// Hand an envelope to one node; tries again while the node cannot be reached or is busy.
async fn ask(
    node: &NodeClient,
    envelope: &Envelope,
    end: Instant,
) -> Result<Signed<Receipt>, Silence> {
    let mut pause = Duration::from_millis(100);
    loop {
        let silence = |refused, reason| Silence {
            node: node.index(),
            name: node.name().to_owned(),
            refused,
            reason,
        };
        let error = match node.hand_in(envelope).await {
            Ok(receipt) if node.is_receipt_for(envelope, &receipt) => return Ok(receipt),
            Ok(_) => {
                let reason = "its receipt is not for this envelope or not signed by its key";
                return Err(silence(None, reason.to_owned()));
            }
            Err(error) => error,
        };
        if let Some(kind) = refusal(&error) {
            return Err(silence(
                Some(kind),
                error.problem().map_or_else(|| error.to_string(), ToString::to_string),
            ));
        }
        if !worth_retrying(&error) || Instant::now() + pause >= end {
            return Err(silence(None, error.to_string()));
        }
        tokio::time::sleep(jittered(pause)).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

/// The slug, when the node has decided and will not decide otherwise.
fn refusal(error: &HttpError) -> Option<&'static str> {
    let HttpError::Problem { problem, .. } = error else { return None };
    match problem.kind {
        // Busy, restarting, or not told of the session yet.
        ProblemType::UnknownSession
        | ProblemType::TooManyRequests
        | ProblemType::Timeout
        | ProblemType::WaitingForNodes
        | ProblemType::Internal
        | ProblemType::Unavailable
        | ProblemType::Other => None,
        kind => Some(kind.slug()),
    }
}

const fn worth_retrying(error: &HttpError) -> bool {
    // Another certificate than the roster's does not become right by asking again.
    !matches!(error, HttpError::WrongCertificate { .. })
}

/// Between half and all of a pause, so that many bidders do not come back at once.
fn jittered(pause: Duration) -> Duration {
    let mut byte = [0; 1];
    let drawn = if SysRng.try_fill_bytes(&mut byte).is_ok() { byte[0] } else { u8::MAX };
    pause.mul_f64(0.5 + f64::from(drawn) / 510.0)
}

#[cfg(test)]
#[path = "bid_tests.rs"]
mod tests;
