//! A session that takes no bids for a while, and takes them again, by its operator's order.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::{known, store_refusal};
use crate::coordinator::nodes::tell_order;
use crate::coordinator::{CoordinatorState, kept};
use crate::identity::Signed;
use crate::session::SessionId;
use crate::session::pause::PauseOrder;
use crate::transport::server::reply::{Body, Params, Refusal, Reply};
use crate::wire::coordinator_api::{SessionDetail, Why};
use crate::wire::problem::ProblemType;
use crate::wire::reason::Reason;

/// Take no bids for a while.
pub async fn pause(
    State(state): State<Arc<CoordinatorState>>,
    Params(session): Params<SessionId>,
    Body(why): Body<Why>,
) -> Reply<SessionDetail> {
    order(&state, session, true, why).await
}

/// Let bids come in again.
pub async fn resume(
    State(state): State<Arc<CoordinatorState>>,
    Params(session): Params<SessionId>,
    Body(why): Body<Why>,
) -> Reply<SessionDetail> {
    order(&state, session, false, why).await
}

/// Sign an order, keep it, and tell the nodes before the answer goes out; those that are away are
/// told by the session's driver.
async fn order(
    state: &Arc<CoordinatorState>,
    session: SessionId,
    paused: bool,
    why: Why,
) -> Reply<SessionDetail> {
    let turn = state.pauses.lock().await;
    let row = known(state, session).await?;
    let now = state.clock.now();
    // Later than the last one, also where the clock was set back.
    let at = row.pause.map_or(now, |last| now.max(last.body.at.plus_millis(1)));
    let order = PauseOrder { session, paused, why: why.reason, at };
    order
        .check_words()
        .map_err(|error| Refusal::new(ProblemType::BadRequest, error.to_string()))?;
    let order = Signed::new(order, &state.keys.identity);
    let reason = Reason::of_order(&order.body);
    let kept = kept::write(&reason).map_err(store_refusal)?;
    let phase = state.store.order(&order, kept, now).await.map_err(store_refusal)?;
    drop(turn);
    state.tell_phase(session, phase, Some(reason.to_string()));
    let row = known(state, session).await?;
    tell_order(state, &row).await.map_err(|error| Refusal::internal(&error))?;
    state.driver(session).notify_one();
    super::sessions::detail(state, session, true).await.map(Json)
}
