//! The numbers at some places in the order of many: medians, quartiles and the like.
//!
//! In: N numbers of b bits, shared; which of them count, shared, or all; and for each number that is
//! asked for how many of those that count come before it from the largest down, shared. Out: these
//! numbers, shared. Who learns what: nothing. Rounds and gates: as the context's tactics say, those
//! of [`super::rank`] with one comparison of ranks and a selection: 34 rounds for a thousand numbers
//! of 32 bits, and gates by N^2; or those of [`super::search`], without places: 8 * N gates for every
//! two bits, 500 rounds. Adversary: as for AND.
//!
//! It does not matter which of equal numbers is found. Where not all count, those that do not are
//! ranked behind the others by one bit more on top, or never counted.

use super::BitContext;
use super::beside::{side_by_side, waves};
use super::best::all;
use super::columns::sum_width;
use super::equal::equal;
use super::proportion::widened;
use super::rank::rank;
use super::search::find;
use super::select::pick;
use super::sum::Added;
use crate::protocol::tactics::BestBy;
use crate::protocol::{Cost, CostModel, ProtocolError, Tactics, bracket};
use crate::sharing::{ShapeError, SharedBits};

/// Numbers of which some are asked for.
#[derive(Clone)]
pub struct Ordered {
    /// The numbers.
    pub numbers: SharedBits,
    /// A bit for each that says whether it counts; all do if none are given.
    pub counting: Option<SharedBits>,
    /// For each one asked for how many come before it: a batch of one position.
    pub before: Vec<SharedBits>,
}

/// What decides what it costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    /// Bits of a number.
    pub width: usize,
    /// How many numbers.
    pub count: usize,
    /// Whether only some of them count.
    pub some: bool,
    /// How many are asked for.
    pub asked: usize,
}

impl Ordered {
    fn shape(&self) -> Shape {
        let (width, count) = (self.numbers.width(), self.numbers.len());
        Shape { width, count, some: self.counting.is_some(), asked: self.before.len() }
    }
}

/// Positions that may be under way at a time, pairs where numbers are ranked.
const UNDER_WAY: usize = 1 << 19;

/// The numbers that are asked for. Many tasks are done one after the other, as many at a time as
/// memory is for.
///
/// # Errors
/// When the shapes differ, or a node does not answer.
pub async fn nth(
    ctx: &BitContext,
    tasks: &[Ordered],
) -> Result<Vec<Vec<SharedBits>>, ProtocolError> {
    let shapes: Vec<Shape> = tasks.iter().map(Ordered::shape).collect();
    let mut found = Vec::with_capacity(tasks.len());
    let mut rest = tasks;
    for (number, size) in in_waves(ctx.base().tactics(), &shapes).into_iter().enumerate() {
        let (wave, later) = rest.split_at(size);
        let wave =
            wave.iter().map(|task| move |ctx: BitContext| async move { of_task(&ctx, task).await });
        found.extend(side_by_side(&ctx.narrow(format!("wave-{number}")), wave).await?);
        rest = later;
    }
    Ok(found)
}

/// How many tasks at a time go side by side.
fn in_waves(tactics: &Tactics, shapes: &[Shape]) -> Vec<usize> {
    let weight = |shape: &Shape| match tactics.best_by(shape.count) {
        BestBy::Rank => bracket::pairs(shape.count),
        BestBy::Search => shape.count * shape.asked,
    };
    waves(shapes.iter().map(weight), UNDER_WAY)
}

async fn of_task(ctx: &BitContext, task: &Ordered) -> Result<Vec<SharedBits>, ProtocolError> {
    let expected = task.numbers.len();
    if let Some(got) = task.counting.as_ref().map(SharedBits::len).filter(|&len| len != expected) {
        return Err(ShapeError { what: "positions", expected, got }.into());
    }
    match ctx.base().tactics().best_by(task.numbers.len()) {
        BestBy::Rank => by_rank(ctx, task).await,
        BestBy::Search => by_search(ctx, task).await,
    }
}

async fn by_rank(ctx: &BitContext, task: &Ordered) -> Result<Vec<SharedBits>, ProtocolError> {
    let (numbers, holding) = (&task.numbers, ctx.holding());
    let (len, asked) = (numbers.len(), task.before.len());
    let counting = task.counting.iter().flat_map(SharedBits::planes);
    let keys = SharedBits::stack(holding, len, numbers.planes().chain(counting))?;
    let ranks = rank(&ctx.narrow("rank"), &keys).await?;
    let width = ranks.width();
    let before = task.before.iter().map(|before| fitted(before, width)?.repeat(len));
    let before = before.collect::<Result<Vec<_>, _>>()?;
    let before = SharedBits::concat(holding, width, &before.iter().collect::<Vec<_>>())?;
    let ranks = SharedBits::concat(holding, width, &vec![&ranks; asked])?;
    let chosen = equal(&ctx.narrow("equal"), &ranks, &before).await?;
    let picks = (0..asked).map(|at| {
        let chosen = chosen.extract(at * len, len);
        move |ctx: BitContext| async move { pick(&ctx, &chosen?, numbers).await }
    });
    side_by_side(&ctx.narrow("pick"), picks).await
}

async fn by_search(ctx: &BitContext, task: &Ordered) -> Result<Vec<SharedBits>, ProtocolError> {
    let (numbers, holding) = (&task.numbers, ctx.holding());
    let (len, width) = (numbers.len(), numbers.width());
    let padding = SharedBits::zeros(holding, width % 2, len);
    let even = SharedBits::stack(holding, len, numbers.planes().chain(padding.planes()))?;
    let counting = task.counting.clone().unwrap_or_else(|| all(holding, len));
    let (even, counting) = (&even, &counting);
    let searches = task.before.iter().map(|before| {
        move |ctx: BitContext| async move {
            let mut added = fitted(before, sum_width(1, len))?;
            added.complement();
            let found = find(&ctx, even, counting.clone(), &Added::shared(added)).await?;
            Ok(found.value.take_planes(0..width)?)
        }
    });
    side_by_side(ctx, searches).await
}

/// A number of so many bits, where no higher one is set.
fn fitted(number: &SharedBits, width: usize) -> Result<SharedBits, ShapeError> {
    widened(&number.take_planes(0..number.width().min(width))?, width)
}

impl CostModel {
    /// Finding the numbers that are asked for, with these tactics.
    pub fn nth(self, tactics: &Tactics, tasks: &[Shape]) -> Cost {
        let mut rest = tasks;
        let mut cost = Cost::default();
        for size in in_waves(tactics, tasks) {
            let (wave, later) = rest.split_at(size);
            cost += Cost::beside(wave.iter().map(|&task| match tactics.best_by(task.count) {
                BestBy::Rank => self.nth_by_rank(task),
                BestBy::Search => self.nth_by_search(task),
            }));
            rest = later;
        }
        cost
    }

    fn nth_by_rank(self, task: Shape) -> Cost {
        let Shape { width, count, some, asked } = task;
        let picks = (0..asked).map(|_| self.pick(width, count));
        self.rank(width + usize::from(some), count)
            + self.equal(sum_width(1, count.saturating_sub(1)), asked * count)
            + Cost::beside(picks)
    }

    fn nth_by_search(self, task: Shape) -> Cost {
        let Shape { width, count, asked, .. } = task;
        let added: Vec<usize> = (0..sum_width(1, count)).collect();
        let search = self.search(width.div_ceil(2), count, &added);
        Cost::beside((0..asked).map(|_| search))
    }
}
