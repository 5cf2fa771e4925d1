//! Whether values are below 0.
//!
//! A value x of at most k bits, -2^k <= x < 2^k, becomes y = x + 2^k, of k + 1 bits, and x is below 0
//! where bit k of y is not set. A random number r, of k + 1 bits and [`HIDING`] more, is made of random
//! bits, and c = y + r is opened: what it tells of y is less than 2^-64. Bit k of y is the sum modulo 2
//! of that of c, that of r, and whether the k lowest bits of c are below those of r; and that comparison
//! of a public with a shared number is a tree over pairs of bits: whether the shared one is larger
//! there, and whether both are alike (Damgård, Fitzi, Kiltz, Nielsen, Toft, TCC 2006).
//!
//! That values lie in their range is the caller's to see to: of one that does not the mask hides less.
//!
//! Rounds: one, one for each level of the tree, and one. Bytes: [`super::cost`].

use zeroize::Zeroizing;

use super::context::Shares;
use super::multiply::multiply;
use super::open::open_masked;
use super::{Computation, PairError};
use crate::field::Field;
use crate::sharing::ShapeError;
use crate::sharing::pair::Authenticated;

/// Bits of a mask beyond those of what it hides.
pub const HIDING: usize = 64;

/// Most bits of a value that is compared.
pub const MAX_BITS: usize = 60;

/// Shared numbers that lie side by side, a row for each: bits, or what follows from them.
type Rows<F> = Vec<Shares<F>>;

/// Values hidden by masks, and opened.
pub(super) struct Hidden<F: Field> {
    bits: usize,
    /// Below 2^125 each, whatever the partner did: what is wrong fails the check.
    opened: Vec<u128>,
    /// The bits of all masks, one mask after the other.
    masks: Shares<F>,
}

/// 1 for each value that is below 0, else 0. Values are at least -2^`bits` and below 2^`bits`.
///
/// # Errors
/// When there are too many bits or not enough material, and when the partner does not answer.
pub async fn below_zero<F: Field>(
    own: &mut Computation<F>,
    values: &[Authenticated<F>],
    bits: usize,
) -> Result<Shares<F>, PairError> {
    let hidden = hide(own, values, bits).await?;
    hidden.below_zero(own).await
}

/// Hide values and open them.
pub(super) async fn hide<F: Field>(
    own: &mut Computation<F>,
    values: &[Authenticated<F>],
    bits: usize,
) -> Result<Hidden<F>, PairError> {
    if bits > MAX_BITS || bits == 0 {
        return Err(ShapeError { what: "bits to compare", expected: MAX_BITS, got: bits }.into());
    }
    let width = bits + 1 + HIDING;
    let masks = own.bits(width * values.len())?;
    if values.is_empty() {
        return Ok(Hidden { bits, opened: Vec::new(), masks });
    }
    let offset = own.public(power(bits));
    let each = values.iter().zip(masks.chunks_exact(width));
    let masked: Shares<F> =
        Zeroizing::new(each.map(|(&value, mask)| value + offset + number(mask)).collect());
    let opened = open_masked(own, &masked).await?;
    let opened = opened.iter().map(|value| value.to_u128().unwrap_or_default()).collect();
    Ok(Hidden { bits, opened, masks })
}

impl<F: Field> Hidden<F> {
    fn masks(&self) -> Vec<&[Authenticated<F>]> {
        self.masks.chunks_exact(self.bits + 1 + HIDING).collect()
    }

    /// 1 for each value that is below 0, else 0.
    pub(super) async fn below_zero(
        &self,
        own: &mut Computation<F>,
    ) -> Result<Shares<F>, PairError> {
        let (bits, masks) = (self.bits, self.masks());
        let larger = larger(own, &self.opened, &masks, bits).await?;
        // Bit k of y, but for what is carried into it, and then with it: two bits that differ.
        let top = self.opened.iter().zip(&masks);
        let top = top.map(|(&opened, mask)| flipped(own, mask[bits], opened >> bits));
        let top: Shares<F> = Zeroizing::new(top.collect());
        let both = multiply(own, &top, &larger).await?;
        let all = top.iter().zip(larger.iter()).zip(both.iter());
        let below =
            all.map(|((&top, &carried), &both)| own.public(F::ONE) - (top + carried - both - both));
        Ok(Zeroizing::new(below.collect()))
    }

