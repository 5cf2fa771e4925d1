//! Prefix sums: for every position the sum of all numbers up to it.
//!
//! In: P numbers of b bits, shared, at the positions of a batch. Out: at every position the sum of
//! the numbers there and before, as wide as the sum of all can get, shared. Who learns what:
//! nothing. Rounds: four for every halving of P down to 64, two for every one below, then those of
//! one [`super::add`]: 40 for four thousand numbers of 27 bits. Gates: about 2.5 * P for every bit of
//! a sum, and those of the addition; of each the bytes of an AND. Adversary: as for AND.
//!
//! Neighbours are added in pairs; the prefix sums of the pairs are those of every second number, and
//! one more addition each gives the others (Brent and Kung, A regular layout for parallel adders,
//! 1982). What lies in one word costs the same whether all of it is needed or not: there, each number
//! is added to the one at twice the distance in every round (Kogge and Stone 1973). All sums on the
//! way are kept as up to two numbers (`super::pile`), so that no carry runs before the end.

use super::BitContext;
use super::add::{Columns, add_columns, carrying, fitting, one};
use super::columns::{BY_DISTANCE, saved, sum_width, taller};
use super::lanes;
use super::pile::Pile;
use super::stripes::Stripe;
use crate::protocol::ProtocolError;
use crate::sharing::{ShapeError, SharedBits};

/// At every position the sum of the numbers there and before. Prefix sums of no numbers, or of
/// numbers without bits, have no bits.
///
/// # Errors
/// When a sum may need more than 64 bits, or a node does not answer.
pub async fn prefix_sums(
    ctx: &BitContext,
    numbers: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let (holding, len) = (ctx.holding(), numbers.len());
    let width = fitting(sum_width(numbers.width(), len))?;
    if len < 2 || width == 0 {
        return Ok(numbers.take_planes(0..width)?);
    }
    // The sum of so many numbers is no wider than this.
    let wide = |terms: usize| sum_width(numbers.width(), terms.min(len));
    let mut sums = Saved { heights: vec![1; numbers.width()], planes: numbers.clone() };
    let (mut terms, mut waiting) = (1, Vec::new());
    while sums.len() > BY_DISTANCE {
        terms *= 2;
        let (left, right) = sums.pairs()?;
        let pairs = [&left.first(right.len())?, &right];
        let ctx = ctx.narrow(format!("pairs-{}", waiting.len()));
        sums = Saved::sum(&ctx, pairs, wide(terms)).await?;
        waiting.push(left);
    }
    let mut distance = 1;
    while distance < sums.len() {
        terms *= 2;
        let count = sums.len() - distance;
        let here = sums.from(distance, count)?;
        let ctx = ctx.narrow(format!("distance-{distance}"));
        let further = Saved::sum(&ctx, [&here, &sums.first(count)?], wide(terms)).await?;
        sums = Saved::join(&sums.first(distance)?, &further, |one, other| {
            SharedBits::concat(holding, one.width(), &[one, other])
        })?;
        distance *= 2;
    }
    while let Some(left) = waiting.pop() {
        let ctx = ctx.narrow(format!("between-{}", waiting.len()));
        let before = sums.later(left.len())?;
        let between = Saved::sum(&ctx, [&before, &left], width).await?;
        sums = Saved::join(&between, &sums, SharedBits::interleave)?;
    }
    sums.add(&ctx.narrow("add"), width).await
}

/// Numbers on the way: at every position the planes of some columns, one or two of each, which add
/// up to it.
struct Saved {
    heights: Vec<usize>,
    /// Column by column.
    planes: SharedBits,
}

impl Saved {
    fn len(&self) -> usize {
        self.planes.len()
    }

    fn with(&self, planes: SharedBits) -> Self {
        Self { heights: self.heights.clone(), planes }
    }

