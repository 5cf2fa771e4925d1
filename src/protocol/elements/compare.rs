//! Comparing, choosing and dividing shared numbers in a prime field, by way of their bits.
//!
//! In: elements that stand for numbers below 2^width. Out: elements that are 0 or 1, or numbers. Who
//! learns what: nothing. Rounds and products: those of [`super::to_bits`], of the protocol on bits,
//! and of [`super::from_bits`]. Adversary: as for those.

use super::from_bits::{from_bits, numbers};
use super::multiply::multiply;
use super::to_bits::to_bits;
use crate::field::Field;
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::bits::divide::divide as divide_bits;
use crate::protocol::bits::equal::public_equal;
use crate::protocol::proof::record::Arithmetic;
use crate::sharing::{SharedBits, SharedElements};

/// `[x < y]`, as elements.
///
/// # Errors
/// When the shapes differ, the field has no room, or a node does not answer.
pub async fn less_than<F: Arithmetic>(
    ctx: &BitContext,
    width: usize,
    x: &SharedElements<F>,
    y: &SharedElements<F>,
) -> Result<SharedElements<F>, ProtocolError> {
    let difference = difference(ctx, width, x, y).await?;
    let mut less = difference.take_planes(width..width + 1)?;
    less.complement();
    from_bits(&ctx.narrow("element"), &less).await
}

/// `[x = y]`, as elements.
///
/// # Errors
/// When the shapes differ, the field has no room, or a node does not answer.
pub async fn equal<F: Arithmetic>(
    ctx: &BitContext,
    width: usize,
    x: &SharedElements<F>,
    y: &SharedElements<F>,
) -> Result<SharedElements<F>, ProtocolError> {
    let difference = difference(ctx, width, x, y).await?;
    let equal = public_equal(&ctx.narrow("equal"), 1 << width, &difference).await?;
    from_bits(&ctx.narrow("element"), &equal).await
}

/// The bits of x - y + 2^width: the highest of them says whether x is at least y.
async fn difference<F: Arithmetic>(
    ctx: &BitContext,
    width: usize,
    x: &SharedElements<F>,
    y: &SharedElements<F>,
) -> Result<SharedBits, ProtocolError> {
    let mut difference = x.clone();
    difference.sub(y)?;
    let above = F::from_u64(2).pow(&[width as u64]);
    difference.add_public(&vec![above; x.len()])?;
    to_bits(&ctx.narrow("bits"), width + 1, &difference).await
}

/// x where the element is 1, y where it is 0: one product.
///
/// # Errors
/// When the shapes differ, or a node does not answer.
pub async fn select<F: Arithmetic>(
    ctx: &BitContext,
    chosen: &SharedElements<F>,
    x: &SharedElements<F>,
    y: &SharedElements<F>,
) -> Result<SharedElements<F>, ProtocolError> {
    let mut difference = x.clone();
    difference.sub(y)?;
    let mut result = multiply(ctx, chosen, &difference).await?;
    result.add(y)?;
    Ok(result)
}

/// What dividing comes to.
pub struct Quotient<F: Field> {
    /// x / y, rounded down; 2^width - 1 where y is 0.
    pub quotient: SharedElements<F>,
    /// What is left of x; x where y is 0.
    pub rest: SharedElements<F>,
    /// 1 where y is 0.
    pub by_zero: SharedElements<F>,
}

/// x / y for numbers below 2^width.
///
/// # Errors
/// When the shapes differ, the field has no room, or a node does not answer.
pub async fn divide<F: Arithmetic>(
    ctx: &BitContext,
    width: usize,
    x: &SharedElements<F>,
    y: &SharedElements<F>,
) -> Result<Quotient<F>, ProtocolError> {
    let len = x.len();
    let both = SharedElements::concat(ctx.holding(), [x, y])?;
    let both = to_bits(&ctx.narrow("bits"), width, &both).await?;
    let places = |from: usize| (from..from + len).collect::<Vec<_>>();
    let (x, y) = (both.gather(&places(0))?, both.gather(&places(len))?);
    let bits = divide_bits(&ctx.narrow("divide"), &x, &y).await?;
    let planes = bits.quotient.planes().chain(bits.rest.planes()).chain(bits.by_zero.planes());
    let all = SharedBits::stack(ctx.holding(), len, planes)?;
    let elements = from_bits(&ctx.narrow("elements"), &all).await?;
    let part = |from: usize, planes: usize| {
        let part = elements.slice(from * len..(from + planes) * len)?;
        numbers(&part, planes, len)
    };
    Ok(Quotient {
        quotient: part(0, width)?,
        rest: part(width, width)?,
        by_zero: part(2 * width, 1)?,
    })
}
