//! What a tally costs: the same steps as [`super::tally`] takes, by the numbers of planes alone.

use super::super::columns::{ENOUGH_OF_SHORT, adders, after, highest, of_multiples, rippling};
use super::super::recipe::{Adder, Heap, Recipe, laid_out, pieces};
use super::finish::{Class, classes};
use super::{Shape, work};
use crate::protocol::{Cost, CostModel};
use crate::sharing::bits::planes::WORD;

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
                let (cost, leaves) = if let Some((.., cost, leaves)) = same {
                    (*cost, leaves.clone())
                } else {
                    let (cost, leaves) = self.tally_stripe(&shape.recipe(), len);
                    known.push((shape, len, cost, leaves.clone()));
                    (cost, leaves)
                };
                left[item.group].push(leaves);
                cost
            });
            costs.push(Cost::beside(items));
        }
        self.in_lanes(knife.lanes_of_tally(work.len()), costs) + self.tally_finish(groups, &left)
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
        let heights = recipe.heaps.iter().map(Heap::heights);
        let times = |heights: Vec<usize>, by: usize| -> Vec<usize> {
            heights.into_iter().map(|height| height * by).collect()
        };
        let mut shape: Vec<Vec<usize>> = heights.map(|heights| times(heights, pieces)).collect();
        len /= pieces;
        loop {
            while len > WORD && shape.iter().all(|heights| highest(heights) < ENOUGH_OF_SHORT) {
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

    fn tally_finish(self, groups: &[Shape], left: &[Vec<Vec<Vec<usize>>>]) -> Cost {
        let mut heaps = Vec::new();
        let mut firsts = Vec::with_capacity(groups.len());
        for (shape, stripes) in groups.iter().zip(left) {
            firsts.push(heaps.len());
            if shape.count == 0 {
                continue;
            }
            let mut own: Vec<Vec<usize>> =
                shape.recipe().heaps.iter().map(|heap| vec![0; heap.width]).collect();
            for (heights, more) in stripes.iter().flat_map(|stripe| own_heaps(stripe)) {
                let columns = own[heights].iter_mut().zip(more);
                columns.for_each(|(height, more)| *height += more);
            }
            heaps.extend(own);
        }
        let mut cost = Cost::default();
        while let Some(round) = self.save_round(&mut heaps, WORD) {
            cost += round;
        }
        let heaps = Recipe::left(heaps);
        let of_group = |(group, shape): (usize, &Shape)| {
            let count = if shape.count > 0 { shape.recipe().heaps.len() } else { 0 };
            heaps[firsts[group]..firsts[group] + count].to_vec()
        };
        let saved: Vec<Vec<Vec<usize>>> = groups.iter().enumerate().map(of_group).collect();
        let classes = classes(groups, &saved);
        cost + Cost::beside(classes.into_iter().map(|class| self.tally_class(class)))
    }

    fn tally_class(self, class: Class) -> Cost {
        let (recipe, len, mut shape) = (class.recipe, class.groups.len(), class.shape);
        shape.iter_mut().flatten().for_each(|height| *height *= WORD);
        let mut cost = Cost::default();
        while let Some(round) = self.save_round(&mut shape, len) {
            cost += round;
        }
        cost += self.add_groups(&shape, len);
        cost + Cost::beside(recipe.outputs.iter().filter_map(|output| {
            let mut heights = recipe.heights(output)?;
            Some(self.save(1, &mut heights, len) + self.add_columns(1, &heights, len))
        }))
    }
}

/// The heaps of a stripe by their numbers.
fn own_heaps(stripe: &[Vec<usize>]) -> impl Iterator<Item = (usize, &Vec<usize>)> {
    stripe.iter().enumerate()
}
