//! Elements that are wiped when dropped, by one fill that the compiler may not leave out.

use std::ops::{Deref, DerefMut};

use zeroize::optimization_barrier;

use crate::field::{Binary128, Field as _};

/// Some elements.
pub(super) struct Vector(Vec<Binary128>);

impl Vector {
    pub(super) fn zeros(len: usize) -> Self {
        Self(vec![Binary128::ZERO; len])
    }
}

impl Vector {
    /// Wipe and forget what is behind the first `len` elements; zeros where there are fewer.
    pub(super) fn shorten(&mut self, len: usize) {
        if let Some(behind) = self.0.get_mut(len..) {
            behind.fill(Binary128::ZERO);
            optimization_barrier(behind);
        }
        self.0.resize(len, Binary128::ZERO);
    }
}

impl Deref for Vector {
    type Target = [Binary128];
    fn deref(&self) -> &[Binary128] {
        &self.0
    }
}

impl DerefMut for Vector {
    fn deref_mut(&mut self) -> &mut [Binary128] {
        &mut self.0
    }
}

impl Drop for Vector {
    fn drop(&mut self) {
        self.0.fill(Binary128::ZERO);
        optimization_barrier(self.0.as_slice());
    }
}

/// dst += src.
pub(super) fn add_into(dst: &mut [Binary128], src: &[Binary128]) {
    for (dst, &src) in dst.iter_mut().zip(src) {
        *dst += src;
    }
}
