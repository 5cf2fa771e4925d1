//! What a verifier makes of a component that it holds as well: all levels of a prover's folding at
//! once. With all challenges known, what it folds to is one weighted sum over the columns of the first
//! level, and the columns need never be in memory together.

use super::kind::{Kind, Sides};
use super::later::left_of;
use super::prover::Challenges;
use super::vector::Spare;
use crate::field::Field as _;

/// Most columns of a run; their factors stay in the cache.
const RUN: usize = 512;

/// What every column counts for with the challenges of a proof: the product of what its row counts
/// for at each level but the first. All of it is public.
pub(super) struct Factors<'a, K: Kind> {
    /// Of the first level, whose rows lie in a chunk.
    first: &'a [K::Field],
    /// Consecutive columns in runs: how many, and what all of a run count for.
    runs: Vec<(usize, K::Field)>,
    /// What each column of a run counts for besides.
    within: Vec<K::Field>,
    /// What the mask counts for.
    mask: K::Field,
}

impl<'a, K: Kind> Factors<'a, K> {
    pub(super) fn of(columns: usize, challenges: &'a Challenges<K::Field>) -> Self {
        let count = columns.max(1);
        let later: Vec<_> = K::levels().iter().zip(&challenges.levels).skip(1).collect();
        // Columns before each level, and after the last.
        let mut sizes = vec![count];
        sizes.extend(later.iter().scan(count, |left, (level, _)| {
            *left = left_of(*left, level.width());
            Some(*left)
        }));
        let cut = sizes.iter().position(|&size| size <= RUN).unwrap_or(later.len());
        let mut runs = vec![(count, K::Field::ONE)];
        for ((_, factors), &size) in later.iter().zip(&sizes[1..]).take(cut) {
            let parts = |(len, whole): (usize, K::Field)| {
                let starts = (0..len).step_by(size).zip(&factors.rows);
                starts.map(move |(start, &row)| (size.min(len - start), whole * row))
            };
            runs = runs.into_iter().flat_map(parts).collect();
        }
        let mut within = vec![K::Field::ONE];
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
        layout: &K::Layout<'_>,
        components: &[usize],
        weights: &K::Weights,
        masks: &[Sides<K::Field>],
    ) -> Vec<Sides<K::Field>> {
        let next = self.runs.iter();
        let mut runs = Runs { next, left: 0, at: 0, whole: K::Field::ZERO };
        let next = |factors: &mut [K::Field]| runs.fill(&self.within, factors);
        let sums = K::fold_all(layout, components, self.first, weights, next);
        let masked = |(&component, (x, y)): (&usize, Sides<K::Field>)| {
            let (of_x, of_y) = masks[component];
            (x + self.mask * of_x, y + self.mask * of_y)
        };
        components.iter().zip(sums).map(masked).collect()
    }
}

/// Where one is in the runs.
struct Runs<'a, E> {
    next: std::slice::Iter<'a, (usize, E)>,
    /// Columns left of a run.
    left: usize,
    /// Those that were before.
    at: usize,
    /// What all of it count for.
    whole: E,
}

impl<E: Spare> Runs<'_, E> {
    /// What the next columns count for.
    fn fill(&mut self, within: &[E], mut factors: &mut [E]) {
        while !factors.is_empty() {
            if self.left == 0 {
                // Nothing comes after the last run.
                (self.left, self.whole) =
                    self.next.next().copied().unwrap_or((factors.len(), E::ZERO));
                self.at = 0;
            }
            let (here, rest) = factors.split_at_mut(self.left.min(factors.len()));
            E::combine(&[&within[self.at..self.at + here.len()]], &[self.whole], here);
            (self.left, self.at) = (self.left - here.len(), self.at + here.len());
            factors = rest;
        }
    }
}
