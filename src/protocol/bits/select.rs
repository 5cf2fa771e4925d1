//! One of several shared numbers, by shared bits.
//!
//! In: numbers, and for each but the first a bit that says whether it is the one, shared; at most
//! one of the bits is set. Out: the number whose bit is set, or the first, shared, with fresh
//! randomness. Who learns what: nothing. Rounds: one; one AND per bit of the numbers, however many
//! there are to choose from: `x_0` ^ XOR of `b_j & (x_j ^ x_0)` is one sum of products.
//! Adversary: as for AND.

use super::BitContext;
use super::and::evaluate;
use super::gates::{Gates, Operand};
use crate::protocol::ProtocolError;
use crate::sharing::bits::planes::WORD;
use crate::sharing::{Plane, ShapeError, SharedBits};

/// x where the bit is 1, y where it is 0.
///
/// # Errors
/// When the shapes differ, or a node does not answer.
pub async fn select(
    ctx: &BitContext,
    bit: &SharedBits,
    x: &SharedBits,
    y: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    x.check_like(y)?;
    let planes = |numbers| SharedBits::planes(numbers).collect();
    choose(ctx, &[bit.plane(0)?], &[planes(y), planes(x)]).await
}

/// The number whose bit is set, or the first: `bits[j]` belongs to `numbers[j + 1]`. Numbers are
/// given as their planes.
pub(super) async fn choose(
    ctx: &BitContext,
    bits: &[Plane<'_>],
    numbers: &[Vec<Plane<'_>>],
) -> Result<SharedBits, ProtocolError> {
    let Some((first, others)) = numbers.split_first() else {
        return Err(ShapeError { what: "numbers to choose from", expected: 1, got: 0 }.into());
    };
    let width = first.len();
    if let Some(other) = others.iter().find(|other| other.len() != width) {
        return Err(ShapeError { what: "width", expected: width, got: other.len() }.into());
    }
    let len = first.first().map_or(0, |plane| plane.len());
    let mut gates = Gates::new(ctx.holding(), len, width);
    for (index, &own) in first.iter().enumerate() {
        let products = bits.iter().zip(others);
        let products =
            products.map(|(&bit, other)| (Operand::of(bit), Operand::of(other[index]).xor(own)));
        gates.push_sum(products, Some(own));
    }
    evaluate(ctx, &gates).await
}

/// The number at the one position whose bit is set; zero if there is none. One AND per bit of the
/// numbers and each of at most 64 positions, however many there are: rows of 64 are summed up in
/// the gates, and what is left without a message.
///
/// # Errors
/// When the shapes differ, or a node does not answer.
pub async fn pick(
    ctx: &BitContext,
    chosen: &SharedBits,
    numbers: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let (holding, len, width) = (ctx.holding(), numbers.len(), numbers.width());
    if chosen.len() != len {
        return Err(ShapeError { what: "positions", expected: len, got: chosen.len() }.into());
    }
    let row = len.min(WORD);
    let rows = len.div_ceil(row.max(1));
    let (chosen, numbers) = (chosen.extract(0, rows * row)?, numbers.extract(0, rows * row)?);
    let chosen = chosen.plane(0)?;
    let mut gates = Gates::new(holding, row, width);
    for plane in numbers.planes() {
        let part = |at| Ok((chosen.cut(at, row)?, plane.cut(at, row)?));
        let products = (0..rows).map(part).map(|part: Result<_, ShapeError>| {
            part.map(|(chosen, plane)| (Operand::of(chosen), Operand::of(plane)))
        });
        gates.push_sum(products.collect::<Result<Vec<_>, _>>()?, None);
    }
    Ok(evaluate(ctx, &gates).await?.xor_positions()?)
}
