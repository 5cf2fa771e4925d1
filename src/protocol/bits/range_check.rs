//! Which numbers are at most a public one.
//!
//! In: shared numbers and a public maximum. Out: for every number, whether it is at most the
//! maximum, public. Who learns what: all participants that one bit per number, nothing else.
//! Rounds: ceil(log2 width) + 1. Adversary: as for AND and for opening.

use super::BitContext;
use super::less_than::public_less_than;
use super::open::open;
use crate::protocol::ProtocolError;
use crate::sharing::SharedBits;

/// Whether each number is at most `maximum`.
///
/// # Errors
/// When nodes disagree, or one does not answer.
pub async fn range_check(
    ctx: &BitContext,
    numbers: &SharedBits,
    maximum: u64,
) -> Result<Vec<bool>, ProtocolError> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let above = public_less_than(&ctx.narrow("less-than"), maximum, numbers).await?;
    let above = open(&ctx.narrow("open"), &above).await?;
    Ok(above.values().into_iter().map(|above| above == 0).collect())
}
