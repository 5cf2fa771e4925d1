//! Closing a demo's session and waiting for its end, with the coordinator's events as progress.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::Instant;

use crate::base::Timestamp;
use crate::cli::failure::Failure;
use crate::cli::news::News;
use crate::cli::output::clean;
use crate::cli::progress::Progress as Bar;
use crate::cli::view;
use crate::client::Network;
use crate::client::coordinator::CoordinatorClient;
use crate::identity::Signed;
use crate::session::progress::What;
use crate::session::record::Record;
use crate::session::{Announcement, Phase, SessionId};
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

/// What was announced of a session, be it open still or not: one in which nobody hands anything in
/// closes at once.
///
/// # Errors
/// When the coordinator does not tell.
pub async fn announced(
    network: &Network,
    session: SessionId,
) -> Result<Signed<Announcement>, Failure> {
    let detail = network.coordinator().session(session).await?;
    detail.announcement.ok_or_else(|| Failure::new("not-opened", "the session was not announced"))
}

/// A session that is decided.
pub struct Settled {
    /// As the coordinator shows it.
    pub detail: SessionDetail,
    /// All that proves it.
    pub record: Record,
    /// When the nodes had judged all envelopes, where that was heard.
    pub judged: Option<Timestamp>,
}

/// Close the session, wait until it is decided, fetch its record.
///
/// # Errors
/// When it fails, with the coordinator's reason, or nothing moves any more.
pub async fn settle(network: &Network, session: SessionId) -> Result<Settled, Failure> {
    let coordinator = network.coordinator();
    let mut events = coordinator.events();
    let (mut live, mut judged) = (true, None);
    let mut detail = match coordinator.close(session).await {
        Ok(detail) => detail,
        // It may have closed by itself, as everybody is in.
        Err(error) => {
            let detail = coordinator.session(session).await?;
            if detail.summary.phase.is_bidding() {
                return Err(error.into());
            }
            detail
        }
    };
    let mut told = News::default();
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
                        if let What::Judged { .. } = event.what {
                            judged = Some(event.at);
                        }
                        if event.node.is_none() && matches!(event.what, What::Phase { .. }) {
                            break;
                        }
                        if let Some(line) = told.line(&event) {
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
            // The old line goes before the new one comes.
            drop(bar);
            bar = Bar::start(phase.name(), None);
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
    Ok(Settled { detail, record: coordinator.record(session).await?, judged })
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
