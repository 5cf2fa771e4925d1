//! From terms to protocol calls: the plan, what it costs, and the run.
//!
//! - [`shares`]: from envelopes in the manifest to the shares that a node computes with
//! - [`range`]: which entries have all their fields in range
//! - [`computed`]: what a run comes to, or why it stops
//! - [`reporter`]: tells how far a run has come
//! - [`line`](mod@line): the delay and bandwidth between nodes, and how long a cost takes over them
//! - [`blocks`]: the size of a comparison's blocks
//! - [`cost`]: predicted rounds, gates, bytes and comparisons of a run
//! - [`workload`]: what the cost depends on, by kind; asks the kind for tactics and predictions
//! - [`plan`]: the tactics of a run, chosen from what has been measured
//! - [`auction`]: the run of an auction, on bits and on numbers
//! - [`market`]: the run of a market, on bits
//! - [`survey`]: the run of a survey, on bits or by adding only
//! - [`job`]: the run of a job, on bits and on elements of its field
//! - [`score`]: a model and a sheet of data into a score, by two parties
//! - `made_up`: the run of a kind that only tests know

pub mod auction;
pub mod blocks;
pub mod computed;
pub mod cost;
pub mod job;
pub mod line;
#[cfg(any(test, feature = "testkit"))]
pub mod made_up;
pub mod market;
pub mod plan;
pub mod range;
pub mod reporter;
pub mod score;
pub mod shares;
pub mod survey;
pub mod workload;

pub use computed::{Computed, RunError};
pub use workload::Workload;

use crate::protocol::Context;
use crate::rules::{Question, Terms};
use crate::session::progress::Progress;
use crate::sharing::form::Form;
use reporter::Reporter;
use shares::Entries;

/// Answer the question of some terms. `progress` is called at every stage; the caller fills in the
/// attempt's number. Where the terms name participants, their entries are in that order.
///
/// # Errors
/// When nodes disagree or do not answer, or when what is opened cannot be.
pub async fn run(
    ctx: &Context,
    terms: &Terms,
    entries: impl Into<Entries>,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Computed, RunError> {
    let entries = entries.into();
    let named = terms.question.seats(&[]).len();
    let seats: Vec<_> = (0..named).map(|at| (at < entries.len()).then_some(at)).collect();
    let listed = Listed { seats: &seats, ..Listed::default() };
    Box::pin(run_listed(ctx, terms, entries, listed, progress)).await
}

/// What follows for the entries from their envelopes and the manifest.
#[derive(Clone, Copy, Default)]
pub struct Listed<'a> {
    /// The cohort of each entry, in their order, where the operator assigns them; else nothing.
    pub cohorts: &'a [u8],
    /// The handicap of each entry's score, in their order, where entries have scores; else nothing.
    pub handicaps: &'a [u64],
    /// Where the entries of participants whom the terms name are ([`Question::seats`]).
    pub seats: &'a [Option<usize>],
    /// Shares of variables that stay from one job to another, where there are any.
    pub shelf: Option<&'a job::Shelf>,
}

/// The same for entries of which more is known than their order.
///
/// # Errors
/// As for [`run`], and when the cohorts are not of these entries and terms.
pub async fn run_listed(
    ctx: &Context,
    terms: &Terms,
    entries: Entries,
    listed: Listed<'_>,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Computed, RunError> {
    // The terms of such a session were refused before; nodes that lack a share compute nothing.
    if !ctx.scheme().compares() && terms.protocol != Form::Sums {
        return Err(RunError::Form);
    }
    let ctx = &ctx.clone().with_security(terms.security());
    let reporter = Reporter::new(ctx, progress);
    reporter.expect(&Workload::of(terms, entries.len()).predict(
        ctx.scheme(),
        ctx.participants(),
        ctx.tactics(),
    ));
    let computed = match &terms.question {
        Question::Auction(question) => {
            let beside = (listed.shelf, listed.handicaps);
            Box::pin(auction::run(ctx, terms, question, entries, beside, &reporter)).await?
        }
        Question::Market(question) => market::run(ctx, question, entries, &reporter).await?,
        Question::Survey(question) => {
            Box::pin(survey::run(ctx, question, (entries, listed.cohorts), &reporter)).await?
        }
        // Its future has those of all three fields.
        Question::Job(question) => {
            Box::pin(job::run(ctx, question, entries, (listed.seats, listed.shelf), &reporter))
                .await?
        }
        #[cfg(any(test, feature = "testkit"))]
        Question::MadeUp(question) => made_up::run(ctx, question, entries, &reporter).await?,
    };
    reporter.done();
    Ok(computed)
}
