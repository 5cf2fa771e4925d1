//! What an envelope holds for one node: the seeds of the components that the node holds, sealed.
//!
//! In: an envelope and a node's sealing key. Out: the node's seeds in the order of
//! [`Scheme::held_by`], each checked against the envelope's commitment, or the reason why the
//! envelope does not take part. The check needs no other node: whoever holds a component holds the
//! one seed that is committed to.
//!
//! The sealed bytes are the seeds one after the other and nothing else, so there is one encoding
//! only. HPKE's `info` binds suite, session, announcement, bidder, key, revision (through
//! [`EnvelopeBody::context`](super::envelope::EnvelopeBody::context)) and the node's index: a part
//! that is copied into another envelope, or to another node, cannot be opened there.
//!
//! Who learns what: the node its own seeds. Adversary: a bidder who puts anything into the part.

use std::fmt;

use zeroize::Zeroizing;

use super::Envelope;
use super::exclusion::ExclusionReason;
use crate::identity::{
    Blob,
    sealing::{self, SealingError, SealingKeyPair},
};
use crate::sharing::{NodeIndex, Scheme, Seed, seed::SEED_BYTES};

/// One node's seeds of one bid, in the order of [`Scheme::held_by`]; wiped when dropped.
pub struct Part(Vec<Seed>);

impl Part {
    /// A part from the seeds of the components that a node holds.
    pub const fn new(seeds: Vec<Seed>) -> Self {
        Self(seeds)
    }

    /// One for each component that the node holds, in the order of its sets.
    pub fn seeds(&self) -> &[Seed] {
        &self.0
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.0.len() * SEED_BYTES));
        for seed in &self.0 {
            bytes.extend_from_slice(seed.expose());
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (seeds, rest) = bytes.as_chunks::<SEED_BYTES>();
        rest.is_empty().then(|| Self(seeds.iter().map(|seed| Seed::from_bytes(*seed)).collect()))
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({} secret seeds)", self.0.len())
    }
}

/// Seal a node's part to its sealing key. `context` is that of the envelope the part goes into.
///
/// # Errors
/// When the sealing key is malformed or the operating system gives no randomness.
pub fn seal_part(
    context: &[u8; 32],
    node: NodeIndex,
    part: &Part,
    sealing_key: &Blob,
) -> Result<Blob, SealingError> {
    sealing::seal(sealing_key, &info(context, node), b"", &part.encode())
}

/// Open this node's part of an envelope and check every seed against its commitment.
///
/// # Errors
/// [`ExclusionReason::PartUnreadable`] when there is no part for this node, or it cannot be opened
/// or read; [`ExclusionReason::SeedsDoNotFit`] when a seed is not the committed one.
pub fn open_part(
    envelope: &Envelope,
    node: NodeIndex,
    scheme: Scheme,
    keys: &SealingKeyPair,
) -> Result<Part, ExclusionReason> {
    let parts = &envelope.body.parts;
    if parts.len() != usize::from(scheme.nodes()) {
        return Err(ExclusionReason::PartUnreadable);
    }
    let sealed = parts.get(node.position()).ok_or(ExclusionReason::PartUnreadable)?;
    open_sealed(envelope, sealed, node, scheme, keys)
}

/// The same with a part that stands in for the one in the envelope: what the node has put together
/// from other nodes' seeds ([`super::seeds`]) and sealed to itself.
///
/// # Errors
/// As for [`open_part`].
pub fn open_sealed(
    envelope: &Envelope,
    sealed: &Blob,
    node: NodeIndex,
    scheme: Scheme,
    keys: &SealingKeyPair,
) -> Result<Part, ExclusionReason> {
    let body = &envelope.body;
    let context = body.context();
    let plain = keys
        .open(&info(&context, node), b"", sealed)
        .map_err(|_| ExclusionReason::PartUnreadable)?;
    let part = Part::decode(&plain).ok_or(ExclusionReason::PartUnreadable)?;
    let held = scheme.held_by(node);
    if part.0.len() != held.len() {
        return Err(ExclusionReason::PartUnreadable);
    }
    let sets = scheme.sets();
    if body.commitments.len() != sets.len() {
        return Err(ExclusionReason::SeedsDoNotFit);
    }
    // Without a short cut, so that the time does not tell which seed is wrong.
    let fits = held.iter().zip(&part.0).fold(true, |fits, (&position, seed)| {
        fits & seed.fits(&body.commitments[position].0, &context, sets[position])
    });
    if fits { Ok(part) } else { Err(ExclusionReason::SeedsDoNotFit) }
}

fn info(context: &[u8; 32], node: NodeIndex) -> Vec<u8> {
    [&b"gavel/v1/part\0"[..], context, &[node.get()]].concat()
}

#[cfg(test)]
#[path = "part_tests.rs"]
mod tests;
