//! Sessions whose terms name everybody who hands in: they close as soon as all have.

use std::collections::BTreeSet;
use std::time::Duration;

use super::receipts;
use super::state::CoordinatorState;
use crate::rules::Terms;
use crate::rules::terms::Admission;
use crate::session::SessionId;
use crate::storage::StorageError;

/// Between two looks at whether all are in.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// Most pages of receipts that are looked at. Terms name fewer people than that.
const MOST_PAGES: usize = 100;

/// Whether a session closes by itself before its time: where its terms name who hands in, and nobody
/// else can take a name. Under open admission whoever comes first has it.
pub(super) fn closes_early(terms: &Terms) -> bool {
    terms.admission != Admission::Open && !terms.question.awaited().is_empty()
}

/// Whether everybody has handed in, so that the receipts of n - t nodes prove it.
pub(super) async fn all_in(
    state: &CoordinatorState,
    session: SessionId,
    terms: &Terms,
) -> Result<bool, StorageError> {
    if !closes_early(terms) {
        return Ok(false);
    }
    // The nodes are asked only once everybody is admitted, without which nobody hands in.
    let admitted = state.store.admissions_by_session(session, session).await?;
    let admitted = admitted.get(&session).copied().unwrap_or(0);
    if admitted < terms.question.awaited().len() as u64 {
        return Ok(false);
    }
    Ok(missing(state, session, terms).await.is_empty())
}

/// Who of those whom the terms name has not handed in, in their order.
pub(super) async fn missing(
    state: &CoordinatorState,
    session: SessionId,
    terms: &Terms,
) -> Vec<String> {
    let awaited = terms.question.awaited();
    let scheme = state.scheme();
    let needed = usize::from(scheme.nodes() - scheme.threshold());
    let mut here = BTreeSet::new();
    let mut after = None;
    for _ in 0..MOST_PAGES {
        let page = receipts::page(state, session, after).await;
        let safe = page.bidders.into_iter().filter(|bidder| bidder.nodes.len() >= needed);
        here.extend(safe.map(|bidder| bidder.bidder));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    awaited.into_iter().filter(|name| !here.contains(name)).collect()
}
