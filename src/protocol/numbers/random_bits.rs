//! Shared random bits.
//!
//! In: nothing. Out: bits, shared, that nobody knows. Who learns what: the square of a random
//! number per bit, which does not depend on the bit. Rounds: one; again for the squares that are 0,
//! one in a field's size. Bytes: one number to each other node per bit. Adversary: as for
//! [`super::multiply`].
//!
//! For a random r, r^2 is opened and divided out of r through its root: r / sqrt(r^2) is 1 or -1,
//! and which one is known to nobody, because r and -r have the same square (Damgård, Fitzi, Kiltz,
//! Nielsen, Toft 2006). All nodes take the same root: [`Field::inverse_root`] depends on the square
//! only.

use super::NumberContext;
use super::multiply::open_sum;
use crate::field::{Field, bulk::zeros};
use crate::protocol::ProtocolError;
use crate::sharing::{ShapeError, SharedNumbers};

/// So many random bits.
///
/// # Errors
/// When a node does not answer.
pub async fn random_bits<F: Field>(
    ctx: &NumberContext<F>,
    len: usize,
) -> Result<SharedNumbers<F>, ProtocolError> {
    let half = F::from_u64(2).invert().unwrap_or(F::ZERO);
    let mut bits = zeros(len);
    let mut wanted: Vec<usize> = (0..len).collect();
    let mut attempt = 0;
    while !wanted.is_empty() {
        let ctx = ctx.narrow(attempt);
        let random = ctx.narrow("numbers").random(wanted.len())?;
        let mut squares = zeros(wanted.len());
        for (square, &share) in squares.iter_mut().zip(random.shares()) {
            *square = share.square();
        }
        let claim = ctx.base().claim()?;
        let mut roots = open_sum(&ctx, &claim, squares).await?;
        let usable: Vec<bool> = roots.iter().map(|square| !square.is_zero()).collect();
        F::inverse_roots(&mut roots);
        for (at, &place) in wanted.iter().enumerate() {
            bits[place] = (random.shares()[at] * roots[at] + F::ONE) * half;
        }
        let mut usable = usable.into_iter();
        wanted.retain(|_| usable.next() != Some(true));
        attempt += 1;
    }
    Ok(SharedNumbers::from_shares(bits))
}

/// Random bits made ahead, for all that needs some in an attempt, in one round.
pub struct BitPool<F: Field> {
    bits: SharedNumbers<F>,
    used: usize,
}

impl<F: Field> BitPool<F> {
    /// Make a pool of `len` bits, all in one round.
    ///
    /// # Errors
    /// When a node does not answer.
    pub async fn prepare(ctx: &NumberContext<F>, len: usize) -> Result<Self, ProtocolError> {
        Ok(Self { bits: random_bits(ctx, len).await?, used: 0 })
    }

    /// Bits that were not taken before.
    ///
    /// # Errors
    /// When there are not as many left.
    pub fn take(&mut self, len: usize) -> Result<SharedNumbers<F>, ShapeError> {
        let end = self.used.saturating_add(len);
        let bits = self.bits.slice(self.used..end)?;
        self.used = end;
        Ok(bits)
    }
}
