//! The largest of those that lost to the winner.
//!
//! In: a finished tournament whose winner's index is public. Out: the second-largest number,
//! shared. Who learns what: nothing until it is opened. Rounds: those of a tournament among the
//! numbers that met the winner. Adversary: as for AND.
//!
//! The second-largest of all lost to nobody but the largest, so it is among the numbers that met
//! the winner: one for each level of pairs, at most log2(count) of them (Knuth, The Art of Computer
//! Programming 3, 5.3.3).

use super::BitContext;
use super::maximum::{Keep, Maximum, maximum_in};
use crate::protocol::ProtocolError;
use crate::sharing::SharedBits;

/// The second-largest number of a tournament kept with [`Keep::Levels`].
///
/// # Errors
/// When nobody met the winner, the levels were not kept, or a node does not answer.
pub async fn second_price(
    ctx: &BitContext,
    tournament: &Maximum,
    winner: usize,
) -> Result<SharedBits, ProtocolError> {
    let beaten = tournament.beaten_by(winner)?;
    let second =
        maximum_in(ctx, &beaten, &ctx.base().tactics().second_groups, Keep::Value, &|_, _| {})
            .await?;
    Ok(second.value()?)
}
