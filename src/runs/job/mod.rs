//! The run of a job, on bits and on elements of its field.
//!
//! - [`batch`]: the steps of a level, by how they are computed together
//! - [`convert`]: elements from what was handed in as bits
//! - [`compute`]: which protocols in which order, and what is opened
//! - [`shelf`]: what it takes from stored variables, and what it puts there
//! - [`workload`]: what decides its cost, and the cost
//!
//! Entries come in as bits, not as elements. A value of b bits that was handed in so is below 2^b
//! without a proof, whatever its sender did, and comparisons rest on that: what hides a number while
//! its bits are found is only as wide as the number may be. An entry of elements would need a
//! proof of range for each value. Making elements of bits is without doubt
//! ([`crate::protocol::elements::from_bits`]), takes two rounds with three nodes for all entries
//! together, and two products for each bit. And envelopes, corrections and masks are those of all
//! other kinds.

pub mod batch;
pub mod compute;
pub mod convert;
pub mod shelf;
pub mod workload;

pub use shelf::Shelf;
pub use workload::Workload;

use super::computed::{Computed, RunError};
use super::reporter::Reporter;
use super::shares::Entries;
use crate::protocol::Context;
use crate::protocol::bits::BitContext;
use crate::rules::job::graph::Load;
use crate::rules::job::prime::over;
use crate::rules::job::{Answer, Earlier, Question};

/// Compute the steps, as far as the values are there that they take: `seats` has the position of
/// each participant's entry, and the shelf what is loaded.
pub(super) async fn run(
    ctx: &Context,
    question: &Question,
    entries: Entries,
    (seats, shelf): (&[Option<usize>], Option<&Shelf>),
    reporter: &Reporter<'_>,
) -> Result<Computed, RunError> {
    let Entries::Bits { fields, .. } = entries else { return Err(RunError::Form) };
    let graph = question.graph().map_err(|_| RunError::Form)?;
    let layout = graph.layout().map_err(|_| RunError::Form)?;
    if layout.extent().fields != fields.len() || seats.len() != graph.participants.len() {
        return Err(RunError::Form);
    }
    for (field, batch) in layout.fields().zip(&fields) {
        let (expected, got) = (field.bits as usize, batch.width());
        if expected != got {
            return Err(RunError::Width { expected, got });
        }
    }
    let none = Shelf::default();
    let shelf = shelf.unwrap_or(&none);
    let other = |earlier: &Earlier| earlier.places().len() != usize::from(ctx.scheme().nodes());
    if graph.earlier.as_ref().is_some_and(other) {
        return Err(RunError::Form);
    }
    let wanted = question.wanted();
    let takes = |load: &Load| wanted.iter().any(|other| other.name == load.stored && other.share);
    // What is only dealt anew, the other nodes deal to one that has none.
    let lacks = |load: &Load| {
        let missing = shelf.loaded(&load.stored).is_none();
        missing && takes(load) && !graph.only_refreshes(load.variable)
    };
    if graph.loads.iter().any(lacks) {
        return Err(RunError::Stored);
    }
    let ctx = BitContext::new(ctx);
    let done = over!(graph.prime, F => {
        let job = compute::Job::<F>::new(&ctx, &graph, seats, shelf, reporter);
        job.compute(&fields).await?
    });
    let (participants, compute::Done { revealed, kept }) = (seats.to_vec(), done);
    let answer = Answer { participants, revealed, kept };
    Ok(Computed { answer: answer.into(), out_of_range: Vec::new() })
}
