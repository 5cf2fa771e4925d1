//! What one of two parties holds of the material of a batch: values that are the sum of both parties'
//! shares, each with a MAC, which is the value times a key that both share too (SPDZ: Damgård, Pastro,
//! Smart, Zakarias 2012).
//!
//! A batch is a row of values, and one of their MACs in the same order: of all triples the first
//! factors, the second ones, the products; of squares likewise; bits; masks; and of each matrix triple
//! both factors and the product, row by row. A party's half is wiped when dropped; it cannot be printed
//! or compared.

use std::ops::{Add, Neg, Range, Sub};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::ShapeError;
use super::bits::batch::same;
use super::elements::Component;
use crate::field::Field;

/// The two who compute with material.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// Whose halves are expanded from the dealers' seeds.
    Client,
    /// Who gets what is left. Public values count as its share.
    Owner,
}

/// A party's share of a value and of its MAC.
#[derive(Clone, Copy, Default)]
pub struct Authenticated<F> {
    /// Of the value.
    pub share: F,
    /// Of the value times the key.
    pub mac: F,
}

impl<F: Field> Authenticated<F> {
    /// A public value.
    pub fn public(value: F, party: Party, key: &PairKey<F>) -> Self {
        let share = match party {
            Party::Client => F::ZERO,
            Party::Owner => value,
        };
        Self { share, mac: value * key.0 }
    }

    /// It times a public value.
    #[must_use]
    pub fn scaled(self, by: F) -> Self {
        Self { share: self.share * by, mac: self.mac * by }
    }
}

impl<F: Field> Add for Authenticated<F> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { share: self.share + other.share, mac: self.mac + other.mac }
    }
}

impl<F: Field> Sub for Authenticated<F> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { share: self.share - other.share, mac: self.mac - other.mac }
    }
}

impl<F: Field> Neg for Authenticated<F> {
    type Output = Self;
    fn neg(self) -> Self {
        Self { share: -self.share, mac: -self.mac }
    }
}

impl<F: Zeroize> Zeroize for Authenticated<F> {
    fn zeroize(&mut self) {
        self.share.zeroize();
        self.mac.zeroize();
    }
}

/// A party's share of the key.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct PairKey<F: Zeroize>(F);

impl<F: Field> PairKey<F> {
    /// This share.
    pub const fn new(share: F) -> Self {
        Self(share)
    }

    /// The share, for what a MAC should be.
    pub const fn share(&self) -> F {
        self.0
    }
}

/// A product of random factors: c = a b.
#[derive(Clone, Copy)]
pub struct Triple<F> {
    /// A random value.
    pub a: Authenticated<F>,
    /// Another.
    pub b: Authenticated<F>,
    /// Their product.
    pub c: Authenticated<F>,
}

impl<F: Zeroize> Zeroize for Triple<F> {
    fn zeroize(&mut self) {
        [&mut self.a, &mut self.b, &mut self.c].into_iter().for_each(Authenticated::zeroize);
    }
}

/// A random value with its square.
#[derive(Clone, Copy)]
pub struct Square<F> {
    /// A random value.
    pub a: Authenticated<F>,
    /// Times itself.
    pub square: Authenticated<F>,
}

impl<F: Zeroize> Zeroize for Square<F> {
    fn zeroize(&mut self) {
        [&mut self.a, &mut self.square].into_iter().for_each(Authenticated::zeroize);
    }
}

/// The sizes of a matrix triple: (rows x inner) times (inner x columns).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatrixShape {
    /// Rows of the first factor and of the product.
    pub rows: usize,
    /// Columns of the first factor, rows of the second.
    pub inner: usize,
    /// Columns of the second factor and of the product.
    pub columns: usize,
}

impl MatrixShape {
    /// Values of the first factor, the second, and the product.
    pub const fn parts(self) -> [usize; 3] {
        [
            self.rows.saturating_mul(self.inner),
            self.inner.saturating_mul(self.columns),
            self.rows.saturating_mul(self.columns),
        ]
    }

    /// Values of all three.
    pub fn values(self) -> usize {
        self.parts().into_iter().fold(0, usize::saturating_add)
    }
}

/// The product of two random matrices: c = a b, each row by row.
pub struct MatrixTriple<F: Field> {
    /// Their sizes.
    pub shape: MatrixShape,
    /// The first factor.
    pub a: Matrix<F>,
    /// The second.
    pub b: Matrix<F>,
    /// The product.
    pub c: Matrix<F>,
}

