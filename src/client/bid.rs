//! Placing a bid: ask for admission, split and seal, put the envelope on disk, hand it to every
//! node, keep the signed receipts.
//!
//! When a bid is in: n - t receipts. Whichever 2t+1 nodes close the session, more than t of them
//! then hold a receipt they signed (n - t and 2t+1 of n overlap in t+1), so at least one names the
//! envelope even if t keep silent, and the others fetch it from there.
//!
//! Who learns what: the coordinator, who asks for admission; a node, who bids and when; nobody the
//! amount. Cost: one request to the coordinator, one to each node, all nodes at once.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::again::{Waits, until_answered};
use super::coordinator::CoordinatorClient;
use super::hand_in::{Hope, Tried, ask, longer, silence};
use super::network::Network;
use super::split::{EntryValues, Sealed, SplitError, make_entry};
use super::state::{BidderState, SentBid, StateError};
use crate::base::offload::offload;
use crate::identity::{Digest, KeyPair, Signed, Statement as _};
use crate::session::announcement::AdmissionSignature;
use crate::session::{Announcement, Phase, Receipt, SessionId};
use crate::sharing::NodeIndex;
use crate::wire::coordinator_api::SessionDetail;
use crate::wire::node_api::HandedIn;
use crate::wire::reason::Reason;

pub use super::bid_error::BidError;
pub use super::hand_in::Silence;

/// Who bids, and where the bids are kept.
pub struct Bidder<'a> {
    /// The name to bid under.
    pub name: &'a str,
    /// The bidder's keys.
    pub keys: &'a KeyPair,
    /// Where envelopes and receipts are kept.
    pub state: &'a BidderState,
    /// Digests of the rosters that the bidder knows to be right from elsewhere than their
    /// coordinator. No bid is sealed or sent under any other: its nodes may be invented.
    pub pinned: &'a [Digest],
}

impl Bidder<'_> {
    /// Check that the roster of these connections is one that the bidder knows to be right.
    ///
    /// # Errors
    /// When it is not.
    pub fn knows_roster(&self, network: &Network) -> Result<(), BidError> {
        let digest = network.roster().body.digest();
        if self.pinned.contains(&digest) { Ok(()) } else { Err(BidError::NotPinned { digest }) }
    }
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

/// The session's announcement, checked against the roster; refuses a session that takes no bids.
///
/// # Errors
/// When the session is not open, or the coordinator's answer does not hold.
pub async fn announcement(
    network: &Network,
    session: SessionId,
) -> Result<Signed<Announcement>, BidError> {
    announced(&network.coordinator().session(session).await?)
}

/// The announcement in the coordinator's answer; refuses a session that takes no bids.
///
/// # Errors
/// `NotOpen` when the session is not open, `Paused` when it is paused.
pub fn announced(detail: &SessionDetail) -> Result<Signed<Announcement>, BidError> {
    let phase = detail.summary.phase;
    if let Some(paused) = paused(detail) {
        return Err(paused);
    }
    match CoordinatorClient::announcement(detail) {
        Some(announcement) if phase == Phase::Open => Ok(announcement.clone()),
        _ => Err(BidError::NotOpen { phase }),
    }
}

/// Why a session takes no bids, if it is paused.
pub(super) fn paused(detail: &SessionDetail) -> Option<BidError> {
    if detail.summary.phase != Phase::Paused {
        return None;
    }
    let why = match detail.reason.as_ref().map(|explained| &explained.reason) {
        Some(Reason::Paused { why }) => why.clone(),
        _ => None,
    };
    Some(BidError::Paused { why })
}

/// What is told of each node's answer as it comes: its receipt, or its silence.
pub type Told<'a> = dyn Fn(Result<&Signed<Receipt>, &Silence>) + Send + Sync + 'a;

/// Make a bid and hand it in. The announcement must be the one of [`announcement`].
///
/// An entry that the terms do not allow leaves nothing behind; so does an envelope that every
/// node refuses.
///
/// # Errors
/// Why the bid is not in, with each node's reason.
pub async fn place(
    network: &Network,
    announcement: &Signed<Announcement>,
    bidder: &Bidder<'_>,
    entry: impl Into<EntryValues>,
    patience: Patience,
) -> Result<Placed, BidError> {
    let ears = Ears::of(&|_| {});
    place_heard(network, announcement, bidder, entry, patience, ears).await
}

/// Who is told while a bid is handed in.
#[derive(Clone, Copy)]
pub struct Ears<'a> {
    /// Of each node's answer as it comes.
    pub answers: &'a Told<'a>,
    /// Of each pause before somebody who was away or busy is asked again.
    pub waits: &'a Waits<'a>,
}

impl<'a> Ears<'a> {
    /// For whom pauses are no news.
    pub fn of(answers: &'a Told<'a>) -> Self {
        Self { answers, waits: &|_, _, _| {} }
    }
}

/// [`place`], telling of all that happens on the way.
///
/// # Errors
/// Why the bid is not in, with each node's reason.
pub async fn place_heard(
    network: &Network,
    announcement: &Signed<Announcement>,
    bidder: &Bidder<'_>,
    entry: impl Into<EntryValues>,
    patience: Patience,
    ears: Ears<'_>,
) -> Result<Placed, BidError> {
    let entry = entry.into();
    bidder.knows_roster(network)?;
    let terms = &announcement.body.terms;
    entry.check(terms)?;
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
        None => admission(network, session, bidder, patience, ears.waits).await?,
    };
    let revision = earlier.map_or(1, |last| last.revision().saturating_add(1));
    let sealed = seal(network, announcement, admission, bidder, revision, entry).await?;
    let bid = SentBid::new(announcement.clone(), sealed.envelope).with_mask(sealed.mask);
    let bid = on_disk(bidder.state, bid, BidderState::create).await?;
    hand_in(network, bidder.state, bid, true, patience, ears).await
}

