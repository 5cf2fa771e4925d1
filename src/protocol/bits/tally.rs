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
//! a word. What is left of all stripes is added up to one position, once for each group.

use std::ops::Range;
use std::sync::Arc;

use super::BitContext;
use super::add::{Columns, add_columns, one};
use super::beside::side_by_side;
use super::columns::{Carrying, ENOUGH, adders, after, highest, of_multiples, rippling, row};
use super::lanes;
use super::pile::Pile;
pub use super::recipe::Tally;
use super::recipe::{Adder, Output, Recipe, laid_out, pieces};
use super::stripes::Knife;
use super::sum::Added;
use crate::protocol::{Cost, CostModel, ProtocolError};
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
    let (count, lanes) = (work.len(), knife.lanes_of_table(work.len()));
    let steps = move |ctx: BitContext, number: usize| {
        let (all, work) = (all.clone(), work.clone());
        async move { piece(&ctx, &all, &work[number]).await }
    };
    let done = lanes::run_pieces(&ctx.narrow("stripes"), count, lanes, steps).await?;

    let mut left: Vec<Vec<Left>> = groups.iter().map(|_| Vec::new()).collect();
    for (group, part) in done.into_iter().flatten() {
        left[group].push(part);
    }
    let rest = shapes.into_iter().zip(left);
    let rest = rest
        .map(|(shape, left)| move |ctx: BitContext| async move { finish(&ctx, shape, left).await });
    side_by_side(&ctx.narrow("groups"), rest).await
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
    shape: Vec<Vec<usize>>,
    heaps: Vec<SharedBits>,
}

