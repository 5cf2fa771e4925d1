//! Has one batch of material made by its dealers, until all of them have it on disk or it cannot be had.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::CoordinatorState;
use super::nodes::{Troubles, reports, split};
use crate::base::{Timestamp, lock};
use crate::identity::Signed;
use crate::session::SessionId;
use crate::session::accusation::Accusation;
use crate::session::dealing::{InStock, all_in_stock};
use crate::sharing::NodeIndex;
use crate::transport::HttpError;
use crate::transport::client::http::PeerClient;
use crate::wire::dealer_api::{MakingLine, MakingProgress, MakingState, StartBatch};
use crate::wire::paths;
use crate::wire::reason::{AttemptTrouble, NodeTrouble};

/// Longest wait for one answer about a batch; the node holds the question for a second.
const POLL: Duration = Duration::from_secs(20);

/// Between two questions where an answer was lost.
const LOOK: Duration = Duration::from_millis(500);

/// How long the others' word is waited for when one dealer has found a lie, and when one has failed
/// otherwise.
const WORD: Duration = Duration::from_secs(5);
const REST: Duration = Duration::from_secs(1);

/// How the making of a batch ended.
pub(super) enum Ended {
    Made,
    GaveWay,
    Failed(AttemptTrouble),
}

/// Have a batch made. It gives way to a session that begins to compute.
pub(super) async fn run(
    state: &Arc<CoordinatorState>,
    start: &StartBatch,
    begun: Timestamp,
) -> Ended {
    let making = Making { state, start, told: Mutex::default() };
    lock(&state.dealt).making = Some(MakingLine {
        batch: start.batch,
        model: start.model.body.id(),
        makers: start.makers,
        begun,
        progress: MakingProgress::default(),
    });
    let mut sessions = state.at_work.subscribe();
    let ended = tokio::select! {
        ended = making.made() => ended,
        // An error means that the coordinator ends.
        _ = sessions.wait_for(|&count| count > 0) => Ended::GaveWay,
    };
    lock(&state.dealt).making = None;
    ended
}

struct Making<'a> {
    state: &'a Arc<CoordinatorState>,
    start: &'a StartBatch,
    /// How far each dealer is.
    told: Mutex<BTreeMap<NodeIndex, MakingProgress>>,
}

impl Making<'_> {
    async fn made(&self) -> Ended {
        let start = self.start;
        let begin = |_, node: PeerClient| async move {
            node.post::<_, ()>(paths::NODE_MATERIAL, start).await
        };
        let (_, trouble) = split(self.state.ask(start.makers, begin).await);
        if !trouble.is_empty() {
            return Ended::Failed(AttemptTrouble::Nodes { nodes: reports(trouble) });
        }
        let clients = start.makers.iter();
        let clients = clients.filter_map(|node| Some((node, self.state.nodes.get(&node)?.clone())));
        let mut running: FuturesUnordered<_> = clients
            .map(|(node, client)| async move { (node, self.follow(node, &client).await) })
            .collect();
        let (mut words, mut troubles) = (Vec::new(), Troubles::new());
        let mut until: Option<Instant> = None;
        loop {
            let next = match until {
                None => running.next().await,
                Some(until) => tokio::time::timeout_at(until, running.next()).await.unwrap_or(None),
            };
            let Some((node, ended)) = next else { break };
            match ended {
                Ok(word) => words.push(word),
                Err(trouble) => {
                    let trouble = self.judged(node, trouble);
                    let patience = if trouble.accusation().is_some() { WORD } else { REST };
                    let last = Instant::now() + patience;
                    until = Some(until.map_or(last, |until| until.max(last)));
                    troubles.insert(node, trouble);
                }
            }
        }
        if !troubles.is_empty() {
            // What a lie made others say is not their fault.
            if troubles.values().any(|trouble| trouble.accusation().is_some()) {
                troubles.retain(|_, trouble| trouble.accusation().is_some());
            }
            return Ended::Failed(AttemptTrouble::Nodes { nodes: reports(troubles) });
        }
        let (roster, model) = (&self.state.roster.body, start.model.body.id());
        match all_in_stock(roster, start.batch, model, start.makers, &words) {
            Ok(()) => Ended::Made,
            Err(error) => {
                let detail = error.to_string();
                let trouble = |node| (node, NodeTrouble::Unsound { detail: detail.clone() });
                let troubles: Troubles = error.nodes().iter().map(trouble).collect();
                Ended::Failed(AttemptTrouble::Nodes { nodes: reports(troubles) })
            }
        }
    }

    /// What a dealer reports, if it can be: an accusation counts only with its signature, for this
    /// batch.
    fn judged(&self, node: NodeIndex, trouble: NodeTrouble) -> NodeTrouble {
        let start = self.start;
        let Some(accusation) = trouble.accusation() else { return trouble };
        let (session, model) = (SessionId(start.batch.0), start.model.body.id());
        let about = |said: &Accusation| {
            said.node == node && (said.attempt, said.participants) == (start.attempt, start.makers)
        };
        let sound = accusation.check(&self.state.roster.body, session, &model);
        if sound.is_ok_and(about) { trouble } else { NodeTrouble::FalseSignature }
    }

    /// How far a dealer is; what is told of the batch is how far the last of them is.
    fn note(&self, node: NodeIndex, progress: MakingProgress) {
        let mut told = lock(&self.told);
        told.insert(node, progress);
        if told.len() < self.start.makers.len() {
            return;
        }
        let last = told.values().min_by_key(|progress| progress.rounds).copied();
        drop(told);
        if let (Some(last), Some(making)) = (last, lock(&self.state.dealt).making.as_mut()) {
            making.progress = last;
        }
    }

    /// Wait for the batch's end at a dealer.
    async fn follow(
        &self,
        index: NodeIndex,
        node: &PeerClient,
    ) -> Result<Signed<InStock>, NodeTrouble> {
        let path = paths::batch(self.start.batch);
        let mut lost = 0;
        loop {
            match node.with_deadline(POLL).get::<MakingState>(&path).await {
                Ok(MakingState::Running(progress)) => {
                    self.note(index, progress);
                    lost = 0;
                }
                Ok(MakingState::Done { word, .. }) => return Ok(*word),
                Ok(MakingState::Failed { failure }) => {
                    return Err(NodeTrouble::Attempt { failure });
                }
                Err(error) if passing(&error) && lost < 3 => {
                    lost += 1;
                    tokio::time::sleep(LOOK).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Whether an answer may have been lost on the way.
fn passing(error: &HttpError) -> bool {
    error.problem().is_none()
}
