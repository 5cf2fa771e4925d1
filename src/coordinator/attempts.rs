//! Starts attempts until enough nodes have signed the outcome.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::ends::{Done, Ends, Signed};
use super::kept;
use super::links::Links;
use super::nodes::{Handout, Troubles, make_ready, reports, split, waiting};
use super::past::Doubts;
use super::state::CoordinatorState;
use super::step::{DriveError, Next};
use crate::base::lock;
use crate::identity::Statement as _;
use crate::runs::Workload;
use crate::runs::plan::{self, Line, Plan};
use crate::session::accusation;
use crate::session::manifest::CoSigned;
use crate::session::progress::What;
use crate::session::{Phase, SessionId};
use crate::sharing::security::Security;
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::StorageError;
use crate::storage::coordinator::CoordinatorSession;
use crate::transport::HttpError;
use crate::transport::client::http::PeerClient;
use crate::wire::node_api::{AttemptState, Cost, Link, StartAttempt};
use crate::wire::paths;
use crate::wire::problem::ProblemType;
use crate::wire::reason::{AttemptResult, AttemptTrouble, Document, NodeTrouble, Reason};

/// Longest wait for one answer about an attempt; the node holds the question for 10 seconds.
const POLL: Duration = Duration::from_secs(20);

/// Answers about an attempt that may be lost in a row.
const LOST: u32 = 3;

const NO_MANIFEST: Reason = Reason::Missing { document: Document::Manifest };

/// Run one attempt with the nodes that are there and reach each other.
///
/// # Errors
/// When too few nodes are there and reach each other, or nothing but a person helps.
pub async fn compute(
    state: &Arc<CoordinatorState>,
    row: &CoordinatorSession,
) -> Result<Next, DriveError> {
    let session = row.session;
    let Some(manifest) = state.store.manifest(session).await? else {
        return Err(DriveError::Failed(NO_MANIFEST));
    };
    let (manifest, bids) = (manifest.body.digest(), manifest.body.entries.len());
    let handout = &Handout::new(state, session);
    let ready = state.ask(state.scheme().all(), |_, node| make_ready(row, handout, node)).await;
    let (there, trouble) = split(ready);
    let links = state.links().present(there.into_keys().collect());
    let doubts = doubts(state, session).await?;
    let participants = choose(state, session, &links, &doubts, trouble)?;
    let first = state.options.pause;
    let pause = state.past(session, |past| past.pause(participants, first, Instant::now()));
    if !pause.is_zero() {
        return Ok(Next::After(pause));
    }
    state.go_on(session);

    let attempt = state.store.begin_attempt(session, participants, state.clock.now()).await?;
    state.tell(session, What::Attempt { attempt, participants });
    let plan = plan(state, row, participants, bids, doubts.lies);
    let start = StartAttempt { session, attempt, participants, manifest, plan };
    let security = row.announcement.as_ref().map(|announcement| announcement.body.terms.security());
    let ended = {
        let _work = state.work();
        run(state, &start, security.unwrap_or_default()).await
    };
    match ended {
        Ok(Signed { done, unsigned }) => {
            let costs: BTreeMap<NodeIndex, Cost> =
                done.iter().map(|(&node, done)| (node, done.cost.clone())).collect();
            let stats = serde_json::to_value(costs).ok();
            let unsigned =
                (!unsigned.is_empty()).then_some(AttemptTrouble::Nodes { nodes: unsigned });
            if let Some(trouble) = &unsigned {
                tracing::warn!(%session, attempt, %trouble, "not all signed");
                tell_lies(state, session, trouble);
            }
            end(state, &start, &AttemptResult::Done { unsigned }, stats.as_ref()).await?;
            settle(state, row, done).await
        }
        Err(trouble) => {
            tracing::warn!(%session, attempt, %trouble, "the attempt failed");
            let failed = AttemptResult::Failed { trouble: trouble.clone() };
            end(state, &start, &failed, None).await?;
            tell_lies(state, session, &trouble);
            let failed = state.past(session, |past| {
                past.failed(participants, &trouble, &links, Instant::now());
                past.failures().into()
            });
            too_many(state, session, participants, &trouble).await?;
            state.wait_for(session, trouble.nodes(), Reason::Retrying { failed, last: trouble });
            Ok(Next::Again)
        }
    }
}

