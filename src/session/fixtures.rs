//! A made-up session for tests: keys, roster, announcement, and everything that is signed in it.

use super::announcement::AdmissionTicket;
use super::bundle::{Bundle, Complaint, Inventories, Inventory, InventoryEntry, Verdict};
use super::envelope::{EnvelopeBody, SUITE_BITS_XWING};
use super::manifest::CoSigned;
use super::naming::AdmittedKey;
use super::{Announcement, Envelope, Receipt, SessionId};
use crate::base::Timestamp;
use crate::identity::roster::{CoordinatorCard, IssuedCard};
use crate::identity::{
    Blob, Digest, KeyPair, NodeCard, Roster, Signed, Statement, sealing::PUBLIC_KEY_BYTES,
};
use crate::rules::Limits;
use crate::rules::terms::Admission;
use crate::rules::{Currency, Terms, auction};
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::sharing::{NodeIndex, Scheme};

/// When bidding ends in every fixture, in milliseconds.
pub const UNTIL: i64 = 1_000_000;

/// Keys, roster and one announced session.
pub struct World {
    pub coordinator: KeyPair,
    pub keys: Vec<KeyPair>,
    pub roster: Signed<Roster>,
    pub announcement: Signed<Announcement>,
}

pub fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

pub fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// What the fixtures' session asks.
pub fn auction() -> auction::Question {
    auction::Question {
        kind: auction::Kind::SecondPrice,
        currency: Currency { code: "EUR".into(), decimals: 2 },
        reserve: Some(500),
        maximum: 100_000,
        quantity: 1,
        secret_reserve: None,
        scored: None,
    }
}

pub fn terms() -> Terms {
    Terms {
        title: "Harbour view".into(),
        description: None,
        question: auction().into(),
        bids_until: time(UNTIL),
        replace_bids: true,
        protocol: Form::Bits,
        security: Security::default(),
        admission: Admission::Open,
        limits: Limits::default(),
    }
}

impl World {
    pub fn new(nodes: u8, threshold: u8) -> Self {
        Self::with_terms(nodes, threshold, terms())
    }

    pub fn with_terms(nodes: u8, threshold: u8, terms: Terms) -> Self {
        let coordinator = KeyPair::from_secret(&[100; 32]);
        let keys: Vec<_> = (1..=nodes).map(|i| KeyPair::from_secret(&[i; 32])).collect();
        let cards = keys.iter().zip(1..).map(|(key, i)| {
            let card = NodeCard {
                name: format!("node {i}"),
                address: format!("node{i}.example:7000"),
                key: key.public(),
                certificate: Digest([i; 32]),
                sealing_key: Blob(vec![i; PUBLIC_KEY_BYTES]),
            };
            Signed::new(IssuedCard { card, issue: 0 }, key)
        });
        let place = CoordinatorCard {
            name: "auctioneer".into(),
            address: "auctioneer.example:7000".into(),
            key: coordinator.public(),
            certificate: Digest([100; 32]),
        };
        let scheme = Scheme::any(nodes, threshold).unwrap();
        let roster = Roster::first(scheme, place, cards.collect());
        let announcement = Announcement {
            session: SessionId([7; 16]),
            roster: roster.digest(),
            terms,
            opened: time(1_000),
        };
        let roster = Signed::new(roster, &coordinator);
        let announcement = Signed::new(announcement, &coordinator);
        Self { coordinator, keys, roster, announcement }
    }

    /// Replace all nodes by made-up ones, as the coordinator alone can sign it.
    pub fn make_up_nodes(&mut self) {
        self.keys =
            (1..).zip(&self.keys).map(|(i, _)| KeyPair::from_secret(&[50 + i; 32])).collect();
        let Roster { scheme, coordinator, nodes, .. } = self.roster.body.clone();
        let cards = nodes.into_iter().zip(&self.keys).map(|(card, key)| {
            Signed::new(IssuedCard { card: NodeCard { key: key.public(), ..card }, issue: 0 }, key)
        });
        let roster = Roster::first(scheme, coordinator, cards.collect());
        self.roster = Signed::new(roster, &self.coordinator);
        self.announcement.body.roster = self.roster.body.digest();
        self.announcement = Signed::new(self.announcement.body.clone(), &self.coordinator);
    }

    pub fn session(&self) -> SessionId {
        self.announcement.body.session
    }

    /// The same world with another session announced.
    pub fn announce(&self, id: u8) -> Signed<Announcement> {
        let mut body = self.announcement.body.clone();
        body.session = SessionId([id; 16]);
        Signed::new(body, &self.coordinator)
    }

    pub fn key(&self, index: u8) -> &KeyPair {
        &self.keys[usize::from(index) - 1]
    }

    /// The key of the bidder who has this name first.
    pub fn key_of(bidder: &str) -> KeyPair {
        let mut secret = [0; 32];
        secret[..bidder.len().min(32)].copy_from_slice(&bidder.as_bytes()[..bidder.len().min(32)]);
        KeyPair::from_secret(&secret)
    }

