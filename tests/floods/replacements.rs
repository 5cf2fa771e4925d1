//! Bidders who do nothing but replace their bids: envelopes that are all right, to each node other
//! revisions than to the next.

use std::sync::atomic::{AtomicUsize, Ordering};

use gavel::client::{BidAmount, Network};
use gavel::identity::KeyPair;
use gavel::session::SessionId;
use gavel::testkit::bad_bidder::BadBidder;
use gavel::wire::paths;

/// Bidders, all of them admitted.
const BIDDERS: usize = 8;

/// Revisions of each: more than a node takes of one bidder in a minute.
const REVISIONS: u32 = 40;

/// What is handed in, over and over.
pub struct Replacements {
    requests: Vec<Vec<u8>>,
    next: AtomicUsize,
}

impl Replacements {
    /// Bids for a session that takes them.
    pub async fn of(network: &Network, session: SessionId) -> Self {
        let detail = network.coordinator().session(session).await.unwrap();
        let announcement = detail.announcement.unwrap();
        let path = paths::of(paths::NODE_ENVELOPES, session);
        let mut bidders = Vec::new();
        for number in 0..BIDDERS {
            let (name, keys) = (format!("restless {number}"), KeyPair::generate().unwrap());
            let admission = network.coordinator().admit(session, &name, &keys).await.unwrap();
            bidders.push((name, keys, admission));
        }
        let roster = network.roster();
        let mut requests = Vec::new();
        for revision in 1..=REVISIONS {
            for (name, keys, admission) in &bidders {
                let (announcement, admission) = (&announcement, *admission);
                let bidder = BadBidder { announcement, roster, admission, name, keys, revision };
                let envelope = bidder.unchecked_amount(BidAmount::new(u64::from(revision)));
                let body = serde_json::to_vec(&envelope.unwrap()).unwrap();
                let head = format!(
                    "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                     content-length: {}\r\n\r\n",
                    body.len()
                );
                requests.push([head.into_bytes(), body].concat());
            }
        }
        Self { requests, next: AtomicUsize::new(0) }
    }

    /// The next one, for whichever node.
    pub fn next(&self) -> &[u8] {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        &self.requests[number % self.requests.len()]
    }
}
