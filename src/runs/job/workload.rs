//! What decides how much a job costs, and the cost.

use std::sync::Arc;

use super::batch::{Batch, kept, refreshed, told};
use super::convert::variables;
use crate::protocol::elements::Arithmetic;
use crate::protocol::reshare::Before;
use crate::protocol::reshare::cost::handing_over;
use crate::protocol::{Cost, CostModel, Tactics};
use crate::rules::Terms;
use crate::rules::job::prime::over;
use crate::rules::job::{Graph, Question};
use crate::runs::cost::Predicted;
use crate::runs::line::{Line, king_from};
use crate::sharing::reshare::Handover;
use crate::sharing::security::Security;
use crate::sharing::{NodeSet, Scheme};

/// What decides how much a run costs; all of it is public.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workload {
    /// Which lies of nodes are found.
    pub security: Security,
    /// The steps; none where the terms have not been checked and are no job.
    pub graph: Option<Arc<Graph>>,
    /// Who of the participants has handed in.
    pub handed_in: Vec<bool>,
}

impl Workload {
    /// The work of a job for which everyone hands in.
    pub fn of(terms: &Terms, question: &Question) -> Self {
        let graph = question.graph().ok().map(Arc::new);
        let participants = graph.as_ref().map_or(0, |graph| graph.participants.len());
        Self { security: terms.security(), graph, handed_in: vec![true; participants] }
    }

    /// What a run costs, exactly.
    pub fn predict(&self, scheme: Scheme, participants: NodeSet, tactics: &Tactics) -> Predicted {
        let model = CostModel::new(scheme, participants).with_tactics(tactics);
        let model = model.with_security(self.security);
        let Some(graph) = &self.graph else { return Predicted::of(model.keys()) };
        let lacking = graph.lacking(&self.handed_in);
        // What was handed over the nodes deal anew among themselves.
        let given = graph.earlier.as_ref().filter(|earlier| earlier.handed().is_none());
        let handover = given.and_then(|earlier| {
            let before = Before { scheme: earlier.scheme(), places: earlier.places() };
            before.handover(scheme, participants).ok()
        });
        over!(graph.prime, F => predicted::<F>(model, graph, &lacking, handover))
    }

    /// The tactics that are expected to take the least time: batches are small, so that what goes
    /// over kings is what would take long on the lines.
    pub(in crate::runs) fn tactics(scheme: Scheme, participants: NodeSet, line: Line) -> Tactics {
        Tactics { king_from: king_from(scheme, participants, line), ..Tactics::default() }
    }
}

fn predicted<F: Arithmetic>(
    model: CostModel,
    graph: &Graph,
    lacking: &[Option<usize>],
    handover: Option<Handover>,
) -> Predicted {
    let mut cost = model.keys();
    let bits = variables(graph, lacking).iter().map(|made| made.bits as usize).sum();
    if bits > 0 {
        cost += model.from_bits::<F>(bits);
    }
    let last = graph.steps.iter().map(|step| step.level).max().unwrap_or(0);
    let mut steps = Vec::new();
    for level in 0..=last {
        let batch = Batch::of(graph, level, lacking);
        let products = batch.products.iter();
        cost +=
            Cost::beside(products.map(|(&size, all)| model.inner_products::<F>(size, all.len())));
        cost = model.decide_elements::<F>(cost, batch.counts());
        cost.comparisons += batch.compared() as u64;
        if !batch.opened.is_empty() {
            cost = model.opening_elements::<F>(cost, batch.opened.len());
        }
        steps.push(graph.level(level).count() as u64);
    }
    let anew = refreshed(graph, lacking).len();
    if anew > 0 {
        cost += match handover {
            None => model.refreshing_elements::<F>(anew),
            Some(handover) => handing_over::<F>(handover, anew),
        };
    }
    let kept = kept(graph, lacking).count() + anew + told(graph, lacking).len();
    let kept = kept + graph.pieces();
    if kept > 0 {
        cost = model.keeping_elements::<F>(cost, kept);
    }
    steps.push(0);
    Predicted::of(cost).with_levels(steps)
}
