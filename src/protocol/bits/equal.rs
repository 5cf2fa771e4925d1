//! Whether shared numbers are equal.
//!
//! In: x and y, shared, of the same width b, or x and a public number. Out: the bit `[x = y]` at
//! every position, shared. Who learns what: nothing. Rounds: ceil(log2 b). Gates: b - 1; of each the
//! bytes of an AND. Adversary: as for AND.
//!
//! That two bits are equal is linear; whether all are is their AND, in a tree. Numbers without bits
//! are equal.

use super::BitContext;
use super::and::evaluate;
use super::gates::{Gates, Operand};
use super::lanes;
use super::stripes::Stripe;
use crate::protocol::{Cost, CostModel, ProtocolError};
use crate::sharing::{ShapeError, SharedBits};

/// `[x = y]` at every position. Large batches go stripe by stripe.
///
/// # Errors
/// When the shapes differ, or a node does not answer.
pub async fn equal(
    ctx: &BitContext,
    x: &SharedBits,
    y: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let mut same = x.xor(y)?;
    same.complement();
    all_set(ctx, &same).await
}

/// `[x = c]` at every position, for a public c. Large batches go stripe by stripe.
///
/// # Errors
/// When a node does not answer.
pub async fn public_equal(
    ctx: &BitContext,
    c: u64,
    x: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    if x.width() < u64::BITS as usize && c >> x.width() != 0 {
        return Ok(SharedBits::zeros(ctx.holding(), 1, x.len()));
    }
    let mut same = x.clone();
    for plane in (0..x.width()).filter(|&plane| c >> plane & 1 == 0) {
        same.negate_plane(plane);
    }
    all_set(ctx, &same).await
}

/// At every position whether all bits are set.
async fn all_set(ctx: &BitContext, bits: &SharedBits) -> Result<SharedBits, ProtocolError> {
    let (bits, len) = (bits.clone(), bits.len());
    let steps = move |ctx: BitContext, stripe: Stripe| {
        let bits = bits.clone();
        async move { all_set_part(&ctx, &bits, stripe).await }
    };
    lanes::run(ctx, len, steps).await
}

async fn all_set_part(
    ctx: &BitContext,
    bits: &SharedBits,
    stripe: Stripe,
) -> Result<SharedBits, ProtocolError> {
    let holding = ctx.holding();
    let planes = bits.planes().map(|plane| stripe.of(plane));
    let planes = planes.collect::<Result<Vec<_>, ShapeError>>()?;
    let mut left = SharedBits::stack(holding, stripe.len, planes)?;
    let mut level = 0;
    while left.width() > 1 {
        let mut gates = Gates::new(holding, stripe.len, left.width() / 2);
        for at in 0..left.width() / 2 {
            let (one, other) = (left.plane(2 * at)?, left.plane(2 * at + 1)?);
            gates.push(Operand::of(one), Operand::of(other), None);
        }
        let both = evaluate(&ctx.narrow(level), &gates).await?;
        drop(gates);
        let odd = left.take_planes(left.width() / 2 * 2..left.width())?;
        left = SharedBits::stack(holding, stripe.len, both.planes().chain(odd.planes()))?;
        level += 1;
    }
    if left.width() == 0 {
        return Ok(super::best::all(holding, stripe.len));
    }
    Ok(left)
}

impl CostModel {
    /// Whether numbers of `width` bits are equal, at `len` positions; with a public number it costs
    /// the same, but nothing where that has more bits.
    pub fn equal(self, width: usize, len: usize) -> Cost {
        self.striped(len, |len| {
            let (mut left, mut cost) = (width, Cost::default());
            while left > 1 {
                cost += self.and(left / 2, len);
                left = left.div_ceil(2);
            }
            cost
        })
    }
}
