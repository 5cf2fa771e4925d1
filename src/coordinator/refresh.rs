//! Stored variables dealt anew by the clock: those that one session dealt last are dealt anew by one job,
//! once that is long enough ago and all nodes are there. One job at a time. What is due follows from what is stored, so that a
//! coordinator which was away goes on; a job that failed is tried again after a pause.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::CoordinatorState;
use super::driver::step_because;
use super::handlers::life;
use super::handovers::Handovers;
use super::variables::in_use;
use crate::identity::Signed;
use crate::rules::job::fault::MAX_KEPT;
use crate::rules::job::refresh::refresh_file;
use crate::session::phase::Step;
use crate::session::{Announcement, Phase, SessionId};
use crate::storage::{StorageError, Stored};
use crate::transport::server::reply::Refusal;
use crate::wire::coordinator_api::NewSession;
use crate::wire::reason::Reason;

/// Longest time between two looks at what is due.
const LOOK: Duration = Duration::from_secs(60);

/// Longest pause after a job that failed.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Start the task that looks at the clock, if there is to be one.
pub(super) fn start(state: &Arc<CoordinatorState>) {
    let Some(every) = state.options.refresh_every else { return };
    let (state, stopped) = (Arc::clone(state), state.stopped.clone());
    state.tasks.clone().spawn(async move {
        tokio::select! {
            () = stopped.cancelled() => {}
            () = look(&state, every) => {}
        }
    });
}

async fn look(state: &Arc<CoordinatorState>, every: Duration) {
    let mut clock = ByClock { state, every, under_way: None, failed: BTreeMap::new() };
    loop {
        tokio::time::sleep((every / 8).min(LOOK)).await;
        if let Err(error) = clock.turn().await {
            tracing::warn!(%error, "the store cannot be read; variables are dealt anew later");
        }
    }
}

/// A job that failed, and when it is tried again.
#[derive(Clone, Copy)]
struct Pause {
    times: u32,
    until: Instant,
}

struct ByClock<'a> {
    state: &'a Arc<CoordinatorState>,
    every: Duration,
    /// The job that deals anew what a session dealt.
    under_way: Option<(SessionId, SessionId)>,
    /// By the session that dealt what did not become new.
    failed: BTreeMap<SessionId, Pause>,
}

impl ByClock<'_> {
    /// Begin what is due next, if nothing of the kind is under way.
    async fn turn(&mut self) -> Result<(), StorageError> {
        let open = self.state.store.under_way().await?;
        self.look_back(&open).await?;
        let anew = |announced: &Signed<Announcement>| {
            let job = announced.body.terms.question.as_job();
            job.is_some_and(crate::rules::job::Question::only_refreshes)
        };
        if open.iter().any(anew) {
            return Ok(());
        }
        let due = self.due(&open).await?;
        let Some((dealt, due)) = due else { return Ok(()) };
        if !self.may_begin(&due) {
            tracing::debug!("variables are due to be dealt anew; nodes are missing");
            return Ok(());
        }
        match self.begin(&due).await {
            Ok(job) => {
                tracing::info!(%job, variables = due.len(), "stored variables are dealt anew");
                self.under_way = Some((job, dealt));
            }
            Err(Refusal(problem)) => self.pause(dealt, &problem.detail),
        }
        Ok(())
    }

    /// Whether enough nodes are there. Who is away would have no share afterwards, so all are waited for,
    /// but not for ever.
    fn may_begin(&self, due: &[Stored]) -> bool {
        let (links, all) = (self.state.links(), self.state.scheme().all());
        let late = due.iter().any(|stored| stored.refreshed.millis() <= self.before(2));
        links.together() == all || late && self.state.shortage(Phase::Open).is_none()
    }

    /// So many times the time between two dealings ago.
    fn before(&self, times: i64) -> i64 {
        let every = i64::try_from(self.every.as_millis()).unwrap_or(i64::MAX);
        self.state.clock.now().millis().saturating_sub(every.saturating_mul(times))
    }

    /// What came of the last job.
    async fn look_back(&mut self, open: &[Signed<Announcement>]) -> Result<(), StorageError> {
        let Some((job, dealt)) = self.under_way else { return Ok(()) };
        if open.iter().any(|announced| announced.body.session == job) {
            return Ok(());
        }
        self.under_way = None;
        match self.state.store.session(job).await? {
            Some(row) if row.phase == Phase::Settled => drop(self.failed.remove(&dealt)),
            Some(row) => self.pause(dealt, &format!("job {job} is {}", row.phase)),
            None => self.pause(dealt, &format!("job {job} is gone")),
        }
        Ok(())
    }

    /// Not again for a while, longer each time.
    fn pause(&mut self, dealt: SessionId, why: &str) {
        let times = self.failed.get(&dealt).map_or(0, |pause| pause.times);
        let long = (self.every / 32).saturating_mul(1 << times.min(16));
        let long = long.min(LONGEST).min(self.every);
        tracing::warn!(
            why,
            again_in_seconds = long.as_secs(),
            "stored variables were not dealt anew"
        );
        let until = Instant::now() + long;
        self.failed.insert(dealt, Pause { times: times.saturating_add(1), until });
    }

    /// What is due for longest of what no session under way uses, with the session that dealt it.
    async fn due(
        &self,
        open: &[Signed<Announcement>],
    ) -> Result<Option<(SessionId, Vec<Stored>)>, StorageError> {
        let before = self.before(1);
        let mut all: BTreeMap<SessionId, Vec<Stored>> = BTreeMap::new();
        for stored in self.state.store.variables().await? {
            // What the present nodes do not hold is due at once.
            let elsewhere = !self.state.roster.body.covers(&stored.roster);
            if elsewhere || stored.refreshed.millis() <= before {
                all.entry(stored.dealt).or_default().push(stored);
            }
        }
        let now = Instant::now();
        all.retain(|dealt, due| {
            let waits = self.failed.get(dealt).is_some_and(|pause| now < pause.until);
            due.retain(|stored| in_use(open, &stored.variable.name).is_none());
            due.truncate(MAX_KEPT);
            !waits && !due.is_empty()
        });
        let oldest = all.into_iter().min_by_key(|(_, due)| due.first().map(|own| own.refreshed));
        let Some((dealt, mut due)) = oldest else { return Ok(None) };
        // What several sessions have handed over is taken over by as many.
        let handovers = Handovers::read(self.state).await?;
        let handed = |stored: &Stored| Some(handovers.to_present(self.state, stored)?.handed);
        let first = due.first().and_then(handed);
        due.retain(|stored| handed(stored) == first);
        Ok(Some((dealt, due)))
    }

    /// Make a job of it, and open that.
    async fn begin(&self, due: &[Stored]) -> Result<SessionId, Refusal> {
        let names: Vec<&str> = due.iter().map(|stored| stored.variable.name.as_str()).collect();
        let field = due.first().map(|stored| stored.variable.field).unwrap_or_default();
        let file = refresh_file(field, &names).to_string();
        let job = SessionId::random().map_err(|error| Refusal::internal(&error))?;
        let new = NewSession { file, open: true, bidders: Vec::new() };
        let written = life::written(self.state, job, new).await;
        if written.is_err() {
            // What was not opened is not left lying about; there may be nothing yet.
            drop(step_because(self.state, job, Step::Cancel, &Reason::CalledOff).await);
        }
        written.map(|()| job)
    }
}
