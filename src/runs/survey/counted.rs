//! Numbers as they count for a statistic: those of a group, the bin that each is in, the extreme.

use super::steps::Extreme;
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::bits::beside::side_by_side;
use crate::protocol::bits::less_than::public_less_than;
use crate::protocol::bits::maximum::{Keep, maximum};
use crate::protocol::bits::multiply::multiply;
use crate::rules::survey::Order;
use crate::sharing::SharedBits;

/// Every plane of some numbers where the bit is set, and zeros elsewhere.
pub(super) async fn spread(
    ctx: &BitContext,
    bit: &SharedBits,
    numbers: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let spread = multiply(ctx, bit, numbers).await?;
    Ok(spread.take_planes(0..numbers.width())?)
}

/// For each bin of a histogram in which of them every number is.
pub(super) async fn bins_of(
    ctx: &BitContext,
    edges: &[u64],
    numbers: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let above = edges.iter().map(|&edge| {
        move |ctx: BitContext| async move {
            public_less_than(&ctx, edge.saturating_sub(1), numbers).await
        }
    });
    let above = side_by_side(ctx, above).await?;
    let above = above.iter().map(|above| above.plane(0)).collect::<Result<Vec<_>, _>>()?;
    // Below the first edge; from each edge on and not from the next.
    let mut bins = vec![above.iter().copied().take(1).collect::<Vec<_>>()];
    bins.extend(above.windows(2).map(<[_]>::to_vec));
    bins.push(above.last().copied().into_iter().collect());
    let mut bins = SharedBits::xor_planes(numbers.holding(), numbers.len(), &bins)?;
    bins.negate_plane(0);
    Ok(bins)
}

/// The smallest or the largest number; `bit` says which count, where not all do, and the others are
/// zeros.
pub(super) async fn extreme_of(
    ctx: &BitContext,
    extreme: &Extreme,
    mut numbers: SharedBits,
    bit: Option<&SharedBits>,
) -> Result<SharedBits, ProtocolError> {
    let smallest = extreme.order == Order::Minimum;
    match bit {
        // Of those that count the complement, zeros elsewhere.
        Some(bit) if smallest => {
            for plane in 0..numbers.width() {
                numbers.xor_plane(plane, bit.plane(0)?)?;
            }
        }
        None if smallest => numbers.complement(),
        _ => {}
    }
    let best = maximum(ctx, &numbers, Keep::Value, &|_, _| {}).await?;
    let mut found = best.value()?;
    if smallest {
        found.complement();
    }
    Ok(found)
}
