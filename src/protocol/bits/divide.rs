//! Dividing shared integers by shared ones, as on paper.
//!
//! In: x and y, shared, of the same width b. Out: x / y rounded down, what is left, and whether y
//! is 0: then every bit of the quotient is 1 and x is left (as RISC-V has it). Who learns what:
//! nothing. Rounds: for each bit of x, from the highest down, those of an addition of b+1 bits and
//! one more. Adversary: as for AND.
//!
//! The rest so far, with the next bit of x behind it, is compared with y and made less by it if it
//! is not smaller: both by one addition, since the complement of r, plus y, is the complement of
//! r - y, and has a carry exactly where r < y.

use super::add::add;
use super::equal::public_equal;
use super::select::select;
use super::{BitContext, CostModel};
use crate::protocol::{Cost, ProtocolError};
use crate::sharing::{Plane, SharedBits};

/// What dividing comes to.
pub struct Quotient {
    /// x / y, rounded down.
    pub quotient: SharedBits,
    /// What is left of x.
    pub rest: SharedBits,
    /// Whether y is 0.
    pub by_zero: SharedBits,
}

/// x / y at every position.
///
/// # Errors
/// When the shapes differ, numbers have more than 62 bits, or a node does not answer.
pub async fn divide(
    ctx: &BitContext,
    x: &SharedBits,
    y: &SharedBits,
) -> Result<Quotient, ProtocolError> {
    x.check_like(y)?;
    let (holding, width, len) = (ctx.holding(), x.width(), x.len());
    let by_zero = public_equal(&ctx.narrow("zero"), 0, y).await?;
    let none = SharedBits::zeros(holding, 1, len);
    let wide: Vec<Plane<'_>> = y.planes().chain(none.planes()).collect();
    let wide = SharedBits::stack(holding, len, wide)?;
    let mut rest = SharedBits::zeros(holding, width, len);
    let mut quotient = Vec::with_capacity(width);
    for bit in (0..width).rev() {
        let ctx = ctx.narrow(bit);
        let planes: Vec<Plane<'_>> = [x.plane(bit)?].into_iter().chain(rest.planes()).collect();
        let before = SharedBits::stack(holding, len, planes)?;
        let mut complement = before.clone();
        complement.complement();
        let mut sum = add(&ctx.narrow("subtract"), &complement, &wide).await?;
        let smaller = sum.take_planes(width + 1..width + 2)?;
        sum.complement();
        let (less, before) = (sum.take_planes(0..width)?, before.take_planes(0..width)?);
        rest = select(&ctx.narrow("rest"), &smaller, &before, &less).await?;
        let mut digit = smaller;
        digit.complement();
        quotient.push(digit);
    }
    let planes: Vec<Plane<'_>> = quotient.iter().rev().flat_map(SharedBits::planes).collect();
    Ok(Quotient { quotient: SharedBits::stack(holding, len, planes)?, rest, by_zero })
}

impl CostModel {
    /// Dividing numbers at `len` positions.
    pub fn divide(self, width: usize, len: usize) -> Cost {
        let step = self.add(width + 1, len) + self.select(width, len);
        (0..width).fold(self.equal(width, len), |cost, _| cost + step)
    }
}
