//! What a verifier makes of a component that it holds as well: all levels of a prover's folding at
//! once. With all challenges known, what it folds to is one weighted sum over the columns of the first
//! level, and the columns need never be in memory together.

use super::columns::{columns, each_folded};
use super::later::left_of;
use super::prover::{Challenges, Masks};
use super::record::Batch;
use super::shape::levels;
use crate::field::binary128::{Unreduced, dot};
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
    pub(super) fn of(batch: &Batch, challenges: &'a Challenges) -> Self {
        let count = columns(batch).max(1);
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

    /// What a component, by its place among those held, folds to.
    pub(super) fn fold(
        &self,
        batch: &Batch,
        component: usize,
        weights: &[Binary128],
        masks: Masks,
    ) -> Masks {
        let side =
            |side, mask| self.fold_side(batch, (side, component), weights) + self.mask * mask;
        (side(Side::Left, masks.0), side(Side::Right, masks.1))
    }

    fn fold_side(&self, batch: &Batch, place: (Side, usize), weights: &[Binary128]) -> Binary128 {
        let mut runs = self.runs.iter();
        let (mut left, mut whole) = runs.next().copied().unwrap_or_default();
        let (mut folded, mut run, mut at) = (Binary128::ZERO, Unreduced::default(), 0);
        each_folded(batch, place, self.first, weights, |columns| {
            let mut columns = &columns[..];
            while !columns.is_empty() {
                if left == 0 {
                    folded += whole * run.reduce();
                    (run, at) = (Unreduced::default(), 0);
                    (left, whole) =
                        runs.next().copied().unwrap_or((columns.len(), Binary128::ZERO));
                }
                let (here, rest) = columns.split_at(left.min(columns.len()));
                run.add(dot(here, &self.within[at..at + here.len()]));
                (left, at, columns) = (left - here.len(), at + here.len(), rest);
            }
        });
        folded + whole * run.reduce()
    }
}