    /// Each value without its `by` lowest bits, or one more: who takes them off what was opened, and
    /// off the mask, does not see what is carried from there. Takes no message.
    pub(super) fn shifted(&self, own: &Computation<F>, by: usize) -> Shares<F> {
        let by = by.min(self.bits);
        let offset = own.public(power(self.bits - by));
        let each = self.opened.iter().zip(self.masks());
        let shifted = each.map(|(&opened, mask)| {
            own.public(F::from_u128(opened >> by)) - number(&mask[by..]) - offset
        });
        Zeroizing::new(shifted.collect())
    }
}

fn power<F: Field>(bits: usize) -> F {
    (0..bits).fold(F::ONE, |power, _| power + power)
}

/// The number that bits make, the lowest first.
fn number<F: Field>(bits: &[Authenticated<F>]) -> Authenticated<F> {
    bits.iter().rev().fold(Authenticated::default(), |number, &bit| number + number + bit)
}

/// The bit, or 1 less it where the lowest bit of `by` is set.
fn flipped<F: Field>(own: &Computation<F>, bit: Authenticated<F>, by: u128) -> Authenticated<F> {
    if by & 1 == 0 { bit } else { own.public(F::ONE) - bit }
}

/// Whether the `bits` lowest bits of each mask make a larger number than those of what was opened.
async fn larger<F: Field>(
    own: &mut Computation<F>,
    opened: &[u128],
    masks: &[&[Authenticated<F>]],
    bits: usize,
) -> Result<Shares<F>, PairError> {
    let (mut larger, mut alike): (Rows<F>, Rows<F>) = (Vec::new(), Vec::new());
    for (&opened, mask) in opened.iter().zip(masks) {
        let at = |bit: usize| (mask[bit], opened >> bit);
        let above = |bit| {
            let (mask, opened) = at(bit);
            if opened & 1 == 0 { mask } else { Authenticated::default() }
        };
        let same = |bit| {
            let (mask, opened) = at(bit);
            flipped(own, mask, opened ^ 1)
        };
        larger.push(Zeroizing::new((0..bits).map(above).collect()));
        alike.push(Zeroizing::new((0..bits).map(same).collect()));
    }
    let mut width = bits;
    while width > 1 {
        level(own, &mut larger, &mut alike, width).await?;
        width = width.div_ceil(2);
    }
    Ok(Zeroizing::new(larger.iter().filter_map(|row| row.first().copied()).collect()))
}

/// One level of the tree: of two neighbours the higher one decides, or the lower one where both
/// numbers are alike there. Of the lowest pair nobody asks whether all is alike.
async fn level<F: Field>(
    own: &mut Computation<F>,
    larger: &mut Rows<F>,
    alike: &mut Rows<F>,
    width: usize,
) -> Result<(), PairError> {
    let pairs = width / 2;
    let (mut x, mut y) = (Shares::default(), Shares::default());
    for (larger, alike) in larger.iter().zip(&*alike) {
        for pair in 0..pairs {
            x.push(alike[2 * pair + 1]);
            y.push(larger[2 * pair]);
        }
        for pair in 1..pairs {
            x.push(alike[2 * pair + 1]);
            y.push(alike[2 * pair]);
        }
    }
    let products = multiply(own, &x, &y).await?;
    let each = (2 * pairs).saturating_sub(1);
    for ((larger, alike), products) in
        larger.iter_mut().zip(alike.iter_mut()).zip(products.chunks_exact(each))
    {
        let (decided, both) = products.split_at(pairs);
        let mut next_larger: Shares<F> = Zeroizing::new(Vec::with_capacity(width.div_ceil(2)));
        next_larger.extend(decided.iter().enumerate().map(|(at, &low)| larger[2 * at + 1] + low));
        let mut next_alike: Shares<F> = Zeroizing::new(Vec::with_capacity(width.div_ceil(2)));
        next_alike.push(Authenticated::default());
        next_alike.extend(both);
        if width % 2 == 1 {
            next_larger.push(larger[width - 1]);
            next_alike.push(alike[width - 1]);
        }
        (*larger, *alike) = (next_larger, next_alike);
    }
    Ok(())
}
