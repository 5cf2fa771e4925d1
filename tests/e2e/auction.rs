//! One auction as its operator and its bidders see it.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use gavel::client::bid::{self, BidError, Bidder, Patience, Placed};
use gavel::client::state::BidderState;
use gavel::client::{BidAmount, EntryValues, Network};
use gavel::identity::{KeyPair, Signed, Statement as _};
use gavel::session::announcement::AdmissionSignature;
use gavel::session::record::{Record, Report};
use gavel::session::scoring::SignedScore;
use gavel::session::{Announcement, Envelope, Phase, Receipt, SessionId};
use gavel::sharing::NodeSet;
use gavel::transport::HttpError;
use gavel::wire::ProblemType;
use gavel::wire::coordinator_api::{NewSession, SessionDetail};

use super::net::index;

/// Longest wait for anything that must come true.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bids of three bidders: basil wins, and pays 800 as second price.
pub const BIDS: [(&str, u64); 3] = [("ada", 700), ("basil", 900), ("chiara", 800)];

/// A session file in whole units.
pub fn file(kind: &str, reserve: Option<u64>, maximum: Option<u64>) -> String {
    let line = |name: &str, value: Option<u64>| {
        value.map(|value| format!("{name} = \"{value}\"\n")).unwrap_or_default()
    };
    format!(
        "title = \"Harbour view\"\nkind = \"{kind}\"\nbids_until = \"1h\"\nreplace_bids = true\n{}{}",
        line("reserve", reserve),
        line("maximum", maximum)
    )
}

/// A session that is open, or was.
pub struct Auction {
    pub network: Network,
    pub session: SessionId,
    pub announcement: Signed<Announcement>,
}

/// A session that is settled, its record checked offline.
pub struct Settled {
    pub detail: SessionDetail,
    pub record: Record,
    pub report: Report,
}

impl Settled {
    /// Who won at what price.
    pub fn winner(&self) -> Option<(&str, u64)> {
        let answer = self.report.outcome.as_ref().unwrap().answer.as_auction().unwrap();
        answer.winner().map(|sale| (sale.entry.bidder.as_str(), sale.price))
    }

    /// The names in the manifest.
    pub fn names(&self) -> Vec<&str> {
        let manifest = &self.record.manifest.as_ref().unwrap().body;
        manifest.entries.iter().map(|entry| entry.bidder.as_str()).collect()
    }
}

impl Auction {
    pub async fn open(network: &Network, file: &str) -> Self {
        let new = NewSession { file: file.to_owned(), open: true, bidders: Vec::new() };
        let detail = network.coordinator().new_session(&new).await.unwrap();
        let announcement = detail.announcement.unwrap();
        Self { network: network.clone(), session: detail.summary.session, announcement }
    }

    /// A second-price auction with a reserve of 500 that has [`BIDS`].
    pub async fn with_bids(network: &Network) -> Self {
        let auction = Self::open(network, &file("second-price", Some(500), None)).await;
        for (name, units) in BIDS {
            auction.bid(name, units).await;
        }
        auction
    }

    /// Bid under a new key.
    pub async fn bid(&self, name: &str, units: u64) -> Placed {
        self.try_bid(name, &KeyPair::generate().unwrap(), units).await.unwrap()
    }

    /// Bid, with every answer that may come.
    pub async fn try_bid(
        &self,
        name: &str,
        keys: &KeyPair,
        units: u64,
    ) -> Result<Placed, BidError> {
        self.try_entry(name, keys, BidAmount::new(units).into()).await
    }

    /// Hand in an entry of any number of fields, with every answer that may come.
    pub async fn try_enter(
        &self,
        name: &str,
        keys: &KeyPair,
        fields: Vec<u64>,
    ) -> Result<Placed, BidError> {
        self.try_entry(name, keys, EntryValues::new(fields)).await
    }

    /// Bid with a score, or with none, with every answer that may come.
    pub async fn try_scored(
        &self,
        name: &str,
        keys: &KeyPair,
        units: u64,
        score: Option<SignedScore>,
    ) -> Result<Placed, BidError> {
        let entry = EntryValues::from(BidAmount::new(units)).with_score(score);
        self.try_entry(name, keys, entry).await
    }

