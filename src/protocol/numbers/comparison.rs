//! Comparing shared numbers, after the paper: Bogetoft and others, "Secure Multiparty Computation
//! Goes Live" (2008), its comparison.
//!
//! In: x and y, shared, both below 2^l. Out: the bit [x >= y] at every position, shared. Who learns
//! what: nothing but a number that is 2^l + x - y under a mask of k more bits, so within 2^-k of one
//! that does not depend on x and y. What many comparisons tell adds up, so k is 40 and as many bits
//! more as the comparisons of the attempt need ([`Comparing`]): all of them together are within
//! 2^-40 of telling nothing. Rounds: 1 + ceil(log2 l), and one before for the random
//! bits of all comparisons together ([`BitPool`]). For 32 bits: 6 rounds, 42 products and 32
//! random bits. Adversary: as for [`super::multiply`] and [`super::open`].
//!
//! With the paper beside it; k is its security parameter, and `v_i` is bit i of v:
//!
//! 1. *A random r with its bits shared.* The paper makes all l+k+1 bits by the roots of opened
//!    squares. Here only the l that are looked at are made so; what is above them is one
//!    pseudorandom integer of k+1 bits or a few more, had without a message.
//! 2. *Open* `a = 2^(l+k+1) - r + 2^l + x - y`. Since r may be a few bits longer here, a larger
//!    multiple of 2^l stands in front.
//! 3. *Fold* the pairs `z_i = a_i xor r_i`, `Z_i = a_i` with [`super::fold`], (0, 0) below them: Z
//!    becomes the carry out of the lowest l bits of a + r. The paper's chain is a tree here.
//! 4. *The result* is bit l of a + r, which is 2^l + x - y but for a multiple of 2^(l+1):
//!    `a_l xor r_l xor Z`. It is also what is left of 2^l + x - y without its lowest l bits,
//!    `(a mod 2^l) + (r mod 2^l) - 2^l Z`, divided by 2^l. That is linear, so that neither `r_l` nor
//!    another product is needed.

use super::NumberContext;
use super::fold::{Group, fold};
use super::open::open_masked;
use super::random_bits::BitPool;
use crate::field::{
    Field,
    bulk::{Elements, add_into, scale, sub_into, zeros},
};
use crate::protocol::ProtocolError;
use crate::sharing::{Scheme, ShapeError, SharedNumbers};

/// Statistical security: what all comparisons of an attempt open is within 2^-KAPPA of telling
/// nothing.
pub const KAPPA: u32 = 40;

/// How the numbers of an attempt are compared: how wide they are, and how many bits of mask lie
/// above them. Neither rounds nor messages depend on the mask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Comparing {
    width: u32,
    mask: u32,
}

impl Comparing {
    /// Numbers below 2^`width`, of which an attempt compares at most so many pairs.
    pub const fn new(width: u32, comparisons: usize) -> Self {
        let more = comparisons.saturating_sub(1);
        Self { width, mask: KAPPA + usize::BITS - more.leading_zeros() }
    }

    /// Bits of a number.
    pub const fn width(self) -> u32 {
        self.width
    }

    /// Bits of mask above it: [`KAPPA`] and the logarithm of the comparisons, rounded up.
    pub const fn mask(self) -> u32 {
        self.mask
    }

    /// The widest numbers that can be compared so often in a field, among the nodes of a scheme.
    pub fn widest<F: Field>(self, scheme: Scheme) -> u32 {
        // The mask is the sum of as many integers as there are sets.
        let sets = scheme.sets().len().next_power_of_two().trailing_zeros();
        F::BITS.saturating_sub(self.mask + 3 + sets).min(64)
    }

    /// That numbers and masks fit into a field.
    ///
    /// # Errors
    /// When they do not; says how wide the numbers may be.
    pub fn check<F: Field>(self, scheme: Scheme) -> Result<(), ShapeError> {
        let widest = self.widest::<F>(scheme);
        if self.width == 0 || self.width > widest {
            let (expected, got) = (widest as usize, self.width as usize);
            return Err(ShapeError { what: "bits to compare, at most", expected, got });
        }
        Ok(())
    }
}

/// Random bits that a comparison takes.
pub const fn bits_needed(width: u32, comparisons: usize) -> usize {
    width as usize * comparisons
}

