//! The keys of an attempt, made from contributions of all holders.
//!
//! In: 32 fresh random bytes from every participant for every key it is to hold. Out: for every
//! set T one key known to the participants outside T, and for every pair of participants one key
//! of their own (pseudorandom secret sharing: Cramer, Damgård, Ishai 2005).
//! Who learns what: t nodes together lack the key of the set they form and the pair keys of
//! others. Rounds: one message from each participant to each other, then, with the next messages,
//! one of tags that confirm the keys. Adversary: up to t curious nodes; a node that sends
//! different contributions to different holders is noticed by the tags.

use std::collections::BTreeMap;

use rand::{TryRng as _, rngs::SysRng};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::stream::StreamKey;
use super::{NodeIndex, NodeSet, Scheme};

/// Bytes of a contribution.
const CONTRIBUTION: usize = 32;

/// Bytes of a tag.
const TAG: usize = 16;

/// The sets that two nodes are both outside of, in the order of [`Scheme::sets`].
fn common(scheme: Scheme, a: NodeIndex, b: NodeIndex) -> Vec<NodeSet> {
    scheme.sets().into_iter().filter(|set| !set.contains(a) && !set.contains(b)).collect()
}

/// How many components any two nodes have in common.
fn common_count(scheme: Scheme) -> usize {
    let two = NodeSet::all(2);
    scheme.sets().into_iter().filter(|set| set.intersection(two).is_empty()).count()
}

/// Length of the message of contributions that one node sends to another, in bytes.
pub fn contribution_bytes(scheme: Scheme) -> usize {
    (common_count(scheme) + 1) * CONTRIBUTION
}

/// Length of the message of tags that one node sends to another, in bytes.
pub fn tag_bytes(scheme: Scheme) -> usize {
    (common_count(scheme) + 1) * TAG
}

/// A message of contributions that does not have the right length.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("node {node} sent key contributions of the wrong length")]
pub struct ContributionError {
    /// Who sent it.
    pub node: NodeIndex,
}

/// One node's side of making the keys of an attempt: what it sends, and what it has received.
pub struct Contributions {
    scheme: Scheme,
    me: NodeIndex,
    participants: NodeSet,
    /// This node's own, per set it is outside of. Not inside the map, which leaves copies of what
    /// it holds behind when it is made.
    own: BTreeMap<NodeSet, Zeroizing<Vec<u8>>>,
    /// This node's own, per other participant.
    pairs: BTreeMap<NodeIndex, Zeroizing<Vec<u8>>>,
    /// Messages of the others: per common set, then for the pair.
    received: BTreeMap<NodeIndex, Zeroizing<Vec<u8>>>,
}

