//! The largest of many numbers, by a tournament, and the largest of those that lost to it.
//!
//! In: shared numbers below 2^l, in the order of the tie rule. Out: the largest, and, if asked for,
//! its index as a shared number and all levels of the tournament. Who learns what: nothing until
//! something is opened. Rounds: ceil(log2 count) times those of a comparison and one product, and
//! one before for the random bits. Adversary: as for [`super::comparison`].
//!
//! As on bits ([`crate::protocol::bits::maximum`]): neighbours are compared, all pairs of a level
//! in one batch, the left one stays on a tie, and a number without a neighbour goes on as it is.
//! From g = [left >= right] the one that stays is right + g (left - right); its index likewise, in
//! the same round. On the first level the indices are public, so that takes no product.

use super::NumberContext;
use super::comparison::{self, Comparing, at_least};
use super::multiply::multiply;
use super::random_bits::BitPool;
use crate::field::Field;
use crate::protocol::ProtocolError;
use crate::protocol::bits::maximum::Keep;
use crate::protocol::bracket::{beaten, levels};
use crate::sharing::{ShapeError, SharedNumbers};

/// Random bits that a tournament takes.
pub const fn bits_needed(width: u32, count: usize) -> usize {
    comparison::bits_needed(width, count.saturating_sub(1))
}

/// A finished tournament. Nothing of it is open.
pub struct Maximum<F: Field> {
    count: usize,
    value: SharedNumbers<F>,
    index: SharedNumbers<F>,
    levels: Vec<SharedNumbers<F>>,
}

impl<F: Field> Maximum<F> {
    /// The largest number.
    pub const fn value(&self) -> &SharedNumbers<F> {
        &self.value
    }

    /// Its index. Means nothing with [`Keep::Value`].
    pub const fn index(&self) -> &SharedNumbers<F> {
        &self.index
    }

    /// The numbers that lost directly to the winner, given its index once that is public.
    ///
    /// # Errors
    /// When the levels were not kept.
    pub fn beaten_by(&self, winner: usize) -> Result<SharedNumbers<F>, ShapeError> {
        let met = beaten(&levels(self.count, &[]), winner);
        let expected = met.len();
        let mut beaten = Vec::with_capacity(expected);
        for (level, position) in met {
            let numbers = self.levels.get(level);
            let numbers =
                numbers.ok_or(ShapeError { what: "levels kept", expected, got: level })?;
            beaten.push(numbers.slice(position..position + 1)?);
        }
        Ok(SharedNumbers::concat(&beaten))
    }
}

/// Neighbours apart: the left ones, the right ones, and the one without a neighbour.
struct Pairs<F: Field> {
    left: SharedNumbers<F>,
    right: SharedNumbers<F>,
    odd: SharedNumbers<F>,
}

impl<F: Field> Pairs<F> {
    fn of(numbers: &SharedNumbers<F>) -> Result<Self, ShapeError> {
        let paired = numbers.len() / 2 * 2;
        Ok(Self {
            left: numbers.gather((0..paired).step_by(2))?,
            right: numbers.gather((1..paired).step_by(2))?,
            odd: numbers.slice(paired..numbers.len())?,
        })
    }

    /// left - right.
    fn differences(&self) -> Result<SharedNumbers<F>, ShapeError> {
        let mut differences = self.left.clone();
        differences.sub(&self.right)?;
        Ok(differences)
    }

    /// The next level, from the chosen part of the differences.
    fn next(self, chosen: &SharedNumbers<F>) -> Result<SharedNumbers<F>, ShapeError> {
        let mut stays = self.right;
        stays.add(chosen)?;
        Ok(SharedNumbers::concat([&stays, &self.odd]))
    }
}

/// The tournament. `finished` is told of each level: its number from
/// 1, and how many pairs were compared.
///
/// # Errors
/// When there are no numbers, the pool is empty, or a node does not answer.
pub async fn maximum<F: Field>(
    ctx: &NumberContext<F>,
    pool: &mut BitPool<F>,
    comparing: Comparing,
    numbers: &SharedNumbers<F>,
    keep: Keep,
    finished: &(dyn Fn(u32, usize) + Send + Sync),
) -> Result<Maximum<F>, ProtocolError> {
    let count = numbers.len();
    if count == 0 {
        return Err(ShapeError { what: "numbers to choose from", expected: 1, got: 0 }.into());
    }
    let places: Vec<F> = (0..count as u64).map(F::from_u64).collect();
    let mut indices = SharedNumbers::from_public(&places);
    let mut entries = numbers.clone();
    let mut kept = Vec::new();
    let mut level = 0;
    while entries.len() > 1 {
        level += 1;
        let ctx = ctx.narrow(level);
        let values = Pairs::of(&entries)?;
        let count = values.left.len();
        let compare = ctx.narrow("compare");
        let stays = at_least(&compare, pool, comparing, &values.left, &values.right).await?;
        let differences = values.differences()?;
        let select = ctx.narrow("select");
        let next = if keep == Keep::Value {
            values.next(&multiply(&select, &stays, &differences).await?)?
        } else {
            let places = Pairs::of(&indices)?;
            let moves = places.differences()?;
            let (values_chosen, moves_chosen) = if level == 1 {
                // Public moves by the shared bit: local.
                let mut moved = stays.clone();
                moved.mul_public(moves.shares())?;
                (multiply(&select, &stays, &differences).await?, moved)
            } else {
                let twice = SharedNumbers::concat([&stays, &stays]);
                let both = SharedNumbers::concat([&differences, &moves]);
                let chosen = multiply(&select, &twice, &both).await?;
                (chosen.slice(0..count)?, chosen.slice(count..2 * count)?)
            };
            indices = places.next(&moves_chosen)?;
            values.next(&values_chosen)?
        };
        let before = std::mem::replace(&mut entries, next);
        if keep == Keep::Levels {
            kept.push(before);
        }
        finished(level, count);
    }
    Ok(Maximum { count, value: entries, index: indices, levels: kept })
}

/// The second-largest number of a tournament kept with [`Keep::Levels`]: the largest of those that
/// met the winner (Knuth, The Art of Computer Programming 3, 5.3.3).
///
/// # Errors
/// When nobody met the winner, the levels were not kept, the pool is empty, or a node does not
/// answer.
pub async fn second_price<F: Field>(
    ctx: &NumberContext<F>,
    pool: &mut BitPool<F>,
    comparing: Comparing,
    tournament: &Maximum<F>,
    winner: usize,
) -> Result<SharedNumbers<F>, ProtocolError> {
    let beaten = tournament.beaten_by(winner)?;
    let second = maximum(ctx, pool, comparing, &beaten, Keep::Value, &|_, _| {}).await?;
    Ok(second.value)
}