/// [x >= y] at every position.
///
/// # Errors
/// When the lengths differ, the numbers are too wide for the field or the pool is empty, or a node
/// does not answer.
pub async fn at_least<F: Field>(
    ctx: &NumberContext<F>,
    pool: &mut BitPool<F>,
    comparing: Comparing,
    x: &SharedNumbers<F>,
    y: &SharedNumbers<F>,
) -> Result<SharedNumbers<F>, ProtocolError> {
    let len = x.len();
    let mut z = x.clone();
    z.sub(y)?;
    let scheme = ctx.base().scheme();
    comparing.check::<F>(scheme)?;
    let Comparing { width, mask } = comparing;
    // R is the sum of as many integers of k+1 bits.
    let sets = scheme.sets().len() as u128;
    if len == 0 {
        return Ok(z);
    }
    let power = F::from_u128(1 << width);
    z.add_public(&vec![power; len])?;

    let bits = pool.take(bits_needed(width, len))?;
    let high = ctx.narrow("high").random_integers(len, mask + 1)?;
    let low = number(bits.shares(), len);
    let mut masked = z.clone();
    masked.add_public(&vec![F::from_u128(sets << (width + mask + 1)); len])?;
    let mut above = high;
    above.scale(power);
    masked.sub(&above)?;
    masked.sub(&SharedNumbers::from_shares(low.clone()))?;
    let opened = open_masked(&ctx.narrow("masked"), &masked).await?;
    let opened: Vec<u128> = opened.into_iter().map(low_bits).collect();

    let mut carry = fold(&ctx.narrow("fold"), leaves(&opened, bits.shares())).await?;
    // (z - (a mod 2^l) - (r mod 2^l) + 2^l Z) / 2^l
    scale(&mut carry, power);
    add_into(&mut carry, z.shares());
    sub_into(&mut carry, &low);
    for (carry, a) in carry.iter_mut().zip(&opened) {
        *carry -= F::from_u128(a & ((1 << width) - 1));
    }
    scale(&mut carry, power.invert().unwrap_or(F::ZERO));
    Ok(SharedNumbers::from_shares(carry))
}

/// `[x < y]` at every position.
///
/// # Errors
/// As for [`at_least`].
pub async fn less_than<F: Field>(
    ctx: &NumberContext<F>,
    pool: &mut BitPool<F>,
    comparing: Comparing,
    x: &SharedNumbers<F>,
    y: &SharedNumbers<F>,
) -> Result<SharedNumbers<F>, ProtocolError> {
    let mut result = at_least(ctx, pool, comparing, x, y).await?;
    result.subtract_from(F::ONE);
    Ok(result)
}

/// The numbers that bits make, given bit by bit from the lowest, `len` positions each.
pub(super) fn number<F: Field>(bits: &[F], len: usize) -> Elements<F> {
    let mut number = zeros(len);
    for plane in bits.chunks_exact(len.max(1)).rev() {
        for (number, &bit) in number.iter_mut().zip(plane) {
            *number = *number + *number + bit;
        }
    }
    number
}

/// The lowest 128 bits of the number that an element stands for.
pub(super) fn low_bits<F: Field>(value: F) -> u128 {
    let bytes = value.to_bytes();
    bytes.as_ref().iter().take(16).rev().fold(0, |bits, &byte| bits << 8 | u128::from(byte))
}

/// `z_i = a_i xor r_i` and `Z_i = a_i`; the lowest over (0, 0) is `a_0 and r_0`.
fn leaves<F: Field>(opened: &[u128], bits: &[F]) -> Vec<Group<F>> {
    let len = opened.len();
    let leaf = |(index, plane): (usize, &[F])| {
        let (mut passes, mut answer) = (zeros(len), zeros(len));
        for (position, (&a, &r)) in opened.iter().zip(plane).enumerate() {
            // `a` is public: a branch on it tells nothing.
            let one = a >> index & 1 == 1;
            passes[position] = if one { F::ONE - r } else { r };
            answer[position] = match (one, index) {
                (true, 0) => r,
                (true, _) => F::ONE,
                (false, _) => F::ZERO,
            };
        }
        let lowest = index == 0;
        Group { passes: (!lowest).then_some(passes), answer, public: !lowest }
    };
    bits.chunks_exact(len.max(1)).enumerate().map(leaf).collect()
}
