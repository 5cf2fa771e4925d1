//! Gates to be computed in one round, and this node's part of each.
//!
//! A gate is the XOR of one or more products of operands; it costs one message bit per position
//! however many products it has, since the node's part of a sum is the sum of its parts. An
//! operand is the XOR of a few planes, perhaps negated, read where the planes lie. To the result a
//! plane may be added. So what is linear is never written to memory.
//!
//! Everything here is local. The words of all gates, one gate after the other, form one flat row;
//! it is worked on in tiles that stay in the first-level cache. A tile may hold many short gates or
//! a part of a long one.

use std::ops::Range;

use super::assignment::Duties;
use crate::sharing::bits::planes::{words, xor_into};
use crate::sharing::{Holding, KeptPlane, Plane, ShapeError};

/// Words of the flat row worked on at a time where a node holds two components.
pub(super) const NARROW_TILE: usize = 256;

/// The same where a node holds more: every component of both operands has its place in the cache.
pub(super) const WIDE_TILE: usize = 128;

/// Words kept in registers while products are summed up.
const CHUNK: usize = 8;

/// The XOR of up to three planes, perhaps negated. With no planes it is a public zero.
#[derive(Clone, Copy)]
pub(in crate::protocol) struct Operand<'a> {
    planes: [Option<Plane<'a>>; 3],
    negated: bool,
}

impl<'a> Operand<'a> {
    /// A public zero.
    pub(in crate::protocol) const fn zero() -> Self {
        Self { planes: [None; 3], negated: false }
    }

    pub(in crate::protocol) const fn of(plane: Plane<'a>) -> Self {
        Self { planes: [Some(plane), None, None], negated: false }
    }

    /// Its XOR with another plane, of which there may be three in all.
    pub(in crate::protocol) fn xor(mut self, plane: Plane<'a>) -> Self {
        if let Some(free) = self.planes.iter_mut().find(|place| place.is_none()) {
            *free = Some(plane);
        } else {
            debug_assert!(false, "an operand has room for three planes");
        }
        self
    }

    pub(in crate::protocol) const fn not(self) -> Self {
        Self { negated: !self.negated, ..self }
    }

    fn planes(&self) -> impl Iterator<Item = Plane<'a>> {
        self.planes.into_iter().flatten()
    }

    /// Some words of a component; from the plane itself if the operand is just one, otherwise
    /// put together in `place`.
    fn words<'p>(
        &self,
        holding: Holding,
        component: usize,
        range: &Range<usize>,
        place: &'p mut [u64],
    ) -> &'p [u64]
    where
        'a: 'p,
    {
        let flipped = self.negated && holding.designated() == Some(component);
        if let ([Some(plane), None, None], false) = (self.planes, flipped) {
            return &plane.component(component)[range.clone()];
        }
        self.put(flipped, component, range, place);
        place
    }

    fn put(&self, flipped: bool, component: usize, range: &Range<usize>, place: &mut [u64]) {
        let words = |plane: Plane<'a>| &plane.component(component)[range.clone()];
        let flip = if flipped { u64::MAX } else { 0 };
        match self.planes {
            [Some(a), Some(b), Some(c)] => {
                let sources = words(a).iter().zip(words(b)).zip(words(c));
                for (word, ((a, b), c)) in place.iter_mut().zip(sources) {
                    *word = a ^ b ^ c ^ flip;
                }
            }
            [Some(a), Some(b), None] => {
                for (word, (a, b)) in place.iter_mut().zip(words(a).iter().zip(words(b))) {
                    *word = a ^ b ^ flip;
                }
            }
            [Some(a), ..] => {
                for (word, a) in place.iter_mut().zip(words(a)) {
                    *word = a ^ flip;
                }
            }
            [None, ..] => place.fill(flip),
        }
    }
}

/// One gate: where its products end, and what is added.
struct Gate<'a> {
    end: usize,
    add: Option<Plane<'a>>,
}

/// Gates of one round, all of the same length.
pub(in crate::protocol) struct Gates<'a> {
    holding: Holding,
    len: usize,
    products: Vec<(Operand<'a>, Operand<'a>)>,
    ends: Vec<Gate<'a>>,
}

/// A part of a gate that lies in a tile.
struct Piece {
    gate: usize,
    /// Words of the gate.
    words: Range<usize>,
    /// The same words in the tile.
    place: Range<usize>,
}

impl<'a> Gates<'a> {
    pub(in crate::protocol) fn new(holding: Holding, len: usize, room: usize) -> Self {
        let (products, ends) = (Vec::with_capacity(room), Vec::with_capacity(room));
        Self { holding, len, products, ends }
    }

    /// A gate that is one product, with a plane added to the result if one is given.
    pub(in crate::protocol) fn push(
        &mut self,
        x: Operand<'a>,
        y: Operand<'a>,
        add: Option<Plane<'a>>,
    ) {
        self.push_sum([(x, y)], add);
    }

