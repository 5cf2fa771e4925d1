//! Papers that nodes hold and the coordinator lacks: it may have lost its database, or run from an
//! older backup.
//!
//! After its start the coordinator asks every node where its sessions stand, until each has
//! answered once, before it goes on with any session and before it opens one. It takes up what
//! proves itself: its own announcements, admissions and orders to pause, bundles, manifests and
//! outcomes. What no paper proves, that bidding has ended or that it called a session off, it
//! believes t+1 nodes. Later it asks again while a session is under way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::state::CoordinatorState;
use super::{driver, kept};
use crate::base::lock;
use crate::session::papers::{Papers, Standing, is_ahead, is_ordered_later};
use crate::session::phase::Step;
use crate::session::{Phase, SessionId};
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::StorageError;
use crate::wire::paths;
use crate::wire::reason::Reason;

/// Longest wait for where sessions stand at a node.
const SHORT: Duration = Duration::from_secs(2);

/// Longest wait for the papers of a session, which may be large.
const LONG: Duration = Duration::from_secs(60);

/// Between two rounds while some node has not answered yet.
const SOON: Duration = Duration::from_secs(3);

/// Between two rounds afterwards.
const LATER: Duration = Duration::from_secs(10);

/// Ask once, now, and from then on from time to time.
pub(super) async fn start(state: &Arc<CoordinatorState>) {
    round(state, unheard(state), false).await;
    let (asking, stopped) = (Arc::clone(state), state.stopped.clone());
    state.tasks.clone().spawn(async move {
        stopped.run_until_cancelled(follow(&asking)).await;
    });
}

async fn follow(state: &Arc<CoordinatorState>) {
    loop {
        let waits = !unheard(state).is_empty();
        tokio::time::sleep(if waits { SOON } else { LATER }).await;
        let asked = match state.store.phases().await {
            Ok(own) if own.iter().any(|(_, (phase, _))| is_under_way(*phase)) => {
                state.scheme().all()
            }
            _ => unheard(state),
        };
        round(state, asked, true).await;
    }
}

const fn is_under_way(phase: Phase) -> bool {
    !matches!(phase, Phase::Draft | Phase::Settled | Phase::Cancelled)
}

fn unheard(state: &CoordinatorState) -> NodeSet {
    state.scheme().all().difference(*lock(&state.heard))
}

/// Ask those nodes that have not answered since the start.
pub(super) async fn ask_unheard(state: &Arc<CoordinatorState>) {
    round(state, unheard(state), true).await;
}

/// Ask nodes where their sessions stand, and take up what is further there. `drives` says whether
/// sessions that are new here get their driver at once.
async fn round(state: &Arc<CoordinatorState>, asked: NodeSet, drives: bool) {
    if asked.is_empty() {
        return;
    }
    let ask = |_, node: crate::transport::PeerClient| async move {
        node.with_deadline(SHORT).get::<Vec<Standing>>(paths::NODE_STANDINGS).await
    };
    let answers = state.ask(asked, ask).await;
    let heard: BTreeMap<_, _> =
        answers.into_iter().filter_map(|(node, answer)| Some((node, answer.ok()?))).collect();
    match take_what_is_ahead(state, heard, drives).await {
        Ok(taken) => {
            let mut all = lock(&state.heard);
            *all = all.union(taken);
        }
        Err(error) => tracing::warn!(%error, "what nodes hold could not be taken up"),
    }
}

/// What nodes say of a session.
#[derive(Default)]
struct Told {
    ahead: Vec<(NodeIndex, Phase)>,
    attempts: Vec<u32>,
    frozen: usize,
    called_off: usize,
}

