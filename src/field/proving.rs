//! Fields that proofs are made in, and the one for each prime field.
//!
//! A proof fails to find a lie with a probability that is inverse to the number of elements. The
//! field of 2^61-1 has too few, so proofs about it are made in the one of its square; those of
//! 2^127-1, of 2^127+3080193 and of 256 bits are their own.

use zeroize::Zeroize;

use super::binary128::{self, Unreduced};
use super::bulk::{add_scaled, inner_product, mul_into};
use super::pair127::Sum127;
use super::{Binary128, Field, Mersenne61, Mersenne127, Pair127, Prime256, Quadratic61};

/// A field that is large enough for challenges, with the loops that proofs take their time in.
pub trait ProofField: Field {
    /// A sum of products that may not be reduced yet.
    type Sum: Copy + Default + Send + Sync + Zeroize;

    /// Add another sum.
    fn add_sum(sum: &mut Self::Sum, other: Self::Sum);

    /// The element that a sum is.
    fn reduce(sum: Self::Sum) -> Self;

    /// The sum of the products of x and y, place by place.
    fn dot(x: &[Self], y: &[Self]) -> Self::Sum;

    /// At every place the sum of the rows' elements, each times its row's factor. Rows are as long
    /// as the sums.
    fn combine(rows: &[&[Self]], factors: &[Self], sums: &mut [Self]) {
        sums.fill(Self::ZERO);
        for (row, &factor) in rows.iter().zip(factors) {
            add_scaled(sums, factor, row);
        }
    }

    /// Each value times a factor of its own.
    fn scale(values: &mut [Self], factors: &[Self]) {
        mul_into(values, factors);
    }
}

impl ProofField for Binary128 {
    type Sum = Unreduced;

    #[inline]
    fn add_sum(sum: &mut Unreduced, other: Unreduced) {
        sum.add(other);
    }

    #[inline]
    fn reduce(sum: Unreduced) -> Self {
        sum.reduce()
    }

    #[inline]
    fn dot(x: &[Self], y: &[Self]) -> Unreduced {
        binary128::dot(x, y)
    }

    #[inline]
    fn combine(rows: &[&[Self]], factors: &[Self], sums: &mut [Self]) {
        binary128::combine(rows, factors, sums);
    }

    #[inline]
    fn scale(values: &mut [Self], factors: &[Self]) {
        binary128::scale(values, factors);
    }
}

impl ProofField for Pair127 {
    type Sum = Sum127;

    #[inline]
    fn add_sum(sum: &mut Sum127, other: Sum127) {
        sum.add_sum(other);
    }

    #[inline]
    fn reduce(sum: Sum127) -> Self {
        sum.reduce()
    }

    #[inline]
    fn dot(x: &[Self], y: &[Self]) -> Sum127 {
        Self::dot(x, y)
    }
}

/// A field whose sums are elements, with its sum of products.
macro_rules! reduced {
    ($field:ty, $dot:expr) => {
        impl ProofField for $field {
            type Sum = Self;

            #[inline]
            fn add_sum(sum: &mut Self, other: Self) {
                *sum += other;
            }

            #[inline]
            fn reduce(sum: Self) -> Self {
                sum
            }

            #[inline]
            fn dot(x: &[Self], y: &[Self]) -> Self {
                $dot(x, y)
            }
        }
    };
}

reduced!(Quadratic61, Quadratic61::dot);
reduced!(Mersenne127, inner_product);
reduced!(Prime256, inner_product);

/// A field whose products are proven, in the field of its proofs or a part of it.
pub trait Provable: Field {
    /// The field of its proofs.
    type Proof: ProofField;

    /// The element there.
    fn lift(self) -> Self::Proof;

    /// The element times a weight.
    fn weighted(self, weight: Self::Proof) -> Self::Proof;

    /// The sum of the elements, each times its weight.
    fn weigh(values: &[Self], weights: &[Self::Proof]) -> Self::Proof;
}

impl Provable for Mersenne61 {
    type Proof = Quadratic61;

    #[inline]
    fn lift(self) -> Quadratic61 {
        Quadratic61::lift(self)
    }

    #[inline]
    fn weighted(self, weight: Quadratic61) -> Quadratic61 {
        weight.scaled(self)
    }

    fn weigh(values: &[Self], weights: &[Quadratic61]) -> Quadratic61 {
        Quadratic61::dot_lifted(values, weights)
    }
}

/// A field that is the one of its proofs.
macro_rules! large {
    ($field:ty, $weigh:expr) => {
        impl Provable for $field {
            type Proof = Self;

            #[inline]
            fn lift(self) -> Self {
                self
            }

            #[inline]
            fn weighted(self, weight: Self) -> Self {
                self * weight
            }

            fn weigh(values: &[Self], weights: &[Self]) -> Self {
                $weigh(values, weights)
            }
        }
    };
}

large!(Mersenne127, inner_product);
large!(Pair127, |x, y| Pair127::dot(x, y).reduce());
large!(Prime256, inner_product);
