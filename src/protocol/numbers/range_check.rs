//! Which numbers are at most a public one, even where they may be any element of the field.
//!
//! In: shared numbers, any elements of a Mersenne field, and a public maximum. Out: for every
//! number, whether it is at most the maximum, public. Who learns what: all participants that one
//! bit per number, nothing else: the number is opened under a mask that is uniform in the whole
//! field. Rounds: 2 + ceil(log2 of the field's bits), and one before for the random bits; 9 for
//! 2^127-1. Products per number: 366 for 2^127-1, and as many random bits as the field has.
//! Adversary: as for [`super::multiply`] and [`super::open`].
//!
//! Two comparisons of the kind of [`super::comparison`] would not do: they are right for numbers
//! that are known to be below 2^l, and a bidder's need not be. (2^(l+1) + 5 passes for a number
//! between 0 and a maximum above 5 there.) So the two comparisons are made on the mask: with r
//! uniform, c = x + r opened, x = c - r is in 0..=m if and only if r is in c-m..=c, modulo p; that
//! is [r <= c] - [r < c - m], and 1 more where c - m goes below 0. Both ends are public and the
//! bits of r are shared, so each takes one fold. Random bits of a Mersenne field make a uniform r;
//! the one pattern too many, all ones, comes up with a probability of 2^-127 (2^-61).

use super::NumberContext;
use super::comparison::{low_bits, number};
use super::fold::{Group, fold};
use super::open::{open, open_masked};
use super::random_bits::BitPool;
use crate::field::{Mersenne, bulk::zeros};
use crate::protocol::ProtocolError;
use crate::sharing::SharedNumbers;

/// Random bits that the check takes.
pub const fn bits_needed<F: Mersenne>(numbers: usize) -> usize {
    F::BITS as usize * numbers
}

/// Whether each number is at most `maximum`.
///
/// # Errors
/// When nodes disagree, the pool is empty, or a node does not answer.
pub async fn range_check<F: Mersenne>(
    ctx: &NumberContext<F>,
    pool: &mut BitPool<F>,
    numbers: &SharedNumbers<F>,
    maximum: u64,
) -> Result<Vec<bool>, ProtocolError> {
    let len = numbers.len();
    if len == 0 {
        return Ok(Vec::new());
    }
    let prime = (1_u128 << F::BITS) - 1;
    let maximum = u128::from(maximum);
    let bits = pool.take(bits_needed::<F>(len))?;
    let mut masked = numbers.clone();
    masked.add(&SharedNumbers::from_shares(number(bits.shares(), len)))?;
    let upper = open_masked(&ctx.narrow("masked"), &masked).await?;
    let upper: Vec<u128> = upper.into_iter().map(low_bits).collect();
    let wraps = |c: u128| c < maximum;
    let lower = upper.iter().map(|&c| if wraps(c) { c + prime - maximum } else { c - maximum });
    let lower: Vec<u128> = lower.collect();

    // Both ends side by side: first [r <= upper], then [r < lower].
    let leaf = |(index, plane): (usize, &[F])| {
        let (mut passes, mut answer) = (zeros(2 * len), zeros(2 * len));
        for (at, &end) in upper.iter().chain(&lower).enumerate() {
            let r = plane[at % len];
            // The ends are public: a branch on them tells nothing.
            let one = end >> index & 1 == 1;
            passes[at] = if one { r } else { F::ONE - r };
            answer[at] = match (index, one, at < len) {
                (0, true, true) => F::ONE,
                (0, true, false) | (0, false, true) => F::ONE - r,
                (_, true, _) if index > 0 => F::ONE,
                _ => F::ZERO,
            };
        }
        let lowest = index == 0;
        Group { passes: (!lowest).then_some(passes), answer, public: !lowest }
    };
    let leaves = bits.shares().chunks_exact(len).enumerate().map(leaf).collect();
    let below = fold(&ctx.narrow("fold"), leaves).await?;
    let mut fits = SharedNumbers::from_public(&below[..len]);
    fits.sub(&SharedNumbers::from_public(&below[len..]))?;
    let wrapped: Vec<F> = upper.iter().map(|&c| F::from_u64(u64::from(wraps(c)))).collect();
    fits.add_public(&wrapped)?;

    let ctx = ctx.narrow("open");
    let fits = open(&ctx, &fits).await?.into_iter();
    let fits = fits.map(|fits| match fits.to_u128() {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        _ => Err(ProtocolError::Impossible { step: ctx.base().step().to_owned() }),
    });
    fits.collect()
}