/// Who takes part in the next attempt; otherwise, for whom the session waits.
fn choose(
    state: &CoordinatorState,
    session: SessionId,
    links: &Links,
    doubts: &Doubts,
    mut trouble: Troubles,
) -> Result<NodeSet, DriveError> {
    let (quorum, now) = (state.scheme().quorum(), Instant::now());
    let (chosen, unfit) = state
        .past(session, |past| (past.choose(links, doubts, quorum, now), past.unfit(links, now)));
    if let Some(chosen) = chosen {
        return Ok(chosen);
    }
    let there = links.there();
    match links.shortage(quorum) {
        Some(shortage) if there.len() >= quorum => {
            let nodes = shortage.nodes();
            Err(DriveError::Waiting { nodes, why: Reason::TooFewNodes { shortage } })
        }
        _ => {
            let fit = there.difference(unfit.keys().copied().collect());
            trouble.extend(unfit);
            Err(waiting(state, fit, Reason::Waiting { nodes: reports(trouble) }))
        }
    }
}

/// Tell whoever listens what follows from the nodes' accusations of an attempt.
fn tell_lies(state: &CoordinatorState, session: SessionId, trouble: &AttemptTrouble) {
    let threshold = state.scheme().threshold();
    let accusations = trouble.accusations().map(|signed| &signed.body);
    for finding in accusation::findings(threshold, accusations) {
        let named = accusation::named(threshold, std::slice::from_ref(&finding));
        state.tell(session, What::Lie { finding, named });
    }
}

/// Note how an attempt ended.
async fn end(
    state: &CoordinatorState,
    start: &StartAttempt,
    result: &AttemptResult,
    stats: Option<&serde_json::Value>,
) -> Result<(), StorageError> {
    let now = state.clock.now();
    state.store.end_attempt(start.session, start.attempt, &kept::write(result)?, stats, now).await
}

/// The plan that fits the slowest link among the participants, by what they last reported. Once
/// somebody has lied, every lie is to name its node.
fn plan(
    state: &CoordinatorState,
    row: &CoordinatorSession,
    participants: NodeSet,
    bids: usize,
    naming: bool,
) -> Plan {
    let watched = lock(&state.watched);
    let health = participants.iter().filter_map(|node| watched.get(&node)?.health.as_ref());
    let links: Vec<Link> = health
        .flat_map(|health| health.links.iter())
        .filter(|link| participants.contains(link.node))
        .cloned()
        .collect();
    drop(watched);
    let round_trip = links.iter().filter_map(|link| link.round_trip_micros).max();
    let rate = links.iter().filter_map(|link| link.bytes_per_second).min();
    let line = Line::of_links(round_trip.unwrap_or(0), rate);
    // A session without an announcement has no attempts.
    row.announcement.as_ref().map_or_else(Plan::default, |announcement| {
        let work = Workload::of(&announcement.body.terms, bids);
        let plan = plan::choose(state.scheme(), participants, &work, line);
        if !naming {
            return plan;
        }
        let tactics = plan::Tactics { naming, ..plan.tactics };
        plan::with_tactics(state.scheme(), participants, &work, line, tactics)
    })
}

/// Start an attempt everywhere and wait for its ends. Who fails when t+1 nodes have signed one
/// outcome changes nothing any more. Otherwise the first failure calls off the others, once those
/// have had time to say of lies what they found.
async fn run(
    state: &CoordinatorState,
    start: &StartAttempt,
    security: Security,
) -> Result<Signed, AttemptTrouble> {
    let path = &paths::of(paths::NODE_ATTEMPTS, start.session);
    let started = state
        .ask(start.participants, |_, node| async move { begin(&node, path, start).await })
        .await;
    let (_, trouble) = split(started);
    if !trouble.is_empty() {
        call_off(state, start, start.participants).await;
        return Err(AttemptTrouble::Nodes { nodes: reports(trouble) });
    }
    let mut running: FuturesUnordered<_> = start
        .participants
        .iter()
        .filter_map(|node| Some((node, state.nodes.get(&node)?.clone())))
        .map(|(node, client)| async move { (node, follow(state, client, start).await) })
        .collect();
    let mut ends = Ends::new(&state.roster.body, start, security);
    let mut patience = None;
    let mut last_call: Option<Instant> = None;
    loop {
        let next = match last_call {
            None => running.next().await,
            // A time that is over is as good as all words.
            Some(until) => tokio::time::timeout_at(until, running.next()).await.unwrap_or_default(),
        };
        let Some((node, ended)) = next else { break };
        ends.add(node, ended);
        let before = std::mem::replace(&mut patience, ends.patience());
        if patience != before {
            last_call = patience.map(|patience| Instant::now() + patience);
        }
    }
    call_off(state, start, ends.undone()).await;
    ends.judge()
}

