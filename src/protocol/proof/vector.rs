//! Elements that are wiped when dropped, by one fill that the compiler may not leave out.
//!
//! Every check takes some long vectors and gives them back. Fresh memory from the operating system
//! takes longer than what is done in it, so that of vectors that were dropped is kept, wiped, for
//! those that come next: some megabytes for the whole process.

use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

use zeroize::optimization_barrier;

use crate::base::lock::lock;
use crate::field::{Binary128, Mersenne127, Pair127, Prime256, ProofField, Quadratic61};

/// Elements of the shortest memory that is kept; the allocator is as quick with less.
const SHORTEST: usize = 1 << 11;

/// Elements of the longest memory that is kept: 1 MiB, what a stripe's columns take.
const LONGEST: usize = 1 << 16;

/// Most memories that are kept.
const MOST: usize = 24;

/// A field whose vectors leave their memory to others.
pub trait Spare: ProofField {
    /// Memory of vectors that were dropped: zeros.
    fn spare() -> &'static Mutex<Vec<Vec<Self>>>;
}

macro_rules! spare {
    ($($field:ty),*) => {$(
        impl Spare for $field {
            fn spare() -> &'static Mutex<Vec<Vec<Self>>> {
                static SPARE: Mutex<Vec<Vec<$field>>> = Mutex::new(Vec::new());
                &SPARE
            }
        }
    )*};
}

spare!(Binary128, Quadratic61, Mersenne127, Pair127, Prime256);

/// Some elements.
pub(in crate::protocol) struct Vector<E: Spare> {
    /// The elements, and zeros behind them.
    memory: Vec<E>,
    len: usize,
}

impl<E: Spare> Vector<E> {
    pub(in crate::protocol) fn zeros(len: usize) -> Self {
        let memory = spare(len).unwrap_or_else(|| vec![E::ZERO; len]);
        Self { memory, len }
    }

    /// Wipe and forget what is behind the first `len` elements; zeros where there are fewer.
    pub(super) fn shorten(&mut self, len: usize) {
        self.wipe_from(len);
        if self.memory.len() < len {
            self.memory.resize(len, E::ZERO);
        }
        self.len = len;
    }

    fn wipe_from(&mut self, from: usize) {
        if let Some(behind) = self.memory.get_mut(from..self.len) {
            behind.fill(E::ZERO);
            optimization_barrier(behind);
        }
    }
}

/// Kept memory of at least this length, the shortest there is.
fn spare<E: Spare>(len: usize) -> Option<Vec<E>> {
    if !(SHORTEST..=LONGEST).contains(&len) {
        return None;
    }
    let mut kept = lock(E::spare());
    let fitting = kept.iter().enumerate().filter(|(_, memory)| memory.len() >= len);
    let (place, _) = fitting.min_by_key(|(_, memory)| memory.len())?;
    Some(kept.swap_remove(place))
}

impl<E: Spare> Deref for Vector<E> {
    type Target = [E];
    fn deref(&self) -> &[E] {
        &self.memory[..self.len]
    }
}

impl<E: Spare> DerefMut for Vector<E> {
    fn deref_mut(&mut self) -> &mut [E] {
        &mut self.memory[..self.len]
    }
}

impl<E: Spare> Drop for Vector<E> {
    fn drop(&mut self) {
        self.wipe_from(0);
        if (SHORTEST..=LONGEST).contains(&self.memory.len()) {
            let mut kept = lock(E::spare());
            if kept.len() < MOST {
                kept.push(std::mem::take(&mut self.memory));
            }
        }
    }
}

/// dst += src.
pub(super) fn add_into<E: Spare>(dst: &mut [E], src: &[E]) {
    for (dst, &src) in dst.iter_mut().zip(src) {
        *dst += src;
    }
}

/// Add up some vectors.
pub(super) fn add_up<E: Spare>(vectors: &[&[E]], chosen: &[usize], sum: &mut [E]) {
    sum.fill(E::ZERO);
    for &place in chosen {
        add_into(sum, vectors[place]);
    }
}

#[cfg(test)]
mod tests {
    use crate::field::Field as _;
    use crate::protocol::proof::vector::*;

    #[test]
    fn kept_memory_is_wiped_and_taken_again() {
        for len in [1, SHORTEST - 1, SHORTEST, SHORTEST + 5, LONGEST, LONGEST + 1] {
            for _ in 0..2 {
                let mut vector = Vector::<Binary128>::zeros(len);
                assert!(vector.len() == len && vector.iter().all(|x| x.equals(Binary128::ZERO)));
                vector.fill(Binary128::ONE);
                vector.shorten(len / 2);
                assert!(vector.len() == len / 2);
                vector.shorten(len);
                assert!(vector[len / 2..].iter().all(|x| x.equals(Binary128::ZERO)));
                vector.fill(Binary128::ONE);
            }
        }
        let kept = lock(Binary128::spare());
        assert!(!kept.is_empty() && kept.len() <= MOST);
        let lengths = kept.iter().map(Vec::len);
        assert!(lengths.clone().max() <= Some(LONGEST) && lengths.min() >= Some(SHORTEST));
        assert!(kept.iter().flatten().all(|x| x.equals(Binary128::ZERO)));
    }
}