impl Contributions {
    /// Draw this node's contributions.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn draw(
        scheme: Scheme,
        me: NodeIndex,
        participants: NodeSet,
    ) -> Result<Self, rand::rngs::SysError> {
        let fresh = || {
            let mut bytes = Zeroizing::new(vec![0; CONTRIBUTION]);
            SysRng.try_fill_bytes(&mut bytes).map(|()| bytes)
        };
        let own = scheme.sets().into_iter().filter(|set| !set.contains(me));
        let own = own.map(|set| Ok((set, fresh()?))).collect::<Result<_, _>>()?;
        let pairs = participants.without(me).iter();
        let pairs = pairs.map(|peer| Ok((peer, fresh()?))).collect::<Result<_, _>>()?;
        Ok(Self { scheme, me, participants, own, pairs, received: BTreeMap::new() })
    }

    /// What goes to another participant: nothing that it is not to know.
    pub fn message_to(&self, peer: NodeIndex) -> Zeroizing<Vec<u8>> {
        let mut message = Zeroizing::new(Vec::with_capacity(contribution_bytes(self.scheme)));
        for set in common(self.scheme, self.me, peer) {
            message.extend(self.own.get(&set).iter().flat_map(|bytes| bytes.iter()));
        }
        message.extend(self.pairs.get(&peer).iter().flat_map(|bytes| bytes.iter()));
        message
    }

    /// Take in another participant's message.
    ///
    /// # Errors
    /// When it has the wrong length.
    pub fn absorb(&mut self, peer: NodeIndex, message: &[u8]) -> Result<(), ContributionError> {
        if message.len() != contribution_bytes(self.scheme) {
            return Err(ContributionError { node: peer });
        }
        self.received.insert(peer, Zeroizing::new(message.to_vec()));
        Ok(())
    }

    /// The keys, once every participant's message is in.
    ///
    /// # Errors
    /// Names a participant whose message is missing.
    pub fn derive(self, binding: &[u8; 32]) -> Result<SharingKeys, ContributionError> {
        let start = |kind: &[u8], members: NodeSet| {
            Sha256::new()
                .chain_update(b"gavel/v1/sharing-key\0")
                .chain_update(binding)
                .chain_update([self.scheme.nodes(), self.scheme.threshold()])
                .chain_update(self.participants.bits().to_le_bytes())
                .chain_update(kind)
                .chain_update(members.bits().to_le_bytes())
        };
        let of_peer = |peer: NodeIndex, at: usize| {
            let message = self.received.get(&peer).ok_or(ContributionError { node: peer })?;
            message
                .get(at * CONTRIBUTION..(at + 1) * CONTRIBUTION)
                .ok_or(ContributionError { node: peer })
        };
        // Room for all at once, here and below: a list that grows leaves copies of keys behind.
        let mut sets = Vec::with_capacity(self.own.len());
        for (&set, own) in &self.own {
            let mut hash = start(b"set", set);
            for holder in self.participants.difference(set).iter() {
                if holder == self.me {
                    hash.update(own.as_slice());
                } else {
                    let shared = common(self.scheme, self.me, holder);
                    let at = shared.iter().position(|&other| other == set);
                    let at = at.ok_or(ContributionError { node: holder })?;
                    hash.update(of_peer(holder, at)?);
                }
            }
            sets.push((set, Key::from_hash(hash)));
        }
        let mut pairs = Vec::with_capacity(self.pairs.len());
        for (&peer, own) in &self.pairs {
            let theirs = of_peer(peer, common_count(self.scheme))?;
            let (low, high) = if self.me < peer { (&own[..], theirs) } else { (theirs, &own[..]) };
            let members = NodeSet::EMPTY.with(self.me).with(peer);
            let hash = start(b"pair", members).chain_update(low).chain_update(high);
            pairs.push((peer, Key::from_hash(hash)));
        }
        let zeros = zero_links(self.scheme, self.participants, self.me);
        Ok(SharingKeys { scheme: self.scheme, me: self.me, sets, pairs, zeros })
    }
}

/// The participants with whom a node shares a stream of its share of zero.
///
/// What t curious nodes see of the others' shares is uniform but for the sum if those others stay
/// linked to one another when any t nodes are taken out. The smallest such graphs are known
/// (Harary, The maximum connectivity of a graph, 1962): in a ring of the participants everyone is
/// linked to the nearest t+1, or to t of them and the one opposite.
pub fn zero_links(scheme: Scheme, participants: NodeSet, me: NodeIndex) -> NodeSet {
    let ring: Vec<NodeIndex> = participants.iter().collect();
    let size = ring.len();
    let near = usize::from(scheme.threshold()).div_ceil(2);
    let opposite = scheme.threshold().is_multiple_of(2);
    let linked = |a: usize, b: usize| {
        let (low, high) = (a.min(b), a.max(b));
        let distance = (high - low).min(size - (high - low));
        let across = if size.is_multiple_of(2) {
            distance == size / 2
        } else {
            low <= size / 2 && high - low == size / 2
        };
        distance > 0 && (distance <= near || opposite && across)
    };
    let Some(place) = ring.iter().position(|&node| node == me) else { return NodeSet::EMPTY };
    (0..size).filter(|&other| linked(place, other)).map(|other| ring[other]).collect()
}

struct Key {
    stream: StreamKey,
    /// The other half of the derived secret: proves that two nodes have the same key.
    proof: Zeroizing<[u8; 16]>,
}

impl Key {
    fn from_hash(hash: Sha256) -> Self {
        let mut secret: [u8; 32] = hash.finalize().into();
        let mut key = Zeroizing::new([0; 16]);
        let mut proof = Zeroizing::new([0; 16]);
        key.copy_from_slice(&secret[..16]);
        proof.copy_from_slice(&secret[16..]);
        secret.zeroize();
        Self { stream: StreamKey::new(&key), proof }
    }

    /// What a holder shows to prove that it has this key.
    fn tag(&self, holder: NodeIndex) -> [u8; TAG] {
        let hash = Sha256::new()
            .chain_update(b"gavel/v1/key-tag\0")
            .chain_update(self.proof.as_slice())
            .chain_update([holder.get()])
            .finalize();
        let mut tag = [0; TAG];
        tag.copy_from_slice(&hash[..TAG]);
        tag
    }
}