/// Shares of some values and their MACs, wiped when dropped.
pub struct Matrix<F: Field> {
    shares: Component<F>,
    macs: Component<F>,
}

impl<F: Field> Matrix<F> {
    /// The shares of the values.
    pub fn shares(&self) -> &[F] {
        &self.shares
    }

    /// The shares of the MACs.
    pub fn macs(&self) -> &[F] {
        &self.macs
    }

    /// One of the values; none past the end.
    pub fn get(&self, at: usize) -> Option<Authenticated<F>> {
        let (&share, &mac) = self.shares.get(at).zip(self.macs.get(at))?;
        Some(Authenticated { share, mac })
    }
}

/// How much of each a batch has.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchShape {
    /// Triples.
    pub triples: usize,
    /// Squares.
    pub squares: usize,
    /// Random bits.
    pub bits: usize,
    /// Random values.
    pub masks: usize,
    /// Matrix triples.
    pub matrices: Vec<MatrixShape>,
}

impl BatchShape {
    /// How many values there are, each of which has a MAC.
    pub fn values(&self) -> usize {
        let matrices = self.matrices.iter().map(|shape| shape.values());
        let counts = [self.triples, self.triples, self.triples, self.squares, self.squares];
        let counts = counts.into_iter().chain([self.bits, self.masks]).chain(matrices);
        counts.fold(0, usize::saturating_add)
    }

    /// Where the squares begin.
    const fn first_square(&self) -> usize {
        3 * self.triples
    }

    /// Where the bits begin.
    const fn first_bit(&self) -> usize {
        self.first_square() + 2 * self.squares
    }

    /// Where the masks begin.
    const fn first_mask(&self) -> usize {
        self.first_bit() + self.bits
    }

    /// Where a matrix triple begins.
    fn first_of_matrix(&self, at: usize) -> usize {
        let before = self.matrices.iter().take(at).map(|shape| shape.values());
        before.fold(self.first_mask() + self.masks, usize::saturating_add)
    }
}

/// One party's half of a batch.
pub struct Half<F: Field> {
    shape: BatchShape,
    key: PairKey<F>,
    shares: Component<F>,
    macs: Component<F>,
}

impl<F: Field> Half<F> {
    /// A half of a batch: the share of the key, and the shares of all values and of all MACs, in the
    /// order of a batch.
    ///
    /// # Errors
    /// When there are not as many as a batch of that shape has.
    pub fn new(
        shape: BatchShape,
        key: PairKey<F>,
        shares: Component<F>,
        macs: Component<F>,
    ) -> Result<Self, ShapeError> {
        same("shares of a batch's values", shape.values(), shares.len())?;
        same("shares of a batch's MACs", shape.values(), macs.len())?;
        Ok(Self { shape, key, shares, macs })
    }

    /// How much it has of each.
    pub const fn shape(&self) -> &BatchShape {
        &self.shape
    }

    /// The share of the key.
    pub const fn key(&self) -> &PairKey<F> {
        &self.key
    }

    /// A value by its place in the batch.
    fn value(&self, at: usize) -> Authenticated<F> {
        Authenticated { share: self.shares[at], mac: self.macs[at] }
    }

    /// A triple; none past the last.
    pub fn triple(&self, at: usize) -> Option<Triple<F>> {
        let count = self.shape.triples;
        (at < count).then(|| Triple {
            a: self.value(at),
            b: self.value(count + at),
            c: self.value(2 * count + at),
        })
    }

    /// A value with its square; none past the last.
    pub fn square(&self, at: usize) -> Option<Square<F>> {
        let (first, count) = (self.shape.first_square(), self.shape.squares);
        (at < count)
            .then(|| Square { a: self.value(first + at), square: self.value(first + count + at) })
    }

    /// A random bit; none past the last.
    pub fn bit(&self, at: usize) -> Option<Authenticated<F>> {
        (at < self.shape.bits).then(|| self.value(self.shape.first_bit() + at))
    }

    /// A random value; none past the last.
    pub fn mask(&self, at: usize) -> Option<Authenticated<F>> {
        (at < self.shape.masks).then(|| self.value(self.shape.first_mask() + at))
    }

    /// A matrix triple; none past the last.
    pub fn matrix(&self, at: usize) -> Option<MatrixTriple<F>> {
        let shape = *self.shape.matrices.get(at)?;
        let first = self.shape.first_of_matrix(at);
        let [a, b, c] = shape.parts();
        Some(MatrixTriple {
            shape,
            a: self.part(first..first + a),
            b: self.part(first + a..first + a + b),
            c: self.part(first + a + b..first + a + b + c),
        })
    }

