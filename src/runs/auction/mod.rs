//! The run of an auction.
//!
//! - [`workload`]: what decides its cost
//! - [`decide`]: which protocols in which order, written once
//! - [`weighed`]: how a scored auction is decided
//! - [`lots`]: the same where there are several lots
//! - [`cost`]: what that costs
//! - [`bits`]: on bits
//! - [`numbers`]: on numbers, with the comparison of the paper
//! - [`tactics`]: groups, kings and stripes that take the least time

pub mod bits;
pub mod cost;
pub mod decide;
pub mod lots;
pub mod numbers;
pub mod tactics;
pub mod weighed;
pub mod workload;

pub use workload::{TooWide, Workload};

use super::computed::{Computed, RunError};
use super::job::Shelf;
use super::reporter::Reporter;
use super::shares::{Entries, only_field};
use crate::protocol::Context;
use crate::protocol::bits::BitContext;
use crate::protocol::elements::to_bits::to_bits;
use crate::rules::Terms;
use crate::rules::auction::{Answer, Question, Sale, SecretReserve};
use crate::rules::job::prime::over;
use crate::sharing::SharedBits;
use crate::sharing::form::Form;
use cost::{Ending, expected};

/// Decide the auction. In a scored one every bid has a handicap, in their order; in the others none has.
pub(super) async fn run(
    ctx: &Context,
    terms: &Terms,
    question: &Question,
    bids: Entries,
    (shelf, handicaps): (Option<&Shelf>, &[u64]),
    reporter: &Reporter<'_>,
) -> Result<Computed, RunError> {
    let work = Workload::of(terms, question, bids.len());
    let total = bids.len();
    let weighed = if work.weighed.is_some() { total } else { 0 };
    if handicaps.len() != weighed {
        return Err(RunError::Handicaps);
    }
    let (in_range, sales) = match (terms.protocol, bids) {
        (Form::Bits, Entries::Bits { fields, .. }) => {
            let (ctx, bids) = (BitContext::new(ctx), only_field(fields)?);
            let secret = match &question.secret_reserve {
                Some(secret) if !bids.is_empty() => {
                    Some(Box::pin(secret_reserve(&ctx, question, secret, shelf)).await?)
                }
                _ => None,
            };
            bits::run(&ctx, question, work, (bids, secret, handicaps), reporter).await?
        }
        (Form::Numbers, Entries::Numbers(fields)) => {
            numbers::run(ctx, question, work, only_field(fields)?, reporter).await?
        }
        (Form::Bits | Form::Numbers | Form::Sums, _) => return Err(RunError::Form),
    };
    reporter.expect(&expected(ctx, work, in_range.len(), Ending::of(work, &sales)));
    Ok(computed(total, &in_range, sales))
}

/// The bits of a reserve that is stored. Its range, which is part of the terms, is within the amounts
/// that there are.
async fn secret_reserve(
    ctx: &BitContext,
    question: &Question,
    secret: &SecretReserve,
    shelf: Option<&Shelf>,
) -> Result<SharedBits, RunError> {
    let share = shelf.and_then(|shelf| shelf.loaded(&secret.variable)).ok_or(RunError::Stored)?;
    let (ctx, width) = (ctx.narrow("reserve"), question.bits() as usize);
    over!(secret.field, F => {
        let element = share.element::<F>(ctx.holding())?;
        Ok(to_bits(&ctx, width, &element).await?)
    })
}

/// What was computed, from what was decided among the bids in range.
fn computed(total: usize, in_range: &[usize], sales: Vec<Sale<usize>>) -> Computed {
    let out_of_range = (0..total).filter(|position| in_range.binary_search(position).is_err());
    let winners = sales.into_iter().filter_map(|Sale { entry, price }| {
        in_range.get(entry).map(|&entry| Sale { entry, price })
    });
    Computed {
        answer: Answer { winners: winners.collect() }.into(),
        out_of_range: out_of_range.collect(),
    }
}
