//! The roster that a job hands stored variables over to, as whoever lets it run sees it.

use super::context::Context;
use super::failure::Failure;
use super::output::{clean, strong};
use crate::identity::{Roster, Signed, Statement as _};
use crate::rules::job::Next;

/// The nodes that stored variables are handed over to.
///
/// # Errors
/// When the terms do not have the roster that they name.
pub fn show(context: &Context, next: &Next) -> Result<(), Failure> {
    let wrong = || {
        let detail = "the terms do not have the roster that they name; do not let it run";
        Failure::new("bad-terms", detail)
    };
    let roster: Signed<Roster> = serde_json::from_str(&next.roster).map_err(|_| wrong())?;
    let roster = roster.checked()?.body;
    if roster.digest().0 != next.digest.0 {
        return Err(wrong());
    }
    let (count, threshold) = (roster.scheme.nodes(), roster.scheme.threshold());
    context.output.note(format!("  to these {count} nodes, with threshold {threshold}:"));
    for (card, index) in roster.nodes.iter().zip(1..) {
        let index: u8 = index;
        let (name, address) = (clean(&card.name), clean(&card.address));
        context.output.note(format!("    {index}  {name}  {address}"));
    }
    context.output.note(format!("  whose roster has the digest {}", strong(next.grouped())));
    Ok(())
}