    fn part(&self, places: Range<usize>) -> Matrix<F> {
        let copy = |all: &[F]| {
            let mut part = Component::with_room(places.len());
            part.append(&all[places.clone()]);
            part
        };
        Matrix { shares: copy(&self.shares), macs: copy(&self.macs) }
    }
}

#[cfg(test)]
mod tests {
    use crate::field::Pair127;
    use crate::sharing::pair::*;

    type F = Pair127;

    fn number(value: u64) -> F {
        F::from_u64(value)
    }

    /// A half whose shares count up from 1000, and whose MACs are 5 times as much.
    fn counted(shape: BatchShape) -> Half<F> {
        let (mut shares, mut macs) = (Component::with_room(64), Component::with_room(64));
        for value in 1000..1000 + shape.values() as u64 {
            shares.append(&[number(value)]);
            macs.append(&[number(5 * value)]);
        }
        Half::new(shape, PairKey::new(number(5)), shares, macs).unwrap()
    }

    fn of(value: Authenticated<F>) -> u128 {
        assert!((value.share * number(5)).equals(value.mac));
        value.share.to_number()
    }

    #[test]
    fn everything_is_at_a_place_of_its_own() {
        let matrices = vec![
            MatrixShape { rows: 2, inner: 3, columns: 1 },
            MatrixShape { rows: 1, inner: 2, columns: 2 },
        ];
        let shape = BatchShape { triples: 2, squares: 3, bits: 2, masks: 1, matrices };
        assert_eq!(shape.values(), 6 + 6 + 2 + 1 + 11 + 8);
        let half = counted(shape);
        let mut seen = Vec::new();
        for at in 0..2 {
            let Triple { a, b, c } = half.triple(at).unwrap();
            seen.extend([a, b, c].map(of));
            seen.push(of(half.bit(at).unwrap()));
        }
        assert_eq!(seen, [1000, 1002, 1004, 1012, 1001, 1003, 1005, 1013]);
        for at in 0..3 {
            let Square { a, square } = half.square(at).unwrap();
            assert_eq!([a, square].map(of), [1006, 1009].map(|first| first + at as u128));
        }
        assert_eq!(of(half.mask(0).unwrap()), 1014);
        let second = half.matrix(1).unwrap();
        let sizes = [&second.a, &second.b, &second.c].map(|matrix| matrix.shares().len());
        assert_eq!(sizes, [2, 4, 2]);
        let firsts = [&second.a, &second.b, &second.c].map(|part| of(part.get(0).unwrap()));
        assert_eq!(firsts, [1026, 1028, 1032]);
        assert!(half.triple(2).is_none() && half.square(3).is_none() && half.bit(2).is_none());
        assert!(half.mask(1).is_none() && half.matrix(2).is_none() && second.a.get(2).is_none());
        assert!(half.key().share().equals(number(5)));
    }

    #[test]
    fn halves_of_another_size_are_refused() {
        let shape = BatchShape { masks: 2, ..BatchShape::default() };
        let half = |shares, macs| {
            let (shares, macs) = (Component::zeros(shares), Component::zeros(macs));
            Half::<F>::new(shape.clone(), PairKey::new(F::ONE), shares, macs)
        };
        assert!(half(2, 2).is_ok() && half(2, 1).is_err() && half(3, 2).is_err());
        let huge = MatrixShape { rows: usize::MAX, inner: 3, columns: 2 };
        let shape = BatchShape { matrices: vec![huge; 2], ..shape };
        assert_eq!(shape.values(), usize::MAX);
    }

    #[test]
    fn what_is_linear_keeps_its_mac() {
        let (client, owner) = (PairKey::new(number(70)), PairKey::new(number(7)));
        let key = number(77);
        // 30 as 20 + 10, and 77 times that as 2000 + 310.
        let shares = [(20, 2000), (10, 310)];
        let [x, y] =
            shares.map(|(share, mac)| Authenticated { share: number(share), mac: number(mac) });
        let parties = [(x, Party::Client, &client), (y, Party::Owner, &owner)];
        let [x, y] = parties.map(|(own, party, key)| {
            let public = Authenticated::public(number(1000), party, key);
            -(own.scaled(number(3)) + public - own)
        });
        let sum = x + y;
        assert!((-sum.share).equals(number(1060)) && sum.mac.equals(sum.share * key));
    }
}
