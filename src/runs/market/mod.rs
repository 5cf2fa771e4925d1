//! The run of a market, on bits.
//!
//! - [`clear`]: which protocols in which order
//! - [`workload`]: what decides its cost, and the cost

pub mod clear;
pub mod workload;

pub use workload::Workload;

use super::computed::{Computed, RunError};
use super::reporter::Reporter;
use super::shares::Entries;
use crate::protocol::Context;
use crate::protocol::bits::BitContext;
use crate::rules::market::{Answer, Question};

/// Clear the market.
pub(super) async fn run(
    ctx: &Context,
    question: &Question,
    entries: Entries,
    reporter: &Reporter<'_>,
) -> Result<Computed, RunError> {
    let Entries::Bits { fields, masks } = entries else { return Err(RunError::Form) };
    let expected = question.bits as usize;
    if let Some(field) = fields.iter().find(|field| field.width() != expected) {
        return Err(RunError::Width { expected, got: field.width() });
    }
    let ctx = BitContext::new(ctx);
    let market = clear::Market { ctx: &ctx, question, reporter };
    let answer: Answer<usize> = market.clear(&fields, &masks).await?;
    Ok(Computed { answer: answer.into(), out_of_range: Vec::new() })
}
