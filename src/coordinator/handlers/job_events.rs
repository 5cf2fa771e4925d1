//! A job's steps as they change, told to whoever listens.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::{Stream, stream};
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::jobs::line;
use crate::coordinator::CoordinatorState;
use crate::session::progress::{Event as Told, What};
use crate::session::{Phase, SessionId};
use crate::transport::server::reply::{Params, Refusal};
use crate::wire::job_api::JobLine;

/// What a listener has been told, and what comes next.
struct Listener {
    state: Arc<CoordinatorState>,
    session: SessionId,
    events: Receiver<Told>,
    /// The job as it was told.
    told: Option<JobLine>,
    levels: u32,
    queue: VecDeque<Event>,
}

/// Each step when it changes: first all as they are, then one event for each change, and one for each
/// phase of the job. The stream ends with the job.
pub async fn events(
    State(state): State<Arc<CoordinatorState>>,
    Params(session): Params<SessionId>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    // Before it is read, so that nothing between the two is missed.
    let events = state.events.subscribe();
    let Json(now) = line(&state, session, false).await?;
    let levels = state.levels_done(session);
    let mut listener =
        Listener { state, session, events, told: None, levels, queue: VecDeque::new() };
    listener.tell(now);
    let stream = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            if self.told.as_ref().is_some_and(|told| told.phase.is_final()) {
                return None;
            }
            match self.events.recv().await {
                Ok(event) if event.session != self.session => continue,
                Ok(Told { what: What::Phase { .. } | What::Progress(_), .. }) => {}
                Ok(_) => continue,
                // What was missed shows in how the job stands now.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
            let levels = self.state.levels_done(self.session);
            let phase = self.state.store.session(self.session).await.ok().flatten()?.phase;
            let same = self.told.as_ref().is_some_and(|told| told.phase == phase);
            // Nodes tell of every round; only a level changes how steps stand.
            if same && levels == self.levels {
                continue;
            }
            self.levels = levels;
            let Ok(Json(now)) = line(&self.state, self.session, false).await else { return None };
            self.tell(now);
        }
    }

    /// Put what has changed into the queue.
    fn tell(&mut self, now: JobLine) {
        for (at, step) in now.steps.iter().enumerate() {
            let before = self.told.as_ref().and_then(|told| told.steps.get(at));
            if before != Some(step) {
                self.queue.extend(Event::default().event("step").json_data(step));
            }
        }
        let phase: Option<Phase> = self.told.as_ref().map(|told| told.phase);
        if phase != Some(now.phase) {
            let job = json!({
                "job": now.job, "phase": now.phase, "reason": now.reason,
                "revealed": now.revealed, "kept": now.kept,
            });
            self.queue.extend(Event::default().event("job").json_data(job));
        }
        self.told = Some(now);
    }
}
