//! Sums of many shared numbers, and counts of shared bits.
//!
//! In: N numbers of b bits, shared: the positions of one batch ([`sum`]), or several batches to be
//! added position by position ([`sum_of`]). Out: their sum, as wide as it can get, shared. Who
//! learns what: nothing. Rounds: about log N to the base of 1.5, then those of one [`super::add`]:
//! 16 to count a thousand bits. Gates: about N * b; of each the bytes of an AND. Adversary: as for
//! AND.
//!
//! Three numbers become two without a carry that runs: s = a ^ b ^ c, and the carries, shifted by
//! one, are the majority, (a ^ c) & (b ^ c) ^ c, which is one AND a bit (Boyar, Peralta, Pochuev
//! 2000; Wallace 1964 for the tree, whose shape is in `super::columns`). The last two are added.
//!
//! The positions of a batch are summed up by cutting its planes into rows of whole words, which
//! are added position by position, then the rows that are left into shorter ones, and in the end
//! into single positions. So nothing is moved about until 64 positions are left.

use super::BitContext;
use super::add::{Columns, add_columns, fitting, one};
use super::and::evaluate;
use super::columns::{adders, row, sum_width};
use super::gates::{Gates, Operand};
use super::lanes;
use super::stripes::Stripe;
use crate::protocol::ProtocolError;
use crate::sharing::bits::planes::words;
use crate::sharing::seed::mask;
use crate::sharing::{Plane, ShapeError, SharedBits};

/// The sum of all numbers of a batch: one number. The sum of no numbers has no bits.
///
/// # Errors
/// When the sum may need more than 64 bits, or a node does not answer.
pub async fn sum(ctx: &BitContext, numbers: &SharedBits) -> Result<SharedBits, ProtocolError> {
    let width = fitting(sum_width(numbers.width(), numbers.len()))?;
    if width == 0 {
        return Ok(SharedBits::zeros(ctx.holding(), 0, 1));
    }
    one(sum_groups(ctx, std::slice::from_ref(numbers), width, 0).await?)
}

/// The sums of batches of the same shape, position by position. Large ones go stripe by stripe.
///
/// # Errors
/// When the shapes differ, a sum may need more than 64 bits, or a node does not answer.
pub async fn sum_of(ctx: &BitContext, parts: &[SharedBits]) -> Result<SharedBits, ProtocolError> {
    let Some(first) = parts.first() else {
        return Ok(SharedBits::zeros(ctx.holding(), 0, 0));
    };
    for part in parts {
        part.check_like(first)?;
    }
    let width = fitting(sum_width(first.width(), parts.len()))?;
    let (parts, len) = (parts.to_vec(), first.len());
    let steps = move |ctx: BitContext, stripe: Stripe| {
        let mut pile = Pile::new(stripe.len, 1, width);
        for part in &parts {
            pile.put(0, part, stripe.first_word(), |plane| plane);
        }
        async move {
            pile.reduce(&ctx.narrow("save")).await?;
            one(pile.add(&ctx.narrow("add")).await?)
        }
    };
    lanes::run(ctx, len, steps).await
}

/// For every position, how many planes of a batch are set there. Large ones go stripe by stripe.
pub(super) async fn count_planes(
    ctx: &BitContext,
    bits: SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let (width, len) = (sum_width(1, bits.width()), bits.len());
    let steps = move |ctx: BitContext, stripe: Stripe| {
        let mut pile = Pile::new(stripe.len, 1, width);
        pile.put(0, &bits, stripe.first_word(), |_| 0);
        async move {
            pile.reduce(&ctx.narrow("save")).await?;
            one(pile.add(&ctx.narrow("add")).await?)
        }
    };
    lanes::run(ctx, len, steps).await
}

/// For batches of the same shape, the sum over the positions of each, plus a public number, modulo
/// 2^`width`: all in the rounds of one.
pub(super) async fn sum_groups(
    ctx: &BitContext,
    numbers: &[SharedBits],
    width: usize,
    public: u64,
) -> Result<Vec<SharedBits>, ProtocolError> {
    let len = numbers.first().map_or(0, SharedBits::len);
    let mut pile = Pile::new(len.next_multiple_of(row(len)), numbers.len(), width);
    for (group, numbers) in numbers.iter().enumerate() {
        // What is past the end of the last row must be zeros.
        pile.put(group, &numbers.extract(0, pile.len)?, 0, |plane| plane);
    }
    let mut stage = 0;
    loop {
        let ctx = ctx.narrow(format!("rows-{stage}"));
        if pile.len > 1 {
            pile.reduce(&ctx.narrow("save")).await?;
            pile = pile.cut(&ctx)?;
            stage += 1;
            continue;
        }
        // A plane of ones for every bit that is set.
        let set: Vec<usize> = (0..width).filter(|bit| public >> bit & 1 == 1).collect();
        let ones = vec![mask(u32::try_from(set.len()).unwrap_or(u32::MAX))];
        let ones = SharedBits::from_public(ctx.holding(), set.len(), &ones);
        for group in 0..numbers.len() {
            pile.put(group, &ones, 0, |plane| set[plane]);
        }
        pile.reduce(&ctx.narrow("save")).await?;
        return pile.add(&ctx.narrow("add")).await;
    }
}

