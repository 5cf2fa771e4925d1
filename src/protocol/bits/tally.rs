//! Sums, counts and sums of squares over many groups of positions at once.
//!
//! In: for each group a batch, shared, and publicly which of its positions count. Out: for each
//! group one number, or several, shared: the sum of its numbers; their sum and that of their squares;
//! or for each plane how many positions have it set. Who learns what: nothing. Rounds: those of
//! adding up two rows for every position of a stripe, those of one [`super::add`], and for squares
//! once more as many as adding up some thirty numbers: 41 for the sums and squares of a thousand
//! numbers of 32 bits. Gates: for each number one a bit, for squares 374 to 528 with 32 bits; of each
//! the bytes of an AND. Adversary: as for AND.
//!
//! Which positions count costs nothing, since it is public: they are put beside one another, stripe
//! by stripe, so that memory is that of the stripes under way. A stripe's planes go on piles
//! (`super::recipe` says which) and are added up three to two while rows are cut into halves, down to
//! a word. What is left of all stripes is added up to one position, for all groups side by side
//! (`finish`).

mod cost;
mod finish;

use std::ops::Range;
use std::sync::Arc;

use super::BitContext;
use super::add::{Columns, add_columns, one};
use super::beside::side_by_side;
use super::columns::{Carrying, ENOUGH_OF_SHORT};
use super::lanes;
use super::pile::Pile;
pub use super::recipe::Tally;
use super::recipe::{Output, Recipe, laid_out, pieces};
use super::stripes::Knife;
use crate::protocol::ProtocolError;
use crate::sharing::bits::planes::WORD;
use crate::sharing::{ShapeError, SharedBits};

/// A group of positions, and what is added up there.
#[derive(Clone)]
pub struct Group {
    /// What is added up.
    pub tally: Tally,
    /// The numbers of all positions.
    pub numbers: SharedBits,
    /// The positions that count; all, if none are given.
    pub positions: Option<Arc<[usize]>>,
}

impl Group {
    fn count(&self) -> usize {
        self.positions.as_ref().map_or(self.numbers.len(), |positions| positions.len())
    }

    fn shape(&self) -> Shape {
        Shape { tally: self.tally, width: self.numbers.width(), count: self.count() }
    }

    /// The numbers of some of the positions that count, with zeros behind.
    fn part(&self, part: Range<usize>) -> Result<SharedBits, ShapeError> {
        let len = laid_out(part.len());
        match &self.positions {
            None => self.numbers.extract(part.start, part.len())?.extract(0, len),
            Some(positions) => self.numbers.gather(&positions[part])?.extract(0, len),
        }
    }
}

/// What decides what a group costs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Shape {
    /// What is added up.
    pub tally: Tally,
    /// Bits of a number.
    pub width: usize,
    /// Positions that count.
    pub count: usize,
}

impl Shape {
    /// Bits of each result.
    pub fn widths(self) -> Vec<usize> {
        let outputs = self.recipe().outputs;
        let width = |output: &Output| if self.count == 0 { 0 } else { output.width };
        outputs.iter().map(width).collect()
    }

    fn recipe(self) -> Recipe {
        Recipe::of(self.tally, self.width, self.count)
    }
}

/// Add up all groups. A group without positions has results without bits.
///
/// # Errors
/// When a position is past the end, or a node does not answer.
pub async fn tally(
    ctx: &BitContext,
    groups: &[Group],
) -> Result<Vec<Vec<SharedBits>>, ProtocolError> {
    let knife = Knife::new(ctx.holding(), ctx.base().tactics(), ctx.base().security());
    let shapes: Vec<Shape> = groups.iter().map(Group::shape).collect();
    let work: Arc<[Vec<Item>]> = work(knife, &shapes).into();
    let all: Arc<[Group]> = groups.into();
    let (count, lanes) = (work.len(), knife.lanes_of_tally(work.len()));
    let steps = move |ctx: BitContext, number: usize| {
        let (all, work) = (all.clone(), work.clone());
        async move { piece(&ctx, &all, &work[number]).await }
    };
    let done = lanes::run_pieces(&ctx.narrow("stripes"), count, lanes, steps).await?;

    finish::finish(ctx, &shapes, done.into_iter().flatten().collect()).await
}

/// Some of the positions of a group.
#[derive(Clone)]
struct Item {
    group: usize,
    part: Range<usize>,
}

/// What a stripe leaves of a group: for each heap up to two planes of each weight, at one word of
/// positions.
struct Left {
    group: usize,
    shape: Vec<Vec<usize>>,
    heaps: Vec<SharedBits>,
}

