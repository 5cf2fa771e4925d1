//! Our own bids, as kept on this machine: every revision, without its amount, which is kept nowhere.

use std::collections::{BTreeMap, HashMap};

use crate::base::Timestamp;
use crate::base::text::Clean;
use crate::identity::Digest;
use crate::session::SessionId;
use crate::sharing::NodeIndex;

/// A revision of a bid of ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnBid {
    /// Its revision.
    pub revision: u32,
    /// Its envelope's digest.
    pub envelope: Digest,
    /// Receipts by node, with the times the nodes signed.
    pub receipts: BTreeMap<NodeIndex, Timestamp>,
    /// The name it was made under.
    pub name: Clean,
    /// Whether the coordinator is proved to have given that name to another key as well.
    pub name_shared: bool,
    /// When these screens first knew of it.
    pub seen: Timestamp,
}

/// Our bids by session.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OwnBids(HashMap<SessionId, Vec<OwnBid>>);

impl OwnBids {
    /// Every revision in a session, the latest last.
    pub fn all(&self, session: SessionId) -> &[OwnBid] {
        self.0.get(&session).map_or(&[], Vec::as_slice)
    }

    /// The latest revision in a session.
    pub fn latest(&self, session: SessionId) -> Option<&OwnBid> {
        self.all(session).last()
    }

    /// Whether an envelope is one of ours.
    pub fn is_ours(&self, envelope: Digest) -> bool {
        self.0.values().flatten().any(|bid| bid.envelope == envelope)
    }

    /// Take a revision in, in the place of what was known of it.
    pub fn keep(&mut self, session: SessionId, mut bid: OwnBid) {
        let bids = self.0.entry(session).or_default();
        if let Some(at) = bids.iter().position(|kept| kept.revision == bid.revision) {
            bid.seen = bids.remove(at).seen;
        }
        bids.push(bid);
        bids.sort_by_key(|bid| bid.revision);
    }

    /// All of them anew; gives the revisions that were not known.
    pub fn replace(&mut self, bids: Vec<(SessionId, OwnBid)>) -> Vec<(SessionId, u32)> {
        let before = std::mem::take(self);
        let mut new = Vec::new();
        for (session, bid) in bids {
            let known = before.all(session).iter().find(|known| known.revision == bid.revision);
            if let Some(known) = known {
                self.keep(session, OwnBid { seen: known.seen, ..bid });
            } else {
                new.push((session, bid.revision));
                self.keep(session, bid);
            }
        }
        new
    }
}
