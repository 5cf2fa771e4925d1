//! What a protocol runs over: who takes part, keys, channel, step name.
//!
//! The attempt's keys serve both forms of sharing, so they are made and kept here. What a form
//! needs besides is in a context of its own, made from this one: [`super::bits::BitContext`],
//! [`super::numbers::NumberContext`].
//!
//! A context belongs to one node and one attempt. [`Context::narrow`] gives a child with a longer
//! step name; children share keys, counters and ledger. A step name can be used once: it addresses
//! the step's messages and selects its masks, and a mask must never be used twice.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::{try_join, try_join_all};
use tokio::sync::OnceCell;

use super::ledger::Ledger;
use super::proof::record::{Batch, Record, Recorded, Traffic, Unchecked};
use super::{
    Channel, ChannelError, Counters, EstablishError, Opening, ProtocolError, Security, StepId,
    Tactics,
};
use crate::base::lock;
use crate::sharing::keys::{Contributions, SharingKeys, contribution_bytes, tag_bytes};
use crate::sharing::stream::StreamStart;
use crate::sharing::{NodeIndex, NodeSet, Scheme};

const KEYS: &str = "keys";
const CONFIRM: &str = "keys/confirm";

/// One node's view of one attempt, at one step. Cheap to clone and to narrow.
#[derive(Clone)]
pub struct Context {
    shared: Arc<Shared>,
    tactics: Arc<Tactics>,
    security: Security,
    /// Rounds that lie behind this context. Work that goes on beside it counts its own.
    rounds: Arc<AtomicU64>,
    /// Gates at this context that no check has passed yet. Work beside it gathers its own.
    unchecked: Arc<Mutex<Unchecked>>,
    step: String,
}

struct Shared {
    me: NodeIndex,
    scheme: Scheme,
    participants: NodeSet,
    binding: [u8; 32],
    keys: SharingKeys,
    channel: Arc<dyn Channel>,
    ledger: Ledger,
    used: Mutex<HashSet<StepId>>,
    /// What all participants must have seen alike: a digest per step.
    views: Mutex<BTreeMap<StepId, [u8; 32]>>,
    confirmed: OnceCell<()>,
}

/// The right to use a step's name, given once.
pub(super) struct Claim {
    pub(super) name: String,
    pub(super) id: StepId,
    pub(super) start: StreamStart,
}

impl Context {
    /// Make the keys of an attempt together with the other participants: one round.
    ///
    /// `binding` ties the keys to what they are for: a hash of session, attempt, manifest and
    /// participants. The channel must be of this attempt alone.
    ///
    /// # Errors
    /// When the participants can't compute, or a node does not answer.
    pub async fn establish(
        me: NodeIndex,
        scheme: Scheme,
        participants: NodeSet,
        channel: Arc<dyn Channel>,
        binding: [u8; 32],
    ) -> Result<Self, EstablishError> {
        let unknown = participants.difference(scheme.all());
        if !unknown.is_empty() {
            return Err(EstablishError::Unknown { nodes: unknown, n: scheme.nodes() });
        }
        if participants.len() < scheme.quorum() {
            let (have, need) = (participants.len(), scheme.quorum());
            return Err(EstablishError::TooFew { have, need });
        }
        if !participants.contains(me) {
            return Err(EstablishError::NotTakingPart { me, participants });
        }
        let ledger = Ledger::default();
        let rounds = Arc::new(AtomicU64::new(0));
        let link = Link { channel: &*channel, ledger: &ledger, rounds: &rounds };
        let peers = participants.without(me);
        let mut contributions = Contributions::draw(scheme, me, participants)?;
        let outgoing = peers
            .iter()
            .map(|peer| (peer, Bytes::from_owner(contributions.message_to(peer))))
            .collect();
        let id = StepId::of(KEYS);
        let received = link.exchange(KEYS, id, outgoing, peers, contribution_bytes(scheme)).await?;
        for (peer, message) in received {
            contributions.absorb(peer, &message)?;
        }
        let keys = contributions.derive(&binding)?;
        // Nobody waits for the tags now; they are checked before anything is opened.
        let tags = peers.iter().map(|peer| (peer, Bytes::from(keys.tags_to(peer)))).collect();
        link.send_all(CONFIRM, StepId::of(CONFIRM), tags).await?;
        let shared = Shared {
            me,
            scheme,
            participants,
            binding,
            keys,
            channel,
            ledger,
            used: Mutex::new([id, StepId::of(CONFIRM)].into()),
            views: Mutex::default(),
            confirmed: OnceCell::new(),
        };
        let (shared, tactics) = (Arc::new(shared), Arc::default());
        let (security, unchecked) = (Security::default(), Arc::default());
        Ok(Self { shared, tactics, security, rounds, unchecked, step: String::new() })
    }

