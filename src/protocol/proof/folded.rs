//! What a verifier makes of a component that it holds as well: all levels of a prover's folding at
//! once. With all challenges known, what it folds to is one weighted sum over the columns of the first
//! level, and the columns need never be in memory together.

use super::columns::Folder;
use super::later::left_of;
use super::layout::{Layout, Weights, column_weights};
use super::prover::{Challenges, Masks};
use super::shape::levels;
use super::vector::Vector;
use crate::field::binary128::fold::COLUMNS;
use crate::field::binary128::{Unreduced, combine, dot, scale};
use crate::field::{Binary128, Field as _};
use crate::protocol::bits::gates::Side;

/// Most columns of a run; their factors stay in the cache.
const RUN: usize = 512;

/// What every column counts for with the challenges of a proof: the product of what its row counts
/// for at each level but the first. All of it is public.
pub(super) struct Factors<'a> {
    /// Of the first level, whose rows lie in a chunk.
    first: &'a [Binary128],
    /// Consecutive columns in runs: how many, and what all of a run count for.
    runs: Vec<(usize, Binary128)>,
    /// What each column of a run counts for besides.
    within: Vec<Binary128>,
    /// What the mask counts for.
    mask: Binary128,
}

impl<'a> Factors<'a> {
    pub(super) fn of(columns: usize, challenges: &'a Challenges) -> Self {
        let count = columns.max(1);
        let later: Vec<_> = levels().iter().zip(&challenges.levels).skip(1).collect();
        // Columns before each level, and after the last.
        let mut sizes = vec![count];
        sizes.extend(later.iter().scan(count, |left, (level, _)| {
            *left = left_of(*left, level.width());
            Some(*left)
        }));
        let cut = sizes.iter().position(|&size| size <= RUN).unwrap_or(later.len());
        let mut runs = vec![(count, Binary128::ONE)];
        for ((_, factors), &size) in later.iter().zip(&sizes[1..]).take(cut) {
            let parts = |(len, whole): (usize, Binary128)| {
                let starts = (0..len).step_by(size).zip(&factors.rows);
                starts.map(move |(start, &row)| (size.min(len - start), whole * row))
            };
            runs = runs.into_iter().flat_map(parts).collect();
        }
        let mut within = vec![Binary128::ONE];
        for (number, (_, factors)) in later.iter().enumerate().skip(cut).rev() {
            let size = sizes[number + 1];
            let of = |column: usize| factors.rows[column / size] * within[column % size];
            within = (0..sizes[number]).map(of).collect();
        }
        let masked = later.last().and_then(|(level, factors)| factors.rows.get(level.width()));
        let mask = masked.copied().unwrap_or_default();
        let first = challenges.levels.first().map_or(&[][..], |factors| &factors.rows);
        Self { first, runs, within, mask }
    }

    /// What components, by their places among those held, fold to.
    pub(super) fn fold(
        &self,
        layout: &Layout<'_>,
        components: &[usize],
        weights: &Weights,
        masks: &[Masks],
    ) -> Vec<Masks> {
        let mut folder = Folder::new(self.first);
        let mut sums = vec![[Unreduced::default(); 2]; components.len()];
        let (mut own, mut columns) = ([Binary128::ZERO; COLUMNS], Vector::zeros(COLUMNS));
        let mut factors = [[Binary128::ZERO; COLUMNS]; 2];
        let mut runs = Runs { next: self.runs.iter(), left: 0, at: 0, whole: Binary128::ZERO };
        for (chunk, (layers, weights)) in layout.layers().zip(weights).enumerate() {
            column_weights(weights, &mut own);
            for layer in 0..layers {
                let [left, right] = &mut factors;
                runs.fill(&self.within, right);
                left.copy_from_slice(right);
                scale(left, &own);
                for (&component, sums) in components.iter().zip(&mut sums) {
                    let sides = [Side::Left, Side::Right].into_iter().zip(&factors).zip(sums);
                    for ((side, factors), sum) in sides {
                        let columns = &mut columns.as_chunks_mut().0[0];
                        folder.fold(layout, (chunk, layer), (side, component), columns);
                        sum.add(dot(columns, factors));
                    }
                }
            }
        }
        let masked = |(&component, [x, y]): (&usize, [Unreduced; 2])| {
            let (of_x, of_y) = masks[component];
            (x.reduce() + self.mask * of_x, y.reduce() + self.mask * of_y)
        };
        components.iter().zip(sums).map(masked).collect()
    }
}

/// Where one is in the runs.
struct Runs<'a> {
    next: std::slice::Iter<'a, (usize, Binary128)>,
    /// Columns left of a run.
    left: usize,
    /// Those that were before.
    at: usize,
    /// What all of it count for.
    whole: Binary128,
}

impl Runs<'_> {
    /// What the next columns count for.
    fn fill(&mut self, within: &[Binary128], mut factors: &mut [Binary128]) {
        while !factors.is_empty() {
            if self.left == 0 {
                // Nothing comes after the last run.
                (self.left, self.whole) =
                    self.next.next().copied().unwrap_or((factors.len(), Binary128::ZERO));
                self.at = 0;
            }
            let (here, rest) = factors.split_at_mut(self.left.min(factors.len()));
            combine(&[&within[self.at..self.at + here.len()]], &[self.whole], here);
            (self.left, self.at) = (self.left - here.len(), self.at + here.len());
            factors = rest;
        }
    }
}
