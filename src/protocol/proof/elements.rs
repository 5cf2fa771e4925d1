//! Products over a prime field, as they are proven.
//!
//! Every product is a column, of weight r^(k+1) where it goes into sum number k of the batch. There is
//! nothing to gain from rows as long as columns are not bits, so the first level has one row: the
//! weighted sum of a node's parts, which is compared with what it sent. Q is a constant there, and
//! folding makes elements of the proof's field of the columns, those of x times their weights.

use std::ops::Range;

use zeroize::Zeroizing;

use super::kind::{Kind, Sides};
use super::record::{Arithmetic, Batch, Products, Record, Sent};
use super::shape::{Level, Plain};
use super::vector::Vector;
use crate::field::bulk::{read, zeros};
use crate::field::{Field, ProofField};
use crate::protocol::bits::assignment::Duties;
use crate::sharing::elements::Component;
use crate::sharing::numbers::pseudorandom::expand_at;
use crate::sharing::stream::{StreamKey, StreamStart};
use crate::sharing::{NodeIndex, SharedElements};

/// Columns, or sums, worked on at a time.
const TILE: usize = 512;

/// The records of a batch, with the first of the sums of each.
pub(in crate::protocol) struct Layout<'a, F: Arithmetic> {
    records: Vec<(&'a Record<Products<F>>, usize)>,
    columns: usize,
    sums: usize,
}

impl<F: Arithmetic> Layout<'_, F> {
    /// For all columns in order, tile by tile: both factors, the places, and the weight of each.
    fn each_tile(
        &self,
        weights: &[F::Proof],
        mut work: impl FnMut([&SharedElements<F>; 2], Range<usize>, &[F::Proof]),
    ) {
        let mut own = [F::Proof::ZERO; TILE];
        for (record, first) in &self.records {
            for (x, y) in record.gates.pairs() {
                for start in (0..x.len()).step_by(TILE) {
                    let places = start..x.len().min(start + TILE);
                    let own = &mut own[..places.len()];
                    for (own, sum) in own.iter_mut().zip(record.gates.outputs_of(places.clone())) {
                        *own = weights[first + sum];
                    }
                    work([x, y], places, own);
                }
            }
        }
    }

    /// A weighted sum over all sums: `put` puts down what each is in a record, from a place on.
    fn weigh(
        &self,
        weights: &[F::Proof],
        mut put: impl FnMut(&Record<Products<F>>, usize, &mut [F]),
    ) -> Vec<F::Proof> {
        let (mut total, mut room) = (F::Proof::ZERO, Component::zeros(TILE));
        for (record, first) in &self.records {
            let sums = record.gates.outputs();
            for start in (0..sums).step_by(TILE) {
                let room = &mut room[..TILE.min(sums - start)];
                put(record, start, room);
                total += F::weigh(room, &weights[first + start..]);
            }
        }
        vec![total]
    }
}

impl<F: Arithmetic> Kind for Products<F> {
    type Field = F::Proof;
    type Layout<'a> = Layout<'a, F>;
    /// Of every sum.
    type Weights = Vec<F::Proof>;

    const ROWS: usize = 1;
    const FIRST_VALUES: usize = 1;

