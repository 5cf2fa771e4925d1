//! The largest of many, by a tournament.
//!
//! In: shared numbers, in the order of the tie rule. Out: the largest, and, if asked for, its
//! index and all levels of the tournament, shared. Who learns what: nothing until something is
//! opened. Rounds: ceil(log2 count) times those of a comparison and a selection. Adversary: as
//! for AND.
//!
//! Neighbours are compared, all pairs of a level in one batch; the left one stays on a tie, so
//! that the earliest of equal numbers wins. A number without a neighbour goes on to the next level
//! as it is. With each number travels its index: the result of the comparison at level l is bit l
//! of the index of the one that stays, and the bits below are selected together with the number,
//! in the same round. Opening the index at the end shows exactly the results of the comparisons
//! along the winner's path, in one round instead of one per level.

use super::less_than::less_than_on;
use super::select::select;
use super::{Context, ProtocolError};
use crate::sharing::{ShapeError, SharedBits, layout::Pairs};

/// What a tournament keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// The largest number alone.
    Value,
    /// Its index too.
    Index,
    /// Its index too, and every level, so that those it beat can be found.
    Levels,
}

/// A finished tournament. Nothing of it is open.
pub struct Maximum {
    count: usize,
    width: usize,
    best: SharedBits,
    levels: Vec<SharedBits>,
}

impl Maximum {
    /// The largest number.
    ///
    /// # Errors
    /// Never for a tournament made by [`maximum`].
    pub fn value(&self) -> Result<SharedBits, ShapeError> {
        self.best.take_planes(0..self.width)
    }

    /// Its index: one bit per level; of width 0 when there was but one number.
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

    /// The numbers that lost directly to the winner, given its index once that is public.
    ///
    /// # Errors
    /// When the levels were not kept.
    pub fn beaten_by(&self, winner: usize) -> Result<SharedBits, ShapeError> {
        let expected = beaten_levels(self.count, winner).count();
        let mut beaten = Vec::with_capacity(expected);
        for (level, position) in beaten_levels(self.count, winner) {
            let batch = self.levels.get(level);
            let batch = batch.ok_or(ShapeError { what: "levels kept", expected, got: level })?;
            beaten.push(batch.gather(&[position])?.take_planes(0..self.width)?);
        }
        let beaten: Vec<&SharedBits> = beaten.iter().collect();
        SharedBits::concat(self.best.holding(), self.width, &beaten)
    }
}

/// Level and position of the winner's opponents, among `count` numbers.
pub fn beaten_levels(count: usize, winner: usize) -> impl Iterator<Item = (usize, usize)> {
    let sizes = std::iter::successors(Some(count), |&size| (size > 1).then(|| size.div_ceil(2)));
    sizes.enumerate().filter_map(move |(level, size)| {
        let opponent = (winner >> level) ^ 1;
        (size > 1 && opponent < size).then_some((level, opponent))
    })
}

/// Levels of a tournament of `count` numbers: ceil(log2 count).
pub const fn levels(count: usize) -> u32 {
    count.next_power_of_two().trailing_zeros()
}

/// The tournament over all positions of a batch. `finished` is told of each level: its number
/// from 1, and how many pairs were compared.
///
/// # Errors
/// When there are no numbers, or a node does not answer.
pub async fn maximum(
    ctx: &Context,
    numbers: &SharedBits,
    keep: Keep,
    finished: &(dyn Fn(u32, usize) + Send + Sync),
) -> Result<Maximum, ProtocolError> {
    let (count, width, holding) = (numbers.len(), numbers.width(), numbers.holding());
    if count == 0 {
        return Err(ShapeError { what: "numbers to choose from", expected: 1, got: 0 }.into());
    }
    let mut entries = numbers.clone();
    let mut kept = Vec::new();
    let mut level = 0;
    while entries.len() > 1 {
        level += 1;
        let ctx = ctx.narrow(level);
        let Pairs { left, right, odd } = entries.pairs()?;
        let right_wins = less_than_on(&ctx.narrow("less-than"), width, &left, &right).await?;
        let stays = select(&ctx.narrow("select"), &right_wins, &right, &left).await?;
        let pairs = stays.len();
        let mut next = if keep == Keep::Value {
            stays
        } else {
            SharedBits::stack(holding, pairs, stays.planes().chain(right_wins.planes()))?
        };
        if let Some(odd) = odd {
            // It is the left one of a pair without a right one.
            let bit = SharedBits::zeros(holding, next.width() - odd.width(), 1);
            let odd = SharedBits::stack(holding, 1, odd.planes().chain(bit.planes()))?;
            next = SharedBits::concat(holding, next.width(), &[&next, &odd])?;
        }
        let before = std::mem::replace(&mut entries, next);
        if keep == Keep::Levels {
            kept.push(before);
        }
        finished(level, pairs);
    }
    Ok(Maximum { count, width, best: entries, levels: kept })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_winner_meets_one_opponent_a_level() {
        let beaten = |count, winner| beaten_levels(count, winner).collect::<Vec<_>>();
        assert_eq!(beaten(1, 0), []);
        assert_eq!(beaten(2, 1), [(0, 0)]);
        assert_eq!(beaten(3, 2), [(1, 0)]);
        assert_eq!(beaten(5, 4), [(2, 0)]);
        assert_eq!(beaten(7, 2), [(0, 3), (1, 0), (2, 1)]);
        assert_eq!([1, 2, 3, 4, 5, 100].map(levels), [0, 1, 2, 2, 3, 7]);
    }
}
