//! Making shared numbers public among the participants, checked.
//!
//! In: a batch of shared numbers. Out: the numbers, at every participant. Who learns what: all
//! participants the numbers, nobody anything else. Rounds: one. Bytes: each node sends its shares
//! to every other, and 32 bytes. Adversary: up to t nodes that send wrong shares are noticed,
//! since t+1 shares fix the polynomial and the others must lie on it; they are named where no
//! other t nodes can be the wrong ones (always from 3t+1 participants on).
//!
//! The 32 bytes are a digest of everything that all participants must have seen alike so far. It is
//! looked at first, so that a node that was told something else is not blamed for what it made of
//! it. The keys of the attempt are checked before anything is sent. No other protocol of the
//! attempt may be under way during an opening.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::NumberContext;
use crate::field::{
    Field,
    bulk::{Elements, append, read},
};
use crate::protocol::context::Claim;
use crate::protocol::{Context, Opening, ProtocolError};
use crate::sharing::{NodeIndex, NodeSet, SharedNumbers};

/// Bytes of a digest.
pub(super) const DIGEST: usize = 32;

/// Open numbers of the outcome.
///
/// # Errors
/// When nodes disagree, or one does not answer.
pub async fn open<F: Field>(
    ctx: &NumberContext<F>,
    numbers: &SharedNumbers<F>,
) -> Result<Vec<F>, ProtocolError> {
    open_all(ctx, numbers, false).await
}

/// Open numbers that are hidden by a fresh mask, so that they tell nothing.
///
/// # Errors
/// When nodes disagree, or one does not answer.
pub async fn open_masked<F: Field>(
    ctx: &NumberContext<F>,
    numbers: &SharedNumbers<F>,
) -> Result<Vec<F>, ProtocolError> {
    open_all(ctx, numbers, true).await
}

async fn open_all<F: Field>(
    ctx: &NumberContext<F>,
    numbers: &SharedNumbers<F>,
    masked: bool,
) -> Result<Vec<F>, ProtocolError> {
    let claim = ctx.base().claim()?;
    let rows = exchange_shares(ctx, &claim, numbers, masked).await?;
    let rows: Vec<&[F]> = rows.iter().map(|row| row.as_slice()).collect();
    let me = NodeSet::EMPTY.with(ctx.base().me());
    ctx.decoder()
        .open(&rows, me)
        .map_err(|misfit| ProtocolError::Misfit { step: claim.name, misfit })
}

/// Everyone's shares, in ascending order of node.
pub(super) async fn exchange_shares<F: Field>(
    ctx: &NumberContext<F>,
    claim: &Claim,
    numbers: &SharedNumbers<F>,
    masked: bool,
) -> Result<Vec<Elements<F>>, ProtocolError> {
    let base = ctx.base();
    if numbers.is_empty() {
        return Ok(base.participants().iter().map(|_| Elements::default()).collect());
    }
    base.confirm_keys().await?;
    let seen = views(base);
    let size = numbers.len() * F::BYTES;
    let mut message = Vec::with_capacity(size + DIGEST);
    append(&mut message, numbers.shares());
    message.extend(seen);
    let message = Bytes::from(message);
    let outgoing = base.peers().iter().map(|peer| (peer, message.clone())).collect();
    let received = base.exchange(claim, outgoing, base.peers(), size + DIGEST).await?;
    check_views(claim, &received, seen)?;
    let mut received = received.into_iter();
    let mut rows = Vec::with_capacity(base.participants().len());
    for node in base.participants().iter() {
        let row = if node == base.me() {
            read(&message[..size])
        } else {
            // One message came from each of the others, in ascending order.
            received.next().and_then(|(_, theirs)| read(&theirs[..size]))
        };
        let error = || ProtocolError::Encoding { step: claim.name.clone(), node };
        rows.push(row.ok_or_else(error)?);
    }
    base.ledger().opened(Opening {
        step: claim.name.clone(),
        bits: numbers.len() as u64 * u64::from(F::BITS),
        to: base.participants(),
        masked,
    });
    Ok(rows)
}

/// Check that all participants have seen alike what they must have. One round of 32 bytes.
///
/// # Errors
/// When they have not, or a node does not answer.
pub(super) async fn agree<F: Field>(ctx: &NumberContext<F>) -> Result<(), ProtocolError> {
    let base = ctx.base();
    let claim = base.claim()?;
    let seen = views(base);
    let message = Bytes::copy_from_slice(&seen);
    let outgoing = base.peers().iter().map(|peer| (peer, message.clone())).collect();
    let received = base.exchange(&claim, outgoing, base.peers(), DIGEST).await?;
    check_views(&claim, &received, seen)
}

/// A digest of everything that all participants must have seen alike so far.
fn views(base: &Context) -> [u8; DIGEST] {
    let mut seen = Sha256::new_with_prefix(b"gavel/v1/open-numbers\0");
    for (step, digest) in base.views() {
        seen.update(step.0.to_le_bytes());
        seen.update(digest);
    }
    seen.finalize().into()
}

/// Compare the digests at the end of the others' messages with one's own.
fn check_views(
    claim: &Claim,
    received: &[(NodeIndex, Bytes)],
    seen: [u8; DIGEST],
) -> Result<(), ProtocolError> {
    let differing = received.iter().filter(|(_, theirs)| !theirs.ends_with(&seen));
    let nodes: NodeSet = differing.map(|&(peer, _)| peer).collect();
    if nodes.is_empty() {
        return Ok(());
    }
    Err(ProtocolError::Views { step: claim.name.clone(), nodes })
}
