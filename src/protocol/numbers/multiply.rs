//! Products of shared numbers.
//!
//! In: numbers x and y, shared. Out: x y, shared, with fresh randomness. Who learns what: nothing.
//! Rounds: one. Bytes: one number to each other node per product, or per inner product. Adversary:
//! up to t curious nodes; a node that sends different numbers to different nodes is noticed at the
//! next opening, one that sends the same wrong number to all is not.
//!
//! The product of two polynomials of degree t has degree 2t, so the participants' products with
//! their Lagrange weights add up to x y (Gennaro, Rabin, Rabin 1998). Node i sends
//! `lambda_i (x_i y_i + rho_i) + zero_i`: rho is pseudorandom, and every `zero` adds up to 0. The
//! sum is d = x y + rho, and d minus the shares of rho is the result (after Damgård, Nielsen 2007,
//! with the pseudorandom sharing of Cramer, Damgård, Ishai 2005 in place of their preparation).

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::NumberContext;
use crate::field::{
    Field,
    bulk::{
        Elements, add_encoded, add_into, append, inner_product, mul_into, scale, sub_into, zeros,
    },
};
use crate::protocol::context::Claim;
use crate::protocol::{Opening, ProtocolError};
use crate::sharing::{ShapeError, SharedNumbers};

/// x y, place by place.
///
/// # Errors
/// When the lengths differ, or a node does not answer.
pub async fn multiply<F: Field>(
    ctx: &NumberContext<F>,
    x: &SharedNumbers<F>,
    y: &SharedNumbers<F>,
) -> Result<SharedNumbers<F>, ProtocolError> {
    check_lengths(x, y)?;
    let mut products = zeros(x.len());
    products.copy_from_slice(x.shares());
    mul_into(&mut products, y.shares());
    reduce(ctx, products).await
}

/// The sum of the products of each `size` places, for the cost of one product.
///
/// # Errors
/// When the lengths differ or cannot be divided so, or a node does not answer.
pub async fn inner_products<F: Field>(
    ctx: &NumberContext<F>,
    size: usize,
    x: &SharedNumbers<F>,
    y: &SharedNumbers<F>,
) -> Result<SharedNumbers<F>, ProtocolError> {
    check_lengths(x, y)?;
    if size == 0 || !x.len().is_multiple_of(size) {
        let (expected, got) = (size, x.len());
        return Err(ShapeError { what: "numbers in groups", expected, got }.into());
    }
    let mut products = zeros(x.len() / size);
    let groups = x.shares().chunks_exact(size).zip(y.shares().chunks_exact(size));
    for (product, (x, y)) in products.iter_mut().zip(groups) {
        *product = inner_product(x, y);
    }
    reduce(ctx, products).await
}

fn check_lengths<F: Field>(x: &SharedNumbers<F>, y: &SharedNumbers<F>) -> Result<(), ShapeError> {
    let (expected, got) = (x.len(), y.len());
    if expected == got { Ok(()) } else { Err(ShapeError { what: "factors", expected, got }) }
}

/// From shares of degree 2t to shares of degree t of the same numbers.
pub(super) async fn reduce<F: Field>(
    ctx: &NumberContext<F>,
    products: Elements<F>,
) -> Result<SharedNumbers<F>, ProtocolError> {
    let base = ctx.base();
    let claim = base.claim()?;
    let mask = ctx.pseudorandom().numbers(base.keys(), claim.start, products.len());
    let mut sum = products;
    add_into(&mut sum, mask.shares());
    let mut sum = open_sum(ctx, &claim, sum).await?;
    sub_into(&mut sum, mask.shares());
    Ok(SharedNumbers::from_shares(sum))
}

/// Open numbers shared with degree 2t. Nothing of the shares shows but what the numbers tell:
/// everyone adds a number of its own, and those add up to 0. There is no share to spare to check
/// with; that all saw the same is checked at the next opening.
pub(super) async fn open_sum<F: Field>(
    ctx: &NumberContext<F>,
    claim: &Claim,
    shares: Elements<F>,
) -> Result<Elements<F>, ProtocolError> {
    let base = ctx.base();
    let mut sum = shares;
    if sum.is_empty() {
        return Ok(sum);
    }
    let len = sum.len();
    base.ledger().gates(len);
    scale(&mut sum, ctx.weight());
    add_into(&mut sum, &ctx.pseudorandom().zero_sums(base.keys(), claim.start, len));
    let mut message = Vec::with_capacity(len * F::BYTES);
    append(&mut message, &sum);
    let message = Bytes::from(message);
    let outgoing = base.peers().iter().map(|peer| (peer, message.clone())).collect();
    let received = base.exchange(claim, outgoing, base.peers(), len * F::BYTES).await?;
    for (node, theirs) in received {
        if !add_encoded(&mut sum, &theirs) {
            return Err(ProtocolError::Encoding { step: claim.name.clone(), node });
        }
    }
    let mut seen = Vec::with_capacity(len * F::BYTES);
    append(&mut seen, &sum);
    base.saw(claim, Sha256::digest(&seen).into());
    base.ledger().opened(Opening {
        step: claim.name.clone(),
        bits: len as u64 * u64::from(F::BITS),
        to: base.participants(),
        masked: true,
    });
    Ok(sum)
}