/// Start an attempt at a node. When the answer is lost it is asked for once more; that the attempt
/// is known then is as good.
async fn begin(node: &PeerClient, path: &str, start: &StartAttempt) -> Result<(), HttpError> {
    let first = match node.post::<_, ()>(path, start).await {
        Err(error) if error.problem().is_none() => error,
        answered => return answered,
    };
    match node.post::<_, ()>(path, start).await {
        Err(HttpError::Problem { problem, .. }) if problem.kind == ProblemType::AttemptOutdated => {
            tracing::debug!(session = %start.session, error = %first, "started before");
            Ok(())
        }
        answered => answered,
    }
}

/// Wait for an attempt's end at a node. An answer that is lost on the way does not cost the attempt.
async fn follow(
    state: &CoordinatorState,
    node: PeerClient,
    start: &StartAttempt,
) -> Result<Done, NodeTrouble> {
    let path = paths::attempt(start.session, start.attempt);
    let mut lost = 0;
    loop {
        let answer = node.with_deadline(POLL).get::<AttemptState>(&path).await;
        match answer {
            Ok(AttemptState::Running { .. }) => lost = 0,
            Ok(AttemptState::Done { outcome, signature, mut cost }) => {
                cost.course.cut();
                return Ok(Done { outcome: *outcome, signature, cost });
            }
            Ok(AttemptState::Failed { failure }) => return Err(NodeTrouble::Attempt { failure }),
            Err(error) if error.problem().is_none() && lost < LOST => {
                lost += 1;
                tokio::time::sleep(state.options.pause).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// End an attempt at nodes that may be at work on it.
async fn call_off(state: &CoordinatorState, start: &StartAttempt, nodes: NodeSet) {
    let path = &paths::attempt(start.session, start.attempt);
    // A node that cannot be told finds out by the next attempt's number.
    let _ = state
        .ask(
            nodes,
            |_, node| async move { node.request::<(), ()>(Method::DELETE, path, None).await },
        )
        .await;
}

async fn settle(
    state: &Arc<CoordinatorState>,
    row: &CoordinatorSession,
    done: BTreeMap<NodeIndex, Done>,
) -> Result<Next, DriveError> {
    let signatures = done.iter().map(|(&node, done)| (node, done.signature)).collect();
    // At least t+1 have signed.
    let Some(body) = done.into_values().next().map(|done| done.outcome) else {
        return Ok(Next::Again);
    };
    let outcome = CoSigned { body, signatures };
    state.store.put_outcome(&outcome, state.clock.now()).await?;
    state.tell_phase(row.session, Phase::Settled, None);
    Ok(Next::Again)
}

/// Where nothing but a person helps, the session has failed.
async fn too_many(
    state: &CoordinatorState,
    session: SessionId,
    participants: NodeSet,
    last: &AttemptTrouble,
) -> Result<(), DriveError> {
    let doubts = doubts(state, session).await?;
    let scheme = state.scheme();
    if !doubts.hopeless(scheme.all(), scheme.quorum(), state.options.attempts.into()) {
        return Ok(());
    }
    let (failed, last) = (doubts.strikes, last.clone());
    Err(DriveError::Failed(Reason::AttemptsFailed { failed, participants, last }))
}

/// What lasts of the attempts that have failed since computing began, or began again.
async fn doubts(state: &CoordinatorState, session: SessionId) -> Result<Doubts, StorageError> {
    let timeline = state.store.timeline(session).await?;
    let began = timeline.iter().rev().find(|entered| entered.phase == Phase::Computing);
    let since = began.map(|entered| entered.at);
    let attempts = state.store.attempts(session).await?;
    let results = attempts
        .iter()
        .filter(|attempt| Some(attempt.started) >= since)
        .filter_map(|attempt| attempt.result.as_deref())
        .map(kept::read::<AttemptResult>)
        .collect::<Result<Vec<_>, _>>()?;
    let failed = results.into_iter().filter_map(|result| match result {
        AttemptResult::Failed { trouble } => Some(trouble),
        AttemptResult::Done { .. } => None,
    });
    Ok(Doubts::of(state.scheme().threshold(), &failed.collect::<Vec<_>>()))
}
