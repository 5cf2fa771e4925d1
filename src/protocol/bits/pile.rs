//! Planes that are to be added up: the work of [`super::sum`], `totals` and `prefix`.
//!
//! Three numbers become two without a carry that runs: s = a ^ b ^ c, and the carries, shifted by
//! one, are the majority, (a ^ c) & (b ^ c) ^ c, which is one AND a bit (Boyar, Peralta, Pochuev
//! 2000; Wallace 1964 for the tree, whose shape is in `super::columns`). Planes are cut into rows by
//! reference, so that nothing is moved about while rows are whole words.

use super::BitContext;
use super::add::{Columns, add_columns};
use super::and::evaluate;
use super::columns::{Carrying, adders, highest, row};
use super::gates::{Gates, Operand};
use crate::protocol::ProtocolError;
use crate::sharing::bits::planes::words;
use crate::sharing::{Holding, Plane, ShapeError, SharedBits};

/// A plane, or a row of one.
#[derive(Clone, Copy)]
struct Place {
    batch: usize,
    plane: usize,
    first_word: usize,
}

/// Planes that are to be added up, in groups that each have a sum of their own.
pub(super) struct Pile {
    pub(super) len: usize,
    batches: Vec<Option<SharedBits>>,
    /// By group, then by weight.
    groups: Vec<Vec<Vec<Place>>>,
}

impl Pile {
    /// Nothing yet, at `len` positions; sums are taken modulo 2^`width`.
    pub(super) fn new(len: usize, groups: usize, width: usize) -> Self {
        Self::of_widths(len, std::iter::repeat_n(width, groups))
    }

    /// Nothing yet, with a group for each of these widths, modulo 2 to which its sum is taken.
    pub(super) fn of_widths(len: usize, widths: impl IntoIterator<Item = usize>) -> Self {
        let groups = widths.into_iter().map(|width| vec![Vec::new(); width]).collect();
        Self { len, batches: Vec::new(), groups }
    }

    /// Put a batch on a group's pile, from a word on; `weight` says which column a plane belongs
    /// to. What would weigh more than the result has bits is left out.
    pub(super) fn put(
        &mut self,
        group: usize,
        batch: &SharedBits,
        first_word: usize,
        weight: impl Fn(usize) -> usize,
    ) {
        for plane in 0..batch.width() {
            if let Some(column) = self.groups[group].get_mut(weight(plane)) {
                column.push(Place { batch: self.batches.len(), plane, first_word });
            }
        }
        self.batches.push(Some(batch.clone()));
    }

    /// The same of a batch that has so many rows, one after the other, each of which begins with a
    /// whole word.
    pub(super) fn put_rows(
        &mut self,
        group: usize,
        batch: &SharedBits,
        rows: usize,
        weight: impl Fn(usize) -> usize,
    ) {
        let step = words(self.len);
        for plane in 0..batch.width() {
            if let Some(column) = self.groups[group].get_mut(weight(plane)) {
                let batch = self.batches.len();
                column.extend((0..rows).map(|row| Place { batch, plane, first_word: row * step }));
            }
        }
        self.batches.push(Some(batch.clone()));
    }

