//! Bidders and the coordinator's operator, with the product's own client.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gavel::client::bid::{self, BidError, Bidder, Patience};
use gavel::client::state::BidderState;
use gavel::client::{EntryValues, Network};
use gavel::identity::{KeyPair, Statement as _};
use gavel::rules::Terms;
use gavel::session::{Phase, SessionId};
use gavel::sharing::{NodeIndex, NodeSet};
use gavel::testkit::bad_bidder::BadBidder;
use gavel::testkit::scores;
use gavel::wire::coordinator_api::NewSession;
use tokio::time::{sleep, timeout};

use super::core::Core;

/// Longest that a bidder tries at a time.
const PATIENCE: Patience =
    Patience { deadline: Duration::from_secs(4), stragglers: Duration::from_millis(500) };

/// One bidder's plan.
pub struct Plan {
    /// The name.
    pub name: String,
    /// The fields of entries, each replacing the one before, and the pause before each.
    pub bids: Vec<(Duration, Vec<u64>)>,
    /// Where envelopes and receipts are kept.
    pub folder: PathBuf,
    /// The nodes whose parts are garbage; none for an honest bidder.
    pub garbage: NodeSet,
}

/// An entry, with a score where the terms count scores: one that follows from the amount, of a batch of the
/// bidder's own.
fn with_score(terms: &Terms, name: &str, keys: &KeyPair, fields: Vec<u64>) -> EntryValues {
    let score = terms.scoring().map(|_| {
        let amount = fields.first().copied().unwrap_or_default();
        let value = i64::try_from(amount * 77 % 1025).expect("at most one");
        scores::signed(keys, value, name.bytes().last().unwrap_or_default())
    });
    EntryValues::new(fields).with_score(score)
}

/// Bid as planned, as long as the session takes bids.
pub async fn bid(core: Arc<Core>, network: Network, session: SessionId, plan: Plan) {
    let keys = KeyPair::generate().expect("randomness");
    let state = BidderState::Folder(plan.folder);
    let pinned = [network.roster().body.digest()];
    let bidder = Bidder { name: &plan.name, keys: &keys, state: &state, pinned: &pinned };
    for (pause, fields) in plan.bids {
        sleep(pause).await;
        let announcement = loop {
            match bid::announcement(&network, session).await {
                Ok(announcement) => break announcement,
                Err(BidError::NotOpen { .. }) => return,
                Err(_) => sleep(Duration::from_millis(300)).await,
            }
        };
        let entry = with_score(&announcement.body.terms, &plan.name, &keys, fields);
        let mut placed = bid::place(&network, &announcement, &bidder, entry, PATIENCE).await;
        for _ in 0..3 {
            match placed {
                Ok(placed) => {
                    let revision = placed.bid.envelope.body.revision;
                    core.note(format_args!("{} has receipts for {revision}", plan.name));
                    core.books().session(session, |books| books.acknowledge(&plan.name, revision));
                    break;
                }
                Err(BidError::TooFew { .. }) => {
                    placed = bid::resend(&network, session, &bidder, PATIENCE).await;
                }
                Err(error) => {
                    core.note(format_args!("{}: {error}", plan.name));
                    break;
                }
            }
        }
    }
}

/// Hand an envelope whose parts for some nodes are garbage to the others.
pub async fn bid_garbage(core: Arc<Core>, network: Network, session: SessionId, plan: Plan) {
    let keys = KeyPair::generate().expect("randomness");
    let Some((pause, fields)) = plan.bids.first().cloned() else { return };
    sleep(pause).await;
    let (announcement, admission) = loop {
        let announcement = match bid::announcement(&network, session).await {
            Err(BidError::NotOpen { .. }) => return,
            announcement => announcement,
        };
        let admission = network.coordinator().admit(session, &plan.name, &keys).await;
        match (announcement, admission) {
            (Ok(announcement), Ok(admission)) => break (announcement, admission),
            _ => sleep(Duration::from_millis(300)).await,
        }
    };
    let bad = BadBidder {
        announcement: &announcement,
        roster: network.roster(),
        admission,
        name: &plan.name,
        keys: &keys,
        revision: 1,
    };
    let entry = with_score(&announcement.body.terms, &plan.name, &keys, fields);
    let envelope = bad.garbage_parts(entry, plan.garbage).expect("an envelope");
    core.note(format_args!("{} hands garbage to {}", plan.name, plan.garbage));
    core.books().session(session, |books| books.garbage(&plan.name, plan.garbage));
    for (node, client) in (1..).filter_map(NodeIndex::new).zip(network.nodes()) {
        for _ in 0..3 {
            if plan.garbage.contains(node) {
                break;
            }
            match timeout(Duration::from_secs(1), client.hand_in(&envelope)).await {
                Ok(Ok(_)) => break,
                _ => sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

/// Write and open the session; gives its id.
pub async fn open(network: &Network, file: &str) -> SessionId {
    let coordinator = network.coordinator();
    loop {
        let new = NewSession { file: file.to_owned(), open: true, bidders: Vec::new() };
        if let Ok(detail) = coordinator.new_session(&new).await {
            return detail.summary.session;
        }
        sleep(Duration::from_millis(300)).await;
        // The answer may have been lost, or the coordinator have died on the way.
        let Ok(sessions) = coordinator.sessions().await else { continue };
        for known in sessions {
            let opened = match known.phase {
                Phase::Draft => coordinator.open(known.session).await.is_ok(),
                _ => true,
            };
            if opened {
                return known.session;
            }
        }
    }
}

/// Look after the session until it is settled. Nothing happens here that takes a person, so it must
/// not fail.
pub async fn look_after(core: &Core, network: &Network, session: SessionId) {
    let coordinator = network.coordinator();
    loop {
        sleep(Duration::from_secs(1)).await;
        let Ok(detail) = coordinator.session(session).await else { continue };
        match detail.summary.phase {
            Phase::Settled => return,
            Phase::Failed => {
                let why = detail.reason.map(|reason| reason.to_string()).unwrap_or_default();
                core.books().broke(format!("the session has failed: {why}"));
                // A refusal means that it goes on already.
                drop(coordinator.retry(session).await);
            }
            _ => {}
        }
    }
}
