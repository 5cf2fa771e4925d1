//! Shared elements that are to stay at the nodes: digests that bind everyone to what it holds.
//!
//! In: shared elements. Out: at every participant its own components with what blinds their digests,
//! and the digests of all components. Who learns what: the digests, which tell nothing of a component
//! to those who do not hold it. Rounds: one, after the check of everything that led to the elements.
//! Bytes: 32 for each component that a node holds, from each to each. Adversary: up to t nodes that do
//! anything. Every component has an honest holder among the participants, so a wrong digest differs
//! from another holder's, and of the two nodes at least one lied.
//!
//! What blinds a digest is a stream of the key that exactly the component's holders have. No other
//! protocol of the attempt may be under way.

use std::collections::BTreeSet;

use bytes::Bytes;
use zeroize::{Zeroize as _, Zeroizing};

use crate::field::Field;
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::bits::open::proven;
use crate::protocol::bits::sizes::DIGEST;
use crate::protocol::context::Claim;
use crate::protocol::proof::check::check;
use crate::sharing::stored::{BLINDING, Label, StoredShare};
use crate::sharing::stream::BLOCK_WORDS;
use crate::sharing::{NodeIndex, NodeSet, SharedElements};

/// What becomes of an element that stays.
pub struct Kept {
    /// This node's share.
    pub share: StoredShare,
    /// The digests of all components, in the order of [`crate::sharing::Scheme::sets`].
    pub digests: Vec<[u8; DIGEST]>,
}

/// A digest, with the node that says so.
type Said = (NodeIndex, [u8; DIGEST]);

/// Make ready what is to stay: of each element its label.
///
/// # Errors
/// When nodes disagree, or one does not answer.
pub async fn keep<F: Field>(
    ctx: &BitContext,
    labels: &[Label<'_>],
    elements: &[SharedElements<F>],
) -> Result<Vec<Kept>, ProtocolError> {
    check(&ctx.narrow("check")).await?;
    let base = ctx.base();
    let (scheme, me) = (base.scheme(), base.me());
    let claim = base.claim()?;
    if !base.ledger().all_checked() {
        return Err(ProtocolError::Unchecked { step: claim.name });
    }
    // Nodes with different keys would differ in all digests.
    base.confirm_keys().await?;
    let mut shares = Vec::with_capacity(elements.len());
    let mut own = Vec::with_capacity(elements.len());
    for (at, (label, element)) in labels.iter().zip(elements).enumerate() {
        let share = StoredShare::of(element, &blindings(ctx, &claim, at))?;
        own.push(share.digests(*label, scheme, me).unwrap_or_default());
        shares.push(share);
    }
    let message: Vec<u8> = own.iter().flatten().flatten().copied().collect();
    let (expected, message) = (message.len(), Bytes::from(message));
    let outgoing = base.peers().iter().map(|peer| (peer, message.clone())).collect();
    let received = base.exchange(&claim, outgoing, base.peers(), expected).await?;

    let held = expected / DIGEST / shares.len().max(1);
    let mut judged =
        Judged { claim: &claim, conflicts: BTreeSet::new(), differing: NodeSet::EMPTY };
    let mut kept = Vec::with_capacity(shares.len());
    for (at, (share, own)) in shares.into_iter().zip(own).enumerate() {
        let mut said: Vec<Vec<Said>> = vec![Vec::new(); scheme.sets().len()];
        for (position, digest) in scheme.held_by(me).into_iter().zip(own) {
            said[position].push((me, digest));
        }
        for (peer, message) in &received {
            let theirs = message.as_chunks::<DIGEST>().0.iter().skip(at * held);
            for (position, digest) in scheme.held_by(*peer).into_iter().zip(theirs) {
                said[position].push((*peer, *digest));
            }
        }
        let digests = said.iter().map(|said| judged.take(me, said)).collect();
        kept.push(Kept { share, digests });
    }
    judged.end(ctx)?;
    Ok(kept)
}

/// What blinds the digests of an element's components.
fn blindings(ctx: &BitContext, claim: &Claim, element: usize) -> Vec<Zeroizing<[u8; BLINDING]>> {
    let blinding = |key: &crate::sharing::stream::StreamKey| {
        let mut words = [0; BLOCK_WORDS];
        key.write_at(claim.start, element, &mut words);
        let mut blinding = Zeroizing::new([0; BLINDING]);
        let bytes = blinding.as_chunks_mut::<{ BLINDING / BLOCK_WORDS }>().0;
        for (bytes, word) in bytes.iter_mut().zip(words) {
            *bytes = word.to_le_bytes();
        }
        words.zeroize();
        blinding
    };
    ctx.base().keys().sets().map(blinding).collect()
}

/// Who said something else than another holder of the same component.
struct Judged<'a> {
    claim: &'a Claim,
    /// Among the others.
    conflicts: BTreeSet<(NodeIndex, NodeIndex)>,
    /// Those that differ from this node.
    differing: NodeSet,
}

impl Judged<'_> {
    /// The digest of a component, by what all of its holders say.
    fn take(&mut self, me: NodeIndex, said: &[Said]) -> [u8; DIGEST] {
        for (at, (node, digest)) in said.iter().enumerate() {
            for (other, theirs) in &said[..at] {
                if digest == theirs {
                    continue;
                }
                if *other == me {
                    self.differing.insert(*node);
                } else {
                    self.conflicts.insert((*other, *node));
                }
            }
        }
        // Among 2t+1 nodes every component has a holder.
        said.first().map_or([0; DIGEST], |(_, digest)| *digest)
    }

    fn end(self, ctx: &BitContext) -> Result<(), ProtocolError> {
        let step = || self.claim.name.clone();
        if !self.differing.is_empty() {
            return Err(ProtocolError::Views { step: step(), nodes: self.differing });
        }
        if self.conflicts.is_empty() {
            return Ok(());
        }
        let base = ctx.base();
        let suspects = self.conflicts.iter().flat_map(|&(a, b)| [a, b]).collect();
        let threshold = usize::from(base.scheme().threshold());
        let liars = proven(&self.conflicts, base.peers(), threshold);
        Err(ProtocolError::Disagreement { step: step(), liars, suspects })
    }
}