/// The nodes of which all that is further there could be had.
async fn take_what_is_ahead(
    state: &Arc<CoordinatorState>,
    heard: BTreeMap<NodeIndex, Vec<Standing>>,
    drives: bool,
) -> Result<NodeSet, StorageError> {
    let mut taken: NodeSet = heard.keys().copied().collect();
    let heard_before = *lock(&state.heard);
    let own: BTreeMap<SessionId, _> = state.store.phases().await?.into_iter().collect();
    let mut sessions: BTreeMap<SessionId, Told> = BTreeMap::new();
    for (node, standings) in heard {
        for theirs in standings {
            let Standing { session, phase, attempt, .. } = theirs;
            // Each session is looked after under the roster that it was opened under.
            if !state.care.of(session) {
                continue;
            }
            let mine = own.get(&session).copied();
            let told = sessions.entry(session).or_default();
            told.attempts.push(attempt);
            told.called_off += usize::from(phase == Phase::Cancelled);
            told.frozen += usize::from(phase != Phase::Draft && !phase.is_bidding());
            // A bundle that was handed out before this coordinator forgot it.
            let my_phase = mine.map(|(phase, _)| phase);
            let bound = (phase, my_phase) == (Phase::Closing, Some(Phase::Closing))
                && !heard_before.contains(node);
            if bound || is_ahead(phase, my_phase) || is_ordered_later(&theirs, mine) {
                told.ahead.push((node, phase));
            }
        }
    }
    // Of t+1 nodes one at least tells the truth; where nodes only add, each does.
    let enough = usize::from(state.scheme().doubted()) + 1;
    for (session, mut told) in sessions {
        let mut phase = own.get(&session).map(|(phase, _)| *phase);
        told.attempts.sort_unstable_by(|a, b| b.cmp(a));
        let attempt = told.attempts.get(enough - 1).copied().unwrap_or(0);
        for (node, theirs) in told.ahead {
            let bidding = theirs.is_bidding() && phase.is_some_and(Phase::is_bidding);
            if theirs == Phase::Closing || bidding || is_ahead(theirs, phase) {
                match take_up(state, node, session, attempt, drives).await? {
                    Taken::Now(after) => phase = Some(after),
                    Taken::Useless => {}
                    Taken::Unanswered => taken = taken.without(node),
                }
            }
        }
        let now = state.clock.now();
        let bidding = phase.is_some_and(Phase::is_bidding);
        let open = bidding || phase == Some(Phase::Closing);
        if told.called_off >= enough && open {
            driver::step_because(state, session, Step::Cancel, &Reason::CalledOff).await?;
        } else if told.frozen >= enough && bidding {
            let phase = state.store.step(session, Step::Freeze, None, now).await?;
            state.tell_phase(session, phase, None);
        } else {
            continue;
        }
        state.driver(session).notify_one();
    }
    Ok(taken)
}

/// What came of a node's papers.
enum Taken {
    /// The session is in this phase with them.
    Now(Phase),
    /// They do not hold, or contradict what is held here.
    Useless,
    /// They could not be had.
    Unanswered,
}

/// Take up what a node holds of a session.
async fn take_up(
    state: &Arc<CoordinatorState>,
    node: NodeIndex,
    session: SessionId,
    attempt: u32,
    drives: bool,
) -> Result<Taken, StorageError> {
    let path = paths::of(paths::NODE_PAPERS, session);
    let Some(client) = state.nodes.get(&node) else { return Ok(Taken::Useless) };
    let papers = match client.for_papers(LONG).get::<Papers>(&path).await {
        Ok(papers) => papers,
        Err(error) => {
            tracing::warn!(%session, %node, %error, "its papers could not be had");
            return Ok(Taken::Unanswered);
        }
    };
    let papers = match papers.proved(&state.roster) {
        Ok(papers) if papers.announcement.body.session == session => papers,
        Ok(_) => return Ok(Taken::Useless),
        Err(error) => {
            tracing::warn!(%session, %node, %error, "its papers do not hold");
            return Ok(Taken::Useless);
        }
    };
    if let Some(roster) = &papers.roster {
        state.store.database().put_roster(roster).await?;
    }
    let order = papers.pause.clone();
    let now = state.clock.now();
    let (before, mut after) = match state.store.take_up(papers, attempt, now).await {
        Ok(phases) => phases,
        Err(error @ StorageError::Conflict { .. }) => {
            tracing::warn!(%session, %node, %error, "its papers contradict this coordinator's");
            return Ok(Taken::Useless);
        }
        Err(error) => return Err(error),
    };
    if let Some(order) = order {
        let reason = kept::write(&Reason::of_order(&order.body))?;
        after = state.store.take_order(&order, reason, now).await?.unwrap_or(after);
    }
    if before != Some(after) {
        tracing::info!(%session, from = %node, phase = %after, "taken up from a node");
        state.tell_phase(session, after, None);
    }
    if before.is_none() && drives {
        driver::start(state, session);
    }
    state.driver(session).notify_one();
    Ok(Taken::Now(after))
}
