//! How a scored auction is decided: which protocols, in which order, and what is opened. Written once,
//! for bits and for the cost model.
//!
//! In: the bids in the order of the tie rule, with the handicap of each, which is public
//! ([`crate::rules::scoring`]), and the public terms. Out, at every node: who won at what price, and
//! which bids are out of range; the same as [`crate::rules::auction::reference::weighed`] says of the
//! bids in range. Who learns what: all nodes exactly that. What is opened:
//!
//! - where ranges are checked, one bit per bid: in range or not;
//! - the winner's index, once the tournament is done;
//! - what the winner's bid counts as, price and handicap together, where it is paid its own price: the
//!   handicap is public, so that is the price and nothing else;
//! - where it is paid the price at which it would still have won: what the next bid counts as, or the
//!   reserve with the winner's handicap, whichever is less; again the price and nothing else. Which of
//!   the two it was shows only where the price is the reserve. Nothing, where there is one bid.
//!
//! 1. Every price and its handicap are added up.
//! 2. A tournament finds the lowest sum, of equal ones the earlier.
//! 3. For the other price: the second-lowest sum, as in a reverse second-price auction, compared with
//!    the reserve and the winner's handicap, which is public by then.

use std::future::Future;

use super::decide::kept;
use super::lots::Ranking;
use super::workload::Workload;
use crate::protocol::bits::maximum::Keep;
use crate::rules::Stage;
use crate::rules::auction::{Sale, Stage as OfAuctions};

/// The steps of a scored auction, on bits or in the cost model.
pub trait Weighing: Ranking {
    /// What the bids in range count as: each with its handicap, turned so that the best is the largest.
    fn weigh(
        &mut self,
        bids: Self::Batch,
    ) -> impl Future<Output = Result<Self::Batch, Self::Error>> + Send;

    /// What the next bid counts as, or the reserve with the winner's handicap where that is better.
    fn capped(
        &mut self,
        next: Self::Batch,
        winner: usize,
    ) -> impl Future<Output = Result<Self::Batch, Self::Error>> + Send;

    /// Open the index of the best, and what it counts as: who won, and its own price.
    fn open_own(
        &mut self,
        best: &Self::Best,
        counts_as: &Self::Batch,
    ) -> impl Future<Output = Result<(usize, u64), Self::Error>> + Send;

    /// Open a sum, and take the winner's handicap off.
    fn open_less(
        &mut self,
        sum: &Self::Batch,
        winner: usize,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;
}

/// Decide a scored auction: who won, by position among the bids in range. `reserve` is what a bid is
/// paid that no other competes with, where it is not paid its own price.
pub(super) async fn decide<T: Weighing + Send>(
    table: &mut T,
    work: Workload,
    reserve: u64,
    bids: T::Batch,
    stage: &(dyn Fn(Stage) + Send + Sync),
) -> Result<Vec<Sale<usize>>, T::Error> {
    let bids = kept(table, work, bids, stage).await?;
    let threshold = work.kind.is_second_price();
    match T::len(&bids) {
        0 => return Ok(Vec::new()),
        1 if threshold => return Ok(vec![Sale { entry: 0, price: reserve }]),
        1 => {
            stage(Stage::Opening);
            let bid = table.turned(bids);
            let price = table.open_price(&bid).await?;
            return Ok(vec![Sale { entry: 0, price }]);
        }
        _ => {}
    }
    stage(OfAuctions::Tournament.into());
    let entries = table.weigh(bids).await?;
    if !threshold {
        let best = table.tournament(entries, Keep::Index).await?;
        let counts_as = table.best(&best)?;
        stage(Stage::Opening);
        let (entry, price) = table.open_own(&best, &counts_as).await?;
        return Ok(vec![Sale { entry, price }]);
    }
    let best = table.tournament(entries, Keep::Levels).await?;
    let found = table.second_found(&best)?;
    stage(Stage::Opening);
    let entry = table.open_winner(&best).await?;
    stage(OfAuctions::SecondPrice.into());
    let next = match found {
        Some(next) => next,
        None => table.second(&best, entry).await?,
    };
    let sum = table.capped(next, entry).await?;
    stage(Stage::Opening);
    let price = table.open_less(&sum, entry).await?;
    Ok(vec![Sale { entry, price }])
}
