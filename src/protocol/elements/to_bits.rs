//! Bits of shared elements, by a masked opening.
//!
//! In: elements that stand for numbers below 2^b. Out: their b bits, shared in planes. Who learns
//! what: nothing; what is opened is masked by a random number that is shared in both forms. Rounds:
//! those of the mask's bits ([`super::from_bits`]), a check, an opening, and an addition; a
//! comparison between where the mask is the whole field. Adversary: as for products and ANDs.
//!
//! Where the field has room for it, the mask is b random bits r and above them, for every set, 40
//! bits that its holders know: what is opened, c = x + r + 2^b s, never reaches the prime, is within
//! 2^-40 of independent of x, and x = c - r modulo 2^b. Over 2^61-1 there is no such room. Its mask
//! has 61 random bits, which stand for a uniform element but for one pattern of 2^61; then x is
//! c - r, or that plus the prime if c < r, which is c - 1 - r modulo 2^b.
//!
//! A wrong product could make a number of x that is out of the range that the mask is for, so
//! everything is checked before the opening.

use super::from_bits::{from_bits, numbers};
use super::open::open_masked;
use super::random::{random_bits, random_integers};
use crate::field::Field;
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::bits::add::add;
use crate::protocol::bits::less_than::less_than;
use crate::protocol::proof::record::Arithmetic;
use crate::sharing::bits::batch::MAX_WIDTH;
use crate::sharing::bits::planes::bit;
use crate::sharing::{Scheme, ShapeError, SharedBits, SharedElements};

/// Bits by which a mask is wider than what it hides.
const STATISTICAL: usize = 40;

/// What hides a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mask {
    /// So many bits, and above them what is wider than anything hidden.
    Wide { bits: usize },
    /// All elements: the 61 bits of the field of 2^61-1.
    Whole,
}

impl Mask {
    pub(super) fn of<F: Field>(scheme: Scheme, width: usize) -> Self {
        // x, r, and as many integers as there are sets.
        let sets = scheme.sets().len().next_power_of_two().ilog2() as usize;
        let needed = width + STATISTICAL + sets + 2;
        if needed < F::BITS as usize { Self::Wide { bits: width } } else { Self::Whole }
    }

    /// Random bits that are shared in both forms.
    pub(super) const fn bits(self) -> usize {
        match self {
            Self::Wide { bits } => bits,
            Self::Whole => WHOLE,
        }
    }
}

/// Bits of the only field whose numbers are hidden by whole elements.
const WHOLE: usize = 61;

/// The `width` bits of elements that stand for numbers below 2^width.
///
/// # Errors
/// When the field or a batch has no room for so many bits, or a node does not answer.
pub async fn to_bits<F: Arithmetic>(
    ctx: &BitContext,
    width: usize,
    elements: &SharedElements<F>,
) -> Result<SharedBits, ProtocolError> {
    let len = elements.len();
    let mask = Mask::of::<F>(ctx.base().scheme(), width);
    let fits = mask != Mask::Whole || F::BITS as usize == WHOLE && width < WHOLE;
    if !fits || width >= MAX_WIDTH {
        let (expected, got) = (MAX_WIDTH.min(F::BITS as usize) - 1, width);
        return Err(ShapeError { what: "bits of numbers, at most", expected, got }.into());
    }
    let random = random_bits(&ctx.narrow("mask"), mask.bits(), len)?;
    let as_elements = from_bits::<F>(&ctx.narrow("mask-elements"), &random).await?;
    let mut masked = numbers(&as_elements, mask.bits(), len)?;
    masked.add(elements)?;
    if let Mask::Wide { bits } = mask {
        let mut above = random_integers::<F>(&ctx.narrow("above"), STATISTICAL, len)?;
        above.scale(F::from_u64(2).pow(&[bits as u64]));
        masked.add(&above)?;
    }
    let opened = open_masked(&ctx.narrow("open"), &masked).await?;
    let low: Vec<u64> = opened.iter().map(|&element| low_word(element)).collect();
    let minuend = match mask {
        Mask::Wide { .. } => SharedBits::from_public(ctx.holding(), width, &low),
        Mask::Whole => {
            let public = SharedBits::from_public(ctx.holding(), WHOLE, &low);
            let wrapped = less_than(&ctx.narrow("wrapped"), &public, &random).await?;
            less_if(ctx, width, &low, &wrapped)
        }
    };
    subtract(&ctx.narrow("subtract"), &minuend, &random.take_planes(0..width)?).await
}

/// The lowest 64 bits of the number that an element stands for.
fn low_word<F: Field>(element: F) -> u64 {
    let bytes = element.to_bytes();
    let mut word = [0; 8];
    word.iter_mut().zip(bytes.as_ref()).for_each(|(byte, &from)| *byte = from);
    u64::from_le_bytes(word)
}

/// Public numbers, less 1 where a shared bit is set, modulo 2^width. Linear: the bit decides between
/// two public numbers.
fn less_if(ctx: &BitContext, width: usize, values: &[u64], set: &SharedBits) -> SharedBits {
    let holding = ctx.holding();
    let below = |value: u64| value & ((1 << width) - 1);
    SharedBits::from_values(holding, width, values.len(), |component, position| {
        let value = values[position];
        let own = if holding.designated() == Some(component) { below(value) } else { 0 };
        // All ones or nothing, without a branch.
        let chosen = u64::from(bit(set.component(component), position)).wrapping_neg();
        own ^ below(value ^ value.wrapping_sub(1)) & chosen
    })
}

/// x - y modulo 2^width: the complement of y plus the complement of x.
async fn subtract(
    ctx: &BitContext,
    x: &SharedBits,
    y: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let mut complement = x.clone();
    complement.complement();
    let mut difference = add(ctx, &complement, y).await?.take_planes(0..x.width())?;
    difference.complement();
    Ok(difference)
}
