//! Values of one party that keep to bounds, and whether shared values do.
//!
//! A value that is said to lie between -2^b and 2^b is brought in as bits, so that there is nothing to
//! prove: the party is told random bits of the batch, and says of each whether its own is the other one.
//! Whatever it says, bits come of it, and 2^b more than the value is their sum with the weights 1, 2, 4
//! and so on to 2^b, and 1 once more, which makes 2^(b+1) at most. The partner could tell wrong bits and
//! learn from whether the party goes on what they are, so here the party says nothing before what it was
//! told has been checked against the MACs.
//!
//! Shared values are compared with both ends of their range, and of what lies outside is opened whether
//! it is nothing: the count of it, times a random value.
//!
//! Rounds: five for an input; for the other those of a comparison, a product and an opening with its
//! checks. Bytes: an element and a bit for each bit of a value. Material: [`super::cost`].

use zeroize::Zeroizing;

use super::compare::{below_zero, flipped};
use super::context::Shares;
use super::input::{hold, tell};
use super::multiply::multiply;
use super::open::{check, reveal};
use super::{Computation, PairError};
use crate::field::{Field, NearPower};
use crate::sharing::ShapeError;
use crate::sharing::pair::{Authenticated, Party};

/// Most bits of a value that is brought in so.
pub const MAX_BITS: usize = 62;

/// Bits that a value between -2^`bits` and 2^`bits` is brought in as.
pub const fn width(bits: usize) -> usize {
    bits + 2
}

/// Values of a party between -2^`bits` and 2^`bits`, both included; `values` are given by that party
/// alone. Those of a party that lies are others, and in the range too.
///
/// # Errors
/// When the partner does not answer or told something else than is shared, and when this party's
/// values are missing, too many or too few, or not in the range.
pub async fn input_within<F: Field>(
    own: &mut Computation<F>,
    party: Party,
    values: Option<&[i64]>,
    count: usize,
    bits: usize,
) -> Result<Shares<F>, PairError> {
    if bits > MAX_BITS {
        return Err(ShapeError { what: "bits of a value", expected: MAX_BITS, got: bits }.into());
    }
    let width = width(bits);
    let mut shares = own.bits(count * width)?;
    shares.extend_from_slice(&own.masks(1)?);
    let told = tell(own, party, shares).await?;
    hold(own, &told).await?;
    check(own).await?;
    let due = (count * width).div_ceil(8);
    let said = match &told.values {
        Some(bits_told) => {
            let got = values.map_or(0, <[i64]>::len);
            let values = values.filter(|values| values.len() == count);
            let values = values.ok_or(ShapeError { what: "values", expected: count, got })?;
            let said = differences(values, bits, bits_told)?;
            own.exchange(said.clone(), 0).await?;
            said
        }
        None => own.exchange(Vec::new(), due).await?.to_vec(),
    };
    let offset = own.public(power(bits));
    let each = told.shares.chunks_exact(width).take(count).enumerate();
    let sums = each.map(|(value, shares)| {
        let bit = |(at, &share): (usize, &Authenticated<F>)| {
            let place = value * width + at;
            let other = u128::from(said[place / 8] >> (place % 8));
            flipped(own, share, other).scaled(weight(at, bits))
        };
        let bits = shares.iter().enumerate().map(bit);
        bits.fold(Authenticated::default(), |sum, bit| sum + bit) - offset
    });
    Ok(Zeroizing::new(sums.collect()))
}

/// What a bit counts: 2 to the power of its place, the last one 1.
fn weight<F: Field>(at: usize, bits: usize) -> F {
    if at > bits { F::ONE } else { power(at) }
}

fn power<F: Field>(bits: usize) -> F {
    F::from_u128(1 << bits)
}

/// Which bits of the values are not those that were told, eight to a byte, the lowest first.
fn differences<F: Field>(values: &[i64], bits: usize, told: &[F]) -> Result<Vec<u8>, PairError> {
    let width = width(bits);
    let mut said = vec![0; (values.len() * width).div_ceil(8)];
    for (value, (&given, told)) in values.iter().zip(told.chunks_exact(width)).enumerate() {
        let above = i128::from(given) + (1 << bits);
        let above = u128::try_from(above).ok().filter(|&above| above <= 2 << bits);
        let range = ShapeError { what: "bits of a value", expected: bits, got: bits + 1 };
        let above = above.ok_or(range)?;
        // All bits are set where the value is the largest, else the last one is not.
        let last = above >> (bits + 1) & 1;
        let rest = above - last;
        for (at, told) in told.iter().enumerate() {
            let bit = if at > bits { last } else { rest >> at & 1 };
            let place = value * width + at;
            let told = told.to_bytes().as_ref().first().copied().unwrap_or_default();
            said[place / 8] |= (told & 1 ^ u8::from(bit == 1)) << (place % 8);
        }
    }
    Ok(said)
}

/// Whether all values lie between -2^`bits` and 2^`bits`, both included; opened to both.
///
/// # Errors
/// When something does not fit its MAC, and when the partner does not answer.
pub async fn within<F: NearPower>(
    own: &mut Computation<F>,
    values: &[Authenticated<F>],
    bits: usize,
) -> Result<bool, PairError> {
    let end = own.public(power(bits));
    let ends = values.iter().flat_map(|&value| [value + end, end - value]);
    let ends: Shares<F> = Zeroizing::new(ends.collect());
    let outside = below_zero(own, &ends).await?;
    let count = outside.iter().fold(Authenticated::default(), |sum, &one| sum + one);
    let mask = own.masks(1)?;
    let hidden = multiply(own, &[count], &mask).await?;
    let opened = reveal(own, &hidden).await?;
    Ok(opened.iter().all(|value| value.is_zero()))
}
