//! Random bits, as elements that are 0 or 1.
//!
//! In: nothing. Out: bits, shared, that nobody knows. Who learns what: the square of a random number
//! for each bit, which does not depend on the bit. Rounds: one, a check, and an opening. Bytes: those of
//! a product and an opening for each bit. Adversary: as for products; squares are checked before they
//! are opened. Source: Damgård, Fitzi, Kiltz, Nielsen, Toft 2006.
//!
//! For a random r, r^2 is opened and divided out of r through its root: what is left is 1 or -1, and
//! which one is known to nobody. One r in as many as the field has elements is 0 and leaves nothing;
//! then there is no batch, which happens to nobody.

use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::elements::Arithmetic;
use crate::protocol::elements::multiply::multiply;
use crate::protocol::elements::open::open_masked;
use crate::protocol::elements::random::random;
use crate::sharing::SharedElements;

/// So many random bits. No other protocol of the attempt may be under way.
///
/// # Errors
/// When a node lied or does not answer.
pub async fn random_bits<F: Arithmetic>(
    ctx: &BitContext,
    len: usize,
) -> Result<SharedElements<F>, ProtocolError> {
    if len == 0 {
        return Ok(SharedElements::zeros(ctx.holding(), 0));
    }
    let mut signs = random::<F>(&ctx.narrow("numbers"), len)?;
    let squares = multiply(&ctx.narrow("squares"), &signs, &signs).await?;
    let open = ctx.narrow("open");
    let squares = open_masked(&open, &squares).await?;
    let mut roots = squares.clone();
    F::inverse_roots(&mut roots);
    let of_squares = squares.iter().zip(roots.iter());
    if !of_squares.into_iter().all(|(&square, &root)| (root.square() * square).equals(F::ONE)) {
        return Err(ProtocolError::Impossible { step: open.base().step().to_owned() });
    }
    signs.mul_public(&roots)?;
    // 1 and -1 become 1 and 0.
    signs.add_public(&vec![F::ONE; len])?;
    signs.scale(F::from_u64(2).invert().unwrap_or(F::ZERO));
    Ok(signs)
}
