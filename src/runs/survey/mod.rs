//! The run of a survey, on bits; or on numbers that are added up and nothing else.
//!
//! - [`adding`]: the run by adding, and its cost
//! - [`compute`]: which protocols in which order, and what is opened
//! - `counted`: numbers as they count for a statistic
//! - `one_cohort`: whether exactly one cohort is chosen
//! - `withheld`: which cells are withheld, on shares
//! - [`steps`]: what is computed once it is known which groups are opened
//! - [`workload`]: what decides its cost, and the cost

pub mod adding;
pub mod compute;
mod counted;
mod one_cohort;
pub mod steps;
mod withheld;
pub mod workload;

pub use workload::Workload;

use super::computed::{Computed, RunError};
use super::range;
use super::reporter::Reporter;
use super::shares::Entries;
use crate::protocol::Context;
use crate::protocol::bits::BitContext;
use crate::rules::Stage;
use crate::rules::survey::Question;
use crate::sharing::{ShapeError, SharedBits};

/// Check all entries, and compute the statistics of those that are valid. `assigned` has the cohort
/// of each entry where the operator assigns them, else nothing.
pub(super) async fn run(
    ctx: &Context,
    question: &Question,
    (entries, assigned): (Entries, &[u8]),
    reporter: &Reporter<'_>,
) -> Result<Computed, RunError> {
    let mut assigned = cohorts_of(question, entries.len(), assigned)?;
    let mut fields = match entries {
        Entries::Bits { fields, .. } => fields,
        Entries::Sums(fields) => {
            return Box::pin(adding::run(ctx, question, (&fields, assigned), reporter)).await;
        }
        Entries::Numbers(_) => return Err(RunError::Form),
    };
    let layout = question.layout().map_err(|_| RunError::Form)?;
    for (field, batch) in layout.fields().zip(&fields) {
        let (expected, got) = (field.bits as usize, batch.width());
        if expected != got {
            return Err(RunError::Width { expected, got });
        }
    }
    let ctx = BitContext::new(ctx);
    let cohorts = question.chosen_cohorts();
    let mut out_of_range = Vec::new();
    if (layout.can_exceed() || cohorts > 0) && fields.first().is_some_and(|field| !field.is_empty())
    {
        reporter.stage(Stage::CheckingEntries);
        let chosen = fields.get(..cohorts).ok_or(RunError::Form)?;
        let check = async {
            let ctx = ctx.narrow("range");
            let faults = one_cohort::faults(&ctx.narrow("cohort"), chosen).await?;
            range::in_range(&ctx, &layout, &fields, faults).await
        };
        let fits = reporter.follow(check).await?;
        out_of_range = (0..fits.len()).filter(|&entry| !fits[entry]).collect();
        if !out_of_range.is_empty() {
            let kept: Vec<usize> = (0..fits.len()).filter(|&entry| fits[entry]).collect();
            let keep = |field: SharedBits| field.gather(&kept);
            fields = fields.into_iter().map(keep).collect::<Result<_, ShapeError>>()?;
            assigned = assigned.map(|all| kept.iter().map(|&entry| all[entry]).collect());
        }
    }
    let survey = compute::Survey { ctx: &ctx, question, reporter };
    let answer = survey.compute(&fields, assigned).await?;
    Ok(Computed { answer: answer.into(), out_of_range })
}

/// The cohort of each entry where the operator assigns them; none elsewhere.
fn cohorts_of(
    question: &Question,
    entries: usize,
    assigned: &[u8],
) -> Result<Option<Vec<usize>>, RunError> {
    let expected = question.assigned_cohorts().map(|cohorts| (cohorts.len(), entries));
    let (cohorts, entries) = expected.unwrap_or((0, 0));
    let all: Vec<usize> = assigned.iter().map(|&cohort| cohort.into()).collect();
    if all.len() != entries || all.iter().any(|&cohort| cohort >= cohorts) {
        return Err(RunError::Cohorts);
    }
    Ok(expected.map(|_| all))
}
