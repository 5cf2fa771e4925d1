//! Sums of products to be computed in one round, and this node's part of each.
//!
//! An output is the sum of the products of `group` places of x and y, over all pairs (x, y); it costs
//! one element on the wire however many products it has, since the node's part of a sum is the sum
//! of its parts. Everything here is local, and works in tiles that stay in the cache.

use std::ops::Range;

use crate::field::Field;
use crate::field::bulk::add_into;
use crate::protocol::bits::assignment::Duties;
use crate::sharing::elements::{Component, SharedElements};
use crate::sharing::{Holding, ShapeError};

/// Places worked on at a time.
const TILE: usize = 256;

/// Sums of products, all of the same shape.
#[derive(Clone)]
pub(in crate::protocol) struct Terms<F: Field> {
    outputs: usize,
    /// Places of a pair that go into one output.
    group: usize,
    pairs: Vec<(SharedElements<F>, SharedElements<F>)>,
}

impl<F: Field> Terms<F> {
    /// Sums over pairs, of `group` places each: their lengths are `outputs` times that.
    pub(in crate::protocol) fn new(
        holding: Holding,
        outputs: usize,
        group: usize,
        pairs: Vec<(SharedElements<F>, SharedElements<F>)>,
    ) -> Result<Self, ShapeError> {
        let expected = outputs * group;
        for side in pairs.iter().flat_map(|(x, y)| [x, y]) {
            let (own, theirs) = (holding.components(), side.holding().components());
            if own != theirs {
                return Err(ShapeError {
                    what: "components of factors",
                    expected: own,
                    got: theirs,
                });
            }
            if side.len() != expected {
                return Err(ShapeError { what: "factors of products", expected, got: side.len() });
            }
        }
        Ok(Self { outputs, group, pairs })
    }

    /// How many sums.
    pub(in crate::protocol) const fn outputs(&self) -> usize {
        self.outputs
    }

    /// How many products.
    pub(in crate::protocol) const fn products(&self) -> usize {
        self.pairs.len() * self.outputs * self.group
    }

    /// The pairs of factors.
    pub(in crate::protocol) fn pairs(&self) -> &[(SharedElements<F>, SharedElements<F>)] {
        &self.pairs
    }

    /// The output that each of some places of a pair goes into, in order.
    pub(in crate::protocol) fn outputs_of(
        &self,
        places: Range<usize>,
    ) -> impl Iterator<Item = usize> {
        let group = self.group.max(1);
        let (mut output, mut within) = (places.start / group, places.start % group);
        places.map(move |_| {
            let here = output;
            within += 1;
            if within == group {
                (output, within) = (output + 1, 0);
            }
            here
        })
    }

    /// parts += this node's parts of the outputs from `first` on: the products assigned to it.
    pub(in crate::protocol) fn add_parts(&self, duties: &Duties, first: usize, parts: &mut [F]) {
        let end = (first + parts.len()) * self.group;
        let (mut left, mut right) = (Component::zeros(TILE), Component::zeros(TILE));
        for (x, y) in &self.pairs {
            for (xs, ys) in &duties.products {
                for start in (first * self.group..end).step_by(TILE) {
                    let places = start..end.min(start + TILE);
                    let xs = add_up(x, xs, &places, &mut left);
                    let ys = add_up(y, ys, &places, &mut right);
                    if self.group == 1 {
                        let parts = &mut parts[places.start - first..places.end - first];
                        for (part, (&x, &y)) in parts.iter_mut().zip(xs.iter().zip(ys)) {
                            *part += x * y;
                        }
                    } else {
                        for (output, (&x, &y)) in self.outputs_of(places).zip(xs.iter().zip(ys)) {
                            parts[output - first] += x * y;
                        }
                    }
                }
            }
        }
    }
}

/// The sum of some components at some places, put down in `room` where there are several.
fn add_up<'a, F: Field>(
    elements: &'a SharedElements<F>,
    chosen: &[usize],
    places: &Range<usize>,
    room: &'a mut [F],
) -> &'a [F] {
    let component = |at: usize| &elements.component(at)[places.clone()];
    let Some((&first, others)) = chosen.split_first() else { return &[] };
    if others.is_empty() {
        return component(first);
    }
    let room = &mut room[..places.len()];
    room.copy_from_slice(component(first));
    for &other in others {
        add_into(room, component(other));
    }
    room
}
