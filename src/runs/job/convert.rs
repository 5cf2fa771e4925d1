//! Elements from what participants handed in as bits, and from random bits: all in one batch.

use crate::field::Field;
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::elements::Arithmetic;
use crate::protocol::elements::from_bits::from_bits;
use crate::protocol::elements::random::random_bits;
use crate::rules::job::{Action, Graph};
use crate::sharing::{ShapeError, SharedBits, SharedElements};

/// A variable that is made of bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Made {
    /// The variable.
    pub variable: usize,
    /// How many bits.
    pub bits: u32,
    /// The input that it is, by its place in [`Graph::inputs`]; none of random bits.
    input: Option<usize>,
}

/// What is made of bits: first what is handed in, then what is drawn.
pub fn variables(graph: &Graph, lacking: &[Option<usize>]) -> Vec<Made> {
    let mut handed = Vec::new();
    let mut random = Vec::new();
    for (step, _) in graph.steps.iter().zip(lacking).filter(|(_, lacking)| lacking.is_none()) {
        match step.action {
            Action::Handed { input } => {
                let (own, bits) = (&graph.inputs[input], graph.bits_of(&graph.inputs[input]));
                handed.push(Made { variable: own.variable, bits, input: Some(input) });
            }
            Action::Random { variable, bits: Some(bits) } => {
                random.push(Made { variable, bits, input: None });
            }
            _ => {}
        }
    }
    handed.extend(random);
    handed
}

/// The bits of what is handed in, one value after the other, each from its lowest bit up.
fn handed_in(
    graph: &Graph,
    seats: &[Option<usize>],
    variables: &[Made],
    fields: &[SharedBits],
) -> Result<Vec<SharedBits>, ShapeError> {
    let mut bits = Vec::new();
    let places = graph.places();
    for place in variables.iter().filter_map(|made| Some(&places[made.input?])) {
        let Some(position) = seats[place.participant] else { continue };
        for (field, limb) in place.limbs() {
            let value = fields[field].gather(&[position])?;
            bits.push(value.take_planes(0..limb as usize)?);
        }
    }
    Ok(bits)
}

/// The elements of all variables that are made of bits, in the order of [`variables`].
///
/// # Errors
/// When a node does not answer.
pub async fn convert<F: Arithmetic>(
    ctx: &BitContext,
    graph: &Graph,
    seats: &[Option<usize>],
    variables: &[Made],
    fields: &[SharedBits],
) -> Result<Vec<SharedElements<F>>, ProtocolError> {
    let mut bits = handed_in(graph, seats, variables, fields)?;
    let given: usize = bits.iter().map(SharedBits::width).sum();
    let all: usize = variables.iter().map(|made| made.bits as usize).sum();
    if all > given {
        bits.push(random_bits(&ctx.narrow("random"), all - given, 1)?);
    }
    let planes = bits.iter().flat_map(SharedBits::planes);
    let bits = SharedBits::stack(ctx.holding(), 1, planes)?;
    let mut elements = from_bits::<F>(&ctx.narrow("elements"), &bits).await?;
    let powers: Vec<F> = variables.iter().flat_map(|made| powers(made.bits)).collect();
    elements.mul_public(&powers)?;
    let mut next = 0;
    let value = |made: &Made| {
        let first = next;
        next += made.bits as usize;
        Ok(elements.slice(first..next)?.sum())
    };
    variables.iter().map(value).collect()
}

/// 1, 2, 4 and so on.
fn powers<F: Field>(bits: u32) -> impl Iterator<Item = F> {
    std::iter::successors(Some(F::ONE), |&power| Some(power + power)).take(bits as usize)
}
