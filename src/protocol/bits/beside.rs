//! Work that goes on side by side: pieces that do not wait for one another share their rounds.
//!
//! Every piece runs under a step of its own, so that messages cannot be mixed up. All pieces are
//! under way at once, in one task; who takes part must start the same pieces in the same order.

use futures_util::future::{try_join, try_join_all};

use super::BitContext;
use crate::protocol::ProtocolError;

/// Run all pieces side by side; their results in order. The rounds are those of the longest.
///
/// # Errors
/// The first error of any piece.
pub async fn side_by_side<T, P, F>(
    ctx: &BitContext,
    pieces: impl IntoIterator<Item = P>,
) -> Result<Vec<T>, ProtocolError>
where
    P: FnOnce(BitContext) -> F,
    F: Future<Output = Result<T, ProtocolError>>,
{
    let pieces = pieces.into_iter().enumerate().map(|(number, piece)| {
        let own = ctx.fork().narrow(number);
        let work = piece(own.clone());
        async move { work.await.map(|result| (result, own)) }
    });
    let done = try_join_all(pieces).await?.into_iter();
    let result = |(result, own): (T, BitContext)| {
        ctx.base().join(own.base());
        result
    };
    Ok(done.map(result).collect())
}

/// Run two different pieces side by side. The rounds of the first are seen on this context as they
/// pass; those of the second only in the end, if it takes longer.
///
/// # Errors
/// The first error of either.
pub async fn both<T, U, F, G>(
    ctx: &BitContext,
    one: impl FnOnce(BitContext) -> F,
    other: impl FnOnce(BitContext) -> G,
) -> Result<(T, U), ProtocolError>
where
    F: Future<Output = Result<T, ProtocolError>>,
    G: Future<Output = Result<U, ProtocolError>>,
{
    let aside = ctx.fork().narrow(1);
    let results = try_join(one(ctx.narrow(0)), other(aside.clone())).await?;
    ctx.base().join(aside.base());
    Ok(results)
}

/// How many pieces at a time go side by side, where each takes so much room of what there is: at
/// least one.
pub fn waves(weights: impl IntoIterator<Item = usize>, room: usize) -> Vec<usize> {
    let (mut waves, mut left) = (Vec::new(), 0);
    for weight in weights {
        match waves.last_mut() {
            Some(wave) if weight <= left => *wave += 1,
            _ => {
                waves.push(1);
                left = room;
            }
        }
        left = left.saturating_sub(weight);
    }
    waves
}
