//! Whether all nodes hold shares of one polynomial of degree t for each number.
//!
//! In: shared numbers as they were handed in. Out: the positions of those that are not shared
//! properly, public; none if all is well. Who learns what: that, and nothing of the numbers.
//! Rounds: 2, and one more if something is wrong. Bytes: 2 numbers and 64 bytes to each other node;
//! one more per number if something is wrong. Adversary: whoever handed in the shares; it has
//! done so before the challenge is drawn.
//!
//! The numbers are combined with the powers of a random challenge, under a random mask, and the
//! combination is opened: if one of the numbers is not of degree t, the combination is not either,
//! but for a chance of (numbers / field size). Then every number is opened under a mask of its own
//! to find which. The check can't tell a bad dealer from a node that opens wrongly; where the
//! shares follow from committed seeds ([`crate::sharing::numbers::components`]) it is the node.

use super::NumberContext;
use super::open::{exchange_shares, open_masked};
use crate::field::{
    Field,
    bulk::{Elements, inner_product, powers},
};
use crate::protocol::ProtocolError;
use crate::sharing::SharedNumbers;

/// Positions of the numbers that are not shared with degree t.
///
/// # Errors
/// When nodes have seen different things, or one does not answer.
pub async fn degree_check<F: Field>(
    ctx: &NumberContext<F>,
    numbers: &SharedNumbers<F>,
) -> Result<Vec<usize>, ProtocolError> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let challenge = ctx.narrow("challenge/random").random(1)?;
    let challenge = open_masked(&ctx.narrow("challenge"), &challenge).await?;
    let challenge = challenge.first().copied().unwrap_or(F::ONE);
    let combined = inner_product(numbers.shares(), &powers(challenge, numbers.len())) * challenge;
    let combined = SharedNumbers::from_shares(Elements::new(vec![combined]));
    if masked_misfits(&ctx.narrow("all"), combined).await?.is_empty() {
        return Ok(Vec::new());
    }
    masked_misfits(&ctx.narrow("each"), numbers.clone()).await
}

/// Open numbers under masks, and say which are not of degree t.
async fn masked_misfits<F: Field>(
    ctx: &NumberContext<F>,
    mut numbers: SharedNumbers<F>,
) -> Result<Vec<usize>, ProtocolError> {
    numbers.add(&ctx.narrow("mask").random(numbers.len())?)?;
    let claim = ctx.base().claim()?;
    let rows = exchange_shares(ctx, &claim, &numbers, true).await?;
    let rows: Vec<&[F]> = rows.iter().map(|row| row.as_slice()).collect();
    Ok(ctx.decoder().misfits(&rows))
}