    /// Hand in anything, with every answer that may come.
    pub async fn try_entry(
        &self,
        name: &str,
        keys: &KeyPair,
        entry: EntryValues,
    ) -> Result<Placed, BidError> {
        let pinned = [self.network.roster().body.digest()];
        let bidder = Bidder { name, keys, state: &BidderState::Memory, pinned: &pinned };
        let patience =
            Patience { deadline: Duration::from_secs(20), stragglers: Duration::from_millis(300) };
        bid::place(&self.network, &self.announcement, &bidder, entry, patience).await
    }

    /// Many bids, some at a time.
    pub async fn bid_all(&self, bids: impl IntoIterator<Item = (String, u64)>) {
        stream::iter(bids)
            .map(|(name, units)| async move { self.bid(&name, units).await })
            .buffer_unordered(8)
            .for_each(|_| async {})
            .await;
    }

    pub async fn admit(&self, name: &str, keys: &KeyPair) -> AdmissionSignature {
        self.network.coordinator().admit(self.session, name, keys).await.unwrap()
    }

    /// Hand an envelope to one node.
    pub async fn hand_in(
        &self,
        node: u8,
        envelope: &Envelope,
    ) -> Result<Signed<Receipt>, HttpError> {
        let handed = self.network.nodes()[index(node).position()].hand_in(envelope).await;
        handed.map(|handed| handed.receipt)
    }

    pub async fn close(&self) {
        self.network.coordinator().close(self.session).await.unwrap();
    }

    /// The session once something is true of it. A coordinator that is away is waited for.
    pub async fn wait(&self, what: &str, holds: impl Fn(&SessionDetail) -> bool) -> SessionDetail {
        let until = Instant::now() + PATIENCE;
        loop {
            let detail = self.network.coordinator().session(self.session).await;
            match detail {
                Ok(detail) if holds(&detail) => return detail,
                Ok(detail) if detail.summary.phase == Phase::Failed => {
                    panic!("waiting for {what}: it failed: {:?}", detail.reason)
                }
                last if Instant::now() > until => panic!("never: {what}; {last:?}"),
                _ => tokio::time::sleep(Duration::from_millis(25)).await,
            }
        }
    }

    /// The session once it has failed, after so many attempts.
    pub async fn failed(&self, attempts: usize) -> SessionDetail {
        let until = Instant::now() + PATIENCE;
        loop {
            let detail = self.network.coordinator().session(self.session).await.unwrap();
            let (phase, made) = (detail.summary.phase, detail.attempts.len());
            if (phase, made) == (Phase::Failed, attempts) {
                return detail;
            }
            let going_on = phase != Phase::Settled && made <= attempts && Instant::now() < until;
            assert!(going_on, "it does not fail: {detail:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn settled(&self) -> Settled {
        let settled = |detail: &SessionDetail| detail.summary.phase == Phase::Settled;
        let detail = self.wait("settled", settled).await;
        let record = self.network.coordinator().record(self.session).await.unwrap();
        let pin = self.network.roster().body.digest();
        let report = record.verify(Some(pin)).unwrap();
        assert!(report.outcome.is_some());
        Settled { detail, record, report }
    }

    /// Wait until a node's own answer is a phase.
    pub async fn node_reaches(&self, node: u8, phase: Phase) {
        let until = Instant::now() + PATIENCE;
        let client = &self.network.nodes()[index(node).position()];
        loop {
            match client.session(self.session).await {
                Ok(seen) if seen.phase == phase => {
                    let outcome = seen.outcome.map(|outcome| outcome.body);
                    assert_eq!(outcome.is_some(), phase == Phase::Settled);
                    return;
                }
                last if Instant::now() > until => panic!("node {node} never {phase}: {last:?}"),
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    pub async fn all_nodes_reach(&self, phase: Phase) {
        for node in self.network.roster().body.scheme.all().iter() {
            self.node_reaches(node.get(), phase).await;
        }
    }
}

/// The nodes with these indices.
pub fn set(nodes: &[u8]) -> NodeSet {
    nodes.iter().map(|&node| index(node)).collect()
}

/// The problem's type, of a refusal.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, HttpError>) -> ProblemType {
    match answer {
        Err(HttpError::Problem { problem, .. }) => problem.kind,
        other => panic!("not refused: {other:?}"),
    }
}
