//! Elements cut into the components of another roster's scheme, none of whose nodes need be there.
//!
//! In: elements, shared among the nodes of the attempt. Out: as many batches of as many elements, shared
//! among the same nodes, that add up to them: the components that the nodes of the other roster are to
//! hold, none of which anybody knows yet. Who learns what: nothing. Rounds and bytes: none.
//!
//! All components but the last are random shared elements, streams of the keys that exactly the holders
//! of each of the attempt's components have; the last is what is left. So every component of every one of
//! them has the witnesses that all shares have, and it is the cut of [`crate::sharing::reshare`], which
//! says why t of the nodes that give and t' of those that take learn nothing together.

use crate::field::Field;
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::elements::random::random;
use crate::sharing::SharedElements;

/// Cut elements into so many components.
///
/// # Errors
/// When the step's name was used before.
pub fn pieces<F: Field>(
    ctx: &BitContext,
    elements: &SharedElements<F>,
    count: usize,
) -> Result<Vec<SharedElements<F>>, ProtocolError> {
    let Some(others) = count.checked_sub(1) else { return Ok(Vec::new()) };
    let len = elements.len();
    let drawn = random::<F>(ctx, others * len)?;
    let mut last = elements.clone();
    let mut all = Vec::with_capacity(count);
    for at in 0..others {
        let piece = drawn.slice(at * len..(at + 1) * len)?;
        last.sub(&piece)?;
        all.push(piece);
    }
    all.push(last);
    Ok(all)
}