    /// With another security than the default. All participants must use the same.
    #[must_use]
    pub fn with_security(self, security: Security) -> Self {
        Self { security, ..self }
    }

    /// Against whom the computation is secure.
    pub const fn security(&self) -> Security {
        self.security
    }

    /// With other tactics than direct opening and pairs. All participants must use the same.
    #[must_use]
    pub fn with_tactics(self, tactics: Tactics) -> Self {
        Self { tactics: Arc::new(tactics), ..self }
    }

    /// How rounds and bytes are spent.
    pub fn tactics(&self) -> &Tactics {
        &self.tactics
    }

    /// A context for work that goes on beside other work, until [`Context::join`]. It begins at
    /// this one's round and counts on by itself, and gathers its own gates to be checked.
    pub(super) fn fork(&self) -> Self {
        let rounds = Arc::new(AtomicU64::new(self.rounds()));
        Self { rounds, ..self.apart() }
    }

    /// A context whose gates are gathered by themselves, to be checked there.
    pub(super) fn apart(&self) -> Self {
        Self { unchecked: Arc::default(), ..self.clone() }
    }

    /// Take over what work that went on at the same time leaves: its rounds, if it took more, and
    /// its gates that are not checked yet.
    pub(super) fn join(&self, other: &Self) {
        self.catch_up(other.rounds());
        let gates = std::mem::take(&mut *lock(&other.unchecked));
        lock(&self.unchecked).append(gates);
    }

    /// Keep the gates of a round until they are checked; `hash` takes in what was sent for them.
    pub(super) fn record<K: Recorded>(&self, record: Record<K>, hash: impl FnOnce(&mut Traffic)) {
        self.shared.ledger.recorded();
        K::of(&mut lock(&self.unchecked)).push(record, hash);
    }

    #[cfg(test)]
    pub(super) fn put_unchecked<K: Recorded>(&self, batch: Batch<K>) {
        *K::of(&mut lock(&self.unchecked)) = batch;
    }

    /// The gates of a kind to be checked, which are the caller's to check.
    pub(super) fn take_unchecked<K: Recorded>(&self) -> Batch<K> {
        std::mem::take(K::of(&mut lock(&self.unchecked)))
    }