/// The coordinator's admission, asked for until it answers.
async fn admission(
    network: &Network,
    session: SessionId,
    bidder: &Bidder<'_>,
    patience: Patience,
    waits: &Waits<'_>,
) -> Result<AdmissionSignature, BidError> {
    let end = Instant::now() + patience.deadline;
    let coordinator = network.coordinator();
    let admit = || coordinator.admit(session, bidder.name, bidder.keys);
    Ok(until_answered(end, waits, admit).await?)
}

/// The position of the cohort that the operator has assigned to the bidder, where the terms have
/// cohorts assigned: that of the latest envelope, else what the coordinator signs with the admission.
/// Nothing is handed in.
///
/// # Errors
/// When the bidder is not admitted, or is assigned none that the terms have.
pub async fn assigned_cohort(
    network: &Network,
    announcement: &Signed<Announcement>,
    bidder: &Bidder<'_>,
    patience: Patience,
    waits: &Waits<'_>,
) -> Result<Option<u8>, BidError> {
    let (session, terms) = (announcement.body.session, &announcement.body.terms);
    if terms.question.assigned_cohorts().is_none() {
        return Ok(None);
    }
    bidder.knows_roster(network)?;
    let admission = match bidder.state.bids(session)?.pop() {
        Some(last) => last.admission(),
        None => admission(network, session, bidder, patience, waits).await?,
    };
    terms.check_cohort(admission.cohort).map_err(SplitError::from)?;
    Ok(admission.cohort)
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
    resend_heard(network, session, bidder, patience, Ears::of(told)).await
}

/// [`resend`], telling of all that happens on the way.
///
/// # Errors
/// Why the bid is not in, with each node's reason.
pub async fn resend_heard(
    network: &Network,
    session: SessionId,
    bidder: &Bidder<'_>,
    patience: Patience,
    ears: Ears<'_>,
) -> Result<Placed, BidError> {
    bidder.knows_roster(network)?;
    let bid = bidder.state.bids(session)?.pop().ok_or(BidError::NothingToResend)?;
    same_name(&bid, bidder)?;
    hand_in(network, bidder.state, bid, false, patience, ears).await
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
    admission: AdmissionSignature,
    bidder: &Bidder<'_>,
    revision: u32,
    entry: EntryValues,
) -> Result<Sealed, BidError> {
    let roster = network.shared_roster();
    let (announcement, keys) = (announcement.clone(), bidder.keys.clone());
    let name = bidder.name.to_owned();
    let sealed = offload(move || {
        make_entry(&announcement, &roster, admission, &name, &keys, revision, entry)
    });
    Ok(sealed.await?)
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
    ears: Ears<'_>,
) -> Result<Placed, BidError> {
    let needed = network.receipts_needed();
    let have = bid.nodes();
    let end = Instant::now() + patience.deadline;
    let envelope = bid.envelope.clone();
    let mut asked: FuturesUnordered<_> = network
        .nodes()
        .iter()
        .filter(|node| !have.contains(node.index()))
        .map(|node| ask(node, &envelope, Duration::ZERO))
        .collect();
    let mut missing: Vec<Silence> = Vec::new();
    let mut enough_since = (bid.receipts.len() >= needed).then(Instant::now);
    let mut answered = have;
    // Nodes that are asked again, with what came of it last.
    let mut again: BTreeMap<NodeIndex, (Silence, Hope)> = BTreeMap::new();
    let mut saved = bid.receipts.len();
    loop {
        let limit = enough_since.map_or(end, |since| end.min(since + patience.stragglers));
        let away = again.iter().filter(|(_, (_, hope))| *hope == Hope::Absent);
        let waited_for = answered.union(away.map(|(node, _)| *node).collect());
        if enough_since.is_some() && waited_for.len() == network.nodes().len() {
            // The bid is in, and nobody is there to wait for.
            break;
        }
        // Over when the time is, or when every node has answered.
        let Ok(Some(tried)) = tokio::time::timeout_at(limit, asked.next()).await else { break };
        let Tried { node, pause, answer } = tried;
        again.remove(&node.index());
        match answer {
            Ok(HandedIn { receipt, name_shared }) => {
                (ears.answers)(Ok(&receipt));
                answered.insert(receipt.body.node);
                bid.add(receipt);
                let coordinator = &network.roster().body.coordinator.key;
                if let Some(shared) = name_shared {
                    bid.shares_name(shared, coordinator);
                }
            }
            Err((silence, hope)) if hope != Hope::None && Instant::now() + pause < end => {
                let whom = format!("node {} ({})", node.index(), node.name());
                (ears.waits)(&whom, &silence.reason, longer(pause));
                again.insert(node.index(), (silence, hope));
                asked.push(ask(node, &envelope, longer(pause)));
            }
            Err((silence, _)) => {
                (ears.answers)(Err(&silence));
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
    for node in network.nodes().iter().filter(|node| !answered.contains(node.index())) {
        // What came of the last try says more than that time ran out.
        let tried = again.remove(&node.index()).map(|(silence, _)| silence);
        missing.push(tried.unwrap_or_else(|| silence(node, None, "no answer in time")));
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

#[cfg(test)]
#[path = "bid_tests.rs"]
mod tests;
