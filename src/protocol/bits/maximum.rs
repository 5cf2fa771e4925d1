//! The largest of many, by a tournament.
//!
//! In: shared numbers, in the order of the tie rule. Out: the largest, and, if asked for, its
//! index and all levels of the tournament, shared. Who learns what: nothing until something is
//! opened. Rounds: for each level of pairs those of a comparison and a selection; a level of
//! groups of 2^k takes k more and stands for k levels of pairs. Adversary: as for AND.
//!
//! On a level of pairs, neighbours are compared, all in one batch; the left one stays on a tie, so
//! that the earliest of equal numbers wins. On a level of groups, all pairs of a group are compared
//! at once; number j is the best if it is larger than every number before it and no number after
//! it is larger: the AND of one literal per other member. Exactly one of them is, so the first
//! one's bit is not computed. Places that are empty in the last group hold zeros, which are larger
//! than nothing and stand last, and never win.
//!
//! Where a level is one group, `all_pairs` does the same with a bit for each of its numbers
//! side by side, and, if it is the only level, finds the largest of the others beside.
//!
//! With each number travels its index: which member of its group won gives the next bits, and the
//! bits below are selected together with the number, in the same round. Opening the index at the
//! end shows exactly the winner's path, in one round instead of one per level.

use super::BitContext;
use super::all_pairs::best_of_all;
use super::and::evaluate;
use super::gates::{Gates, Operand};
use super::lanes;
use super::less_than::{less_than_on, less_than_part};
use super::select::choose;
use super::stripes::Stripe;
use crate::protocol::ProtocolError;
pub use crate::protocol::bracket::Keep;
use crate::protocol::bracket::{Level, beaten, levels, pairs};
use crate::sharing::{Plane, ShapeError, SharedBits};

/// A finished tournament. Nothing of it is open.
pub struct Maximum {
    count: usize,
    width: usize,
    best: SharedBits,
    bracket: Vec<Level>,
    levels: Vec<SharedBits>,
    second: Option<SharedBits>,
}

impl Maximum {
    /// The largest number.
    ///
    /// # Errors
    /// Never for a tournament made by [`maximum`].
    pub fn value(&self) -> Result<SharedBits, ShapeError> {
        self.best.take_planes(0..self.width)
    }

    /// Its index; of width 0 when there was but one number.
    ///
    /// # Errors
    /// Never for a tournament made by [`maximum`].
    pub fn index(&self) -> Result<SharedBits, ShapeError> {
        self.best.take_planes(self.width..self.best.width())
    }

    /// How many numbers took part.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The largest of the others, if it was found on the way; nobody needs to know the winner.
    pub const fn second(&self) -> Option<&SharedBits> {
        self.second.as_ref()
    }

    /// The numbers that lost directly to the winner, given its index once that is public.
    ///
    /// # Errors
    /// When the levels were not kept.
    pub fn beaten_by(&self, winner: usize) -> Result<SharedBits, ShapeError> {
        let met = beaten(&self.bracket, winner);
        let mut losers = Vec::with_capacity(met.len());
        for (level, position) in &met {
            let batch = self.levels.get(*level);
            let (expected, got) = (self.bracket.len(), self.levels.len());
            let batch = batch.ok_or(ShapeError { what: "levels kept", expected, got })?;
            losers.push(batch.gather(&[*position])?.take_planes(0..self.width)?);
        }
        let losers: Vec<&SharedBits> = losers.iter().collect();
        SharedBits::concat(self.best.holding(), self.width, &losers)
    }
}

/// The tournament over all positions of a batch, in groups as the context's tactics say.
/// `finished` is told of each level: its number from 1, and how many pairs were compared.
///
/// # Errors
/// When there are no numbers, or a node does not answer.
pub async fn maximum(
    ctx: &BitContext,
    numbers: &SharedBits,
    keep: Keep,
    finished: &(dyn Fn(u32, usize) + Send + Sync),
) -> Result<Maximum, ProtocolError> {
    maximum_in(ctx, numbers, &ctx.base().tactics().groups, keep, finished).await
}

/// The tournament with groups of the sizes given.
pub(super) async fn maximum_in(
    ctx: &BitContext,
    numbers: &SharedBits,
    groups: &[u16],
    keep: Keep,
    finished: &(dyn Fn(u32, usize) + Send + Sync),
) -> Result<Maximum, ProtocolError> {
    let (count, width) = (numbers.len(), numbers.width());
    if count == 0 {
        return Err(ShapeError { what: "numbers to choose from", expected: 1, got: 0 }.into());
    }
    let bracket = levels(count, groups);
    let mut entries = numbers.clone();
    let mut kept = Vec::new();
    let mut second = None;
    for (number, level) in bracket.iter().enumerate() {
        let ctx = ctx.narrow(number + 1);
        let index = keep != Keep::Value;
        let next = if level.is_all() {
            let with_second = keep == Keep::Levels && number == 0;
            let found = best_of_all(&ctx, width, &entries, index, with_second).await?;
            second = found.second;
            found.best
        } else {
            let members = entries.deal(level.group)?;
            match <[SharedBits; 2]>::try_from(members) {
                Ok([left, right]) => best_of_pairs(&ctx, width, left, right, index).await?,
                Err(members) => best_of_groups(&ctx, width, &members, index).await?,
            }
        };
        let before = std::mem::replace(&mut entries, next);
        if keep == Keep::Levels {
            kept.push(before);
        }
        finished(u32::try_from(number + 1).unwrap_or(u32::MAX), level.comparisons());
    }
    Ok(Maximum { count, width, best: entries, bracket, levels: kept, second })
}

