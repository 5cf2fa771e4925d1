//! The product of two shared numbers.
//!
//! In: x of a bits and y of b bits, shared. Out: x * y, of a + b bits, shared. Who learns what:
//! nothing. Rounds: one, those of adding up min(a, b) numbers, and of one [`super::add`]: 16 for 32
//! bits. Gates: a * b for the products of bits, about as many to add them up, and those of the
//! addition; of each the bytes of an AND. Adversary: as for AND.
//!
//! Each bit of x times each bit of y counts for a power of two. What counts for the same is added up
//! three to two (`super::pile`), as in the multiplier of Wallace (1964).

use super::BitContext;
use super::add::{carrying, fitting, one};
use super::and::evaluate;
use super::gates::{Gates, Operand};
use super::lanes;
use super::pile::Pile;
use super::stripes::Stripe;
use crate::protocol::{Cost, CostModel, ProtocolError};
use crate::sharing::{ShapeError, SharedBits};

/// x * y at every position. Large batches go stripe by stripe.
///
/// # Errors
/// When the lengths differ, the product may need more than 64 bits, or a node does not answer.
pub async fn multiply(
    ctx: &BitContext,
    x: &SharedBits,
    y: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let width = fitting(x.width() + y.width())?;
    if x.len() != y.len() {
        let (expected, got) = (x.len(), y.len());
        return Err(ShapeError { what: "positions of a factor", expected, got }.into());
    }
    if x.width() == 0 || y.width() == 0 {
        return Ok(SharedBits::zeros(ctx.holding(), width, x.len()));
    }
    let (x, y, len, planes) = (x.clone(), y.clone(), x.len(), x.width() * y.width());
    let steps = move |ctx: BitContext, stripe: Stripe| {
        let (x, y) = (x.clone(), y.clone());
        async move { multiply_part(&ctx, &x, &y, stripe).await }
    };
    lanes::run_table(ctx, len, planes, steps).await
}

async fn multiply_part(
    ctx: &BitContext,
    x: &SharedBits,
    y: &SharedBits,
    stripe: Stripe,
) -> Result<SharedBits, ProtocolError> {
    let mut gates = Gates::new(ctx.holding(), stripe.len, x.width() * y.width());
    for x in x.planes() {
        for y in y.planes() {
            gates.push(Operand::of(stripe.of(x)?), Operand::of(stripe.of(y)?), None);
        }
    }
    let products = evaluate(&ctx.narrow("products"), &gates).await?;
    drop(gates);
    let mut pile = Pile::new(stripe.len, 1, x.width() + y.width());
    pile.put(0, &products, 0, |plane| plane / y.width() + plane % y.width());
    drop(products);
    pile.reduce(&ctx.narrow("save")).await?;
    one(pile.add_by(&ctx.narrow("add"), carrying(ctx, stripe)).await?)
}

impl CostModel {
    /// The products of `len` pairs of numbers of so many bits.
    pub fn multiply(self, x: usize, y: usize, len: usize) -> Cost {
        if x == 0 || y == 0 {
            return Cost::default();
        }
        let mut heights = vec![0; x + y];
        for at in 0..x {
            heights[at..at + y].iter_mut().for_each(|height| *height += 1);
        }
        let carrying = self.carrying(len);
        self.striped_table(len, x * y, |len| {
            let mut heights = heights.clone();
            self.and(x * y, len)
                + self.save(1, &mut heights, len)
                + self.add_by(carrying, &heights, len)
        })
    }
}