    fn plane(&self, place: Place) -> Result<Plane<'_>, ShapeError> {
        let (expected, got) = (self.batches.len(), place.batch);
        let batch = self.batches.get(got).and_then(Option::as_ref);
        let batch = batch.ok_or(ShapeError { what: "batches of a sum", expected, got })?;
        batch.plane(place.plane)?.cut(place.first_word, self.len)
    }

    /// How many planes of each weight the first group has.
    pub(super) fn heights(&self) -> Vec<usize> {
        self.shape().into_iter().next().unwrap_or_default()
    }

    /// How many planes of each weight every group has.
    pub(super) fn shape(&self) -> Vec<Vec<usize>> {
        self.groups.iter().map(|columns| columns.iter().map(Vec::len).collect()).collect()
    }

    /// Add up, three at a time, until no column but the last has more than two planes.
    pub(super) async fn reduce(&mut self, ctx: &BitContext) -> Result<(), ProtocolError> {
        let mut round = 0;
        while self.round(&ctx.narrow(round)).await? {
            round += 1;
        }
        Ok(())
    }

    /// The same until planes are so many positions long. They are halved where no column has
    /// `enough` planes, so that a round has threes to take, and gates stay long while there are many.
    pub(super) async fn reduce_to(
        &mut self,
        ctx: &BitContext,
        len: usize,
        enough: usize,
    ) -> Result<(), ProtocolError> {
        let mut round = 0;
        loop {
            let highest = |pile: &Self| pile.shape().iter().map(|own| highest(own)).max();
            while self.len > len && highest(self).unwrap_or(0) < enough {
                self.split(2);
            }
            if !self.round(&ctx.narrow(round)).await? {
                return Ok(());
            }
            round += 1;
        }
    }

    /// One round of adders; false if there is nothing left to add up.
    async fn round(&mut self, ctx: &BitContext) -> Result<bool, ProtocolError> {
        let adders: Vec<_> = self.shape().iter().map(|heights| adders(heights)).collect();
        let count: usize = adders.iter().flatten().flatten().map(|adders| adders.count()).sum();
        if adders.iter().all(Option::is_none) {
            return Ok(false);
        }
        let mut gates = Gates::new(ctx.holding(), self.len, count);
        let mut sums: Vec<Vec<Plane<'_>>> = Vec::with_capacity(count);
        let (sums_at, carries_at) = (self.batches.len(), self.batches.len() + 1);
        let mut groups = Vec::with_capacity(self.groups.len());
        for (columns, adders) in self.groups.iter().zip(&adders) {
            let Some(adders) = adders else {
                groups.push(columns.clone());
                continue;
            };
            let mut next: Vec<Vec<Place>> = vec![Vec::new(); columns.len()];
            for (weight, (column, adders)) in columns.iter().zip(adders).enumerate() {
                let (full, rest) = column.split_at(3 * adders.full);
                let (half, rest) = rest.split_at(2 * adders.half);
                for terms in full.chunks(3).chain(half.chunks(2)) {
                    let planes = terms.iter().map(|&place| self.plane(place));
                    let planes = planes.collect::<Result<Vec<_>, _>>()?;
                    let place = |batch, plane| Place { batch, plane, first_word: 0 };
                    next[weight].push(place(sums_at, sums.len()));
                    next[weight + 1].push(place(carries_at, gates.count()));
                    match planes[..] {
                        [a, b, c] => {
                            let (a, b) = (Operand::of(a), Operand::of(b));
                            gates.push(a.xor(c), b.xor(c), Some(c));
                        }
                        [a, b] => gates.push(Operand::of(a), Operand::of(b), None),
                        _ => {}
                    }
                    sums.push(planes);
                }
                next[weight].extend(rest);
            }
            groups.push(next);
        }
        let carries = evaluate(ctx, &gates).await?;
        drop(gates);
        let sums = SharedBits::xor_planes(ctx.holding(), self.len, &sums)?;
        self.batches.extend([Some(sums), Some(carries)]);
        self.groups = groups;
        self.forget();
        Ok(true)
    }

    /// Cut every plane into so many pieces of whole words, which are added up from now on.
    pub(super) fn split(&mut self, pieces: usize) {
        let len = self.len / pieces;
        let step = words(len);
        for column in self.groups.iter_mut().flatten() {
            let pieces = column.iter().flat_map(|place| {
                let place = *place;
                (0..pieces)
                    .map(move |at| Place { first_word: place.first_word + at * step, ..place })
            });
            *column = pieces.collect();
        }
        self.len = len;
    }

    /// What is left at every position, once no column but the last has more than two planes: column
    /// by column its planes, of the last their sum.
    pub(super) fn saved(&self, holding: Holding) -> Result<Vec<SharedBits>, ShapeError> {
        let group = |columns: &Vec<Vec<Place>>| {
            let mut planes = Vec::new();
            let Some((last, columns)) = columns.split_last() else {
                return Ok(SharedBits::zeros(holding, 0, self.len));
            };
            for &place in columns.iter().flatten() {
                planes.push(vec![self.plane(place)?]);
            }
            if !last.is_empty() {
                let last = last.iter().map(|&place| self.plane(place));
                planes.push(last.collect::<Result<_, _>>()?);
            }
            SharedBits::xor_planes(holding, self.len, &planes)
        };
        self.groups.iter().map(group).collect()
    }

    /// Batches that no column refers to any more give their memory back.
    fn forget(&mut self) {
        let mut used = vec![false; self.batches.len()];
        for place in self.groups.iter().flatten().flatten() {
            used[place.batch] = true;
        }
        for (batch, used) in self.batches.iter_mut().zip(used) {
            if !used {
                *batch = None;
            }
        }
    }

    /// Cut every plane into rows, which are added up from now on.
    pub(super) fn cut(mut self, ctx: &BitContext) -> Result<Self, ShapeError> {
        let (len, row) = (self.len, row(self.len));
        if row > 1 {
            self.split(len / row);
            return Ok(self);
        }
        let places = self.groups.iter().flatten().flatten();
        let planes = places.map(|&place| self.plane(place)).collect::<Result<Vec<_>, _>>()?;
        let all = SharedBits::stack(ctx.holding(), len, planes)?;
        let batches = (0..len).map(|position| Ok(Some(all.extract(position, 1)?)));
        let batches = batches.collect::<Result<Vec<_>, ShapeError>>()?;
        let mut next = 0;
        let mut singles = |_: &Place| {
            let plane = next;
            next += 1;
            (0..len).map(move |batch| Place { batch, plane, first_word: 0 })
        };
        let mut groups = Vec::with_capacity(self.groups.len());
        for columns in &self.groups {
            let columns = columns.iter();
            groups.push(
                columns.map(|column| column.iter().flat_map(&mut singles).collect()).collect(),
            );
        }
        Ok(Self { len: row, batches, groups })
    }

    /// The sums, once no column but the last has more than two planes.
    pub(super) async fn add(&self, ctx: &BitContext) -> Result<Vec<SharedBits>, ProtocolError> {
        self.add_by(ctx, Carrying::Tree).await
    }

    /// The same with carries made in a given way.
    pub(super) async fn add_by(
        &self,
        ctx: &BitContext,
        carrying: Carrying,
    ) -> Result<Vec<SharedBits>, ProtocolError> {
        let columns = |columns: &Vec<Vec<Place>>| {
            let column =
                |places: &Vec<Place>| places.iter().map(|&place| self.plane(place)).collect();
            columns.iter().map(column).collect::<Result<Columns<'_>, ShapeError>>()
        };
        let groups = self.groups.iter().map(columns).collect::<Result<Vec<_>, _>>()?;
        add_columns(ctx, self.len, &groups, carrying).await
    }
}
