//! Messages of a check, all of a fixed length.

use sha2::{Digest as _, Sha256};

use super::kind::Sides;
use super::shape::{DIGEST, HEADER, LEVELS, common_bytes};
use super::verdict::{Claimed, Judged, Statement, Verdict};
use crate::field::Field;
use crate::sharing::{NodeIndex, NodeSet, Scheme};

/// A message that is put together.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// A message that begins with the set that its sender breaks off for, if any.
    pub(super) fn new(set: NodeSet, room: usize) -> Self {
        let mut bytes = Vec::with_capacity(room);
        bytes.extend(set.bits().to_le_bytes());
        Self(bytes)
    }

    pub(super) fn digests(&mut self, digests: &[[u8; DIGEST]]) {
        self.0.extend_from_slice(digests.as_flattened());
    }

    pub(super) fn elements<'a, E: Field>(&mut self, elements: impl IntoIterator<Item = &'a E>) {
        for element in elements {
            self.0.extend_from_slice(element.to_bytes().as_ref());
        }
    }

    fn statement<E: Field>(&mut self, statement: Statement<E>) {
        self.elements([&statement.zero, &statement.end]);
    }

    fn folded<E: Field>(&mut self, folded: &[Sides<E>]) {
        self.elements(folded.iter().flat_map(|(x, y)| [x, y]));
    }

    /// A verdict.
    pub(super) fn verdict<E: Field>(&mut self, verdict: &Verdict<E>) {
        self.digests(&verdict.heard);
        for judged in &verdict.judged {
            self.statement(judged.statement);
            self.folded(&judged.folded);
        }
        for &statement in &verdict.claimed.statements {
            self.statement(statement);
        }
        self.folded(&verdict.claimed.folded);
        self.elements([&verdict.sum]);
    }

    /// The message, filled up with zeros: the rest of what is broken off.
    pub(super) fn finish(mut self, len: usize) -> bytes::Bytes {
        self.0.resize(len, 0);
        self.0.into()
    }
}

/// A message that is taken apart. Its length has been checked.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A message, and the set that its sender breaks off for.
    pub(super) fn new(message: &'a [u8]) -> (Self, NodeSet) {
        let mut reader = Self(message);
        let mut bits = [0; HEADER];
        bits.copy_from_slice(reader.take(HEADER));
        (reader, NodeSet::from_bits(u16::from_le_bytes(bits)))
    }

    fn take(&mut self, len: usize) -> &'a [u8] {
        let (part, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        part
    }

    pub(super) fn digests(&mut self, count: usize) -> Vec<[u8; DIGEST]> {
        self.take(count * DIGEST).as_chunks().0.to_vec()
    }

    /// What is no encoding stands for 0, at every reader.
    fn element<E: Field>(&mut self) -> E {
        E::from_bytes(self.take(E::BYTES)).unwrap_or_default()
    }

    pub(super) fn elements<E: Field>(&mut self, count: usize) -> Vec<E> {
        (0..count).map(|_| self.element()).collect()
    }

    fn statement<E: Field>(&mut self) -> Statement<E> {
        Statement { zero: self.element(), end: self.element() }
    }

    fn folded<E: Field>(&mut self, count: usize) -> Vec<Sides<E>> {
        (0..count).map(|_| (self.element(), self.element())).collect()
    }

    /// The verdict of a node.
    pub(super) fn verdict<E: Field>(
        &mut self,
        scheme: Scheme,
        participants: NodeSet,
        node: NodeIndex,
    ) -> Verdict<E> {
        let heard = self.digests(participants.len());
        let sets = scheme.sets();
        let held = |other: Option<NodeIndex>| {
            let apart = |set: &&NodeSet| {
                !set.contains(node) && !other.is_some_and(|other| set.contains(other))
            };
            sets.iter().filter(apart).count()
        };
        let judged = participants.without(node).iter().map(|prover| Judged {
            statement: self.statement(),
            folded: self.folded(held(Some(prover))),
        });
        let judged = judged.collect();
        let statements = participants.iter().map(|_| self.statement()).collect();
        let claimed = Claimed { statements, folded: self.folded(held(None)) };
        Verdict { heard, judged, claimed, sum: self.element() }
    }
}

/// A proof as one verifier gets it.
pub(super) struct Received<E: Field> {
    /// What it heard of every participant's digests.
    pub(super) heard: Vec<[u8; DIGEST]>,
    /// By level, then by verifier.
    pub(super) commitments: Vec<[u8; DIGEST]>,
    pub(super) nonce: [u8; DIGEST],
    pub(super) shares: zeroize::Zeroizing<Vec<E>>,
}

impl<E: Field> Received<E> {
    /// Take a proof of so many values apart, after its header.
    pub(super) fn read(reader: &mut Reader<'_>, nodes: usize, values: usize) -> Self {
        let heard = reader.digests(nodes);
        let commitments = reader.digests(LEVELS * (nodes - 1));
        let nonce = reader.digests(1).first().copied().unwrap_or_default();
        Self { heard, commitments, nonce, shares: reader.elements(values).into() }
    }
}

/// A hash of what all see of a proof.
pub(super) fn digest_of_common(message: &[u8], nodes: usize) -> [u8; DIGEST] {
    let common = message.get(..common_bytes(nodes)).unwrap_or_default();
    Sha256::new().chain_update(b"gavel/v1/proof-seen\0").chain_update(common).finalize().into()
}
