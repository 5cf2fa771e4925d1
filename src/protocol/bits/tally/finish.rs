//! The end of a tally: what all stripes of all groups have left, added up to one number of each heap
//! and group, and the results that are made of these.
//!
//! Groups whose recipes are alike go side by side, a position each: the 64 positions that a group
//! has left become 64 rows with a position for every group, so that a gate serves all groups at
//! once. Gates of one position would take as much room and time as gates of 64.

use super::super::BitContext;
use super::super::beside::side_by_side;
use super::super::columns::taller;
use super::super::pile::Pile;
use super::super::recipe::{Output, Recipe};
use super::super::sum::Added;
use super::{Left, Shape, one};
use crate::protocol::ProtocolError;
use crate::sharing::bits::planes::WORD;
use crate::sharing::{Holding, ShapeError, SharedBits};

/// Groups that are added up side by side, since their recipes are alike.
pub(super) struct Class {
    pub(super) recipe: Recipe,
    /// The groups, in order.
    pub(super) groups: Vec<usize>,
    /// For each heap how many planes of each weight the groups have left, those that have the most.
    pub(super) shape: Vec<Vec<usize>>,
}

/// The classes of all groups that have positions, given what each of them has left of its heaps.
pub(super) fn classes(shapes: &[Shape], left: &[Vec<Vec<usize>>]) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    for (group, shape) in shapes.iter().enumerate().filter(|(_, shape)| shape.count > 0) {
        let recipe = shape.recipe();
        let alike = |own: &&mut Class| {
            let first = shapes[own.groups[0]];
            (first.tally, first.width) == (shape.tally, shape.width) && own.recipe.is_like(&recipe)
        };
        match classes.iter_mut().find(alike) {
            Some(class) => {
                class.groups.push(group);
                let heaps = class.shape.iter_mut().zip(&left[group]);
                heaps.for_each(|(own, more)| *own = taller(own, more));
            }
            None => {
                classes.push(Class { recipe, groups: vec![group], shape: left[group].clone() });
            }
        }
    }
    classes
}

/// Add up what all stripes have left, and what the results are made of.
pub(super) async fn finish(
    ctx: &BitContext,
    shapes: &[Shape],
    left: Vec<Left>,
) -> Result<Vec<Vec<SharedBits>>, ProtocolError> {
    let heaps = of_groups(ctx, shapes, left).await?;
    let saved: Vec<Vec<Vec<usize>>> = heaps.iter().map(|(shape, _)| shape.clone()).collect();
    let classes = classes(shapes, &saved);
    let heaps = &heaps;
    let tasks = classes
        .iter()
        .map(|class| move |ctx: BitContext| async move { of_class(&ctx, class, heaps).await });
    let done = side_by_side(&ctx.narrow("classes"), tasks).await?;

    let none =
        |shape: &Shape| vec![SharedBits::zeros(ctx.holding(), 0, 1); shape.recipe().outputs.len()];
    let mut results: Vec<Vec<SharedBits>> = shapes.iter().map(none).collect();
    for (class, outputs) in classes.iter().zip(done) {
        for (position, &group) in class.groups.iter().enumerate() {
            let own = outputs.iter().map(|output| output.extract(position, 1));
            results[group] = own.collect::<Result<_, _>>()?;
        }
    }
    Ok(results)
}

