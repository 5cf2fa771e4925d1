//! How an auction of one lot is decided: which protocols, in which order, and what is opened.
//! Written once, for whoever sits at the table: bits, numbers, or the cost model, which adds up
//! what it costs.
//!
//! In: the bids in the order of the tie rule, and the public terms. Out, at every node: who won at
//! what price, and which bids are out of range; the same as
//! [`crate::rules::auction::reference`] says of the bids that are in range. Who learns what: all
//! nodes exactly that. What is opened:
//!
//! - where ranges are checked, one bit per bid: in range or not;
//! - the winner's index, once the tournament is done;
//! - the price, unless nobody reached the reserve, or it is the public reserve because the only bid
//!   pays it.
//!
//! A secret reserve is opened only where it is the price. Where it is not reached, that is all that
//! becomes known of it.
//!
//! The reserve takes part as a last entry, so a bid equal to it wins.

use std::future::Future;

use super::workload::{Reserve, Workload};
use crate::protocol::bits::maximum::Keep;
use crate::rules::Stage;
use crate::rules::auction::{Question, Sale, Stage as OfAuctions};
use crate::runs::computed::RunError;

/// The steps of a decision, in one form of sharing or in the cost model.
pub trait Table {
    /// Numbers, of bids or of one bid.
    type Batch: Send + Sync;
    /// A finished tournament.
    type Best: Send + Sync;
    /// Why a step fails.
    type Error;

    /// How many numbers.
    fn len(batch: &Self::Batch) -> usize;

    /// Check every bid's range and keep the bids that are in it.
    fn in_range(
        &mut self,
        bids: Self::Batch,
    ) -> impl Future<Output = Result<Self::Batch, Self::Error>> + Send;

    /// The entries of the tournament: the bids, and the reserve as the last, if there is one;
    /// turned so that the best is the largest.
    ///
    /// # Errors
    /// When the shapes differ.
    fn seat(&mut self, bids: Self::Batch) -> Result<Self::Batch, Self::Error>;

    /// The tournament.
    fn tournament(
        &mut self,
        entries: Self::Batch,
        keep: Keep,
    ) -> impl Future<Output = Result<Self::Best, Self::Error>> + Send;

    /// The best entry's number.
    ///
    /// # Errors
    /// When the shapes differ.
    fn best(&self, best: &Self::Best) -> Result<Self::Batch, Self::Error>;

    /// The second-best number, if the tournament has found it.
    ///
    /// # Errors
    /// When the shapes differ.
    fn second_found(&self, best: &Self::Best) -> Result<Option<Self::Batch>, Self::Error>;

    /// The second-best number, given who won.
    fn second(
        &mut self,
        best: &Self::Best,
        winner: usize,
    ) -> impl Future<Output = Result<Self::Batch, Self::Error>> + Send;

    /// Open the best entry's index.
    fn open_winner(
        &mut self,
        best: &Self::Best,
    ) -> impl Future<Output = Result<usize, Self::Error>> + Send;

    /// Open the best entry's index and a number, which is the price, at once.
    fn open_winner_and_price(
        &mut self,
        best: &Self::Best,
        price: &Self::Batch,
    ) -> impl Future<Output = Result<(usize, u64), Self::Error>> + Send;

    /// Open one number, which is the price.
    fn open_price(
        &mut self,
        price: &Self::Batch,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;
}

/// Decide an auction of one lot: who won, by position among the bids in range. Where nothing
/// but the reserve was beaten, it is paid.
pub(super) async fn decide<T: Table + Send>(
    table: &mut T,
    work: Workload,
    reserve: Reserve,
    bids: T::Batch,
    stage: &(dyn Fn(Stage) + Send + Sync),
) -> Result<Vec<Sale<usize>>, T::Error> {
    let bids = kept(table, work, bids, stage).await?;
    let in_range = T::len(&bids);
    if in_range == 0 {
        return Ok(Vec::new());
    }
    let entries = table.seat(bids)?;
    if T::len(&entries) == 1 {
        stage(Stage::Opening);
        let price = table.open_price(&entries).await?;
        return Ok(vec![Sale { entry: 0, price }]);
    }

    let second_price = work.kind.is_second_price();
    stage(OfAuctions::Tournament.into());
    let keep = if second_price { Keep::Levels } else { Keep::Index };
    let best = table.tournament(entries, keep).await?;
    // What the winner pays, where that does not depend on who won.
    let known = if second_price { table.second_found(&best)? } else { Some(table.best(&best)?) };
    stage(Stage::Opening);
    if let (Some(price), Reserve::None) = (&known, reserve) {
        // Somebody wins for certain, so that both can be opened at once.
        let (entry, price) = table.open_winner_and_price(&best, price).await?;
        return Ok(vec![Sale { entry, price }]);
    }
    let entry = table.open_winner(&best).await?;
    if entry >= in_range {
        return Ok(Vec::new());
    }
    if let (true, 1, Reserve::Public(price)) = (second_price, in_range, reserve) {
        return Ok(vec![Sale { entry, price }]);
    }
    if second_price {
        stage(OfAuctions::SecondPrice.into());
    }
    let price = match known {
        Some(price) => price,
        None => table.second(&best, entry).await?,
    };
    stage(Stage::Opening);
    let price = table.open_price(&price).await?;
    Ok(vec![Sale { entry, price }])
}

/// The bids that take part: those in range.
pub(super) async fn kept<T: Table + Send>(
    table: &mut T,
    work: Workload,
    bids: T::Batch,
    stage: &(dyn Fn(Stage) + Send + Sync),
) -> Result<T::Batch, T::Error> {
    if !work.range_check || T::len(&bids) == 0 {
        return Ok(bids);
    }
    stage(Stage::CheckingEntries);
    table.in_range(bids).await
}

/// An index that one of the entries has.
pub(super) fn check_index(got: u128, entries: usize) -> Result<usize, RunError> {
    let index = usize::try_from(got).ok().filter(|&index| index < entries);
    let got = u64::try_from(got).unwrap_or(u64::MAX);
    index.ok_or(RunError::Index { got, entries })
}

/// A price that honest nodes can arrive at.
pub(super) fn check_price(question: &Question, price: u64) -> Result<u64, RunError> {
    match question.bound_broken_by(price) {
        Some(_) => Err(RunError::Price { got: price }),
        None => Ok(price),
    }
}
