//! The material that computing takes, its rounds and its messages. Exact, so that a batch can be made
//! for a model.

use std::ops::Add;

use super::range::width;
use crate::field::{Field, NearPower, Pair127};
use crate::protocol::Cost;
use crate::sharing::pair::{BatchShape, MatrixShape, Party};

/// As much of everything, one after the other.
#[must_use]
pub fn together(mut one: BatchShape, other: BatchShape) -> BatchShape {
    one.triples += other.triples;
    one.squares += other.squares;
    one.bits += other.bits;
    one.masks += other.masks;
    one.matrices.extend(other.matrices);
    one
}

/// Of [`super::input()`] and of [`super::reveal_to`].
pub fn input(count: usize) -> BatchShape {
    BatchShape { masks: count + 1, ..BatchShape::default() }
}

/// Bits of a mask: material is over this field.
const MASK: usize = Pair127::POWER;

/// Products in the tree of one comparison.
fn tree() -> usize {
    let (mut width, mut products) = (MASK, 0);
    while width > 1 {
        products += (2 * (width / 2)).saturating_sub(1);
        width = width.div_ceil(2);
    }
    products
}

/// Of [`super::below_zero`].
pub fn below_zero(count: usize) -> BatchShape {
    let triples = count * (tree() + 1);
    BatchShape { triples, bits: count * MASK, ..BatchShape::default() }
}

/// Of [`super::rectified`].
pub fn rectified(count: usize) -> BatchShape {
    together(below_zero(count), BatchShape { triples: count, ..BatchShape::default() })
}

/// Of [`super::largest`].
pub fn largest(count: usize) -> BatchShape {
    let comparisons = count.saturating_sub(1);
    let products = BatchShape { triples: 2 * comparisons, ..BatchShape::default() };
    together(below_zero(comparisons), products)
}

/// Of [`super::input_within`].
pub fn input_within(count: usize, bits: usize) -> BatchShape {
    BatchShape { bits: count * width(bits), masks: 1, ..BatchShape::default() }
}

/// Of [`super::within`].
pub fn within(count: usize) -> BatchShape {
    together(below_zero(2 * count), BatchShape { triples: 1, masks: 1, ..BatchShape::default() })
}

/// Levels of a tree over so many.
fn levels(count: usize) -> u64 {
    u64::from(count.max(1).next_power_of_two().trailing_zeros())
}

/// What two parties say to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Traffic {
    /// Rounds.
    pub rounds: u64,
    /// Products of elements.
    pub products: u64,
    /// Elements that the client sends.
    pub client: u64,
    /// Elements that the owner sends.
    pub owner: u64,
    /// Bytes that the client sends besides.
    pub client_bytes: u64,
    /// Bytes that the owner sends besides.
    pub owner_bytes: u64,
    /// Checks of what was opened; their rounds are among those counted.
    pub checks: u64,
}

impl Add for Traffic {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            rounds: self.rounds + other.rounds,
            products: self.products + other.products,
            client: self.client + other.client,
            owner: self.owner + other.owner,
            client_bytes: self.client_bytes + other.client_bytes,
            owner_bytes: self.owner_bytes + other.owner_bytes,
            checks: self.checks + other.checks,
        }
    }
}

impl Traffic {
    /// Bytes of the two commitments and parts of a check.
    const CHECK: u64 = 64;

    /// The same for the party that sends more, in bytes.
    pub fn cost<F: Field>(self) -> Cost {
        let element = F::BYTES as u64;
        let client = self.client * element + self.client_bytes;
        let owner = self.owner * element + self.owner_bytes;
        Cost {
            rounds: self.rounds,
            gates: self.products,
            bytes_sent: client.max(owner) + self.checks * (element + Self::CHECK),
            ..Cost::NONE
        }
    }

    /// A round in which both send so many elements.
    fn both(elements: usize) -> Self {
        let elements = elements as u64;
        Self { rounds: 1, client: elements, owner: elements, ..Self::default() }
    }

    /// One party is told random values, one more than so many.
    fn tell(count: usize, party: Party) -> Self {
        let said = count as u64 + 1;
        let (client, owner) = match party {
            Party::Client => (0, said),
            Party::Owner => (said, 0),
        };
        Self { rounds: 1, client, owner, ..Self::default() }
    }

    /// Of [`super::check`].
    pub fn check() -> Self {
        Self { rounds: 2, checks: 1, ..Self::default() }
    }

    /// Of [`super::input()`].
    pub fn input(count: usize, party: Party) -> Self {
        let said = count as u64;
        let (client, owner) = match party {
            Party::Client => (said, 0),
            Party::Owner => (0, said),
        };
        let corrections = Self { rounds: 1, client, owner, ..Self::default() };
        Self::tell(count, party) + corrections + Self::both(1)
    }

    /// Of [`super::multiply()`]; of nothing where there are none.
    pub fn multiply(count: usize) -> Self {
        if count == 0 {
            return Self::default();
        }
        Self { products: count as u64, ..Self::both(2 * count) }
    }

    /// Of [`super::matrix_product`].
    pub fn matrix_product(shape: MatrixShape) -> Self {
        let [first, second, _] = shape.parts();
        let products = (shape.rows * shape.inner * shape.columns) as u64;
        Self { products, ..Self::both(first + second) }
    }

    /// Of [`super::below_zero`].
    pub fn below_zero(count: usize) -> Self {
        let tree = Self { rounds: levels(MASK), ..Self::multiply(count * tree()) };
        Self::both(count) + tree + Self::multiply(count)
    }

    /// Of [`super::rectified`].
    pub fn rectified(count: usize) -> Self {
        Self::below_zero(count) + Self::multiply(count)
    }

    /// Of [`super::largest`].
    pub fn largest(count: usize) -> Self {
        let (mut left, mut all) = (count, Self::default());
        while left > 1 {
            let pairs = left / 2;
            all = all + Self::below_zero(pairs) + Self::multiply(2 * pairs);
            left = left.div_ceil(2);
        }
        all
    }

    /// Of [`super::input_within`].
    pub fn input_within(count: usize, bits: usize, party: Party) -> Self {
        let bits = count * width(bits);
        let said = bits.div_ceil(8) as u64;
        let (client_bytes, owner_bytes) = match party {
            Party::Client => (said, 0),
            Party::Owner => (0, said),
        };
        let said = Self { rounds: 1, client_bytes, owner_bytes, ..Self::default() };
        Self::tell(bits, party) + Self::both(1) + Self::check() + said
    }

    /// Of [`super::within`].
    pub fn within(count: usize) -> Self {
        Self::below_zero(2 * count) + Self::multiply(1) + Self::reveal(1)
    }

    /// Of [`super::reveal`], where something was opened before.
    pub fn reveal(count: usize) -> Self {
        Self::check() + Self::reveal_next(count)
    }

    /// Of [`super::reveal`], where all that was opened before has been checked.
    pub fn reveal_next(count: usize) -> Self {
        Self::both(count) + Self::check()
    }

    /// Of [`super::reveal_to`].
    pub fn reveal_to(count: usize, party: Party) -> Self {
        Self::tell(count, party) + Self::both(1) + Self::reveal(count)
    }
}
