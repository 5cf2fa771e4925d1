//! A job computed in the clear, which the protocols are tested against.

use super::answer::Answer;
use super::graph::{Action, Graph};
use super::number::Number;
use super::plain;
use super::prime::over;
use super::question::Question;
use crate::field::Field;

/// What a job reveals of entries of the participants in the order in which the steps name them.
/// Numbers that nobody knows, and what is loaded, are taken to be 0: what is revealed is to follow from the entries.
pub fn answer(question: &Question, entries: &[&[u64]]) -> Answer<usize> {
    let Ok(graph) = question.graph() else {
        return Answer::new(Vec::new(), Vec::new());
    };
    let count = graph.participants.len();
    let participants = (0..count).map(|at| (at < entries.len()).then_some(at)).collect();
    let value = |place: super::input::Place| {
        entries.get(place.participant).map(|entry| graph.value(&place, entry))
    };
    let inputs: Vec<Option<Number>> = graph.places().into_iter().map(value).collect();
    let revealed = over!(graph.prime, F => {
        let inputs: Vec<Option<F>> =
            inputs.iter().map(|value| value.map(|value| value.element())).collect();
        evaluate::<F>(&graph, &inputs, |_| F::ZERO)
    });
    let digests = graph.keeps.len() + graph.refreshes().len() + graph.tells().len();
    let kept = vec![None; digests + graph.pieces()];
    Answer { participants, revealed, kept }
}

/// What is revealed, given each value that is handed in, and a source of numbers of so many bits
/// that nobody knows, or of any elements.
pub fn evaluate<F: Field>(
    graph: &Graph,
    inputs: &[Option<F>],
    mut random: impl FnMut(Option<u32>) -> F,
) -> Vec<Option<Number>> {
    let given = |participant: usize| {
        let mut own = graph.inputs.iter().zip(inputs);
        own.all(|(input, value)| input.participant != participant || value.is_some())
    };
    let handed_in: Vec<bool> = (0..graph.participants.len()).map(given).collect();
    let lacking = graph.lacking(&handed_in);
    let mut values: Vec<Option<F>> = vec![None; graph.variables.len()];
    let mut revealed: Vec<Option<Number>> = vec![None; graph.steps.len()];
    for &at in graph.order.iter().filter(|&&at| lacking[at].is_none()) {
        let action = &graph.steps[at].action;
        match action {
            Action::Handed { input } => {
                let variable = graph.inputs[*input].variable;
                values[variable] = inputs.get(*input).copied().flatten();
            }
            Action::Load { load } => values[graph.loads[*load].variable] = Some(F::ZERO),
            Action::Random { variable, bits } => values[*variable] = Some(random(*bits)),
            Action::Reveal { variable } => {
                revealed[at] = values[*variable].map(Number::of_element);
            }
            Action::Forget { variable } => values[*variable] = None,
            _ => {
                let value = |variable: usize| values[variable].unwrap_or(F::ZERO);
                let found = plain::compute(action, value);
                for (variable, value) in action.makes().into_iter().zip(found) {
                    if let Some(variable) = variable {
                        values[variable] = Some(value);
                    }
                }
            }
        }
    }
    let reveals = graph.steps.iter().zip(revealed);
    let reveals = reveals.filter(|(step, _)| matches!(step.action, Action::Reveal { .. }));
    reveals.map(|(_, value)| value).collect()
}
