//! One task per session that moves it from phase to phase. What it does follows from what is on
//! disk, so it may be killed and started again anywhere.

use std::sync::Arc;
use std::time::Duration;

use super::CoordinatorState;
use crate::session::phase::Step;
use crate::session::{Phase, SessionId};
use crate::sharing::NodeSet;
use crate::storage::StorageError;
use crate::storage::coordinator::CoordinatorSession;
use crate::wire::paths;

/// Longest sleep of a driver that waits for the clock.
const NAP: Duration = Duration::from_secs(30);

/// Pause between deliveries to nodes that are away, once the session is decided.
const DELIVERY_PAUSE: Duration = Duration::from_secs(2);

/// Why a step of the driver does not go on.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// Too few nodes are there.
    #[error("waiting for nodes {nodes}: {why}")]
    Waiting {
        /// Which would help.
        nodes: NodeSet,
        /// What they said, or that they did not answer.
        why: String,
    },
    /// It cannot go on without a person.
    #[error("{0}")]
    Failed(String),
    /// The store refuses; the session may have been cancelled meanwhile.
    #[error(transparent)]
    Store(#[from] StorageError),
}

/// Start driving a session.
pub fn start(state: &Arc<CoordinatorState>, session: SessionId) {
    let (state, stopped) = (Arc::clone(state), state.stopped.clone());
    state.tasks.clone().spawn(async move {
        tokio::select! {
            () = stopped.cancelled() => {}
            () = drive(&state, session) => state.forget_driver(session),
        }
    });
}

async fn drive(state: &Arc<CoordinatorState>, session: SessionId) {
    let wake = state.driver(session);
    loop {
        let row = match state.store.session(session).await {
            Ok(Some(row)) => row,
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%session, %error, "the store cannot be read");
                tokio::time::sleep(DELIVERY_PAUSE).await;
                continue;
            }
        };
        let pause = match step(state, &row).await {
            Ok(Next::Done) => return,
            Ok(Next::Again) => Duration::ZERO,
            Ok(Next::After(pause)) => pause,
            Err(DriveError::Waiting { nodes, why }) => {
                state.wait_for(session, nodes, &why);
                state.options.pause
            }
            Err(DriveError::Failed(reason)) => {
                fail(state, session, &reason).await;
                Duration::ZERO
            }
            Err(DriveError::Store(error)) => {
                tracing::warn!(%session, %error, "a step was not taken");
                state.options.pause
            }
        };
        if !pause.is_zero() {
            let _ = tokio::time::timeout(pause, wake.notified()).await;
        }
    }
}

/// What the driver does next.
pub enum Next {
    /// Look at the session again at once.
    Again,
    /// Look again after a pause, or when woken.
    After(Duration),
    /// Nothing more to do, ever.
    Done,
}

async fn step(state: &Arc<CoordinatorState>, row: &CoordinatorSession) -> Result<Next, DriveError> {
    match row.phase {
        Phase::Draft | Phase::Failed => Ok(Next::After(NAP)),
        Phase::Open => open(state, row).await,
        Phase::Closing => super::closing::close(state, row).await,
        Phase::Computing => super::computing::compute(state, row).await,
        Phase::Settled => super::computing::deliver(state, row, DELIVERY_PAUSE).await,
        Phase::Cancelled => deliver_cancel(state, row).await,
    }
}

/// Announce the session to every node that has not acknowledged it, and watch the clock.
async fn open(state: &Arc<CoordinatorState>, row: &CoordinatorSession) -> Result<Next, DriveError> {
    let acknowledged = state.store.acknowledged(row.session).await?;
    let missing = announce(state, row, state.scheme().all().difference(acknowledged)).await?;
    let Some(announcement) = &row.announcement else {
        return Err(DriveError::Failed("an open session has no announcement on disk".to_owned()));
    };
    let left = announcement.body.terms.bids_until.millis() - state.clock.now().millis();
    if left <= 0 {
        freeze(state, row.session).await?;
        return Ok(Next::Again);
    }
    let left = Duration::from_millis(left.unsigned_abs()).min(NAP);
    Ok(Next::After(if missing.is_empty() { left } else { left.min(state.options.pause) }))
}

/// Announce a session to nodes; gives those that did not take it.
///
/// # Errors
/// When the store fails.
pub async fn announce(
    state: &CoordinatorState,
    row: &CoordinatorSession,
    nodes: NodeSet,
) -> Result<NodeSet, DriveError> {
    let Some(announcement) = &row.announcement else { return Ok(nodes) };
    let answers = state
        .ask(nodes, |_, node| async move {
            node.post::<_, ()>(paths::NODE_SESSIONS, announcement).await
        })
        .await;
    let mut missing = NodeSet::EMPTY;
    for (node, answer) in answers {
        match answer {
            Ok(()) => state.store.acknowledge(row.session, node, state.clock.now()).await?,
            Err(error) => {
                tracing::debug!(session = %row.session, %node, %error, "announcing");
                missing.insert(node);
            }
        }
    }
    Ok(missing)
}

/// End bidding, by the clock or by hand.
///
/// # Errors
/// When the phase does not allow it.
pub async fn freeze(state: &CoordinatorState, session: SessionId) -> Result<(), StorageError> {
    let phase = state.store.step(session, Step::Freeze, None, state.clock.now()).await?;
    state.tell_phase(session, phase, None);
    Ok(())
}

async fn fail(state: &CoordinatorState, session: SessionId, reason: &str) {
    match state.store.step(session, Step::Fail, Some(reason), state.clock.now()).await {
        Ok(phase) => state.tell_phase(session, phase, Some(reason.to_owned())),
        Err(error) => {
            tracing::error!(%session, %error, reason, "could not note that the session failed");
            tokio::time::sleep(DELIVERY_PAUSE).await;
        }
    }
}

/// Tell every node that the session is called off, until each has heard it.
async fn deliver_cancel(
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
    Ok(if missing { Next::After(DELIVERY_PAUSE) } else { Next::Done })
}
