//! The square of a shared number.
//!
//! In: x of b bits, shared. Out: x^2, of 2 * b bits, shared. Who learns what: nothing. Rounds: those
//! of adding up b/2 + 3 numbers and of one [`super::add`]: 13 for 32 bits. Gates: about b^2/2 to add
//! up, and those of the addition; of each the bytes of an AND. Adversary: as for AND.
//!
//! A number times its complement is the sum over all pairs of bits of whether they differ: the terms
//! 2^(j+k) (x_j (1 - x_k) + x_k (1 - x_j)) are those of x * (2^b - 1 - x). So
//!
//! x^2 = (2^b - 1) x - sum over j < k of 2^(j+k) `[x_j != x_k]`,
//!
//! and no bits have to be multiplied: whether two differ is linear, and what is subtracted is added
//! negated, with what that is too much in a public number.

use super::BitContext;
use super::add::{carrying, fitting, one};
use super::columns::set_bits;
use super::lanes;
use super::pile::Pile;
use super::stripes::Stripe;
use crate::protocol::{Cost, CostModel, ProtocolError};
use crate::sharing::{ShapeError, SharedBits};

/// x^2 at every position. Large batches go stripe by stripe.
///
/// # Errors
/// When the square may need more than 64 bits, or a node does not answer.
pub async fn square(ctx: &BitContext, x: &SharedBits) -> Result<SharedBits, ProtocolError> {
    fitting(2 * x.width())?;
    if x.width() < 2 {
        // 0 and 1 are their own squares.
        let zero = SharedBits::zeros(ctx.holding(), x.width(), x.len());
        return Ok(SharedBits::stack(ctx.holding(), x.len(), x.planes().chain(zero.planes()))?);
    }
    let (x, len) = (x.clone(), x.len());
    let planes = x.width() * x.width() / 2;
    let steps = move |ctx: BitContext, stripe: Stripe| {
        let x = x.clone();
        async move { square_part(&ctx, &x, stripe).await }
    };
    lanes::run_table(ctx, len, planes, steps).await
}

/// The pairs of bits, the lower one first.
pub(super) fn pairs(width: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..width).flat_map(move |low| (low + 1..width).map(move |high| (low, high)))
}

/// What is added besides the pairs that are equal, the number shifted by `width` and its complement:
/// one for the complement, less all pairs and the complement's bits that are not there.
fn correction(width: usize) -> u128 {
    let all: u128 = pairs(width).map(|(low, high)| 1_u128 << (low + high)).sum();
    let modulus = 1_u128 << (2 * width);
    let complement = modulus - (1 << width) + 1;
    (complement + modulus - all % modulus) % modulus
}

async fn square_part(
    ctx: &BitContext,
    x: &SharedBits,
    stripe: Stripe,
) -> Result<SharedBits, ProtocolError> {
    let (holding, width, len) = (ctx.holding(), x.width(), stripe.len);
    let planes = x.planes().map(|plane| stripe.of(plane));
    let planes = planes.collect::<Result<Vec<_>, ShapeError>>()?;
    let equal: Vec<_> = pairs(width).map(|(low, high)| vec![planes[low], planes[high]]).collect();
    let mut equal = SharedBits::xor_planes(holding, len, &equal)?;
    equal.complement();
    let own = SharedBits::stack(holding, len, planes)?;
    let mut complement = own.clone();
    complement.complement();
    let set: Vec<usize> = set_bits(correction(width)).collect();
    let mut ones = SharedBits::zeros(holding, set.len(), len);
    ones.complement();

    let weights: Vec<usize> = pairs(width).map(|(low, high)| low + high).collect();
    let mut pile = Pile::new(len, 1, 2 * width);
    pile.put(0, &equal, 0, |plane| weights[plane]);
    pile.put(0, &own, 0, |plane| plane + width);
    pile.put(0, &complement, 0, |plane| plane);
    pile.put(0, &ones, 0, |plane| set[plane]);
    drop((equal, own, complement, ones));
    pile.reduce(&ctx.narrow("save")).await?;
    one(pile.add_by(&ctx.narrow("add"), carrying(ctx, stripe)).await?)
}

impl CostModel {
    /// The squares of `len` numbers of so many bits.
    pub fn square(self, width: usize, len: usize) -> Cost {
        if width < 2 {
            return Cost::default();
        }
        let mut heights = vec![1; 2 * width];
        let pairs = pairs(width).map(|(low, high)| low + high);
        pairs.chain(set_bits(correction(width))).for_each(|column| heights[column] += 1);
        let carrying = self.carrying(len);
        self.striped_table(len, width * width / 2, |len| {
            let mut heights = heights.clone();
            self.save(1, &mut heights, len) + self.add_by(carrying, &heights, len)
        })
    }
}
