//! One of two shared numbers, by a shared bit.
//!
//! In: a bit b and numbers x and y, shared. Out: x where b is 1, y where it is 0, shared, with
//! fresh randomness. Who learns what: nothing. Rounds: one; one AND per bit of the numbers:
//! y ^ (b & (x ^ y)). Adversary: as for AND.

use super::and::and_planes;
use super::{Context, ProtocolError};
use crate::sharing::SharedBits;

/// x where the bit is 1, y where it is 0.
///
/// # Errors
/// When the shapes differ, or a node does not answer.
pub async fn select(
    ctx: &Context,
    bit: &SharedBits,
    x: &SharedBits,
    y: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let differences = x.xor(y)?;
    let bit = bit.plane(0)?;
    let gates: Vec<_> = differences.planes().map(|difference| (bit, difference)).collect();
    let mut result = and_planes(ctx, y.len(), &gates).await?;
    result.xor_with(y)?;
    Ok(result)
}
