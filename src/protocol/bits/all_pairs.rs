//! The largest of some numbers, and the largest of the others, when each is compared with each.
//!
//! In: N numbers, shared, in the order of the tie rule. Out: the largest, its index and the largest
//! of the others, shared. Who learns what: nothing. Rounds: those of one comparison, log2 N, and one
//! more. Gates: N(N-1)/2 comparisons, and up to 2N for each number. Adversary: as for AND.
//!
//! The largest is beaten by nobody, and the largest of the others exactly once. Whether a number is
//! beaten by none of some others, and whether by exactly one of them, is put together from two
//! halves: by none in both; by one in either half and by none in the other. One of a pair beats a
//! number at exactly one place where the XOR of the two comparisons is set, which costs nothing.

use super::BitContext;
use super::and::evaluate;
use super::beside::both;
use super::gates::{Gates, Operand};
use super::rank::beaten;
use super::select::pick;
use crate::protocol::ProtocolError;
use crate::sharing::{ShapeError, SharedBits};

/// What came of comparing all. Nothing of it is open.
pub(super) struct Found {
    /// The largest number with all its planes, and above them, if asked for, its index.
    pub(super) best: SharedBits,
    /// The largest of the others, if asked for.
    pub(super) second: Option<SharedBits>,
}

/// Which numbers are beaten by none, and by exactly one: a bit at every position.
struct Losses {
    never: SharedBits,
    once: Option<SharedBits>,
}

/// The best of two numbers or more by their lowest `width` planes. `index` says whether its index is
/// asked for, `second` whether the largest of the others is.
///
/// # Errors
/// When a node does not answer.
pub(super) async fn best_of_all(
    ctx: &BitContext,
    width: usize,
    numbers: &SharedBits,
    index: bool,
    second: bool,
) -> Result<Found, ProtocolError> {
    let beaten = beaten(ctx, width, numbers).await?;
    let Losses { never, once } = losses(&ctx.narrow("losses"), &beaten, second).await?;
    drop(beaten);
    let first = |ctx: BitContext| {
        let never = &never;
        async move { pick(&ctx, never, numbers).await }
    };
    let ctx = ctx.narrow("pick");
    let (best, second) = match once {
        Some(once) => {
            let values = numbers.take_planes(0..width)?;
            let other = |ctx: BitContext| async move { pick(&ctx, &once, &values).await };
            let (best, second) = both(&ctx, first, other).await?;
            (best, Some(second))
        }
        None => (first(ctx).await?, None),
    };
    if !index {
        return Ok(Found { best, second });
    }
    let places = place_of(&never)?;
    let planes = best.planes().chain(places.planes());
    let best = SharedBits::stack(numbers.holding(), 1, planes)?;
    Ok(Found { best, second })
}

/// The position of the one bit that is set: every bit of it is the sum of some positions.
fn place_of(chosen: &SharedBits) -> Result<SharedBits, ShapeError> {
    let len = chosen.len();
    let bits = len.next_power_of_two().trailing_zeros();
    let of_bit = |bit: u32| {
        let set: Vec<usize> = (0..len).filter(|position| position >> bit & 1 == 1).collect();
        chosen.gather(&set)?.xor_positions()
    };
    let bits = (0..bits).map(of_bit).collect::<Result<Vec<_>, _>>()?;
    let planes = bits.iter().map(|bit| bit.plane(0)).collect::<Result<Vec<_>, _>>()?;
    SharedBits::stack(chosen.holding(), 1, planes)
}

/// A bit that says that none of some others beats a number.
#[derive(Clone, Copy)]
enum Never {
    /// One other does not.
    Other(usize),
    /// A plane of a batch made on the way.
    Made(usize, usize),
}

/// A bit that says that exactly one of some others beats a number.
#[derive(Clone, Copy)]
enum Once {
    /// One other does.
    Other(usize),
    /// One of two does.
    OfTwo(usize, usize),
    /// A plane of a batch made on the way.
    Made(usize, usize),
}

/// Planes on the way: comparisons, and batches made from them.
struct Planes<'a> {
    beaten: &'a SharedBits,
    made: Vec<SharedBits>,
}

impl Planes<'_> {
    fn never(&self, bit: Never) -> Result<Operand<'_>, ShapeError> {
        Ok(match bit {
            Never::Other(other) => Operand::of(self.beaten.plane(other)?).not(),
            Never::Made(batch, plane) => Operand::of(self.made[batch].plane(plane)?),
        })
    }

    fn once(&self, bit: Once) -> Result<Operand<'_>, ShapeError> {
        Ok(match bit {
            Once::Other(other) => Operand::of(self.beaten.plane(other)?),
            Once::OfTwo(one, other) => {
                Operand::of(self.beaten.plane(one)?).xor(self.beaten.plane(other)?)
            }
            Once::Made(batch, plane) => Operand::of(self.made[batch].plane(plane)?),
        })
    }
}

/// From the planes of what beats each number.
async fn losses(
    ctx: &BitContext,
    beaten: &SharedBits,
    second: bool,
) -> Result<Losses, ProtocolError> {
    let (holding, len) = (beaten.holding(), beaten.len());
    let mut planes = Planes { beaten, made: Vec::new() };
    let mut left: Vec<(Never, Once)> =
        (0..beaten.width()).map(|other| (Never::Other(other), Once::Other(other))).collect();
    while left.len() > 1 {
        let mut gates = Gates::new(holding, len, 2 * left.len());
        let batch = planes.made.len();
        let mut next = Vec::with_capacity(left.len().div_ceil(2));
        let (pairs, rest) = left.as_chunks::<2>();
        for &[(never, once), (other_never, other_once)] in pairs {
            let none = Never::Made(batch, gates.count());
            gates.push(planes.never(never)?, planes.never(other_never)?, None);
            let one = match (once, other_once) {
                (Once::Other(one), Once::Other(other)) => Once::OfTwo(one, other),
                // Nobody asks for it.
                _ if !second => once,
                _ => {
                    let one = Once::Made(batch, gates.count());
                    let here = (planes.once(once)?, planes.never(other_never)?);
                    let there = (planes.never(never)?, planes.once(other_once)?);
                    gates.push_sum([here, there], None);
                    one
                }
            };
            next.push((none, one));
        }
        next.extend(rest);
        let result = evaluate(&ctx.narrow(batch), &gates).await?;
        drop(gates);
        planes.made.push(result);
        left = next;
    }
    let Some(&(never, once)) = left.first() else {
        return Err(ShapeError { what: "numbers to choose from", expected: 2, got: 1 }.into());
    };
    let never = match never {
        Never::Other(other) => {
            let mut never = beaten.take_planes(other..other + 1)?;
            never.complement();
            never
        }
        Never::Made(batch, plane) => planes.made[batch].take_planes(plane..plane + 1)?,
    };
    let once = match once {
        _ if !second => None,
        Once::Other(other) => Some(beaten.take_planes(other..other + 1)?),
        Once::OfTwo(one, other) => {
            let sum = [vec![beaten.plane(one)?, beaten.plane(other)?]];
            Some(SharedBits::xor_planes(holding, len, &sum)?)
        }
        Once::Made(batch, plane) => Some(planes.made[batch].take_planes(plane..plane + 1)?),
    };
    Ok(Losses { never, once })
}
