//! Random shared elements, without a message: every component is the stream of its set's key, so
//! that all holders have the same, whoever lies (Cramer, Damgård, Ishai 2005).

use crate::field::Field;
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::sharing::SharedElements;
use crate::sharing::elements::Component;
use crate::sharing::numbers::pseudorandom::expand_at;

/// Random elements, nobody knows which.
///
/// # Errors
/// When the step's name was used before.
pub fn random<F: Field>(ctx: &BitContext, len: usize) -> Result<SharedElements<F>, ProtocolError> {
    let claim = ctx.base().claim()?;
    let component = |key| {
        let mut component = Component::zeros(len);
        expand_at(key, claim.start, 0, &mut component);
        component
    };
    let components = ctx.base().keys().sets().map(component).collect();
    Ok(SharedElements::from_components(ctx.holding(), components)?)
}
