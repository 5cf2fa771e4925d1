//! One step computed in the clear.

use super::graph::Action;
use super::number::Number;
use crate::field::Field;

/// The elements that a step comes to, in the order of the variables that it makes, from those of
/// its operands, in the order in which the action names them. None for what makes no variable.
///
/// Integers are taken to be in their ranges, which the graph has checked.
pub fn compute<F: Field>(action: &Action, value: impl Fn(usize) -> F) -> Vec<F> {
    let bit = |set: bool| if set { F::ONE } else { F::ZERO };
    match action {
        Action::Known { value, .. } => vec![value.element()],
        Action::Linear { terms, constant, .. } => {
            let term = |sum, (variable, factor): &(usize, Number)| {
                sum + value(*variable) * factor.element()
            };
            vec![terms.iter().fold(constant.element(), term)]
        }
        Action::Product { x, y, .. } => vec![value(*x) * value(*y)],
        Action::Inner { pairs, .. } => {
            let product = |sum, &(x, y): &(usize, usize)| sum + value(x) * value(y);
            vec![pairs.iter().fold(F::ZERO, product)]
        }
        Action::Equal { x, y, .. } => vec![bit(value(*x).equals(value(*y)))],
        Action::Less { x, y, low, .. } => {
            // Above the least that either may be, they are small integers.
            let above = |variable| Number::of_element(value(variable) - signed::<F>(*low));
            vec![bit(above(*x) < above(*y))]
        }
        Action::Select { condition, x, y, .. } => {
            vec![value(*y) + value(*condition) * (value(*x) - value(*y))]
        }
        Action::Divide { x, y, .. } => divide(value(*x), value(*y)).to_vec(),
        Action::Handed { .. }
        | Action::Load { .. }
        | Action::Random { .. }
        | Action::Reveal { .. }
        | Action::Refresh { .. }
        | Action::Forget { .. }
        | Action::Tell { .. }
        | Action::HandOver { .. } => Vec::new(),
    }
}

/// Quotient, rest, and whether the divisor is 0.
fn divide<F: Field>(x: F, y: F) -> [F; 3] {
    let integer = |element: F| Number::of_element(element).words()[0];
    let (x, y) = (integer(x), integer(y));
    let none = u64::from(u32::MAX);
    let (quotient, rest) = (x.checked_div(y).unwrap_or(none), x.checked_rem(y).unwrap_or(x));
    [F::from_u64(quotient), F::from_u64(rest), F::from_u64(u64::from(y == 0))]
}

/// The element of a number that may be below 0.
pub fn signed<F: Field>(value: i128) -> F {
    let element = F::from_u128(value.unsigned_abs());
    if value < 0 { -element } else { element }
}
