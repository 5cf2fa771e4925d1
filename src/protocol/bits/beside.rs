//! Work that goes on side by side: pieces that do not wait for one another share their rounds.
//!
//! Every piece runs under a step of its own, so that messages cannot be mixed up. All pieces are
//! under way at once, in one task; who takes part must start the same pieces in the same order.

use futures_util::future::try_join_all;

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
        async move { work.await.map(|result| (result, own.base().rounds())) }
    });
    let (results, rounds): (Vec<T>, Vec<u64>) = try_join_all(pieces).await?.into_iter().unzip();
    ctx.base().catch_up(rounds.into_iter().max().unwrap_or(0));
    Ok(results)
}
