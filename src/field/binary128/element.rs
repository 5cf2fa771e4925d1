//! An element, without its arithmetic.

use zeroize::DefaultIsZeroes;

/// An element of the field of 2^128 elements.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub struct Binary128(pub(super) u128);

impl DefaultIsZeroes for Binary128 {}

impl Binary128 {
    /// The element whose coefficients are these bits.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// Its coefficients.
    pub const fn to_bits(self) -> u128 {
        self.0
    }

    /// The element times x.
    #[inline]
    #[must_use]
    pub const fn double(self) -> Self {
        Self((self.0 << 1) ^ ((self.0 >> 127) * 0x87))
    }
}
