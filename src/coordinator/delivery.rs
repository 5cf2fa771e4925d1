//! Brings every node the outcome, or the news that a session was cancelled; and takes from it what it hands
//! over to the nodes of the next roster, where the session does so.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;

use super::handovers;
use super::nodes::{Handout, catch_up, split};
use super::state::CoordinatorState;
use super::step::{DriveError, Next};
use crate::storage::coordinator::CoordinatorSession;
use crate::wire::paths;

/// Pause between deliveries to nodes that are away.
const PAUSE: Duration = Duration::from_secs(2);

/// Longest wait for what a node hands over.
const LONG: Duration = Duration::from_secs(60);

/// Hand the outcome to every node until each has it.
///
/// # Errors
/// When the store fails.
pub async fn outcome(
    state: &Arc<CoordinatorState>,
    row: &CoordinatorSession,
) -> Result<Next, DriveError> {
    let Some(outcome) = state.store.outcome(row.session).await? else {
        return Ok(Next::Done);
    };
    let (outcome, handout) = (&outcome, &Handout::new(state, row.session));
    let path = &paths::of(paths::NODE_OUTCOME, row.session);
    let delivered = state.store.delivered(row.session).await?;
    let missing = state.scheme().all().difference(delivered);
    let terms = row.announcement.as_ref().map(|announcement| &announcement.body.terms);
    let job = terms.and_then(|terms| terms.question.as_job());
    let hands_over = job.is_some_and(|job| job.hands_over().is_some());
    let answers = state
        .ask(missing, |_, node| async move {
            catch_up(row, handout, node.clone()).await?;
            node.request::<_, ()>(Method::PUT, path, Some(outcome)).await?;
            if !hands_over {
                return Ok(None);
            }
            handovers::collect(&node.for_papers(LONG), row.session).await
        })
        .await;
    let (taken, trouble) = split(answers);
    for (node, letters) in taken {
        // Kept first: nobody asks a node again that has been told.
        if let Some(letters) = letters {
            state.store.put_letters(row.session, node, &letters).await?;
        }
        state.store.deliver(row.session, node, state.clock.now()).await?;
    }
    Ok(if trouble.is_empty() { Next::Done } else { Next::After(PAUSE) })
}

/// Tell every node that the session is cancelled, until each has heard it.
///
/// # Errors
/// When the store fails.
pub async fn cancellation(
    state: &CoordinatorState,
    row: &CoordinatorSession,
) -> Result<Next, DriveError> {
    let path = &paths::of(paths::NODE_CANCEL, row.session);
    let told = state.store.delivered(row.session).await?;
    let listeners = state.store.acknowledged(row.session).await?.difference(told);
    let answers =
        state.ask(listeners, |_, node| async move { node.post_empty::<()>(path).await }).await;
    let mut missing = false;
    for (node, answer) in answers {
        match answer {
            Ok(()) => state.store.deliver(row.session, node, state.clock.now()).await?,
            Err(_) => missing = true,
        }
    }
    Ok(if missing { Next::After(PAUSE) } else { Next::Done })
}
