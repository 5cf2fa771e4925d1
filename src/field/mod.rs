//! Fields: prime ones, which numbers are shared over, and those that proofs are made in.
//!
//! - [`mersenne61`]: 2^61-1, for sums and statistics
//! - [`mersenne127`]: 2^127-1, for comparisons and wide values
//! - [`pair127`]: 2^127+3080193, for what two parties compute together
//! - [`prime256`]: the order of secp256k1, for jobs
//! - [`quadratic61`]: the field of (2^61-1)^2 elements
//! - [`binary128`]: the field of 2^128 elements
//! - [`proving`]: what a field needs to make proofs in, and which one is for which
//! - [`small`]: any prime below 2^16, for tests that try everything
//! - [`bulk`]: loops over slices of elements
//! - [`interpolation`]: values of polynomials at further points
//! - [`mersenne`]: what the two Mersenne fields have in common
//! - `ops`: operators such as `+` for the elements of a field
//!
//! An element may be a share, so elements cannot be printed and have no `==`: comparing is
//! [`Field::equals`], in constant time. Addition, multiplication and encoding take the same time
//! for all elements. The encoding has a fixed length, and decoding refuses whatever is not the
//! encoding of an element.

pub mod binary128;
pub mod bulk;
pub mod interpolation;
pub mod mersenne;
pub mod mersenne127;
pub mod mersenne61;
mod ops;
pub mod pair127;
pub mod prime256;
pub mod proving;
pub mod quadratic61;
pub mod small;

use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use rand::{
    TryRng as _,
    rngs::{SysError, SysRng},
};
use subtle::{ConditionallySelectable, ConstantTimeEq, CtOption};
use zeroize::{Zeroize, Zeroizing};

pub use binary128::Binary128;
pub use mersenne::Mersenne;
pub use mersenne61::Mersenne61;
pub use mersenne127::Mersenne127;
pub use pair127::Pair127;
pub use prime256::Prime256;
pub use proving::{ProofField, Provable};
pub use quadratic61::Quadratic61;

/// Most words of a stream that an element is made from.
pub const MAX_STREAM_WORDS: usize = 6;

/// A field of a prime number of elements, or of one of the two that only proofs are made in.
pub trait Field:
    Copy
    + Default
    + Send
    + Sync
    + 'static
    + Zeroize
    + ConstantTimeEq
    + ConditionallySelectable
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
{
    /// The field's name, such as "2^61-1".
    const NAME: &'static str;
    /// The neutral element of addition.
    const ZERO: Self;
    /// The neutral element of multiplication.
    const ONE: Self;
    /// Bits of the prime, or of an element where there is none.
    const BITS: u32;
    /// Words of a stream that one element is made from.
    const STREAM_WORDS: usize;
    /// An encoded element: little-endian, of fixed length.
    type Bytes: AsRef<[u8]> + Copy;
    /// Bytes of an encoded element.
    const BYTES: usize = size_of::<Self::Bytes>();

    /// The element that a number stands for, modulo the prime.
    fn from_u64(value: u64) -> Self {
        Self::from_u128(u128::from(value))
    }

    /// The element that a number stands for, modulo the prime.
    fn from_u128(value: u128) -> Self;

    /// The smallest number that the element stands for; `None` from 2^128 on.
    fn to_u128(self) -> Option<u128>;

    /// The encoding.
    fn to_bytes(self) -> Self::Bytes;

    /// The element with this encoding; `None` when it is not one. Constant-time in all but that.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;

    /// An element made from [`Field::STREAM_WORDS`] uniform words. How far it is from uniform is
    /// written at each field.
    fn from_stream(words: &[u64]) -> Self;

    /// The element times itself.
    #[must_use]
    fn square(self) -> Self {
        self * self
    }

    /// The element to the power of a public exponent, given in words from the lowest.
    #[must_use]
    fn pow(self, exponent: &[u64]) -> Self {
        let bits =
            exponent.iter().rev().flat_map(|word| (0..64).rev().map(move |at| word >> at & 1));
        bits.skip_while(|&bit| bit == 0).fold(Self::ONE, |power, bit| {
            let power = power.square();
            if bit == 1 { power * self } else { power }
        })
    }

    /// The multiplicative inverse; none of 0.
    fn invert(self) -> CtOption<Self>;

    /// A square root, always the same one of the two; none when there is none.
    fn sqrt(self) -> CtOption<Self>;

    /// The inverse of [`Field::sqrt`]; none of 0.
    fn inverse_root(self) -> CtOption<Self> {
        self.sqrt().and_then(Self::invert)
    }

    /// The inverse of the root of each: what is not a nonzero square becomes something else.
    fn inverse_roots(values: &mut [Self]) {
        for value in values {
            *value = value.inverse_root().unwrap_or(Self::ZERO);
        }
    }

    /// Whether two elements are the same, in constant time.
    fn equals(self, other: Self) -> bool {
        self.ct_eq(&other).into()
    }

    /// Whether the element is 0, in constant time.
    fn is_zero(self) -> bool {
        self.equals(Self::ZERO)
    }

    /// A random element from the operating system.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    fn random() -> Result<Self, SysError> {
        let mut words = Zeroizing::new([0_u64; MAX_STREAM_WORDS]);
        for word in words.iter_mut().take(Self::STREAM_WORDS) {
            *word = SysRng.try_next_u64()?;
        }
        Ok(Self::from_stream(&words[..Self::STREAM_WORDS]))
    }
}

/// A field whose prime is above a power of two by so little that a number of random bits is as good as
/// a random element: it can hide any.
pub trait NearPower: Field {
    /// The power: how many bits that number has. How far it is from uniform is written at each field.
    const POWER: usize;
}

#[cfg(test)]
mod tests;
