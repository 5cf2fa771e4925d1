//! Public multiples of shared numbers, added up.
//!
//! In: batches of the same length, shared, and a public factor for each. Out: at every position the
//! sum of the numbers there, each times its factor, modulo a power of two, shared. Who learns what:
//! nothing. A factor costs nothing by itself: each of its bits that is set puts the number on the
//! pile once more, shifted. Rounds: those of a [`super::sum`] of as many numbers as bits are set.
//! Gates: about a bit each of what is put on the pile; of each the bytes of an AND. Adversary: as
//! for AND.

use super::BitContext;
use super::add::{fitting, one};
use super::lanes;
use super::pile::Pile;
use super::stripes::Stripe;
use crate::protocol::ProtocolError;
use crate::sharing::SharedBits;

/// The sum of the numbers, each times its factor, modulo 2^`width`. The sum of none has no
/// positions. Large batches go stripe by stripe.
///
/// # Errors
/// When the batches differ in length, `width` is above 64, or a node does not answer.
pub async fn combine(
    ctx: &BitContext,
    terms: &[(&SharedBits, u64)],
    width: usize,
) -> Result<SharedBits, ProtocolError> {
    let width = fitting(width)?;
    let len = terms.first().map_or(0, |(numbers, _)| numbers.len());
    let terms: Vec<(SharedBits, u64)> =
        terms.iter().map(|&(numbers, factor)| (numbers.clone(), factor)).collect();
    for (numbers, _) in &terms {
        // All have a position for every one of the first.
        numbers.take_planes(0..0)?.check_like(&SharedBits::zeros(ctx.holding(), 0, len))?;
    }
    let steps = move |ctx: BitContext, stripe: Stripe| {
        let mut pile = Pile::new(stripe.len, 1, width);
        for (numbers, factor) in &terms {
            for shift in (0..u64::BITS as usize).filter(|shift| factor >> shift & 1 == 1) {
                pile.put(0, numbers, stripe.first_word(), |plane| plane + shift);
            }
        }
        async move {
            pile.reduce(&ctx.narrow("save")).await?;
            one(pile.add(&ctx.narrow("add")).await?)
        }
    };
    lanes::run(ctx, len, steps).await
}
