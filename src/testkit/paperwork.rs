//! A roster, an announcement and admissions, all signed, with every key at hand. No servers.

use std::error::Error;

use super::reference;
use crate::base::Timestamp;
use crate::client::{BidAmount, EntryValues, SplitError, make_entry, make_envelope};
use crate::identity::{
    Digest, KeyPair, NodeCard, Roster, Signed, Statement as _,
    roster::{CoordinatorCard, IssuedCard},
    sealing::SealingKeyPair,
};
use crate::rules::Limits;
use crate::rules::Terms;
use crate::rules::auction::Kind;
use crate::rules::terms::Admission;
use crate::session::announcement::{AdmissionSignature, AdmissionTicket};
use crate::session::{Announcement, Envelope, SessionId};
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::sharing::{NodeIndex, Scheme};

/// One node's keys.
pub struct NodeSecrets {
    /// Identity key.
    pub identity: KeyPair,
    /// Sealing key.
    pub sealing: SealingKeyPair,
}

/// Everything signed that a session needs before the first bid.
pub struct Paperwork {
    /// The coordinator's identity key.
    pub coordinator: KeyPair,
    /// The nodes' keys in order of index.
    pub nodes: Vec<NodeSecrets>,
    /// The roster, signed by the coordinator.
    pub roster: Signed<Roster>,
    /// The session, signed by the coordinator.
    pub announcement: Signed<Announcement>,
}

impl Paperwork {
    /// A second-price auction by `nodes` nodes with bids of 0..=`maximum`, replaceable.
    ///
    /// # Errors
    /// When nodes and threshold do not fit, or the operating system gives no randomness.
    pub fn new(
        nodes: u8,
        threshold: u8,
        maximum: u64,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let scheme = Scheme::any(nodes, threshold)?;
        let coordinator = KeyPair::generate()?;
        let mut secrets = Vec::new();
        let mut cards = Vec::new();
        for node in scheme.all().iter() {
            let keys = NodeSecrets {
                identity: KeyPair::generate()?,
                sealing: SealingKeyPair::generate()?,
            };
            let card = NodeCard {
                name: format!("node {node}"),
                address: format!("127.0.0.1:{}", 47_000 + u16::from(node.get())),
                key: keys.identity.public(),
                certificate: Digest([node.get(); 32]),
                sealing_key: keys.sealing.public().clone(),
            };
            cards.push(Signed::new(IssuedCard { card, issue: 0 }, &keys.identity));
            secrets.push(keys);
        }
        let place = CoordinatorCard {
            name: "coordinator".to_owned(),
            address: "127.0.0.1:47000".to_owned(),
            key: coordinator.public(),
            certificate: Digest([0; 32]),
        };
        let roster = Signed::new(Roster::first(scheme, place, cards), &coordinator);
        let opened = Timestamp::from_millis(1_800_000_000_000);
        let terms = Terms {
            title: "Harbour view".to_owned(),
            description: None,
            question: reference::auction_of(Kind::SecondPrice, None, maximum).into(),
            bids_until: opened.plus_millis(120_000),
            replace_bids: true,
            protocol: Form::Bits,
            security: Security::default(),
            admission: Admission::Open,
            limits: Limits::default(),
        };
        let mut paperwork = Self {
            announcement: Signed::new(
                Announcement {
                    session: SessionId::random()?,
                    roster: roster.body.digest(),
                    terms,
                    opened,
                },
                &coordinator,
            ),
            coordinator,
            nodes: secrets,
            roster,
        };
        paperwork.resign();
        Ok(paperwork)
    }

    /// Sign roster and announcement anew after a test has changed them.
    pub fn resign(&mut self) {
        self.roster = Signed::new(self.roster.body.clone(), &self.coordinator);
        self.announcement.body.roster = self.roster.body.digest();
        self.announcement = Signed::new(self.announcement.body.clone(), &self.coordinator);
    }

    /// The coordinator's signature that admits a bidder.
    pub fn admit(&self, bidder: &str, keys: &KeyPair) -> AdmissionSignature {
        self.admit_to(bidder, keys, None)
    }

    /// The coordinator's signature that admits a bidder and assigns this cohort.
    pub fn admit_to(&self, bidder: &str, keys: &KeyPair, cohort: Option<u8>) -> AdmissionSignature {
        let (session, bidder) = (self.announcement.body.session, bidder.to_owned());
        let ticket = AdmissionTicket { session, bidder, key: keys.public(), cohort };
        ticket.sign(&self.coordinator)
    }

    /// An honest bid.
    ///
    /// # Errors
    /// As [`make_envelope`].
    pub fn bid(
        &self,
        bidder: &str,
        keys: &KeyPair,
        revision: u32,
        units: u64,
    ) -> Result<Envelope, SplitError> {
        make_envelope(
            &self.announcement,
            &self.roster,
            self.admit(bidder, keys),
            bidder,
            keys,
            revision,
            BidAmount::new(units),
        )
    }

    /// An honest first entry of so many fields.
    ///
    /// # Errors
    /// As [`make_entry`].
    pub fn enter(
        &self,
        bidder: &str,
        keys: &KeyPair,
        fields: Vec<u64>,
    ) -> Result<Envelope, SplitError> {
        let admission = self.admit(bidder, keys);
        let values = EntryValues::new(fields);
        make_entry(&self.announcement, &self.roster, admission, bidder, keys, 1, values)
            .map(|sealed| sealed.envelope)
    }

    /// Number of nodes and threshold.
    pub const fn scheme(&self) -> Scheme {
        self.roster.body.scheme
    }

    /// A node's sealing key.
    pub fn sealing(&self, node: NodeIndex) -> Option<&SealingKeyPair> {
        self.nodes.get(node.position()).map(|keys| &keys.sealing)
    }
}
