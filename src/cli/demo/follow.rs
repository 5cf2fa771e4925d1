//! Closing a demo's session and waiting for its end, with the coordinator's events as progress.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::Instant;

use crate::cli::failure::Failure;
use crate::cli::output::clean;
use crate::cli::progress::Progress as Bar;
use crate::cli::view;
use crate::client::Network;
use crate::client::coordinator::CoordinatorClient;
use crate::session::progress::{Stage, What};
use crate::session::record::Record;
use crate::session::{Phase, SessionId};
use crate::sharing::NodeSet;
use crate::wire::coordinator_api::SessionDetail;

/// How often the phase is asked for besides the events.
const POLL: Duration = Duration::from_millis(250);

/// Longest time without any news before the demo gives up.
const STALLED: Duration = Duration::from_secs(180);

/// The session's id once it is open.
///
/// # Errors
/// When it does not open.
pub async fn opened(
    coordinator: &CoordinatorClient,
    mut detail: SessionDetail,
) -> Result<SessionId, Failure> {
    let session = detail.summary.session;
    let end = Instant::now() + STALLED;
    while detail.summary.phase == Phase::Draft {
        if Instant::now() > end {
            return Err(Failure::new("not-opened", "the nodes did not take the session on"));
        }
        tokio::time::sleep(POLL).await;
        detail = coordinator.session(session).await?;
    }
    Ok(session)
}

/// Close the session, wait until it is decided, fetch its record.
///
/// # Errors
/// When it fails, with the coordinator's reason, or nothing moves any more.
pub async fn settle(
    network: &Network,
    session: SessionId,
) -> Result<(SessionDetail, Record), Failure> {
    let coordinator = network.coordinator();
    let mut events = coordinator.events();
    let mut live = true;
    let mut detail = coordinator.close(session).await?;
    let mut shown = Shown::default();
    let mut phase = detail.summary.phase;
    let mut bar = Bar::start(phase.name(), None);
    let mut news = Instant::now();
    loop {
        if detail.summary.phase.is_final() || detail.summary.phase == Phase::Failed {
            break;
        }
        if news.elapsed() > STALLED {
            return Err(Failure::new("not-settled", stalled(&detail)));
        }
        let pause = tokio::time::sleep(POLL);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                event = events.next(), if live => match event {
                    Some(Ok(event)) if event.session == session => {
                        news = Instant::now();
                        if event.node.is_none() && matches!(event.what, What::Phase { .. }) {
                            break;
                        }
                        if let Some(line) = shown.line(&event.what) {
                            bar.say(&line);
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => live = false,
                },
            }
        }
        detail = coordinator.session(session).await?;
        if phase != detail.summary.phase {
            phase = detail.summary.phase;
            news = Instant::now();
            drop(std::mem::replace(&mut bar, Bar::start(phase.name(), None)));
        }
    }
    drop(bar);
    if detail.summary.phase != Phase::Settled {
        let reason = detail.reason.as_deref().unwrap_or("no reason is given");
        let phase = detail.summary.phase;
        return Err(Failure::new(
            "not-settled",
            format!("the session is {phase}: {}", clean(reason)),
        ));
    }
    Ok((detail, coordinator.record(session).await?))
}

fn stalled(detail: &SessionDetail) -> String {
    let waiting = if detail.waiting_for.is_empty() {
        String::new()
    } else {
        format!(", waiting for {}", view::nodes(detail.waiting_for))
    };
    format!(
        "nothing has moved for {} s{waiting}; the session is {}",
        STALLED.as_secs(),
        detail.summary.phase
    )
}

/// What has been shown, so that n nodes that tell the same step make one line.
#[derive(Default)]
struct Shown {
    attempt: u32,
    steps: Vec<(Stage, u32)>,
    waiting: NodeSet,
}

impl Shown {
    fn line(&mut self, what: &What) -> Option<String> {
        match what {
            What::Progress(progress) => {
                let step = (progress.stage, progress.level);
                if progress.attempt != self.attempt || self.steps.contains(&step) {
                    return None;
                }
                self.steps.push(step);
                let told = !matches!(progress.stage, Stage::Preparing | Stage::Done)
                    && (progress.stage != Stage::Tournament || progress.level > 0);
                told.then(|| view::progress_line(progress))
            }
            What::Attempt { attempt, participants } if *attempt > self.attempt => {
                *self = Self { attempt: *attempt, ..Self::default() };
                Some(format!("attempt {attempt} by {}", view::nodes(*participants)))
            }
            What::Waiting { nodes } if *nodes != self.waiting && !nodes.is_empty() => {
                self.waiting = *nodes;
                Some(format!("waiting for {}", view::nodes(*nodes)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::progress::Progress;

    #[test]
    fn five_nodes_that_tell_one_step_make_one_line() {
        let mut shown = Shown::default();
        let attempt = |attempt| What::Attempt { attempt, participants: NodeSet::all(5) };
        let step = |attempt, level| {
            What::Progress(Progress {
                attempt,
                stage: Stage::Tournament,
                level,
                levels: 3,
                ..Progress::default()
            })
        };
        let told = [
            attempt(1),
            attempt(1),
            step(1, 0),
            step(1, 1),
            step(1, 1),
            step(1, 2),
            step(1, 1),
            attempt(2),
            step(1, 3),
            step(2, 1),
        ];
        let lines: Vec<bool> = told.iter().map(|what| shown.line(what).is_some()).collect();
        let expected = [true, false, false, true, false, true, false, true, false, true];
        assert_eq!(lines, expected);
    }
}