/// One level of pairs. A stripe is compared and selected on its own.
async fn best_of_pairs(
    ctx: &BitContext,
    width: usize,
    left: SharedBits,
    right: SharedBits,
    index: bool,
) -> Result<SharedBits, ProtocolError> {
    let len = left.len();
    let steps = move |ctx: BitContext, stripe: Stripe| {
        let (left, right) = (left.clone(), right.clone());
        async move {
            let less = ctx.narrow("less-than");
            let right_wins = less_than_part(&less, width, &left, &right, stripe).await?;
            let members = [planes_of(&left, stripe)?, planes_of(&right, stripe)?];
            let bits = [right_wins.plane(0)?];
            let best = choose(&ctx.narrow("select"), &bits, &members).await?;
            if !index {
                return Ok(best);
            }
            let planes = best.planes().chain(bits);
            Ok(SharedBits::stack(ctx.holding(), stripe.len, planes)?)
        }
    };
    lanes::run(ctx, len, steps).await
}

fn planes_of(numbers: &SharedBits, stripe: Stripe) -> Result<Vec<Plane<'_>>, ShapeError> {
    numbers.planes().map(|plane| stripe.of(plane)).collect()
}

/// One level of larger groups: `members[j]` holds number j of every group.
async fn best_of_groups(
    ctx: &BitContext,
    width: usize,
    members: &[SharedBits],
    index: bool,
) -> Result<SharedBits, ProtocolError> {
    let (holding, group) = (ctx.holding(), members.len());
    let len = members.first().map_or(0, SharedBits::len);
    // All pairs, one after the other: (0, 1), (0, 2), ..., (1, 2), ...
    let sides = (0..group).flat_map(|low| (low + 1..group).map(move |high| (low, high)));
    let values =
        members.iter().map(|member| member.take_planes(0..width)).collect::<Result<Vec<_>, _>>()?;
    let lower: Vec<&SharedBits> = sides.clone().map(|(low, _)| &values[low]).collect();
    let higher: Vec<&SharedBits> = sides.clone().map(|(_, high)| &values[high]).collect();
    let lower = SharedBits::concat(holding, width, &lower)?;
    let higher = SharedBits::concat(holding, width, &higher)?;
    let less = less_than_on(&ctx.narrow("less-than"), width, &lower, &higher).await?;
    drop((lower, higher, values));
    let less = (0..pairs(group))
        .map(|pair| less.extract(pair * len, len))
        .collect::<Result<Vec<_>, _>>()?;
    let best = best_members(ctx, &sides.collect::<Vec<_>>(), &less, group, len).await?;

    let planes: Vec<Vec<Plane<'_>>> =
        members.iter().map(|member| member.planes().collect()).collect();
    let bits: Vec<Plane<'_>> = best.planes().collect();
    let chosen = choose(&ctx.narrow("select"), &bits, &planes).await?;
    if !index {
        return Ok(chosen);
    }
    let mut place = SharedBits::zeros(holding, group.trailing_zeros() as usize, len);
    for (before, &bit) in bits.iter().enumerate() {
        let member = before + 1;
        for plane in (0..place.width()).filter(|plane| member >> plane & 1 == 1) {
            place.xor_plane(plane, bit)?;
        }
    }
    let planes = chosen.planes().chain(place.planes());
    Ok(SharedBits::stack(holding, len, planes)?)
}

/// For every member but the first, whether it is its group's best. `less[k]` says of the k-th pair
/// whether its lower member is the smaller one.
async fn best_members(
    ctx: &BitContext,
    sides: &[(usize, usize)],
    less: &[SharedBits],
    group: usize,
    len: usize,
) -> Result<SharedBits, ProtocolError> {
    let mut literals: Vec<Vec<Operand<'_>>> = Vec::with_capacity(group - 1);
    for member in 1..group {
        let mut mine = Vec::with_capacity(group - 1);
        for (&(low, high), less) in sides.iter().zip(less) {
            let less = Operand::of(less.plane(0)?);
            if high == member {
                mine.push(less);
            } else if low == member {
                mine.push(less.not());
            }
        }
        literals.push(mine);
    }
    let mut level = 0;
    // The AND of each member's literals; what is left over waits for the next round.
    let mut made: Vec<SharedBits> = Vec::new();
    let mut waiting: Vec<Vec<Literal>> =
        literals.iter().map(|mine| (0..mine.len()).map(Literal::Given).collect()).collect();
    while waiting.iter().any(|mine| mine.len() > 1) {
        let mut gates = Gates::new(ctx.holding(), len, group * group / 2);
        let mut next = Vec::with_capacity(waiting.len());
        for (mine, given) in waiting.iter().zip(&literals) {
            let operand = |literal: Literal| match literal {
                Literal::Given(at) => Ok::<_, ShapeError>(given[at]),
                Literal::Made(batch, at) => Ok(Operand::of(made[batch].plane(at)?)),
            };
            let mut left = Vec::with_capacity(mine.len().div_ceil(2));
            let (couples, rest) = mine.as_chunks::<2>();
            for &[a, b] in couples {
                left.push(Literal::Made(made.len(), gates.count()));
                gates.push(operand(a)?, operand(b)?, None);
            }
            left.extend(rest);
            next.push(left);
        }
        let result = evaluate(&ctx.narrow("best").narrow(level), &gates).await?;
        drop(gates);
        made.push(result);
        waiting = next;
        level += 1;
    }
    let planes = waiting.iter().filter_map(|mine| match mine.first() {
        Some(&Literal::Made(batch, at)) => Some(made[batch].plane(at)),
        _ => None,
    });
    let planes = planes.collect::<Result<Vec<_>, _>>()?;
    Ok(SharedBits::stack(ctx.holding(), len, planes)?)
}

#[derive(Clone, Copy)]
enum Literal {
    /// One of the member's own.
    Given(usize),
    /// A plane of a batch made on the way.
    Made(usize, usize),
}
