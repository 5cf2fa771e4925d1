//! Whether all nodes hold shares of one polynomial of degree t for each number.
//!
//! In: shared numbers as they were handed in. Out: that they are; or, where a dealer may have
//! handed in anything, the positions of those that are not. Who learns what: that, and nothing of
//! the numbers. Rounds: 2; to find positions 3, and one more if something is wrong. Bytes: 2
//! numbers and 64 bytes to each other node. Adversary: whoever handed in the shares, before the
//! challenge is drawn; up to t nodes that open wrongly.
//!
//! The numbers are combined with the powers of a random challenge, under a random mask, and the
//! combination is opened: if one of the numbers is not of degree t, the combination is not either,
//! but for a chance of (numbers / field size). To find which, every number is opened under a mask
//! of its own. This cannot tell a bad dealer from a node that opens wrongly. Where the shares
//! follow from committed seeds ([`crate::sharing::numbers::components`]) it is the node.

use sha2::{Digest as _, Sha256};

use super::NumberContext;
use super::open::{agree, exchange_shares, open_masked};
use crate::field::{
    Field,
    bulk::{Elements, append, inner_product, powers},
};
use crate::protocol::ProtocolError;
use crate::sharing::numbers::shamir::Misfit;
use crate::sharing::{NodeSet, SharedNumbers};

/// What a search for wrong degrees found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WrongDegree {
    /// Positions of the numbers that are not shared with degree t, in ascending order.
    pub positions: Vec<usize>,
    /// Whose shares of them may be wrong.
    pub misfit: Misfit,
}

/// Check that all numbers are shared with degree t.
///
/// # Errors
/// When they are not, naming the nodes as for an opening; when nodes have seen different things,
/// or one does not answer.
pub async fn degree_check<F: Field>(
    ctx: &NumberContext<F>,
    numbers: &SharedNumbers<F>,
) -> Result<(), ProtocolError> {
    if numbers.is_empty() {
        return Ok(());
    }
    let mut combined = combine(ctx, numbers).await?;
    combined.add(&ctx.narrow("mask").random(1)?)?;
    open_masked(&ctx.narrow("all"), &combined).await.map(drop)
}

/// The numbers that are not shared with degree t; `None` if all are.
///
/// # Errors
/// When nodes have seen different things, or one does not answer.
pub async fn find_wrong_degrees<F: Field>(
    ctx: &NumberContext<F>,
    numbers: &SharedNumbers<F>,
) -> Result<Option<WrongDegree>, ProtocolError> {
    if numbers.is_empty() {
        return Ok(None);
    }
    let combined = combine(ctx, numbers).await?;
    let all = misfits(&ctx.narrow("all"), combined).await?;
    // Everyone must go on in the same way, also when somebody told different nodes different
    // things.
    agree(&ctx.narrow("agree")).await?;
    if all.is_none() {
        return Ok(None);
    }
    misfits(&ctx.narrow("each"), numbers.clone()).await
}

/// The numbers, combined with the powers of a challenge that nobody could foresee.
async fn combine<F: Field>(
    ctx: &NumberContext<F>,
    numbers: &SharedNumbers<F>,
) -> Result<SharedNumbers<F>, ProtocolError> {
    let challenge = ctx.narrow("challenge/random").random(1)?;
    let challenge = open_masked(&ctx.narrow("challenge"), &challenge).await?;
    let challenge = challenge.first().copied().unwrap_or(F::ONE);
    let combined = inner_product(numbers.shares(), &powers(challenge, numbers.len())) * challenge;
    Ok(SharedNumbers::from_shares(Elements::new(vec![combined])))
}

/// Open numbers under masks, and say which are not of degree t.
async fn misfits<F: Field>(
    ctx: &NumberContext<F>,
    mut numbers: SharedNumbers<F>,
) -> Result<Option<WrongDegree>, ProtocolError> {
    numbers.add(&ctx.narrow("mask").random(numbers.len())?)?;
    let base = ctx.base();
    let claim = base.claim()?;
    let rows = exchange_shares(ctx, &claim, &numbers, true).await?;
    let mut seen = Sha256::new();
    for row in &rows {
        let mut bytes = Vec::new();
        append(&mut bytes, row);
        seen.update(&bytes);
    }
    base.saw(&claim, seen.finalize().into());
    let rows: Vec<&[F]> = rows.iter().map(|row| row.as_slice()).collect();
    let positions = ctx.decoder().misfits(&rows);
    if positions.is_empty() {
        return Ok(None);
    }
    // All nodes say the same, so nobody takes itself out of the suspects.
    let misfit = ctx.decoder().blame(&rows, &positions, NodeSet::EMPTY);
    Ok(Some(WrongDegree { positions, misfit }))
}