    fn levels() -> &'static [Level<F::Proof>] {
        <F::Proof as Plain>::levels()
    }

    fn layout(batch: &Batch<Self>) -> Layout<'_, F> {
        let (mut columns, mut sums) = (0, 0);
        let records = batch.records.iter().map(|record| {
            let first = sums;
            columns += record.gates.products();
            sums += record.gates.outputs();
            (record, first)
        });
        let records = records.collect();
        Layout { records, columns, sums }
    }

    fn columns(layout: &Layout<'_, F>) -> usize {
        layout.columns
    }

    fn weights(layout: &Layout<'_, F>, r: F::Proof) -> Vec<F::Proof> {
        let mut weight = F::Proof::ONE;
        let mut next = || {
            weight *= r;
            weight
        };
        (0..layout.sums).map(|_| next()).collect()
    }

    fn first_values(
        layout: &Layout<'_, F>,
        duties: &Duties,
        _: usize,
        weights: &Vec<F::Proof>,
    ) -> Zeroizing<Vec<F::Proof>> {
        let sum = layout.weigh(weights, |record, first, parts| {
            parts.fill(F::ZERO);
            record.gates.add_parts(duties, first, parts);
        });
        Zeroizing::new(sum)
    }

    fn fold_first(
        layout: &Layout<'_, F>,
        held: usize,
        _: &[F::Proof],
        weights: &Vec<F::Proof>,
    ) -> [Vec<Vector<F::Proof>>; 2] {
        let room = layout.columns.max(1);
        let vectors = || (0..held).map(|_| Vector::zeros(room)).collect::<Vec<_>>();
        let (mut xs, mut ys) = (vectors(), vectors());
        let mut next = 0;
        layout.each_tile(weights, |[x, y], places, own| {
            let columns = next..next + places.len();
            for (component, (left, right)) in xs.iter_mut().zip(&mut ys).enumerate() {
                let factors = &x.component(component)[places.clone()];
                for ((column, &x), &weight) in
                    left[columns.clone()].iter_mut().zip(factors).zip(own)
                {
                    *column = x.weighted(weight);
                }
                let factors = &y.component(component)[places.clone()];
                for (column, &y) in right[columns.clone()].iter_mut().zip(factors) {
                    *column = y.lift();
                }
            }
            next = columns.end;
        });
        [xs, ys]
    }

    fn fold_all(
        layout: &Layout<'_, F>,
        components: &[usize],
        _: &[F::Proof],
        weights: &Vec<F::Proof>,
        mut next: impl FnMut(&mut [F::Proof]),
    ) -> Vec<Sides<F::Proof>> {
        let mut sums = vec![(F::Proof::ZERO, F::Proof::ZERO); components.len()];
        let mut room = [[F::Proof::ZERO; TILE]; 2];
        layout.each_tile(weights, |[x, y], places, own| {
            let [left, right] = &mut room;
            let (left, right) = (&mut left[..own.len()], &mut right[..own.len()]);
            next(right);
            left.copy_from_slice(right);
            F::Proof::scale(left, own);
            for (&component, (of_x, of_y)) in components.iter().zip(&mut sums) {
                *of_x += F::weigh(&x.component(component)[places.clone()], left);
                *of_y += F::weigh(&y.component(component)[places.clone()], right);
            }
        });
        sums
    }

    fn stream(
        layout: &Layout<'_, F>,
        weights: &Vec<F::Proof>,
        key: &StreamKey,
        start: impl Fn(&Record<Self>) -> StreamStart,
    ) -> Vec<F::Proof> {
        layout.weigh(weights, |record, first, room| expand_at(key, start(record), first, room))
    }

    fn opened(layout: &Layout<'_, F>, weights: &Vec<F::Proof>) -> Vec<F::Proof> {
        layout.weigh(weights, |record, first, room| {
            if let Sent::Sum(opened) = &record.sent {
                room.copy_from_slice(&opened[first..first + room.len()]);
            }
        })
    }

    fn part(layout: &Layout<'_, F>, weights: &Vec<F::Proof>, node: NodeIndex) -> Vec<F::Proof> {
        layout.weigh(weights, |record, first, room| {
            if let Sent::Each(parts) = &record.sent
                && let Some((_, part)) = parts.iter().find(|(sender, _)| *sender == node)
            {
                // They were read before, when they came.
                let part = &part[first * F::BYTES..(first + room.len()) * F::BYTES];
                room.copy_from_slice(&read(part).unwrap_or_else(|| zeros(room.len())));
            }
        })
    }

    fn component(
        layout: &Layout<'_, F>,
        weights: &Vec<F::Proof>,
        component: usize,
    ) -> Vec<F::Proof> {
        layout.weigh(weights, |record, first, room| {
            if let Sent::Ring(results) = &record.sent {
                room.copy_from_slice(&results.component(component)[first..first + room.len()]);
            }
        })
    }

    #[cfg(test)]
    fn error(weights: &Vec<F::Proof>, place: usize) -> (usize, F::Proof) {
        (0, weights[place])
    }
}
