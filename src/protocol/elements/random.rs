//! Random shared elements, integers and bits, without a message: every component is the stream of its
//! set's key, so that all holders have the same, whoever lies (Cramer, Damgård, Ishai 2005).

use crate::field::Field;
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::sharing::bits::batch::zeroed;
use crate::sharing::bits::planes::words;
use crate::sharing::elements::Component;
use crate::sharing::numbers::pseudorandom::expand_at;
use crate::sharing::stream::{BLOCK_WORDS, StreamKey, StreamStart};
use crate::sharing::{SharedBits, SharedElements};

/// Random elements, nobody knows which.
///
/// # Errors
/// When the step's name was used before.
pub fn random<F: Field>(ctx: &BitContext, len: usize) -> Result<SharedElements<F>, ProtocolError> {
    components(ctx, len, |key, start, component| expand_at(key, start, 0, component))
}

/// Random integers: sums of one of `bits` bits, at most 64, for every set.
pub(super) fn random_integers<F: Field>(
    ctx: &BitContext,
    bits: usize,
    len: usize,
) -> Result<SharedElements<F>, ProtocolError> {
    let mask = u64::MAX >> (u64::BITS as usize).saturating_sub(bits).min(63);
    components(ctx, len, |key, start, component| {
        let mut words = zeroed(BLOCK_WORDS * component.len());
        key.write_at(start, 0, &mut words);
        for (element, words) in component.iter_mut().zip(words.as_chunks::<BLOCK_WORDS>().0) {
            *element = F::from_u64(words[0] & mask);
        }
    })
}

fn components<F: Field>(
    ctx: &BitContext,
    len: usize,
    fill: impl Fn(&StreamKey, StreamStart, &mut [F]),
) -> Result<SharedElements<F>, ProtocolError> {
    let claim = ctx.base().claim()?;
    let component = |key| {
        let mut component = Component::zeros(len);
        fill(key, claim.start, &mut component);
        component
    };
    let components = ctx.base().keys().sets().map(component).collect();
    Ok(SharedElements::from_components(ctx.holding(), components)?)
}

/// Random bits, nobody knows which: numbers of `width` bits.
///
/// # Errors
/// When the step's name was used before.
pub fn random_bits(
    ctx: &BitContext,
    width: usize,
    len: usize,
) -> Result<SharedBits, ProtocolError> {
    let claim = ctx.base().claim()?;
    let component = |key: &StreamKey| {
        let mut component = zeroed(width * words(len));
        key.write_at(claim.start, 0, &mut component);
        component
    };
    let components = ctx.base().keys().sets().map(component).collect();
    Ok(SharedBits::from_components(ctx.holding(), width, len, components)?)
}