    /// Every second number from the first one on, the last one of an odd number among them; and the
    /// others.
    fn pairs(&self) -> Result<(Self, Self), ShapeError> {
        let pairs = self.planes.pairs()?;
        let (holding, width) = (self.planes.holding(), self.planes.width());
        let left = match &pairs.odd {
            Some(odd) => SharedBits::concat(holding, width, &[&pairs.left, odd])?,
            None => pairs.left,
        };
        Ok((self.with(left), self.with(pairs.right)))
    }

    /// So many numbers from a position on.
    fn from(&self, at: usize, len: usize) -> Result<Self, ShapeError> {
        Ok(self.with(self.planes.extract(at, len)?))
    }

    /// The first so many numbers.
    fn first(&self, len: usize) -> Result<Self, ShapeError> {
        self.from(0, len)
    }

    /// The same numbers, one position later after a zero, as many as fit into `len` positions.
    fn later(&self, len: usize) -> Result<Self, ShapeError> {
        let (holding, width) = (self.planes.holding(), self.planes.width());
        let zero = SharedBits::zeros(holding, width, 1);
        let planes = SharedBits::concat(holding, width, &[&zero, &self.planes])?;
        Ok(self.with(planes.extract(0, len)?))
    }

    /// The column of each plane.
    fn columns(&self) -> Vec<usize> {
        let columns = self.heights.iter().enumerate();
        columns.flat_map(|(column, &height)| std::iter::repeat_n(column, height)).collect()
    }

    /// The sums of two batches, position by position, modulo 2^`width`.
    async fn sum(ctx: &BitContext, parts: [&Self; 2], width: usize) -> Result<Self, ProtocolError> {
        let mut pile = Pile::new(parts[0].len(), 1, width);
        for part in parts {
            let columns = part.columns();
            pile.put(0, &part.planes, 0, |plane| columns[plane]);
        }
        pile.reduce(ctx).await?;
        let planes = one(pile.saved(ctx.holding())?)?;
        Ok(Self { heights: saved(pile.heights()), planes })
    }

    /// Put two batches together, as `put` does it, with as many planes in each column as the one
    /// that has more.
    fn join(
        one: &Self,
        other: &Self,
        put: impl FnOnce(&SharedBits, &SharedBits) -> Result<SharedBits, ShapeError>,
    ) -> Result<Self, ShapeError> {
        let heights = taller(&one.heights, &other.heights);
        let planes = put(&one.fit(&heights)?, &other.fit(&heights)?)?;
        Ok(Self { heights, planes })
    }

    /// Its planes, with planes of zeros where a column is to be higher.
    fn fit(&self, heights: &[usize]) -> Result<SharedBits, ShapeError> {
        let (mut planes, mut fitted) = (self.planes.planes(), Vec::new());
        for (column, &height) in heights.iter().enumerate() {
            let own = self.heights.get(column).copied().unwrap_or(0);
            fitted.extend(planes.by_ref().take(own).map(|plane| vec![plane]));
            fitted.extend(std::iter::repeat_n(Vec::new(), height - own));
        }
        SharedBits::xor_planes(self.planes.holding(), self.len(), &fitted)
    }

    /// The numbers themselves, of so many bits. Large batches go stripe by stripe.
    async fn add(self, ctx: &BitContext, width: usize) -> Result<SharedBits, ProtocolError> {
        let len = self.len();
        let Self { planes, heights } = self;
        let steps = move |ctx: BitContext, stripe: Stripe| {
            let (planes, heights) = (planes.clone(), heights.clone());
            async move {
                let mut all = planes.planes();
                let mut columns: Columns<'_> = Vec::with_capacity(width);
                for height in heights.into_iter().chain(std::iter::repeat(0)).take(width) {
                    let column = all.by_ref().take(height).map(|plane| stripe.of(plane));
                    columns.push(column.collect::<Result<_, _>>()?);
                }
                one(add_columns(&ctx, stripe.len, &[columns], carrying(&ctx, stripe)).await?)
            }
        };
        lanes::run(ctx, len, steps).await
    }
}