/// A plane, or a row of one.
#[derive(Clone, Copy)]
struct Place {
    batch: usize,
    plane: usize,
    first_word: usize,
}

/// Planes that are to be added up, in groups that each have a sum of their own. All groups have as
/// many planes of each weight.
struct Pile {
    len: usize,
    batches: Vec<Option<SharedBits>>,
    /// By group, then by weight.
    groups: Vec<Vec<Vec<Place>>>,
}

impl Pile {
    /// Nothing yet, at `len` positions; sums are taken modulo 2^`width`.
    fn new(len: usize, groups: usize, width: usize) -> Self {
        Self { len, batches: Vec::new(), groups: vec![vec![Vec::new(); width]; groups] }
    }

    /// Put a batch on a group's pile, from a word on; `weight` says which column a plane belongs
    /// to. What would weigh more than the result has bits is left out.
    fn put(
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

    fn plane(&self, place: Place) -> Result<Plane<'_>, ShapeError> {
        let (expected, got) = (self.batches.len(), place.batch);
        let batch = self.batches.get(got).and_then(Option::as_ref);
        let batch = batch.ok_or(ShapeError { what: "batches of a sum", expected, got })?;
        batch.plane(place.plane)?.cut(place.first_word, self.len)
    }

    fn heights(&self) -> Vec<usize> {
        self.groups.first().map_or(Vec::new(), |columns| columns.iter().map(Vec::len).collect())
    }

    /// Add up, three at a time, until no column but the last has more than two planes.
    async fn reduce(&mut self, ctx: &BitContext) -> Result<(), ProtocolError> {
        let mut round = 0;
        while let Some(adders) = adders(&self.heights()) {
            let count: usize = adders.iter().map(|adders| adders.count()).sum();
            let mut gates = Gates::new(ctx.holding(), self.len, count * self.groups.len());
            let mut sums: Vec<Vec<Plane<'_>>> = Vec::with_capacity(count * self.groups.len());
            let (sums_at, carries_at) = (self.batches.len(), self.batches.len() + 1);
            let mut groups = Vec::with_capacity(self.groups.len());
            for columns in &self.groups {
                let mut next: Vec<Vec<Place>> = vec![Vec::new(); columns.len()];
                for (weight, (column, adders)) in columns.iter().zip(&adders).enumerate() {
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
            let carries = evaluate(&ctx.narrow(round), &gates).await?;
            drop(gates);
            let sums = SharedBits::xor_planes(ctx.holding(), self.len, &sums)?;
            self.batches.extend([Some(sums), Some(carries)]);
            self.groups = groups;
            self.forget();
            round += 1;
        }
        Ok(())
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
    fn cut(self, ctx: &BitContext) -> Result<Self, ShapeError> {
        let (len, row) = (self.len, row(self.len));
        if row > 1 {
            let rows = |place: &Place| {
                let (place, step) = (*place, words(row));
                (0..len / row)
                    .map(move |row| Place { first_word: place.first_word + row * step, ..place })
            };
            let columns = |columns: &Vec<Vec<Place>>| {
                columns.iter().map(|column| column.iter().flat_map(rows).collect()).collect()
            };
            let groups = self.groups.iter().map(columns).collect();
            return Ok(Self { len: row, groups, ..self });
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
    async fn add(&self, ctx: &BitContext) -> Result<Vec<SharedBits>, ProtocolError> {
        let columns = |columns: &Vec<Vec<Place>>| {
            let column =
                |places: &Vec<Place>| places.iter().map(|&place| self.plane(place)).collect();
            columns.iter().map(column).collect::<Result<Columns<'_>, ShapeError>>()
        };
        let groups = self.groups.iter().map(columns).collect::<Result<Vec<_>, _>>()?;
        add_columns(ctx, self.len, &groups).await
    }
}
