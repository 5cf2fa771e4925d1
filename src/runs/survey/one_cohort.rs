//! Whether exactly one cohort is chosen in each entry.
//!
//! In: a bit for each cohort and entry, shared. Out: bits of which one is set, at least, where not
//! exactly one is chosen, shared. Who learns what: nothing. Rounds: one. Gates: one less than there
//! are cohorts. Adversary: as for AND.
//!
//! If none is chosen, or two, their parity is even. If several are, look at a tree over the cohorts,
//! where each node has the parity of those below: of the lowest nodes with several below, both
//! branches have one, and an odd parity. So the AND of both is set there, while with one chosen it is
//! set nowhere. Parities are linear.

use crate::protocol::bits::BitContext;
use crate::protocol::bits::and::and_planes;
use crate::protocol::{Cost, CostModel, ProtocolError};
use crate::sharing::{ShapeError, SharedBits};

/// What is wrong with each entry's choice.
///
/// # Errors
/// When the shapes differ, or a node does not answer.
pub(super) async fn faults(
    ctx: &BitContext,
    cohorts: &[SharedBits],
) -> Result<Vec<SharedBits>, ProtocolError> {
    let mut parities = cohorts.to_vec();
    let mut pairs: Vec<(SharedBits, SharedBits)> = Vec::new();
    while parities.len() > 1 {
        let (both, odd) = parities.as_chunks::<2>();
        let mut above = Vec::with_capacity(both.len() + 1);
        for [one, other] in both {
            above.push(one.xor(other)?);
            pairs.push((one.clone(), other.clone()));
        }
        above.extend(odd.iter().cloned());
        parities = above;
    }
    let Some(mut even) = parities.pop() else { return Ok(Vec::new()) };
    even.complement();
    let planes = pairs.iter().map(|(one, other)| Ok((one.plane(0)?, other.plane(0)?)));
    let planes = planes.collect::<Result<Vec<_>, ShapeError>>()?;
    let several = and_planes(&ctx.narrow("several"), even.len(), &planes).await?;
    let several = (0..pairs.len()).map(|at| several.take_planes(at..at + 1));
    let several = several.collect::<Result<Vec<_>, _>>()?;
    Ok(several.into_iter().chain([even]).collect())
}

/// How many bits [`faults`] gives for so many cohorts.
pub(super) const fn count(cohorts: usize) -> usize {
    cohorts
}

/// What [`faults`] costs.
pub(super) fn cost(model: CostModel, cohorts: usize, entries: usize) -> Cost {
    model.and(cohorts.saturating_sub(1), entries)
}
