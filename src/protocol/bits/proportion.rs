//! Serving everyone in proportion.
//!
//! In: numbers of w bits, shared, which say what each wants; publicly, how much is wanted in all
//! and how much there is, which is no more. Out: what each gets, shared: its number times the
//! public ratio, rounded down, and one more for the first so many of those who want anything that
//! all is given out. Who learns what: nothing. Rounds: about seven additions and a prefix sum, 110
//! for a thousand numbers of 28 bits. Gates: about 2 * w^2 a number; of each the bytes of an AND.
//! Adversary: as for AND.
//!
//! For a number x and the ratio m/n below 1, with f = floor(2^w m / n), floor(x f / 2^w) is
//! floor(x m / n) or one less, because x f / 2^w differs from x m / n by less than x / 2^w. It is one
//! less where x m less n times it, of which only the lowest bits are computed, is still n or more.

use super::BitContext;
use super::and::and;
use super::beside::both;
use super::combine::combine;
use super::less_than::{less_than, public_less_than};
use super::prefix::prefix_sums;
use super::sum::sum;
use crate::protocol::{Cost, CostModel, ProtocolError};
use crate::sharing::seed::mask;
use crate::sharing::{ShapeError, SharedBits};

/// Most bits of a number.
pub const MAX_WIDTH: usize = 31;

/// What each gets of `available` units, where `all` are wanted together.
///
/// # Errors
/// When numbers are wider than [`MAX_WIDTH`], more is available than wanted, `all` has more than 62
/// bits, or a node does not answer.
pub async fn in_proportion(
    ctx: &BitContext,
    wanted: &SharedBits,
    available: u64,
    all: u64,
) -> Result<SharedBits, ProtocolError> {
    let (width, len) = (wanted.width(), wanted.len());
    if width > MAX_WIDTH {
        return Err(
            ShapeError { what: "bits of what is wanted", expected: MAX_WIDTH, got: width }.into()
        );
    }
    let bits = bits(all);
    if available > all || bits > 62 {
        return Err(
            ShapeError { what: "bits of all that is wanted", expected: 62, got: bits }.into()
        );
    }
    if available == all || width == 0 {
        return Ok(wanted.clone());
    }
    let factor = u64::try_from((u128::from(available) << width) / u128::from(all)).unwrap_or(0);
    let wants = |ctx: BitContext| async move {
        let wants = public_less_than(&ctx.narrow("wants"), 0, wanted).await?;
        let counts = prefix_sums(&ctx.narrow("count"), &wants).await?;
        Ok((wants, counts))
    };
    let shares = |ctx: BitContext| async move {
        let product = combine(&ctx.narrow("product"), &[(wanted, factor)], 2 * width).await?;
        let low = product.take_planes(width..2 * width)?;
        let terms = [(wanted, available), (&low, (1 << (bits + 1)) - all)];
        let rest = combine(&ctx.narrow("rest"), &terms, bits + 1).await?;
        let more = public_less_than(&ctx.narrow("more"), all - 1, &rest).await?;
        let shares = combine(&ctx.narrow("shares"), &[(&low, 1), (&more, 1)], width).await?;
        let given = sum(&ctx.narrow("given"), &shares).await?;
        Ok((shares, given))
    };
    let ((shares, given), (wants, counts)) = both(&ctx.narrow("shares"), shares, wants).await?;

    // What is left is less than there are who want something, so as many bits tell it.
    let narrow = counts.width();
    let mut taken = given.take_planes(0..narrow.min(given.width()))?;
    taken = widened(&taken, narrow)?;
    taken.complement();
    let one = SharedBits::from_public(ctx.holding(), 1, &[1]);
    let terms = [(&taken, 1), (&one, (available + 1) & mask_of(narrow))];
    let left = combine(&ctx.narrow("left"), &terms, narrow).await?;
    let mut early = less_than(&ctx.narrow("late"), &left.gather(&vec![0; len])?, &counts).await?;
    early.complement();
    let one_more = and(&ctx.narrow("early"), &wants, &early).await?;
    combine(&ctx.narrow("served"), &[(&shares, 1), (&one_more, 1)], width).await
}

/// The same numbers with zeros above their highest bit.
///
/// # Errors
/// When they are wider.
pub fn widened(numbers: &SharedBits, width: usize) -> Result<SharedBits, ShapeError> {
    if numbers.width() > width {
        return Err(ShapeError { what: "width", expected: width, got: numbers.width() });
    }
    let planes = numbers.planes().map(|plane| vec![plane]);
    let planes: Vec<_> = planes.chain(std::iter::repeat(Vec::new())).take(width).collect();
    SharedBits::xor_planes(numbers.holding(), numbers.len(), &planes)
}

const fn bits(number: u64) -> usize {
    (u64::BITS - number.leading_zeros()) as usize
}

fn mask_of(bits: usize) -> u64 {
    mask(u32::try_from(bits).unwrap_or(u32::MAX))
}

impl CostModel {
    /// Serving `len` numbers of so many bits in proportion, where so much is available of so much.
    pub fn in_proportion(self, width: usize, len: usize, available: u64, all: u64) -> Cost {
        if available >= all || width == 0 {
            return Cost::default();
        }
        let bits = bits(all);
        let factor = u64::try_from((u128::from(available) << width) / u128::from(all)).unwrap_or(0);
        let shares = self.combine(&[(width, factor)], 2 * width, len)
            + self.combine(&[(width, available), (width, (1 << (bits + 1)) - all)], bits + 1, len)
            + self.public_less_than(bits + 1, len)
            + self.combine(&[(width, 1), (1, 1)], width, len)
            + self.sum(width, len);
        let wants = self.public_less_than(width, len) + self.prefix_sums(1, len);
        let narrow = super::columns::sum_width(1, len);
        let available = (available + 1) & mask_of(narrow);
        let rounds = shares.rounds.max(wants.rounds);
        Cost { rounds, ..shares + wants }
            + self.combine(&[(narrow, 1), (1, available)], narrow, 1)
            + self.less_than(narrow, len)
            + self.and(1, len)
            + self.combine(&[(width, 1), (1, 1)], width, len)
    }
}
