//! Starts attempts until enough nodes have signed the outcome.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::kept;
use super::nodes::{Handout, catch_up, enough, reports, split};
use super::state::CoordinatorState;
use super::step::{DriveError, Next};
use crate::base::lock;
use crate::identity::{Digest, Signature, Statement as _};
use crate::runs::Workload;
use crate::runs::plan::{self, Line, Plan};
use crate::session::Phase;
use crate::session::manifest::CoSigned;
use crate::session::outcome::Outcome;
use crate::session::progress::What;
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::StorageError;
use crate::storage::coordinator::CoordinatorSession;
use crate::transport::client::http::PeerClient;
use crate::wire::node_api::{AttemptState, Cost, Link, StartAttempt};
use crate::wire::paths;
use crate::wire::reason::{
    AttemptResult, AttemptTrouble, Document, NodeReport, NodeTrouble, Reason,
};

/// Longest wait for one answer about an attempt; the node holds the question for 10 seconds.
const POLL: Duration = Duration::from_secs(20);

const NO_MANIFEST: Reason = Reason::Missing { document: Document::Manifest };

/// A node's finished attempt.
struct Done {
    outcome: Outcome,
    signature: Signature,
    cost: Cost,
}

/// Run one attempt with the nodes that are there.
///
/// # Errors
/// When too few nodes are there, or too many attempts have failed in a row.
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
    let (there, mut trouble) = split(caught_up);
    let unfit = state.unfit(session);
    let participants: NodeSet =
        there.into_keys().filter(|node| !unfit.contains_key(node)).collect();
    trouble.extend(unfit);
    enough(state, participants, trouble)?;
    state.go_on(session);

    let attempt = state.store.begin_attempt(session, participants, state.clock.now()).await?;
    state.tell(session, What::Attempt { attempt, participants });
    let plan = plan(state, row, participants, bids);
    let start = StartAttempt { session, attempt, participants, manifest, plan };
    let ended = run(state, &start).await;
    match ended {
        Ok(done) => {
            let costs: BTreeMap<NodeIndex, Cost> =
                done.iter().map(|(&node, done)| (node, done.cost)).collect();
            let stats = serde_json::to_value(costs).ok();
            end(state, &start, &AttemptResult::Done, stats.as_ref()).await?;
            settle(state, row, done).await
        }
        Err(trouble) => {
            tracing::warn!(%session, attempt, %trouble, "the attempt failed");
            let failed = AttemptResult::Failed { trouble: trouble.clone() };
            end(state, &start, &failed, None).await?;
            too_many(state, row, participants, trouble).await?;
            Ok(Next::After(state.options.pause))
        }
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

/// The plan that fits the slowest link among the participants, by what they last reported.
fn plan(
    state: &CoordinatorState,
    row: &CoordinatorSession,
    participants: NodeSet,
    bids: usize,
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
        plan::choose(state.scheme(), participants, work, line)
    })
}

/// Start an attempt everywhere and wait for all ends. The first failure calls off the others.
async fn run(
    state: &CoordinatorState,
    start: &StartAttempt,
) -> Result<BTreeMap<NodeIndex, Done>, AttemptTrouble> {
    let path = &paths::of(paths::NODE_ATTEMPTS, start.session);
    let started = state
        .ask(start.participants, |_, node| async move { node.post::<_, ()>(path, start).await })
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
        .map(|(node, client)| async move { (node, follow(client, start).await) })
        .collect();
    let mut done = BTreeMap::new();
    while let Some((node, ended)) = running.next().await {
        match ended {
            Ok(ended) => drop(done.insert(node, ended)),
            Err(trouble) => {
                call_off(state, start).await;
                if let NodeTrouble::Attempt { failure } = &trouble
                    && failure.is_unfit(node)
                {
                    state.note_unfit(start.session, node, trouble.clone());
                }
                return Err(one(node, trouble));
            }
        }
    }
    agree(state, &done)?;
    Ok(done)
}

fn one(node: NodeIndex, trouble: NodeTrouble) -> AttemptTrouble {
    AttemptTrouble::Nodes { nodes: vec![NodeReport { node, trouble }] }
}

async fn follow(node: PeerClient, start: &StartAttempt) -> Result<Done, NodeTrouble> {
    let path = paths::attempt(start.session, start.attempt);
    loop {
        match node.with_deadline(POLL).get::<AttemptState>(&path).await? {
            AttemptState::Running { .. } => {}
            AttemptState::Done { outcome, signature, cost } => {
                return Ok(Done { outcome: *outcome, signature, cost });
            }
            AttemptState::Failed { failure } => return Err(NodeTrouble::Attempt { failure }),
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
    if outcomes.windows(2).any(|pair| pair[0].1 != pair[1].1) {
        return Err(AttemptTrouble::Disagreement { outcomes });
    }
    for (&node, done) in done {
        let key = state.roster.body.node(node).map(|card| card.key);
        if key.is_none_or(|key| key.verify(&done.outcome.digest(), &done.signature).is_err()) {
            return Err(one(node, NodeTrouble::FalseSignature));
        }
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

/// After a run of failed attempts by the same nodes, a person has to look.
async fn too_many(
    state: &CoordinatorState,
    row: &CoordinatorSession,
    participants: NodeSet,
    last: AttemptTrouble,
) -> Result<(), DriveError> {
    let timeline = state.store.timeline(row.session).await?;
    let since = timeline
        .iter()
        .rev()
        .find(|entered| entered.phase == Phase::Computing)
        .map(|entered| entered.at);
    let attempts = state.store.attempts(row.session).await?;
    let failed = attempts
        .iter()
        .rev()
        .take_while(|line| line.participants == participants && Some(line.started) >= since)
        .filter(|line| line.ended.is_some())
        .count();
    if failed < state.options.attempts as usize {
        return Ok(());
    }
    Err(DriveError::Failed(Reason::AttemptsFailed { failed: failed as u64, participants, last }))
}