/// The stripes of all groups, as many small ones together as make a large one.
fn work(knife: Knife, shapes: &[Shape]) -> Vec<Vec<Item>> {
    let budget = knife.table_planes();
    let (mut pieces, mut room) = (Vec::<Vec<Item>>::new(), 0);
    for (group, shape) in shapes.iter().enumerate().filter(|(_, shape)| shape.count > 0) {
        let planes = shape.recipe().planes();
        for stripe in knife.cut_table(shape.count, planes).stripes() {
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
) -> Result<Vec<(usize, Left)>, ProtocolError> {
    let items = items.iter().map(|item| {
        move |ctx: BitContext| async move {
            Ok((item.group, stripe(&ctx, &groups[item.group], item.part.clone()).await?))
        }
    });
    side_by_side(ctx, items).await
}

/// Add up some of a group's positions, down to a word.
async fn stripe(
    ctx: &BitContext,
    group: &Group,
    part: Range<usize>,
) -> Result<Left, ProtocolError> {
    let (recipe, holding) = (group.shape().recipe(), ctx.holding());
    let (cuts, _) = pieces(part.len());
    let batches = made(ctx, &recipe, group.part(part)?).await?;
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
    pile.reduce_to(&ctx.narrow("save"), WORD).await?;
    Ok(Left { shape: Recipe::left(pile.shape()), heaps: pile.saved(holding)? })
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

/// Add up what all stripes of a group have left, and what the results are made of.
async fn finish(
    ctx: &BitContext,
    shape: Shape,
    left: Vec<Left>,
) -> Result<Vec<SharedBits>, ProtocolError> {
    let (recipe, holding) = (shape.recipe(), ctx.holding());
    if shape.count == 0 {
        let none = |_| SharedBits::zeros(holding, 0, 1);
        return Ok(recipe.outputs.iter().map(none).collect());
    }
    let mut pile = Pile::of_widths(WORD, recipe.heaps.iter().map(|heap| heap.width));
    for stripe in &left {
        for (number, (heights, heap)) in stripe.shape.iter().zip(&stripe.heaps).enumerate() {
            let columns = heights.iter().enumerate();
            let columns = columns.flat_map(|(at, &height)| std::iter::repeat_n(at, height));
            let columns: Vec<usize> = columns.collect();
            pile.put(number, heap, 0, |plane| columns[plane]);
        }
    }
    drop(left);
    pile.reduce(&ctx.narrow("stripes")).await?;
    let mut pile = pile.cut(ctx)?;
    pile.reduce(&ctx.narrow("rows")).await?;
    let heaps = pile.add(&ctx.narrow("add")).await?;
    drop(pile);

    let mut negated = heaps.clone();
    negated.iter_mut().for_each(SharedBits::complement);
    let results = recipe.outputs.iter().map(|output| {
        let (recipe, heaps, negated) = (&recipe, &heaps, &negated);
        move |ctx: BitContext| async move {
            let Some((multiples, public)) = recipe.multiples(output) else {
                return Ok(heaps[recipe.only_heap(output)].clone());
            };
            let mut pile = Pile::new(1, 1, output.width);
            for multiple in multiples {
                let heaps = if multiple.negative { negated } else { heaps };
                pile.put(0, &heaps[multiple.heap], 0, |plane| plane + multiple.shift);
            }
            Added::public(ctx.holding(), public).put(&mut pile, 0);
            pile.reduce(&ctx.narrow("save")).await?;
            one(pile.add(&ctx.narrow("add")).await?)
        }
    });
    side_by_side(&ctx.narrow("results"), results).await
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

impl CostModel {
    /// Adding up results of so many bits.
    pub fn join(self, widths: &[usize], width: usize) -> Cost {
        let terms: Vec<(usize, u64)> = widths.iter().map(|&bits| (bits, 1)).collect();
        let mut heights = of_multiples(&terms, width);
        self.save(1, &mut heights, 1) + self.add_columns(1, &heights, 1)
    }

    /// Adding up groups.
    pub fn tally(self, groups: &[Shape]) -> Cost {
        let knife = self.knife();
        let work = work(knife, groups);
        let mut left: Vec<Vec<Vec<Vec<usize>>>> = groups.iter().map(|_| Vec::new()).collect();
        let mut known: Vec<(Shape, usize, Cost, Vec<Vec<usize>>)> = Vec::new();
        let mut costs = Vec::with_capacity(work.len());
        for piece in &work {
            let items = piece.iter().map(|item| {
                let (shape, len) = (groups[item.group], item.part.len());
                let same = known.iter().find(|own| (own.0, own.1) == (shape, len));
                let (cost, leaves) = match same {
                    Some((.., cost, leaves)) => (*cost, leaves.clone()),
                    None => {
                        let (cost, leaves) = self.tally_stripe(&shape.recipe(), len);
                        known.push((shape, len, cost, leaves.clone()));
                        (cost, leaves)
                    }
                };
                left[item.group].push(leaves);
                cost
            });
            costs.push(Cost::beside(items));
        }
        let stripes = self.in_lanes(knife.lanes_of_table(work.len()), costs);
        let finish = groups.iter().zip(left).filter(|(shape, _)| shape.count > 0);
        stripes + Cost::beside(finish.map(|(shape, left)| self.tally_finish(*shape, &left)))
    }

    fn tally_stripe(self, recipe: &Recipe, len: usize) -> (Cost, Vec<Vec<usize>>) {
        let ((pieces, _), mut len) = (pieces(len), laid_out(len));
        let mut cost = Cost::default();
        for level in &recipe.levels {
            cost += Cost::beside(level.iter().map(|adder: &Adder| {
                let carries = rippling(&adder.heights()).into_iter().map(|_| self.and(1, len));
                carries.fold(Cost::default(), |cost, carry| cost + carry)
            }));
        }
        let heights = recipe.heaps.iter().map(|heap| heap.heights());
        let times = |heights: Vec<usize>, by: usize| -> Vec<usize> {
            heights.into_iter().map(|height| height * by).collect()
        };
        let mut shape: Vec<Vec<usize>> = heights.map(|heights| times(heights, pieces)).collect();
        len /= pieces;
        loop {
            while len > WORD && shape.iter().all(|heights| highest(heights) < ENOUGH) {
                len /= 2;
                shape = shape.into_iter().map(|heights| times(heights, 2)).collect();
            }
            match self.save_round(&mut shape, len) {
                Some(round) => cost += round,
                None => return (cost, Recipe::left(shape)),
            }
        }
    }

    /// A round of adders of different columns side by side; none where nothing is left.
    fn save_round(self, shape: &mut [Vec<usize>], len: usize) -> Option<Cost> {
        let mut count = None;
        for heights in shape.iter_mut() {
            if let Some(adders) = adders(heights) {
                *count.get_or_insert(0) += adders.iter().map(|own| own.count()).sum::<usize>();
                *heights = after(heights, &adders);
            }
        }
        count.map(|count| self.and(count, len))
    }

    fn tally_finish(self, group: Shape, left: &[Vec<Vec<usize>>]) -> Cost {
        let recipe = group.recipe();
        let mut shape: Vec<Vec<usize>> =
            recipe.heaps.iter().map(|heap| vec![0; heap.width]).collect();
        for heights in left.iter().flat_map(|stripe| stripe.iter().enumerate()) {
            let own = shape[heights.0].iter_mut().zip(heights.1);
            own.for_each(|(height, more)| *height += more);
        }
        let mut cost = Cost::default();
        let mut len = WORD;
        loop {
            while let Some(round) = self.save_round(&mut shape, len) {
                cost += round;
            }
            if len == 1 {
                break;
            }
            let rows = len / row(len);
            shape.iter_mut().flatten().for_each(|height| *height *= rows);
            len = row(len);
        }
        cost += self.add_groups(&shape, 1);
        cost + Cost::beside(recipe.outputs.iter().filter_map(|output| {
            let mut heights = recipe.heights(output)?;
            Some(self.save(1, &mut heights, 1) + self.add_columns(1, &heights, 1))
        }))
    }
}
