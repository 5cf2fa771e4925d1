//! Messages of a check, all of a fixed length.

use sha2::{Digest as _, Sha256};

use super::prover::Masks;
use super::record::DIGEST;
use super::shape::{ELEMENT, HEADER, LEVELS, common_bytes, values};
use super::verdict::{Claimed, Judged, Statement, Verdict};
use crate::field::{Binary128, Field as _};
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

    pub(super) fn elements<'a>(&mut self, elements: impl IntoIterator<Item = &'a Binary128>) {
        self.0.extend(elements.into_iter().flat_map(|element| element.to_bytes()));
    }

    fn statement(&mut self, statement: Statement) {
        self.elements([&statement.zero, &statement.end]);
    }

    fn folded(&mut self, folded: &[Masks]) {
        self.elements(folded.iter().flat_map(|(x, y)| [x, y]));
    }

    /// A verdict.
    pub(super) fn verdict(&mut self, verdict: &Verdict) {
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

    fn element(&mut self) -> Binary128 {
        Binary128::from_bytes(self.take(ELEMENT)).unwrap_or_default()
    }

    pub(super) fn elements(&mut self, count: usize) -> Vec<Binary128> {
        (0..count).map(|_| self.element()).collect()
    }

    fn statement(&mut self) -> Statement {
        Statement { zero: self.element(), end: self.element() }
    }

    fn folded(&mut self, count: usize) -> Vec<Masks> {
        (0..count).map(|_| (self.element(), self.element())).collect()
    }

    /// The verdict of a node.
    pub(super) fn verdict(
        &mut self,
        scheme: Scheme,
        participants: NodeSet,
        node: NodeIndex,
    ) -> Verdict {
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
pub(super) struct Received {
    /// What it heard of every participant's digests.
    pub(super) heard: Vec<[u8; DIGEST]>,
    /// By level, then by verifier.
    pub(super) commitments: Vec<[u8; DIGEST]>,
    pub(super) nonce: [u8; DIGEST],
    pub(super) shares: zeroize::Zeroizing<Vec<Binary128>>,
}

impl Received {
    /// Take a proof apart, after its header.
    pub(super) fn read(reader: &mut Reader<'_>, nodes: usize) -> Self {
        let heard = reader.digests(nodes);
        let commitments = reader.digests(LEVELS * (nodes - 1));
        let nonce = reader.digests(1).first().copied().unwrap_or_default();
        Self { heard, commitments, nonce, shares: reader.elements(values()).into() }
    }
}

/// A hash of what all see of a proof.
pub(super) fn digest_of_common(message: &[u8], nodes: usize) -> [u8; DIGEST] {
    let common = message.get(..common_bytes(nodes)).unwrap_or_default();
    Sha256::new().chain_update(b"gavel/v1/proof-seen\0").chain_update(common).finalize().into()
}
