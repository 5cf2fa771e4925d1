//! How an auction of several lots is decided: which protocols, in which order, and what is opened.
//! Written once, for bits and for the cost model. One lot goes the way of [`super::decide`].
//!
//! In: the bids in the order of the tie rule, and the public terms. Out, at every node: who won at
//! what price, and which bids are out of range; the same as
//! [`crate::rules::auction::reference`] says of the bids that are in range. Who learns what: all
//! nodes exactly that. What is opened:
//!
//! - where ranges are checked, one bit per bid: in range or not;
//! - one bit per bid in range: whether it wins. Nothing, where all win for certain, as there are
//!   lots enough and no reserve;
//! - where all pay the same, the price: the best losing bid or the reserve, whichever is better, or
//!   the worst bid where all win for certain. Nothing, where the price is the reserve for certain,
//!   as not all lots are won or there is no losing bid; nor where nobody wins;
//! - where each pays its own amount, the winners' amounts.
//!
//! Every bid is compared with the reserve on its own, beside the search for the best; a bid equal
//! to it wins. Where all pay the same, the reserve takes part as the last entry, too: where all lots
//! are won, the best entry after the winners is then the best losing bid or the reserve.

use std::cmp::Reverse;
use std::future::Future;

use super::decide::{self, Table, kept};
use super::workload::{Reserve, Workload};
use crate::rules::Stage;
use crate::rules::auction::{Sale, Stage as OfAuctions};

/// The steps of a decision among several lots, on bits or in the cost model.
pub trait Ranking: Table {
    /// The bids, turned so that the best is the largest.
    fn turned(&self, bids: Self::Batch) -> Self::Batch;

    /// For each bid whether it is among the best, as many as there are lots, and not worse than
    /// the reserve.
    fn winners(
        &mut self,
        bids: &Self::Batch,
        lots: usize,
    ) -> impl Future<Output = Result<Self::Batch, Self::Error>> + Send;

    /// The same, and the best of the other bids and the reserve. There is one bid more than lots at
    /// least.
    fn winners_and_next(
        &mut self,
        bids: &Self::Batch,
        lots: usize,
    ) -> impl Future<Output = Result<(Self::Batch, Self::Batch), Self::Error>> + Send;

    /// A secret reserve, turned like the bids.
    ///
    /// # Errors
    /// When there is none.
    fn secret_reserve(&self) -> Result<Self::Batch, Self::Error>;

    /// The worst of all bids.
    fn worst(
        &mut self,
        bids: &Self::Batch,
    ) -> impl Future<Output = Result<Self::Batch, Self::Error>> + Send;

    /// Open which bids win, in ascending order: as many as there are lots, or fewer if there is a
    /// reserve.
    fn open_winners(
        &mut self,
        winners: &Self::Batch,
        lots: usize,
    ) -> impl Future<Output = Result<Vec<usize>, Self::Error>> + Send;

    /// Open the amounts of these bids.
    fn open_amounts(
        &mut self,
        bids: &Self::Batch,
        of: &[usize],
    ) -> impl Future<Output = Result<Vec<u64>, Self::Error>> + Send;
}

/// What winners pay.
enum Price<B> {
    /// Each its own amount.
    Own,
    /// All this public amount.
    Public(u64),
    /// All this amount, which is not open yet.
    Hidden(B),
}

/// Decide an auction of one or several lots: who won, by position among the bids in range.
/// Where nothing but the reserve was beaten, it is paid.
pub(super) async fn decide<T: Ranking + Send>(
    table: &mut T,
    work: Workload,
    reserve: Reserve,
    bids: T::Batch,
    stage: &(dyn Fn(Stage) + Send + Sync),
) -> Result<Vec<Sale<usize>>, T::Error> {
    if work.quantity == 1 {
        return decide::decide(table, work, reserve, bids, stage).await;
    }
    let bids = kept(table, work, bids, stage).await?;
    let in_range = T::len(&bids);
    if in_range == 0 {
        return Ok(Vec::new());
    }
    let lots = work.lots(in_range);
    let bids = table.turned(bids);
    if work.is_ranked(in_range) {
        stage(OfAuctions::Ranking.into());
    }
    let uniform = work.kind.is_second_price();
    let (winners, price) = match reserve {
        Reserve::None if lots == in_range => {
            let price = if uniform { Price::Hidden(table.worst(&bids).await?) } else { Price::Own };
            (None, price)
        }
        Reserve::Public(_) | Reserve::Secret if uniform && lots == in_range => {
            (Some(table.winners(&bids, lots).await?), reserve_price(table, reserve)?)
        }
        _ if uniform => {
            let (winners, next) = table.winners_and_next(&bids, lots).await?;
            (Some(winners), Price::Hidden(next))
        }
        _ => (Some(table.winners(&bids, lots).await?), Price::Own),
    };
    stage(Stage::Opening);
    let winners = match winners {
        Some(winners) => table.open_winners(&winners, lots).await?,
        None => (0..in_range).collect(),
    };
    let price =
        if uniform && winners.len() < lots { reserve_price(table, reserve)? } else { price };
    let all_at = |price| winners.iter().map(|&entry| Sale { entry, price }).collect();
    match price {
        _ if winners.is_empty() => Ok(Vec::new()),
        Price::Public(price) => Ok(all_at(price)),
        Price::Hidden(price) => Ok(all_at(table.open_price(&price).await?)),
        Price::Own => {
            let prices = table.open_amounts(&bids, &winners).await?;
            let sales = winners.iter().zip(prices);
            let mut sales: Vec<_> = sales.map(|(&entry, price)| Sale { entry, price }).collect();
            // The best first, and of equal ones the earlier.
            if work.kind.is_reverse() {
                sales.sort_by_key(|sale| sale.price);
            } else {
                sales.sort_by_key(|sale| Reverse(sale.price));
            }
            Ok(sales)
        }
    }
}

/// The reserve as the price. Without a reserve all lots are won, and it is not asked for.
fn reserve_price<T: Ranking>(table: &T, reserve: Reserve) -> Result<Price<T::Batch>, T::Error> {
    Ok(match reserve {
        Reserve::Public(reserve) => Price::Public(reserve),
        Reserve::Secret => Price::Hidden(table.secret_reserve()?),
        Reserve::None => Price::Own,
    })
}
