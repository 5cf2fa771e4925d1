//! One task per session that moves it from phase to phase. What it does follows from what is on
//! disk, so it may be killed and started again anywhere.

use std::sync::Arc;
use std::time::Duration;

use super::nodes::{announce, tell_order};
use super::state::CoordinatorState;
use super::step::{DriveError, Next};
use super::{attempts, complete, delivery, kept, manifest};
use crate::session::phase::Step;
use crate::session::{Phase, SessionId};
use crate::storage::StorageError;
use crate::storage::coordinator::CoordinatorSession;
use crate::wire::reason::{Document, Reason};

/// Longest sleep of a driver that waits for the clock.
const NAP: Duration = Duration::from_secs(30);

/// Longest pause of a driver that waits for nodes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pause after the store has failed.
const TROUBLE: Duration = Duration::from_secs(2);

/// Start the task that moves a session from phase to phase.
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
    let mut waits = 0;
    loop {
        let row = match state.store.session(session).await {
            Ok(Some(row)) => row,
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%session, %error, "the store cannot be read");
                tokio::time::sleep(TROUBLE).await;
                continue;
            }
        };
        state.note_phase(session, row.phase);
        let step = step(state, &row).await;
        waits = if matches!(step, Err(DriveError::Waiting { .. })) { waits + 1 } else { 0 };
        let pause = match step {
            Ok(Next::Done) => return,
            Ok(Next::Again) => Duration::ZERO,
            Ok(Next::After(pause)) => pause,
            Err(DriveError::Waiting { nodes, why }) => {
                state.wait_for(session, nodes, why);
                patience(state.options.pause, waits)
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

/// The pause after having waited in vain so often. It ends early when a node or a link comes back.
fn patience(first: Duration, waits: u32) -> Duration {
    first.saturating_mul(1 << (waits - 1).min(16)).min(PATIENCE.max(first))
}

async fn step(state: &Arc<CoordinatorState>, row: &CoordinatorSession) -> Result<Next, DriveError> {
    match row.phase {
        Phase::Draft | Phase::Failed => Ok(Next::After(NAP)),
        Phase::Open => open(state, row).await,
        Phase::Paused => paused(state, row).await,
        Phase::Closing => manifest::close(state, row).await,
        Phase::Computing => attempts::compute(state, row).await,
        Phase::Settled => delivery::outcome(state, row).await,
        Phase::Cancelled => delivery::cancellation(state, row).await,
    }
}

/// Announce the session to every node that has not acknowledged it, and watch the clock.
async fn open(state: &Arc<CoordinatorState>, row: &CoordinatorSession) -> Result<Next, DriveError> {
    let acknowledged = state.store.acknowledged(row.session).await?;
    let unheard = announce(state, row, state.scheme().all().difference(acknowledged)).await?;
    let missing = unheard.nodes;
    let missing = missing.union(tell_order(state, row).await?);
    let Some(announcement) = &row.announcement else {
        return Err(DriveError::Failed(Reason::Missing { document: Document::Announcement }));
    };
    let left = announcement.body.terms.bids_until.millis() - state.clock.now().millis();
    // Where nobody hands anything in, there is nothing to wait for.
    if left <= 0 || !announcement.body.terms.question.takes_entries() {
        freeze(state, row.session).await?;
        return Ok(Next::Again);
    }
    let terms = &announcement.body.terms;
    if complete::all_in(state, row.session, terms).await? {
        step_because(state, row.session, Step::Freeze, &Reason::AllIn).await?;
        return Ok(Next::Again);
    }
    let nap = if complete::closes_early(terms) { complete::LOOK } else { NAP };
    let left = Duration::from_millis(left.unsigned_abs()).min(nap);
    Ok(Next::After(if missing.is_empty() { left } else { left.min(state.options.pause) }))
}

/// Tell every node of the session and of its pause. The clock ends nothing here: bids that were shut
/// out must not be passed over while nobody looks, and an outcome cannot be taken back. Its operator
/// lets it go on, closes it or calls it off.
async fn paused(
    state: &Arc<CoordinatorState>,
    row: &CoordinatorSession,
) -> Result<Next, DriveError> {
    let acknowledged = state.store.acknowledged(row.session).await?;
    let unheard = announce(state, row, state.scheme().all().difference(acknowledged)).await?;
    let missing = unheard.nodes;
    let missing = missing.union(tell_order(state, row).await?);
    Ok(Next::After(if missing.is_empty() { NAP } else { state.options.pause }))
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

/// A step by hand or by failure, with its reason: kept, and told to whoever listens.
///
/// # Errors
/// When the phase does not allow it.
pub async fn step_because(
    state: &CoordinatorState,
    session: SessionId,
    step: Step,
    reason: &Reason,
) -> Result<(), StorageError> {
    let text = kept::write(reason)?;
    let phase = state.store.step(session, step, Some(&text), state.clock.now()).await?;
    state.tell_phase(session, phase, Some(reason.to_string()));
    Ok(())
}

async fn fail(state: &CoordinatorState, session: SessionId, reason: &Reason) {
    if let Err(error) = step_because(state, session, Step::Fail, reason).await {
        tracing::error!(%session, %error, %reason, "could not note that the session failed");
        tokio::time::sleep(TROUBLE).await;
    }
}
