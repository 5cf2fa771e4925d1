//! A batch of shared numbers: one node's shares, one after the other.
//!
//! Everything here is local: sums, differences, public numbers and factors, picking places. The
//! shares are wiped when dropped; they cannot be printed or compared.

use std::ops::Range;

use crate::field::{
    Field,
    bulk::{self, Elements, zeros},
};
use crate::sharing::bits::batch::{ShapeError, same};

/// One node's shares of some numbers, of degree t.
#[derive(Clone)]
pub struct SharedNumbers<F: Field>(Elements<F>);

impl<F: Field> SharedNumbers<F> {
    /// Public zeros.
    pub fn zeros(len: usize) -> Self {
        Self(zeros(len))
    }

    /// A batch from this node's shares.
    pub const fn from_shares(shares: Elements<F>) -> Self {
        Self(shares)
    }

    /// Public numbers: every node's share is the number itself.
    pub fn from_public(values: &[F]) -> Self {
        let mut shares = zeros(values.len());
        shares.copy_from_slice(values);
        Self(shares)
    }

    /// How many positions the batch has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// This node's shares.
    pub fn shares(&self) -> &[F] {
        &self.0
    }

    /// self += other.
    ///
    /// # Errors
    /// When the lengths differ.
    pub fn add(&mut self, other: &Self) -> Result<(), ShapeError> {
        same("numbers", self.len(), other.len())?;
        bulk::add_into(&mut self.0, &other.0);
        Ok(())
    }

    /// self -= other.
    ///
    /// # Errors
    /// When the lengths differ.
    pub fn sub(&mut self, other: &Self) -> Result<(), ShapeError> {
        same("numbers", self.len(), other.len())?;
        bulk::sub_into(&mut self.0, &other.0);
        Ok(())
    }

    /// self += public numbers.
    ///
    /// # Errors
    /// When the lengths differ.
    pub fn add_public(&mut self, values: &[F]) -> Result<(), ShapeError> {
        same("public numbers", self.len(), values.len())?;
        bulk::add_into(&mut self.0, values);
        Ok(())
    }

    /// self *= public numbers.
    ///
    /// # Errors
    /// When the lengths differ.
    pub fn mul_public(&mut self, values: &[F]) -> Result<(), ShapeError> {
        same("public numbers", self.len(), values.len())?;
        bulk::mul_into(&mut self.0, values);
        Ok(())
    }

    /// self *= one public number.
    pub fn scale(&mut self, factor: F) {
        bulk::scale(&mut self.0, factor);
    }

    /// self = one public number - self.
    pub fn subtract_from(&mut self, value: F) {
        for share in self.0.iter_mut() {
            *share = value - *share;
        }
    }

    /// The sum over all positions, as a batch of one.
    #[must_use]
    pub fn sum(&self) -> Self {
        let mut sum = Self::zeros(1);
        for &share in self.0.iter() {
            sum.0[0] += share;
        }
        sum
    }

    /// Some places, in the order given.
    ///
    /// # Errors
    /// When there is no such place.
    pub fn gather(&self, places: impl IntoIterator<Item = usize>) -> Result<Self, ShapeError> {
        let places = places.into_iter();
        // Room for all at once: a list that grows leaves copies of shares behind.
        let mut shares = Elements::new(Vec::with_capacity(places.size_hint().1.unwrap_or(0)));
        for got in places {
            let what = "place below the end";
            let share = self.0.get(got).ok_or(ShapeError { what, expected: self.len(), got })?;
            shares.push(*share);
        }
        Ok(Self(shares))
    }

    /// A range of places.
    ///
    /// # Errors
    /// When it goes past the end.
    pub fn slice(&self, range: Range<usize>) -> Result<Self, ShapeError> {
        let error = ShapeError { what: "end of a range", expected: self.len(), got: range.end };
        self.0.get(range).map(Self::from_public).ok_or(error)
    }

    /// One batch after the other.
    pub fn concat<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let parts: Vec<&Self> = parts.into_iter().collect();
        let mut shares = zeros(parts.iter().map(|part| part.len()).sum());
        let mut rest = &mut shares[..];
        for part in parts {
            let (here, after) = rest.split_at_mut(part.len());
            here.copy_from_slice(&part.0);
            rest = after;
        }
        Self(shares)
    }
}

#[cfg(test)]
mod tests {
    use crate::field::Mersenne61;
    use crate::sharing::numbers::batch::*;

    fn batch(values: &[u64]) -> SharedNumbers<Mersenne61> {
        let values: Vec<_> = values.iter().map(|&value| Mersenne61::from_u64(value)).collect();
        SharedNumbers::from_public(&values)
    }

    fn plain(batch: &SharedNumbers<Mersenne61>) -> Vec<u64> {
        batch.shares().iter().map(|share| share.to_u64()).collect()
    }

    #[test]
    fn places_are_picked_and_put_together() {
        let numbers = batch(&[10, 20, 30, 40]);
        assert_eq!(plain(&numbers.gather([3, 0, 3]).unwrap()), [40, 10, 40]);
        assert_eq!(plain(&numbers.slice(1..3).unwrap()), [20, 30]);
        assert_eq!(plain(&SharedNumbers::concat([&numbers, &batch(&[]), &batch(&[5])])).len(), 5);
        assert_eq!(numbers.gather([4]).err().map(|error| error.got), Some(4));
        assert!(numbers.slice(3..5).is_err());
    }

    #[test]
    fn sums_and_factors_are_local() {
        let mut numbers = batch(&[10, 20]);
        numbers.add(&batch(&[1, 2])).unwrap();
        numbers.scale(Mersenne61::from_u64(3));
        numbers.sub(&batch(&[3, 3])).unwrap();
        assert_eq!(plain(&numbers), [30, 63]);
        numbers.subtract_from(Mersenne61::from_u64(100));
        numbers.add_public(&[Mersenne61::ONE; 2]).unwrap();
        numbers.mul_public(&[Mersenne61::ONE, Mersenne61::from_u64(2)]).unwrap();
        assert_eq!(plain(&numbers), [71, 76]);
        assert_eq!(plain(&numbers.sum()), [147]);
        assert!(numbers.add(&batch(&[1])).is_err() && numbers.sub(&batch(&[])).is_err());
        assert!(numbers.add_public(&[]).is_err() && numbers.mul_public(&[]).is_err());
    }
}