/// For every group what its stripes have left together, at a word of positions: for each heap how
/// many planes of each weight there are, and these planes.
async fn of_groups(
    ctx: &BitContext,
    shapes: &[Shape],
    left: Vec<Left>,
) -> Result<Vec<(Vec<Vec<usize>>, Vec<SharedBits>)>, ProtocolError> {
    let recipes: Vec<Recipe> = shapes.iter().map(|shape| shape.recipe()).collect();
    let mut firsts = Vec::with_capacity(recipes.len());
    let mut widths = Vec::new();
    for (recipe, shape) in recipes.iter().zip(shapes) {
        firsts.push(widths.len());
        if shape.count > 0 {
            widths.extend(recipe.heaps.iter().map(|heap| heap.width));
        }
    }
    let mut pile = Pile::of_widths(WORD, widths);
    for stripe in &left {
        for (number, (heights, heap)) in stripe.shape.iter().zip(&stripe.heaps).enumerate() {
            let columns = columns_of(heights);
            pile.put(firsts[stripe.group] + number, heap, 0, |plane| columns[plane]);
        }
    }
    drop(left);
    pile.reduce(&ctx.narrow("stripes")).await?;
    let mut saved = Recipe::left(pile.shape()).into_iter().zip(pile.saved(ctx.holding())?);
    let of_group = |(recipe, shape): (&Recipe, &Shape)| {
        let heaps = if shape.count > 0 { recipe.heaps.len() } else { 0 };
        saved.by_ref().take(heaps).unzip()
    };
    Ok(recipes.iter().zip(shapes).map(of_group).collect())
}

/// The column of each plane, where so many of every weight follow one another.
fn columns_of(heights: &[usize]) -> Vec<usize> {
    let columns = heights.iter().enumerate();
    columns.flat_map(|(at, &height)| std::iter::repeat_n(at, height)).collect()
}

/// The results of a class, a position for every group.
async fn of_class(
    ctx: &BitContext,
    class: &Class,
    heaps: &[(Vec<Vec<usize>>, Vec<SharedBits>)],
) -> Result<Vec<SharedBits>, ProtocolError> {
    let (recipe, len) = (&class.recipe, class.groups.len());
    let mut pile = Pile::of_widths(len, recipe.heaps.iter().map(|heap| heap.width));
    for (number, heights) in class.shape.iter().enumerate() {
        let own = class.groups.iter().map(|&group| {
            let (shape, heaps) = &heaps[group];
            as_high(ctx.holding(), heights, &shape[number], &heaps[number])
        });
        let own = own.collect::<Result<Vec<_>, _>>()?;
        let all: Vec<usize> = (0..WORD).collect();
        let columns = columns_of(heights);
        pile.put_rows(number, &SharedBits::turn(&own, &all, WORD)?, WORD, |at| columns[at]);
    }
    pile.reduce(&ctx.narrow("rows")).await?;
    let heaps = pile.add(&ctx.narrow("add")).await?;
    drop(pile);

    let mut negated = heaps.clone();
    negated.iter_mut().for_each(SharedBits::complement);
    let (heaps, negated) = (&heaps, &negated);
    let results = recipe.outputs.iter().map(|output| {
        move |ctx: BitContext| async move { result(&ctx, recipe, output, heaps, negated).await }
    });
    side_by_side(&ctx.narrow("results"), results).await
}

/// A heap's planes with zeros between, so that there are so many of each weight.
fn as_high(
    holding: Holding,
    wanted: &[usize],
    heights: &[usize],
    heap: &SharedBits,
) -> Result<SharedBits, ShapeError> {
    let mut planes = Vec::new();
    let mut next = 0;
    for (&wanted, &height) in wanted.iter().zip(heights) {
        for at in 0..wanted {
            planes.push(if at < height { vec![heap.plane(next + at)?] } else { Vec::new() });
        }
        next += height;
    }
    SharedBits::xor_planes(holding, WORD, &planes)
}

/// One result of all groups of a class, given the sums of the heaps and their complements.
async fn result(
    ctx: &BitContext,
    recipe: &Recipe,
    output: &Output,
    heaps: &[SharedBits],
    negated: &[SharedBits],
) -> Result<SharedBits, ProtocolError> {
    let Some((multiples, public)) = recipe.multiples(output) else {
        return Ok(heaps[Recipe::only_heap(output)].clone());
    };
    let len = heaps.first().map_or(0, SharedBits::len);
    let mut pile = Pile::new(len, 1, output.width);
    for multiple in multiples {
        let heaps = if multiple.negative { negated } else { heaps };
        pile.put(0, &heaps[multiple.heap], 0, |plane| plane + multiple.shift);
    }
    Added::public(ctx.holding(), public, len).put(&mut pile, 0);
    pile.reduce(&ctx.narrow("save")).await?;
    one(pile.add(&ctx.narrow("add")).await?)
}
