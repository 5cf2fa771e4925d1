//! Starts attempts until enough nodes have signed the outcome.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::kept;
use super::links::Links;
use super::nodes::{Handout, Troubles, catch_up, reports, split, waiting};
use super::past::Doubts;
use super::state::CoordinatorState;
use super::step::{DriveError, Next};
use crate::base::lock;
use crate::identity::{Digest, Signature, Statement as _};
use crate::runs::Workload;
use crate::runs::plan::{self, Line, Plan};
use crate::session::accusation;
use crate::session::manifest::CoSigned;
use crate::session::outcome::Outcome;
use crate::session::progress::What;
use crate::session::{Accusation, Phase, SessionId};
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::StorageError;
use crate::storage::coordinator::CoordinatorSession;
use crate::transport::HttpError;
use crate::transport::client::http::PeerClient;
use crate::wire::node_api::{AttemptState, Cost, Link, StartAttempt};
use crate::wire::paths;
use crate::wire::problem::ProblemType;
use crate::wire::reason::{
    AttemptFailure, AttemptResult, AttemptTrouble, Document, NodeReport, NodeTrouble, Reason,
};

/// Longest wait for one answer about an attempt; the node holds the question for 10 seconds.
const POLL: Duration = Duration::from_secs(20);

/// How long the other nodes' word is waited for when one has found a lie: all honest ones find it
/// in the same round.
const WORD: Duration = Duration::from_secs(5);

/// The same when a node lost the link to another, which may have ended because of a lie.
const WORD_OF_LIES: Duration = Duration::from_secs(1);

/// Answers about an attempt that may be lost in a row.
const LOST: u32 = 3;

const NO_MANIFEST: Reason = Reason::Missing { document: Document::Manifest };

/// A node's finished attempt.
struct Done {
    outcome: Outcome,
    signature: Signature,
    cost: Cost,
}

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
    let caught_up = state.ask(state.scheme().all(), |_, node| catch_up(row, handout, node)).await;
    let (there, trouble) = split(caught_up);
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
    let ended = run(state, &start).await;
    match ended {
        Ok(done) => {
            let costs: BTreeMap<NodeIndex, Cost> =
                done.iter().map(|(&node, done)| (node, done.cost.clone())).collect();
            let stats = serde_json::to_value(costs).ok();
            end(state, &start, &AttemptResult::Done, stats.as_ref()).await?;
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

/// Start an attempt everywhere and wait for all ends. The first failure calls off the others, once
/// those have had time to say of lies what they found.
async fn run(
    state: &CoordinatorState,
    start: &StartAttempt,
) -> Result<BTreeMap<NodeIndex, Done>, AttemptTrouble> {
    let path = &paths::of(paths::NODE_ATTEMPTS, start.session);
    let started = state
        .ask(start.participants, |_, node| async move { begin(&node, path, start).await })
        .await;
    let (_, trouble) = split(started);
    if !trouble.is_empty() {
        call_off(state, start).await;
        return Err(AttemptTrouble::Nodes { nodes: reports(trouble) });
    }
    let mut running: FuturesUnordered<_> = start
        .participants
        .iter()
        .filter_map(|node| Some((node, state.nodes.get(&node)?.clone())))
        .map(|(node, client)| async move { (node, follow(state, client, start).await) })
        .collect();
    let mut done = BTreeMap::new();
    while let Some((node, ended)) = running.next().await {
        match ended {
            Ok(ended) => drop(done.insert(node, ended)),
            Err(trouble) => {
                let trouble = judged(state, start, node, trouble);
                let mut lies = Vec::from_iter(lie(node, &trouble));
                let others = async {
                    while let Some((node, ended)) = running.next().await {
                        let trouble = ended.err().map(|ended| judged(state, start, node, ended));
                        lies.extend(trouble.and_then(|trouble| lie(node, &trouble)));
                    }
                };
                // A time that is over is as good as all words.
                let _ = tokio::time::timeout(patience(&trouble), others).await;
                call_off(state, start).await;
                if lies.is_empty() {
                    return Err(one(node, trouble));
                }
                lies.sort_unstable_by_key(|report| report.node);
                return Err(AttemptTrouble::Nodes { nodes: lies });
            }
        }
    }
    agree(state, &done)?;
    Ok(done)
}

/// How long others may still say that somebody lied.
fn patience(first: &NodeTrouble) -> Duration {
    match first {
        _ if first.accusation().is_some() => WORD,
        NodeTrouble::Attempt { failure: AttemptFailure::Link { .. } } => WORD_OF_LIES,
        _ => Duration::ZERO,
    }
}

fn lie(node: NodeIndex, trouble: &NodeTrouble) -> Option<NodeReport> {
    trouble.accusation().map(|_| NodeReport { node, trouble: trouble.clone() })
}

/// What a node reports, if it can be: an accusation counts only with its signature, for this
/// attempt.
fn judged(
    state: &CoordinatorState,
    start: &StartAttempt,
    node: NodeIndex,
    trouble: NodeTrouble,
) -> NodeTrouble {
    let Some(accusation) = trouble.accusation() else { return trouble };
    let sound = accusation.check(&state.roster.body, start.session, &start.manifest);
    let about = |said: &Accusation| {
        said.node == node
            && (said.attempt, said.participants) == (start.attempt, start.participants)
    };
    if sound.is_ok_and(about) { trouble } else { NodeTrouble::FalseSignature }
}

fn one(node: NodeIndex, trouble: NodeTrouble) -> AttemptTrouble {
    AttemptTrouble::Nodes { nodes: vec![NodeReport { node, trouble }] }
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

async fn call_off(state: &CoordinatorState, start: &StartAttempt) {
    let path = &paths::attempt(start.session, start.attempt);
    // A node that cannot be told finds out by the next attempt's number.
    let _ = state
        .ask(start.participants, |_, node| async move {
            node.request::<(), ()>(Method::DELETE, path, None).await
        })
        .await;
}

/// All nodes must have computed the same outcome and signed it.
fn agree(state: &CoordinatorState, done: &BTreeMap<NodeIndex, Done>) -> Result<(), AttemptTrouble> {
    let outcomes: Vec<(NodeIndex, Digest)> =
        done.iter().map(|(&node, done)| (node, done.outcome.digest())).collect();
    for (&node, done) in done {
        let key = state.roster.body.node(node).map(|card| card.key);
        if key.is_none_or(|key| key.verify(&done.outcome.digest(), &done.signature).is_err()) {
            return Err(one(node, NodeTrouble::FalseSignature));
        }
    }
    if outcomes.windows(2).any(|pair| pair[0].1 != pair[1].1) {
        return Err(AttemptTrouble::Disagreement { outcomes });
    }
    Ok(())
}

async fn settle(
    state: &Arc<CoordinatorState>,
    row: &CoordinatorSession,
    done: BTreeMap<NodeIndex, Done>,
) -> Result<Next, DriveError> {
    let signatures = done.iter().map(|(&node, done)| (node, done.signature)).collect();
    // An attempt has at least 2t+1 nodes.
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
        AttemptResult::Done => None,
    });
    Ok(Doubts::of(state.scheme().threshold(), &failed.collect::<Vec<_>>()))
}
