//! The run of a kind that only tests know: the XOR of all entries, opened.

use super::computed::{Computed, RunError};
use super::cost::Predicted;
use super::reporter::Reporter;
use super::shares::{Entries, only_field};
use crate::protocol::Context;
use crate::protocol::bits::open::open;
use crate::protocol::bits::{BitContext, CostModel};
use crate::rules::made_up::{Answer, Question};
use crate::rules::{self, Stage};
use crate::sharing::{NodeSet, Scheme, SharedBits};

/// What decides the cost: the width alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Workload {
    /// Bits of an entry.
    pub width: u32,
}

impl Workload {
    pub(super) fn predict(self, scheme: Scheme, participants: NodeSet) -> Predicted {
        let model = CostModel::new(scheme, participants);
        Predicted::of(model.keys() + model.open(&[(self.width as usize, 1)]))
    }
}

/// Add the entries up, bit by bit, and open the sum.
pub(super) async fn run(
    ctx: &Context,
    question: &Question,
    entries: Entries,
    reporter: &Reporter<'_>,
) -> Result<Computed, RunError> {
    let Entries::Bits { fields, .. } = entries else { return Err(RunError::Form) };
    let entries = only_field(fields)?;
    let ctx = BitContext::new(ctx);
    let mut sum = SharedBits::zeros(entries.holding(), question.width as usize, 1);
    for position in 0..entries.len() {
        sum.xor_with(&entries.gather(&[position])?)?;
    }
    reporter.stage(Stage::Opening);
    let parity = open(&ctx.narrow("parity"), &sum).await?.value(0);
    Ok(Computed { answer: rules::Answer::MadeUp(Answer { parity }), out_of_range: Vec::new() })
}