    /// A gate that is the XOR of several products.
    pub(in crate::protocol) fn push_sum(
        &mut self,
        products: impl IntoIterator<Item = (Operand<'a>, Operand<'a>)>,
        add: Option<Plane<'a>>,
    ) {
        self.products.extend(products);
        self.ends.push(Gate { end: self.products.len(), add });
    }

    /// Number of gates.
    pub(in crate::protocol) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Positions of each gate.
    pub(in crate::protocol) const fn len(&self) -> usize {
        self.len
    }

    /// Words of the flat row.
    pub(in crate::protocol) fn total(&self) -> usize {
        self.count() * words(self.len)
    }

    /// Check that every plane fits.
    pub(in crate::protocol) fn check(&self) -> Result<(), ShapeError> {
        let operands = self.products.iter().flat_map(|(x, y)| x.planes().chain(y.planes()));
        for plane in operands.chain(self.ends.iter().filter_map(|gate| gate.add)) {
            let (expected, got) = (self.holding.components(), plane.holding().components());
            if expected != got {
                return Err(ShapeError { what: "components of a plane", expected, got });
            }
            if plane.len() != self.len {
                let (expected, got) = (self.len, plane.len());
                return Err(ShapeError { what: "positions of a plane", expected, got });
            }
        }
        Ok(())
    }

    fn products_of(&self, gate: usize) -> &[(Operand<'a>, Operand<'a>)] {
        let begin = gate.checked_sub(1).map_or(0, |before| self.ends[before].end);
        &self.products[begin..self.ends[gate].end]
    }

    /// The parts of gates in the `len` words of the flat row from `first` on.
    fn pieces(&self, first: usize, len: usize) -> impl Iterator<Item = Piece> + use<> {
        let stride = words(self.len);
        let mut done = 0;
        std::iter::from_fn(move || {
            if done == len {
                return None;
            }
            let (gate, word) = ((first + done) / stride, (first + done) % stride);
            let count = (stride - word).min(len - done);
            let place = done..done + count;
            done += count;
            Some(Piece { gate, words: word..word + count, place })
        })
    }

    /// The most products that a gate has.
    pub(in crate::protocol) fn layers(&self) -> usize {
        (0..self.count()).map(|gate| self.products_of(gate).len()).max().unwrap_or(0)
    }

    /// Write a tile of one side of the gates' products number `layer`: a component of their
    /// operands, zero where a gate has fewer products.
    pub(in crate::protocol) fn side(
        &self,
        layer: usize,
        side: Side,
        component: usize,
        first: usize,
        tile: &mut [u64],
    ) {
        for piece in self.pieces(first, tile.len()) {
            let place = &mut tile[piece.place];
            let Some((x, y)) = self.products_of(piece.gate).get(layer) else {
                place.fill(0);
                continue;
            };
            let operand = if side == Side::Left { x } else { y };
            let flipped = operand.negated && self.holding.designated() == Some(component);
            operand.put(flipped, component, &piece.words, place);
        }
    }

    /// The same gates, with the batches that their operands are in.
    pub(in crate::protocol) fn keep(&self) -> KeptGates {
        let keep = |operand: &Operand<'_>| KeptOperand {
            planes: operand.planes.map(|plane| plane.map(Plane::keep)),
            negated: operand.negated,
        };
        let products = self.products.iter().map(|(x, y)| (keep(x), keep(y)));
        let ends = self.ends.iter().map(|gate| (gate.end, gate.add.map(Plane::keep)));
        KeptGates {
            holding: self.holding,
            len: self.len,
            products: products.collect(),
            ends: ends.collect(),
        }
    }

    /// Add to a tile of a component of the results what is to be added to them.
    pub(in crate::protocol) fn add(&self, component: usize, first: usize, tile: &mut [u64]) {
        for piece in self.pieces(first, tile.len()) {
            if let Some(plane) = self.ends[piece.gate].add {
                xor_into(&mut tile[piece.place], &plane.component(component)[piece.words]);
            }
        }
    }

    /// z = this node's part of a tile, where it holds two components, numbers a and b:
    /// the XOR over the products of xa & (ya ^ yb) ^ xb & ya.
    pub(in crate::protocol) fn ring_part(
        &self,
        (a, b): (usize, usize),
        first: usize,
        z: &mut [u64],
        scratch: &mut [u64],
    ) {
        let len = z.len();
        z.fill(0);
        for piece in self.pieces(first, len) {
            let z = &mut z[piece.place];
            let (places, _) = scratch.as_chunks_mut::<NARROW_TILE>();
            let [xa, xb, ya, yb, ..] = places else { return };
            let count = z.len();
            for (x, y) in self.products_of(piece.gate) {
                let xa = x.words(self.holding, a, &piece.words, &mut xa[..count]);
                let xb = x.words(self.holding, b, &piece.words, &mut xb[..count]);
                let ya = y.words(self.holding, a, &piece.words, &mut ya[..count]);
                let yb = y.words(self.holding, b, &piece.words, &mut yb[..count]);
                ring_product(z, xa, xb, ya, yb);
            }
        }
    }

    /// z = this node's part of a tile: the XOR of the products assigned to it.
    pub(in crate::protocol) fn assigned_part(
        &self,
        duties: &Duties,
        first: usize,
        z: &mut [u64],
        scratch: &mut [u64],
    ) {
        // As many places as the usual schemes need, so that filling them costs little.
        match self.holding.components() {
            0..=6 => self.assigned_among::<6>(duties, first, z, scratch),
            7..=20 => self.assigned_among::<20>(duties, first, z, scratch),
            _ => self.assigned_among::<84>(duties, first, z, scratch),
        }
    }

    fn assigned_among<const HELD: usize>(
        &self,
        duties: &Duties,
        first: usize,
        z: &mut [u64],
        scratch: &mut [u64],
    ) {
        let (held, len) = (self.holding.components().min(HELD), z.len());
        z.fill(0);
        let (left, right) = scratch.split_at_mut(held * WIDE_TILE);
        for piece in self.pieces(first, len) {
            let z = &mut z[piece.place];
            for (x, y) in self.products_of(piece.gate) {
                let (mut xs, mut ys): ([&[u64]; HELD], [&[u64]; HELD]) = ([&[]; HELD], [&[]; HELD]);
                for (operand, views, places) in
                    [(x, &mut xs, &mut *left), (y, &mut ys, &mut *right)]
                {
                    let places = places.as_chunks_mut::<WIDE_TILE>().0.iter_mut();
                    for (component, (view, place)) in views.iter_mut().zip(places).enumerate() {
                        let place = &mut place[..z.len()];
                        *view = operand.words(self.holding, component, &piece.words, place);
                    }
                }
                assigned_products(duties, z, &xs[..held], &ys[..held]);
            }
        }
    }
}

