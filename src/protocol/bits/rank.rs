//! The rank of every number: how many others beat it.
//!
//! In: N numbers of b bits, shared, in the order of the tie rule. Out: for each how many beat it,
//! shared ([`rank`]); or whether it is among the m best, and the largest of the others
//! ([`best_by_rank`]). Who learns what: nothing. Rounds: those of one comparison of b bits, of
//! counting N-1 bits, and of one comparison of log2 N bits; one more for the largest of the others.
//! For a thousand numbers of 32 bits that is 27, whatever m is. Gates: N(N-1)/2 comparisons, and
//! about N^2 to count. Adversary: as for AND.
//!
//! All pairs are compared at once: of the numbers i < j, j beats i if it is larger, and i beats j
//! if it is not. The pairs with the same distance d = j - i stand next to one another. What beats
//! number i is then at position i of N-1 planes: plane d holds the comparisons at distance d,
//! followed by the negated ones at distance N - d. Operands are put together stripe by stripe, so
//! that memory is one bit for a pair; that, and the pairs, grow with N^2. For more than some
//! thousand numbers there is [`super::search`].

use super::BitContext;
use super::best::Best;
use super::columns::{bounds, sum_width};
use super::lanes;
use super::less_than::{less_than, less_than_part};
use super::select::pick;
use super::stripes::Stripe;
use super::sum::count_planes;
use crate::protocol::ProtocolError;
use crate::protocol::bracket::pairs;
use crate::sharing::bits::planes::WORD;
use crate::sharing::{ShapeError, SharedBits};

/// How many others beat each number: larger ones, and equal ones that come earlier.
///
/// # Errors
/// When a node does not answer.
pub async fn rank(ctx: &BitContext, numbers: &SharedBits) -> Result<SharedBits, ProtocolError> {
    let (holding, len, width) = (ctx.holding(), numbers.len(), numbers.width());
    if len < 2 || width == 0 {
        // Nobody beats the only one; of numbers without bits, all that come earlier do.
        let ranks: Vec<u64> = (0..len as u64).collect();
        let width = sum_width(1, len.saturating_sub(1));
        return Ok(SharedBits::from_public(holding, width, &ranks));
    }
    let beaten = beaten(ctx, width, numbers).await?;
    count_planes(&ctx.narrow("count"), beaten).await
}

/// What beats each of two numbers or more, by their lowest `width` planes: a plane for every other.
///
/// # Errors
/// When a node does not answer.
pub(super) async fn beaten(
    ctx: &BitContext,
    width: usize,
    numbers: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let (all, len) = (numbers.clone(), numbers.len());
    let steps = move |ctx: BitContext, stripe: Stripe| {
        let all = all.clone();
        async move {
            let (low, high) = sides(&all, stripe)?;
            less_than_part(&ctx, width, &low, &high, stripe.apart()).await
        }
    };
    let less = lanes::run(&ctx.narrow("less-than"), pairs(len), steps).await?;
    Ok(planes_of(&less, len)?)
}

/// The m best, and the largest of the others if asked for.
///
/// # Errors
/// When a node does not answer.
pub async fn best_by_rank(
    ctx: &BitContext,
    numbers: &SharedBits,
    m: usize,
    next: bool,
) -> Result<Best, ProtocolError> {
    if let Some(best) = Best::at_once(numbers, m) {
        return Ok(best);
    }
    let (holding, len) = (ctx.holding(), numbers.len());
    let ranks = rank(&ctx.narrow("rank"), numbers).await?;
    // Whose rank is above m - 1, and whose is above m.
    let bounds: Vec<u64> = bounds(m, next).map(|bound| bound as u64).collect();
    let public: Vec<u64> =
        bounds.iter().flat_map(|&bound| std::iter::repeat_n(bound, len)).collect();
    let public = SharedBits::from_public(holding, ranks.width(), &public);
    let ranks = SharedBits::concat(holding, ranks.width(), &vec![&ranks; bounds.len()])?;
    let above = less_than(&ctx.narrow("above"), &public, &ranks).await?;
    let mut members =
        if m == 0 { SharedBits::zeros(holding, 1, len) } else { above.extract(0, len)? };
    if m > 0 {
        members.complement();
    }
    if !next {
        return Ok(Best { members, next: None });
    }
    // Exactly one is neither among the m best nor behind the next.
    let mut chosen = above.extract((bounds.len() - 1) * len, len)?;
    chosen.xor_with(&members)?;
    chosen.complement();
    let next = pick(&ctx.narrow("next"), &chosen, numbers).await?;
    Ok(Best { members, next: Some(next) })
}

/// The two sides of a stripe's pairs: those at distance 1 first, then 2, and so on.
fn sides(numbers: &SharedBits, stripe: Stripe) -> Result<(SharedBits, SharedBits), ShapeError> {
    let (from, to) = (stripe.first_word() * WORD, stripe.first_word() * WORD + stripe.len);
    let (mut low, mut high) = (Vec::new(), Vec::new());
    let mut start = 0;
    for distance in 1..numbers.len() {
        let end = start + numbers.len() - distance;
        let (first, last) = (from.max(start), to.min(end));
        if first < last {
            low.push(numbers.extract(first - start, last - first)?);
            high.push(numbers.extract(first - start + distance, last - first)?);
        }
        start = end;
    }
    let join = |parts: Vec<SharedBits>| {
        let parts: Vec<&SharedBits> = parts.iter().collect();
        SharedBits::concat(numbers.holding(), numbers.width(), &parts)
    };
    Ok((join(low)?, join(high)?))
}

/// From the comparisons of all pairs, `len` - 1 planes that say at position i what beats number i.
fn planes_of(less: &SharedBits, len: usize) -> Result<SharedBits, ShapeError> {
    let mut at = 0;
    let by_distance = (1..len).map(|distance| {
        let part = less.extract(at, len - distance);
        at += len - distance;
        part
    });
    let by_distance = by_distance.collect::<Result<Vec<_>, _>>()?;
    let planes = by_distance.iter().zip(by_distance.iter().rev()).map(|(upper, lower)| {
        let mut lower = lower.clone();
        lower.complement();
        SharedBits::concat(less.holding(), 1, &[upper, &lower])
    });
    let planes = planes.collect::<Result<Vec<_>, _>>()?;
    let planes = planes.iter().map(|plane| plane.plane(0)).collect::<Result<Vec<_>, _>>()?;
    SharedBits::stack(less.holding(), len, planes)
}