/// The stripes of all groups, as many small ones together as make a large one.
fn work(knife: Knife, shapes: &[Shape]) -> Vec<Vec<Item>> {
    let budget = knife.tally_planes();
    let (mut pieces, mut room) = (Vec::<Vec<Item>>::new(), 0);
    for (group, shape) in shapes.iter().enumerate().filter(|(_, shape)| shape.count > 0) {
        let planes = shape.recipe().planes();
        for stripe in knife.cut_tally(shape.count, planes).stripes() {
            let weight = planes * laid_out(stripe.len);
            let first = stripe.first_word() * WORD;
            let item = Item { group, part: first..first + stripe.len };
            match pieces.last_mut() {
                Some(piece) if weight <= room => piece.push(item),
                _ => {
                    pieces.push(vec![item]);
                    room = budget;
                }
            }
            room = room.saturating_sub(weight);
        }
    }
    pieces
}

/// A piece of work: its items side by side.
async fn piece(
    ctx: &BitContext,
    groups: &[Group],
    items: &[Item],
) -> Result<Vec<Left>, ProtocolError> {
    let items = items
        .iter()
        .map(|item| move |ctx: BitContext| async move { stripe(&ctx, groups, item).await });
    side_by_side(ctx, items).await
}

/// Add up some of a group's positions, down to a word.
async fn stripe(ctx: &BitContext, groups: &[Group], item: &Item) -> Result<Left, ProtocolError> {
    let (group, holding) = (&groups[item.group], ctx.holding());
    let recipe = group.shape().recipe();
    let (cuts, _) = pieces(item.part.len());
    let batches = made(ctx, &recipe, group.part(item.part.clone())?).await?;
    let len = batches.first().map_or(0, SharedBits::len);
    let mut pile = Pile::of_widths(len, recipe.heaps.iter().map(|heap| heap.width));
    for (number, heap) in recipe.heaps.iter().enumerate() {
        let plane = |(batch, plane): (usize, usize)| batches[batch].plane(plane);
        let planes = heap
            .terms
            .iter()
            .map(|term| [Some(term.one), term.other].into_iter().flatten().map(plane).collect());
        let planes = planes.collect::<Result<Vec<_>, ShapeError>>()?;
        let planes = SharedBits::xor_planes(holding, len, &planes)?;
        pile.put(number, &planes, 0, |plane| heap.terms[plane].weight);
    }
    drop(batches);
    pile.split(cuts);
    pile.reduce_to(&ctx.narrow("save"), WORD, ENOUGH_OF_SHORT).await?;
    let (shape, heaps) = (Recipe::left(pile.shape()), pile.saved(holding)?);
    Ok(Left { group: item.group, shape, heaps })
}

/// All batches of a recipe: the numbers, and what its adders make of them.
async fn made(
    ctx: &BitContext,
    recipe: &Recipe,
    numbers: SharedBits,
) -> Result<Vec<SharedBits>, ProtocolError> {
    let len = numbers.len();
    let mut batches = vec![SharedBits::zeros(ctx.holding(), 0, len); recipe.batches];
    batches[0] = numbers;
    for (number, level) in recipe.levels.iter().enumerate() {
        let known = &batches;
        let add = level.iter().map(|adder| {
            move |ctx: BitContext| async move {
                let mut columns: Columns<'_> = vec![Vec::new(); adder.parts[0].width + 1];
                for part in adder.parts {
                    let planes = known[part.batch].planes().skip(part.from).take(part.width);
                    columns.iter_mut().zip(planes).for_each(|(column, plane)| column.push(plane));
                }
                one(add_columns(&ctx, len, &[columns], Carrying::Ripple).await?)
            }
        });
        let sums = side_by_side(&ctx.narrow(format!("halves-{number}")), add).await?;
        for (adder, sum) in level.iter().zip(sums) {
            batches[adder.batch] = sum;
        }
    }
    Ok(batches)
}

/// The sum of some results of groups, modulo 2^`width`: one number.
///
/// # Errors
/// When one of them has more than one position, or a node does not answer.
pub async fn join(
    ctx: &BitContext,
    results: &[&SharedBits],
    width: usize,
) -> Result<SharedBits, ProtocolError> {
    let mut pile = Pile::new(1, 1, width);
    for result in results {
        pile.put(0, result, 0, |plane| plane);
    }
    pile.reduce(&ctx.narrow("save")).await?;
    one(pile.add(&ctx.narrow("add")).await?)
}
