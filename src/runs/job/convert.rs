//! Elements from what participants handed in as bits, and from random bits: all in one batch.

use crate::field::Field;
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::elements::Arithmetic;
use crate::protocol::elements::from_bits::from_bits;
use crate::protocol::elements::random::random_bits;
use crate::rules::job::{Action, Graph};
use crate::sharing::{ShapeError, SharedBits, SharedElements};

/// What is made of bits: variables with how many bits each has, in their order.
pub fn variables(graph: &Graph, lacking: &[Option<usize>]) -> Vec<(usize, u32)> {
    let mut handed = Vec::new();
    let mut random = Vec::new();
    for (step, _) in graph.steps.iter().zip(lacking).filter(|(_, lacking)| lacking.is_none()) {
        match step.action {
            Action::Handed { input } => {
                let input = &graph.inputs[input];
                handed.push((input.variable, graph.bits_of(input)));
            }
            Action::Random { variable, bits: Some(bits) } => random.push((variable, bits)),
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
    fields: &[SharedBits],
) -> Result<Vec<SharedBits>, ShapeError> {
    let mut bits = Vec::new();
    for (input, place) in graph.inputs.iter().zip(graph.places()) {
        let Some(position) = seats[input.participant] else { continue };
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
    variables: &[(usize, u32)],
    fields: &[SharedBits],
) -> Result<Vec<SharedElements<F>>, ProtocolError> {
    let mut bits = handed_in(graph, seats, fields)?;
    let given: usize = bits.iter().map(SharedBits::width).sum();
    let all: usize = variables.iter().map(|&(_, bits)| bits as usize).sum();
    if all > given {
        bits.push(random_bits(&ctx.narrow("random"), all - given, 1)?);
    }
    let planes = bits.iter().flat_map(SharedBits::planes);
    let bits = SharedBits::stack(ctx.holding(), 1, planes)?;
    let mut elements = from_bits::<F>(&ctx.narrow("elements"), &bits).await?;
    let powers: Vec<F> = variables.iter().flat_map(|&(_, bits)| powers(bits)).collect();
    elements.mul_public(&powers)?;
    let mut next = 0;
    let value = |&(_, bits): &(usize, u32)| {
        let first = next;
        next += bits as usize;
        Ok(elements.slice(first..next)?.sum())
    };
    variables.iter().map(value).collect()
}

/// 1, 2, 4 and so on.
fn powers<F: Field>(bits: u32) -> impl Iterator<Item = F> {
    std::iter::successors(Some(F::ONE), |&power| Some(power + power)).take(bits as usize)
}
