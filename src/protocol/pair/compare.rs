//! Whether values are below 0, whatever they are.
//!
//! An element y of a prime field stands for a number between -P/2 and P/2. Twice it is even where it is
//! not below 0, and odd where it is, since P, which is odd, comes off or on once (Nishide, Ohta, PKC
//! 2007). To find the lowest bit of 2y, a number r of as many random bits as the power of two below the
//! prime has ([`NearPower`]) goes over it, and c = 2y + r is opened. The lowest bit of 2y is the sum
//! modulo 2 of that of c, that of r, and whether r is larger than c, since then P came off. And that
//! comparison of a public with a shared number is a tree over pairs of bits: whether the shared one is
//! larger there, and whether both are alike (Damgård, Fitzi, Kiltz, Nielsen, Toft, TCC 2006).
//!
//! **The mask hides every element**, not only numbers of so many bits: what is opened is 2^-105 from
//! random whatever the partner has brought in. So nothing hangs on what inputs are said to lie between.
//!
//! Rounds: one, one for each level of the tree, and one. Bytes: [`super::cost`].

use zeroize::Zeroizing;

use super::context::Shares;
use super::multiply::multiply;
use super::open::open_masked;
use super::{Computation, PairError};
use crate::field::{Field, NearPower};
use crate::sharing::pair::Authenticated;

/// Shared numbers that lie side by side, a row for each: bits, or what follows from them.
type Rows<F> = Vec<Shares<F>>;

/// Twice some values, hidden by masks and opened.
pub(super) struct Hidden<F: Field> {
    /// What was opened; wrong where the partner lied, which the check finds.
    opened: Vec<u128>,
    /// The bits of all masks, one mask after the other.
    masks: Shares<F>,
    /// 1 where the mask is larger than what was opened: the prime came off once.
    wrapped: Shares<F>,
}

/// 1 for each value that is below 0, else 0: numbers between -P/2 and P/2.
///
/// # Errors
/// When there is not enough material, and when the partner does not answer.
pub async fn below_zero<F: NearPower>(
    own: &mut Computation<F>,
    values: &[Authenticated<F>],
) -> Result<Shares<F>, PairError> {
    let hidden = hide(own, values).await?;
    hidden.below_zero(own).await
}

/// Hide twice the values, open that, and find where the prime came off.
pub(super) async fn hide<F: NearPower>(
    own: &mut Computation<F>,
    values: &[Authenticated<F>],
) -> Result<Hidden<F>, PairError> {
    let masks = own.bits(F::POWER * values.len())?;
    if values.is_empty() {
        return Ok(Hidden { opened: Vec::new(), masks, wrapped: Shares::default() });
    }
    let each = values.iter().zip(masks.chunks_exact(F::POWER));
    let masked: Shares<F> =
        Zeroizing::new(each.map(|(&value, mask)| value + value + number(mask)).collect());
    let opened = open_masked(own, &masked).await?;
    let opened: Vec<u128> = opened.iter().map(|&value| value.to_u128().unwrap_or(0)).collect();
    let wrapped = larger(own, &opened, &masks).await?;
    Ok(Hidden { opened, masks, wrapped })
}

impl<F: NearPower> Hidden<F> {
    fn masks(&self) -> impl Iterator<Item = &[Authenticated<F>]> {
        self.masks.chunks_exact(F::POWER)
    }

    /// 1 for each value that is below 0, else 0.
    pub(super) async fn below_zero(
        &self,
        own: &mut Computation<F>,
    ) -> Result<Shares<F>, PairError> {
        let lowest = self.opened.iter().zip(self.masks());
        let lowest =
            lowest.filter_map(|(&opened, mask)| Some(flipped(own, *mask.first()?, opened)));
        let lowest: Shares<F> = Zeroizing::new(lowest.collect());
        let both = multiply(own, &lowest, &self.wrapped).await?;
        let all = lowest.iter().zip(self.wrapped.iter()).zip(both.iter());
        let below = all.map(|((&lowest, &wrapped), &both)| lowest + wrapped - both - both);
        Ok(Zeroizing::new(below.collect()))
    }

    /// Each value without its `by` lowest bits, up to one more or less; of one below 0 something else.
    /// Who takes them off what was opened, off the mask and off the prime does not see what is carried
    /// from there. Takes no message.
    pub(super) fn shifted(&self, own: &Computation<F>, by: usize) -> Shares<F> {
        let by = (by + 1).min(F::POWER);
        let prime = (-F::ONE).to_u128().map_or(0, |below| below + 1);
        let each = self.opened.iter().zip(self.masks()).zip(self.wrapped.iter());
        let shifted = each.map(|((&opened, mask), &wrapped)| {
            let opened = own.public(F::from_u128(opened >> by));
            opened - number(&mask[by..]) + wrapped.scaled(F::from_u128(prime >> by))
        });
        Zeroizing::new(shifted.collect())
    }
}

/// The number that bits make, the lowest first.
fn number<F: Field>(bits: &[Authenticated<F>]) -> Authenticated<F> {
    bits.iter().rev().fold(Authenticated::default(), |number, &bit| number + number + bit)
}

/// The bit, or 1 less it where the lowest bit of `by` is set.
pub(super) fn flipped<F: Field>(
    own: &Computation<F>,
    bit: Authenticated<F>,
    by: u128,
) -> Authenticated<F> {
    if by & 1 == 0 { bit } else { own.public(F::ONE) - bit }
}

/// Whether each mask makes a larger number than what was opened.
async fn larger<F: NearPower>(
    own: &mut Computation<F>,
    opened: &[u128],
    masks: &[Authenticated<F>],
) -> Result<Shares<F>, PairError> {
    let (mut larger, mut alike): (Rows<F>, Rows<F>) = (Vec::new(), Vec::new());
    for (&opened, mask) in opened.iter().zip(masks.chunks_exact(F::POWER)) {
        // No mask is larger than what has more bits than masks have.
        let above = opened >> F::POWER != 0;
        let bit = |(at, &mask): (usize, &Authenticated<F>)| {
            if above || opened >> at & 1 == 1 { Authenticated::default() } else { mask }
        };
        let same = |(at, &mask): (usize, &Authenticated<F>)| flipped(own, mask, (opened >> at) ^ 1);
        larger.push(Zeroizing::new(mask.iter().enumerate().map(bit).collect()));
        alike.push(Zeroizing::new(mask.iter().enumerate().map(same).collect()));
    }
    let mut width = F::POWER;
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