/// One of the two factors of a product.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::protocol) enum Side {
    /// x.
    Left,
    /// y.
    Right,
}

#[derive(Clone)]
struct KeptOperand {
    planes: [Option<KeptPlane>; 3],
    negated: bool,
}

/// Gates that stay after their round, with everything that they were computed from. Nothing is
/// copied: batches share their buffers.
#[derive(Clone)]
pub(in crate::protocol) struct KeptGates {
    holding: Holding,
    len: usize,
    products: Vec<(KeptOperand, KeptOperand)>,
    ends: Vec<(usize, Option<KeptPlane>)>,
}

impl KeptGates {
    /// The gates.
    pub(in crate::protocol) fn gates(&self) -> Gates<'_> {
        fn operand(kept: &KeptOperand) -> Operand<'_> {
            let planes = kept.planes.each_ref();
            let planes = planes.map(|plane| plane.as_ref().map(KeptPlane::plane));
            Operand { planes, negated: kept.negated }
        }
        let products = self.products.iter().map(|(x, y)| (operand(x), operand(y)));
        let ends = self
            .ends
            .iter()
            .map(|(end, add)| Gate { end: *end, add: add.as_ref().map(KeptPlane::plane) });
        Gates {
            holding: self.holding,
            len: self.len,
            products: products.collect(),
            ends: ends.collect(),
        }
    }
}

/// z ^= xa & (ya ^ yb) ^ xb & ya.
fn ring_product(z: &mut [u64], xa: &[u64], xb: &[u64], ya: &[u64], yb: &[u64]) {
    let len = z.len();
    let (xa, xb, ya, yb) = (&xa[..len], &xb[..len], &ya[..len], &yb[..len]);
    for at in 0..len {
        z[at] ^= xa[at] & (ya[at] ^ yb[at]) ^ xb[at] & ya[at];
    }
}

/// z ^= the XOR over the duties of (XOR of some x) & (XOR of some y).
fn assigned_products(duties: &Duties, z: &mut [u64], xs: &[&[u64]], ys: &[&[u64]]) {
    let (chunks, rest) = z.as_chunks_mut::<CHUNK>();
    let whole = chunks.len() * CHUNK;
    for (at, z) in chunks.iter_mut().enumerate() {
        let words = at * CHUNK..(at + 1) * CHUNK;
        let mut sum = *z;
        for (left, right) in &duties.products {
            let (left, right) = (add_up(xs, left, &words), add_up(ys, right, &words));
            for ((sum, left), right) in sum.iter_mut().zip(left).zip(right) {
                *sum ^= left & right;
            }
        }
        *z = sum;
    }
    for (at, z) in rest.iter_mut().enumerate() {
        for (left, right) in &duties.products {
            let left = left.iter().fold(0, |sum, &left| sum ^ xs[left][whole + at]);
            let right = right.iter().fold(0, |sum, &right| sum ^ ys[right][whole + at]);
            *z ^= left & right;
        }
    }
}

/// The XOR of a few components' words.
#[inline]
fn add_up(components: &[&[u64]], chosen: &[usize], words: &Range<usize>) -> [u64; CHUNK] {
    let mut sum = [0; CHUNK];
    for &component in chosen {
        for (sum, word) in sum.iter_mut().zip(&components[component][words.clone()]) {
            *sum ^= word;
        }
    }
    sum
}