/// The keys that one node holds in an attempt; wiped when dropped, never printed.
pub struct SharingKeys {
    scheme: Scheme,
    me: NodeIndex,
    sets: Vec<(NodeSet, Key)>,
    pairs: Vec<(NodeIndex, Key)>,
    /// The peers whose pair keys are used.
    zeros: NodeSet,
}

impl SharingKeys {
    /// The keys of the sets this node is outside of, in the order of [`Scheme::held_by`].
    pub fn sets(&self) -> impl ExactSizeIterator<Item = &StreamKey> {
        self.sets.iter().map(|(_, key)| &key.stream)
    }

    /// The keys, shared with one other participant each, whose streams make a share of zero: every
    /// stream is added by two participants. Not every pair needs one; see [`zero_links`].
    pub fn zeros(&self) -> impl Iterator<Item = &StreamKey> {
        self.links().map(|(_, key)| key)
    }

    /// The same keys, with the other participant each.
    pub fn links(&self) -> impl Iterator<Item = (NodeIndex, &StreamKey)> {
        let links = self.zeros;
        let linked = self.pairs.iter().filter(move |(peer, _)| links.contains(*peer));
        linked.map(|(peer, key)| (*peer, &key.stream))
    }

    fn tags(&self, peer: NodeIndex, holder: NodeIndex) -> Vec<u8> {
        let sets = self.sets.iter().filter(|(set, _)| !set.contains(peer)).map(|(_, key)| key);
        let pair = self.pairs.iter().filter(|(other, _)| *other == peer).map(|(_, key)| key);
        sets.chain(pair).flat_map(|key| key.tag(holder)).collect()
    }

    /// The tags that prove to a participant that this node has the same keys.
    pub fn tags_to(&self, peer: NodeIndex) -> Vec<u8> {
        self.tags(peer, self.me)
    }

    /// Who holds each of the keys that a participant's tags show to be others than this node's: all
    /// nodes of the scheme outside the key's set, or the pair.
    pub fn differing(&self, peer: NodeIndex, tags: &[u8]) -> Vec<NodeSet> {
        let all = self.scheme.all();
        let sets = self.sets.iter().filter(|(set, _)| !set.contains(peer));
        let holders = sets.map(|(set, _)| all.difference(*set));
        let holders = holders.chain([NodeSet::EMPTY.with(self.me).with(peer)]);
        let own = self.tags(peer, peer);
        let differ =
            own.chunks(TAG).zip(tags.chunks(TAG)).map(|(own, tag)| !bool::from(own.ct_eq(tag)));
        holders.zip(differ).filter(|(_, differs)| *differs).map(|(holders, _)| holders).collect()
    }

    /// Whether a participant's tags prove that it has the same keys as this node.
    pub fn fits(&self, peer: NodeIndex, tags: &[u8]) -> bool {
        tags.len() == tag_bytes(self.scheme) && bool::from(self.tags(peer, peer).ct_eq(tags))
    }
}

#[cfg(test)]
mod tests {
    use crate::sharing::keys::*;

    /// Whether everyone of a set can be reached from its first within it.
    fn connected(scheme: Scheme, participants: NodeSet, within: NodeSet) -> bool {
        let mut reached: NodeSet = within.first().into_iter().collect();
        loop {
            let links = reached.iter().map(|node| zero_links(scheme, participants, node));
            let next = links.fold(reached, NodeSet::union).intersection(within);
            if next == reached {
                return reached == within;
            }
            reached = next;
        }
    }

    #[test]
    fn shares_of_zero_hide_the_others_from_any_t() {
        for (n, t) in [(3, 1), (4, 1), (5, 1), (5, 2), (6, 2), (7, 2), (7, 3), (8, 3), (9, 4)] {
            let scheme = Scheme::new(n, t).unwrap();
            let quorums = (0..1_u16 << n).map(NodeSet::from_bits);
            for participants in quorums.filter(|set| set.len() >= scheme.quorum()) {
                let mut links = 0;
                for me in participants.iter() {
                    let linked = zero_links(scheme, participants, me);
                    assert!(linked.is_subset_of(participants.without(me)));
                    for peer in linked.iter() {
                        assert!(zero_links(scheme, participants, peer).contains(me));
                    }
                    links += linked.len();
                }
                // Half of the sum of degrees, rounded up: no graph with this property has fewer.
                let (size, t) = (participants.len(), usize::from(t));
                assert_eq!(links / 2, (size * (t + 1)).div_ceil(2));
                for curious in scheme.sets() {
                    let others = participants.difference(curious);
                    assert!(connected(scheme, participants, others), "{participants} {curious}");
                }
            }
        }
    }
}
