//! Elements from shared bits: 0 or 1 in a prime field for every bit. So random bits, which are shared
//! without a message, come in both forms.
//!
//! In: bits, shared in planes. Out: the same as elements, shared; plane after plane. Who learns
//! what: nothing. Rounds: ceil(log2 of the number of sets T), two with three nodes. Products: one
//! less than sets for each bit. Adversary: as for products.
//!
//! A component of a replicated bit is a bit that all its holders know. The same bit is a replicated
//! element at once, without a message and without doubt: each holder puts it into the component of
//! the same set, and 0 into the others. The bit is the XOR of its components. As signs 1 - 2b the
//! XOR is the product, which a tree of checked products makes. Other ways to bits in two forms take
//! a proof that the two are the same (daBits: Rotaru, Wood, INDOCRYPT 2019; edaBits: Escudero,
//! Ghosh, Keller, Rachuri, Scholl, CRYPTO 2020); here there is nothing that could differ.

use super::multiply::multiply;
use crate::field::Field;
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::proof::record::Arithmetic;
use crate::sharing::bits::planes::bit;
use crate::sharing::elements::{Component, SharedElements};
use crate::sharing::{ShapeError, SharedBits};

/// The products of each round for one bit, of so many signs.
pub(super) fn rounds(sets: usize) -> impl Iterator<Item = usize> {
    let sizes = std::iter::successors(Some(sets), |&left| Some(left.div_ceil(2)));
    sizes.take_while(|&left| left > 1).map(|left| left / 2)
}

/// Every bit as an element, plane after plane.
///
/// # Errors
/// When a node does not answer.
pub async fn from_bits<F: Arithmetic>(
    ctx: &BitContext,
    bits: &SharedBits,
) -> Result<SharedElements<F>, ProtocolError> {
    let base = ctx.base();
    let held = base.scheme().held_by(ctx.me());
    let sign_of = |set: usize| signs(ctx, bits, held.iter().position(|&own| own == set));
    let sets = 0..base.scheme().sets().len();
    let mut left: Vec<SharedElements<F>> = sets.map(sign_of).collect::<Result<_, _>>()?;
    let mut round = 0;
    while left.len() > 1 {
        let pairs = left.len() / 2;
        let odd = left.split_off(2 * pairs);
        let side = |at: usize| {
            SharedElements::concat(ctx.holding(), left.iter().skip(at * pairs).take(pairs))
        };
        let products = multiply(&ctx.narrow(round), &side(0)?, &side(1)?).await?;
        let len = bits.width() * bits.len();
        let parts = (0..pairs).map(|at| products.slice(at * len..(at + 1) * len));
        left = parts.chain(odd.into_iter().map(Ok)).collect::<Result<_, _>>()?;
        round += 1;
    }
    let Some(mut elements) = left.pop() else { return Ok(SharedElements::zeros(ctx.holding(), 0)) };
    // (1 - sign) / 2.
    let half = (F::ONE + F::ONE).invert().unwrap_or(F::ZERO);
    elements.subtract_from(F::ONE);
    elements.scale(half);
    Ok(elements)
}

/// The signs of a component's bits, as far as this node holds it.
fn signs<F: Field>(
    ctx: &BitContext,
    bits: &SharedBits,
    held: Option<usize>,
) -> Result<SharedElements<F>, ShapeError> {
    let holding = ctx.holding();
    let len = bits.width() * bits.len();
    let mut components: Vec<_> = (0..holding.components()).map(|_| Component::zeros(len)).collect();
    if let Some(held) = held {
        let minus = -F::ONE;
        let mut signs = components[held].iter_mut();
        for plane in bits.planes() {
            let words = plane.component(held);
            for (position, sign) in signs.by_ref().take(bits.len()).enumerate() {
                let choice = u8::from(bit(words, position)).into();
                *sign = F::conditional_select(&F::ONE, &minus, choice);
            }
        }
    }
    SharedElements::from_components(holding, components)
}

/// The numbers that some planes of elements stand for: the sum of 2^k times those of plane k.
pub(super) fn numbers<F: Field>(
    elements: &SharedElements<F>,
    width: usize,
    len: usize,
) -> Result<SharedElements<F>, ShapeError> {
    let mut numbers = SharedElements::zeros(elements.holding(), len);
    for plane in (0..width).rev() {
        numbers.scale(F::from_u64(2));
        numbers.add(&elements.slice(plane * len..(plane + 1) * len)?)?;
    }
    Ok(numbers)
}

/// The numbers that bits stand for, as elements.
///
/// # Errors
/// When a node does not answer.
pub async fn numbers_from_bits<F: Arithmetic>(
    ctx: &BitContext,
    bits: &SharedBits,
) -> Result<SharedElements<F>, ProtocolError> {
    let elements = from_bits(ctx, bits).await?;
    Ok(numbers(&elements, bits.width(), bits.len())?)
}