    /// An envelope whose masked bid is `salt`: two salts make two envelopes of one revision.
    pub fn envelope(&self, bidder: &str, revision: u32, salt: u8) -> Envelope {
        self.envelope_by(&Self::key_of(bidder), bidder, revision, salt)
    }

    /// An envelope by a key of choice.
    pub fn envelope_by(&self, key: &KeyPair, bidder: &str, revision: u32, salt: u8) -> Envelope {
        self.envelope_in(None, key, bidder, revision, salt)
    }

    /// An envelope that counts in a cohort which the coordinator has assigned.
    pub fn envelope_in(
        &self,
        cohort: Option<u8>,
        key: &KeyPair,
        bidder: &str,
        revision: u32,
        salt: u8,
    ) -> Envelope {
        let session = self.session();
        let body = EnvelopeBody {
            suite: SUITE_BITS_XWING,
            session,
            announcement: self.announcement.body.digest(),
            bidder: bidder.into(),
            key: key.public(),
            revision,
            correction: Blob(vec![salt, 0, 0]),
            commitments: vec![Digest([salt; 32]); self.roster.body.scheme.sets().len()],
            parts: vec![Blob(vec![salt; 1200]); self.keys.len()],
            score: None,
        };
        let (bidder, key_of) = (bidder.into(), key.public());
        let ticket = AdmissionTicket { session, bidder, key: key_of, cohort };
        let admission = ticket.sign(&self.coordinator);
        let signature = key.sign(&body.id(cohort));
        Envelope { body, admission, signature }
    }

    pub fn receipt(&self, index: u8, envelope: &Envelope, millis: i64) -> Signed<Receipt> {
        let receipt = Receipt {
            session: envelope.body.session,
            node: node(index),
            bidder: envelope.body.bidder.clone(),
            key: envelope.body.key,
            revision: envelope.body.revision,
            envelope: envelope.digest(),
            received: time(millis),
        };
        Signed::new(receipt, self.key(index))
    }

    pub fn inventory(&self, index: u8, mut entries: Vec<InventoryEntry>) -> Signed<Inventory> {
        entries.sort_by_key(|entry| entry.key);
        let inventory = Inventory { session: self.session(), node: node(index), entries };
        Signed::new(inventory, self.key(index))
    }

    pub fn verdict(
        &self,
        index: u8,
        inventories: &Inventories,
        complaints: Vec<Complaint>,
    ) -> Signed<Verdict> {
        self.verdict_with(index, inventories, complaints, Vec::new())
    }

    /// A verdict that tells of the coordinator's admissions, too.
    pub fn verdict_with(
        &self,
        index: u8,
        inventories: &Inventories,
        mut complaints: Vec<Complaint>,
        admissions: Vec<AdmittedKey>,
    ) -> Signed<Verdict> {
        complaints.sort();
        let verdict = Verdict {
            session: self.session(),
            node: node(index),
            inventories: inventories.digest(),
            complaints,
            admissions,
        };
        Signed::new(verdict, self.key(index))
    }

    /// A bundle: what each node lists and complains about.
    pub fn bundle(&self, nodes: Vec<(u8, Vec<InventoryEntry>, Vec<Complaint>)>) -> Bundle {
        self.bundle_with(nodes, |_| Vec::new())
    }

    /// A bundle in which each node tells of the admissions in some of the envelopes, too.
    pub fn bundle_with<'a>(
        &self,
        nodes: Vec<(u8, Vec<InventoryEntry>, Vec<Complaint>)>,
        holds: impl Fn(u8) -> Vec<&'a Envelope>,
    ) -> Bundle {
        let mut complaints = Vec::new();
        let mut inventories = Vec::new();
        for (index, entries, complained) in nodes {
            inventories.push(self.inventory(index, entries));
            complaints.push((index, complained));
        }
        let inventories = Inventories(inventories);
        let verdicts = complaints
            .into_iter()
            .map(|(index, complaints)| {
                let mut admissions: Vec<_> = holds(index).into_iter().map(admission).collect();
                admissions.sort_by(|a, b| (&a.bidder, a.key).cmp(&(&b.bidder, b.key)));
                self.verdict_with(index, &inventories, complaints, admissions)
            })
            .collect();
        Bundle { session: self.session(), inventories, verdicts }
    }

    pub fn co_sign<T: Statement>(&self, body: T, nodes: &[u8]) -> CoSigned<T> {
        let digest = body.digest();
        let signatures = nodes.iter().map(|&i| (node(i), self.key(i).sign(&digest))).collect();
        CoSigned { body, signatures }
    }
}

/// The admission that an envelope carries.
pub fn admission(envelope: &Envelope) -> AdmittedKey {
    let body = &envelope.body;
    AdmittedKey { bidder: body.bidder.clone(), key: body.key, signature: envelope.admission }
}

/// An inventory's line for an envelope.
pub fn entry(envelope: &Envelope, millis: i64) -> InventoryEntry {
    InventoryEntry {
        key: envelope.body.key,
        bidder: envelope.body.bidder.clone(),
        revision: envelope.body.revision,
        contents: envelope.contents(),
        received: time(millis),
        score: envelope.body.score.clone(),
    }
}