    /// Rounds that lie behind this context.
    pub(super) fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::Relaxed)
    }

    /// Take over the rounds of work that went on at the same time, if it took more.
    pub(super) fn catch_up(&self, rounds: u64) {
        self.rounds.fetch_max(rounds, Ordering::Relaxed);
    }

    /// A child whose steps are named below this one's.
    #[must_use]
    pub fn narrow(&self, step: impl Display) -> Self {
        let step =
            if self.step.is_empty() { step.to_string() } else { format!("{}/{step}", self.step) };
        Self { step, ..self.clone() }
    }

    /// The node that this context computes for.
    pub fn me(&self) -> NodeIndex {
        self.shared.me
    }

    /// How values are shared.
    pub fn scheme(&self) -> Scheme {
        self.shared.scheme
    }

    /// The nodes that take part in the attempt.
    pub fn participants(&self) -> NodeSet {
        self.shared.participants
    }

    /// Full name of the step.
    pub fn step(&self) -> &str {
        &self.step
    }

    /// What has been spent so far, in this attempt.
    pub fn counters(&self) -> Counters {
        Counters { rounds: self.rounds(), ..self.shared.ledger.counters() }
    }

    /// Everything that has been opened so far, in this attempt.
    pub fn openings(&self) -> Vec<Opening> {
        self.shared.ledger.openings()
    }

    /// What messages go over.
    pub(super) fn channel(&self) -> &Arc<dyn Channel> {
        &self.shared.channel
    }

    pub(super) fn binding(&self) -> [u8; 32] {
        self.shared.binding
    }

    pub(super) fn peers(&self) -> NodeSet {
        self.shared.participants.without(self.shared.me)
    }

    pub(super) fn keys(&self) -> &SharingKeys {
        &self.shared.keys
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// Take this step's name; the second time is refused.
    pub(super) fn claim(&self) -> Result<Claim, ProtocolError> {
        let id = StepId::of(&self.step);
        if !lock(&self.shared.used).insert(id) {
            return Err(ProtocolError::StepReused { step: self.step.clone() });
        }
        Ok(Claim { name: self.step.clone(), id, start: StreamStart::of(&self.step) })
    }

    /// One round: send, and receive one message of `expected` bytes from each of `sources`.
    pub(super) async fn exchange(
        &self,
        claim: &Claim,
        outgoing: Vec<(NodeIndex, Bytes)>,
        sources: NodeSet,
        expected: usize,
    ) -> Result<Vec<(NodeIndex, Bytes)>, ProtocolError> {
        let shared = &*self.shared;
        let link = Link { channel: &*shared.channel, ledger: &shared.ledger, rounds: &self.rounds };
        link.exchange(&claim.name, claim.id, outgoing, sources, expected).await
    }

    /// Note what all participants must have seen alike at a step.
    pub(super) fn saw(&self, claim: &Claim, digest: [u8; 32]) {
        lock(&self.shared.views).insert(claim.id, digest);
    }

    /// Everything noted by [`Context::saw`], in an order that does not depend on timing.
    pub(super) fn views(&self) -> Vec<(StepId, [u8; 32])> {
        lock(&self.shared.views).iter().map(|(&id, &digest)| (id, digest)).collect()
    }

    /// Check, once, that the others have the same keys. Their tags were sent with the keys, so
    /// this waits for nothing that is not already under way.
    pub(super) async fn confirm_keys(&self) -> Result<(), ProtocolError> {
        let shared = &*self.shared;
        let check = || async {
            let link =
                Link { channel: &*shared.channel, ledger: &shared.ledger, rounds: &self.rounds };
            let expected = tag_bytes(shared.scheme);
            let tags =
                link.receive_all(CONFIRM, StepId::of(CONFIRM), self.peers(), expected).await?;
            let wrong: NodeSet = tags
                .iter()
                .filter(|(peer, tags)| !shared.keys.fits(*peer, tags))
                .map(|&(peer, _)| peer)
                .collect();
            if wrong.is_empty() {
                return Ok(());
            }
            let taking_part = self.participants();
            let holders = tags.iter().flat_map(|(peer, tags)| {
                shared
                    .keys
                    .differing(*peer, tags)
                    .into_iter()
                    .map(|set| set.intersection(taking_part))
            });
            Err(ProtocolError::Keys { nodes: wrong, holders: holders.collect() })
        };
        shared.confirmed.get_or_try_init(check).await.copied()
    }
}

/// A channel and the books that its use goes into.
struct Link<'a> {
    channel: &'a dyn Channel,
    ledger: &'a Ledger,
    rounds: &'a AtomicU64,
}

impl Link<'_> {
    async fn send_all(
        &self,
        name: &str,
        id: StepId,
        outgoing: Vec<(NodeIndex, Bytes)>,
    ) -> Result<(), ProtocolError> {
        let sends = outgoing.into_iter().map(|(peer, payload)| {
            self.ledger.sent(payload.len());
            self.channel.send(peer, id, payload)
        });
        try_join_all(sends).await.map(drop).map_err(|source| at(name, source))
    }

    async fn receive_all(
        &self,
        name: &str,
        id: StepId,
        sources: NodeSet,
        expected: usize,
    ) -> Result<Vec<(NodeIndex, Bytes)>, ProtocolError> {
        let receives = sources.iter().map(|node| async move {
            let message = self.channel.recv(node, id).await.map_err(|source| at(name, source))?;
            if message.len() == expected {
                return Ok((node, message));
            }
            let (step, got) = (name.to_owned(), message.len());
            Err(ProtocolError::Malformed { step, node, expected, got })
        });
        try_join_all(receives).await
    }

    async fn exchange(
        &self,
        name: &str,
        id: StepId,
        outgoing: Vec<(NodeIndex, Bytes)>,
        sources: NodeSet,
        expected: usize,
    ) -> Result<Vec<(NodeIndex, Bytes)>, ProtocolError> {
        self.rounds.fetch_add(1, Ordering::Relaxed);
        // Both at once: with bounded queues, sending may have to wait until the other receives.
        let sent = self.send_all(name, id, outgoing);
        let received = self.receive_all(name, id, sources, expected);
        try_join(sent, received).await.map(|((), received)| received)
    }
}

fn at(step: &str, source: ChannelError) -> ProtocolError {
    ProtocolError::Channel { step: step.to_owned(), source }
}
