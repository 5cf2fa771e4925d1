//! One attempt at a node: from the manifest to the signed outcome.
//!
//! An attempt is bound to its manifest, number and participants: the keys of pseudorandom sharing
//! are made from all three, so masks of different attempts have nothing in common. A failed
//! attempt is repeated from the bids' shares, never resumed.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use super::attempts::Entry;
use super::mend::{BATCH, Holders, Lack};
use super::parts::Opened;
use super::state::NodeState;
use super::variables::VariableError;
use crate::base::lock::{into_inner, lock};
use crate::base::offload::offload;
use crate::identity::Signed;
use crate::protocol::error::{EstablishError, ProtocolError};
use crate::protocol::{ChannelError, Complaint, Context};
use crate::rules::entries::LayoutError;
use crate::runs::shares::{Entries, LayingOut, SharesError};
use crate::runs::{self, Computed, RunError};
use crate::session::accusation::{Accusation, Fault};
use crate::session::course::Course;
use crate::session::exclusion::ExclusionReason;
use crate::session::manifest::Exclusion;
use crate::session::outcome::Entrant;
use crate::session::progress::{Progress, What};
use crate::session::{Announcement, Manifest, Outcome};
use crate::sharing::security::Security;
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::{NodeStore, StorageError};
use crate::wire::node_api::{AttemptState, Cost, StartAttempt};
use crate::wire::reason::AttemptFailure;

/// Why an attempt fails at this node.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// The keys of the attempt could not be made.
    #[error(transparent)]
    Establish(#[from] EstablishError),
    /// The protocol.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The terms ask for something that nobody can hand in.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The shares do not fit the terms.
    #[error(transparent)]
    Shares(#[from] SharesError),
    /// This node's own part of an envelope of the manifest does not work.
    #[error("this node's part of the envelope of {bidder:?} cannot be used: {}", .reason.explain())]
    OwnPart {
        /// The bidder whose envelope holds the part.
        bidder: String,
        /// What is wrong with the part.
        reason: ExclusionReason,
    },
    /// An envelope of the manifest is not on this node's disk.
    #[error("the envelope of {bidder:?} is not on this node's disk")]
    Envelope {
        /// The bidder whose envelope is missing.
        bidder: String,
    },
    /// A stored variable cannot be loaded or kept.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StorageError),
}

/// An attempt as it is started.
struct Task {
    node: Arc<NodeState>,
    /// For what this replica stores while its turn lasts.
    store: NodeStore,
    announcement: Announcement,
    manifest: Manifest,
    start: StartAttempt,
    state: watch::Sender<AttemptState>,
}

/// Start an attempt in its own task; an earlier one of the session is called off.
pub(super) fn start(
    node: &Arc<NodeState>,
    store: NodeStore,
    announcement: Announcement,
    manifest: Manifest,
    start: StartAttempt,
) {
    let (session, attempt, participants) = (start.session, start.attempt, start.participants);
    let progress = Progress { attempt, ..Progress::default() };
    let (state, receiver) = watch::channel(AttemptState::Running { progress });
    let task = Task { node: Arc::clone(node), store, announcement, manifest, start, state };
    node.tell(session, What::Attempt { attempt, participants });
    let task = tokio::spawn(task.run());
    node.attempts.put(session, Entry { attempt, state: receiver, task: task.abort_handle() });
}

impl Task {
    async fn run(self) {
        let (session, attempt) = (self.start.session, self.start.attempt);
        let ended = match self.compute().await {
            Ok(done) => done,
            Err(error) => {
                tracing::warn!(%session, attempt, %error, "the attempt failed");
                AttemptState::Failed { failure: self.failure(error) }
            }
        };
        self.state.send_replace(ended);
    }

    /// What the coordinator is told of a failure; of lies, with this node's signature.
    fn failure(&self, error: AttemptError) -> AttemptFailure {
        let Some((fault, complaint)) = self.lie(&error) else { return error.into() };
        let StartAttempt { session, attempt, participants, manifest, .. } = self.start;
        let sets = complaint.sets().to_vec();
        let node = self.node.me;
        let accusation = Accusation { session, manifest, attempt, participants, node, fault, sets };
        let accusation = Box::new(Signed::new(accusation, &self.node.keys.identity));
        AttemptFailure::Lie { accusation, detail: error.to_string() }
    }

    /// Whom an error accuses, and of what. Where gates are not checked nobody can be accused: an
    /// honest node may have computed with wrong values.
    fn lie(&self, error: &AttemptError) -> Option<(Fault, Complaint)> {
        if self.announcement.terms.security() == Security::Passive {
            return None;
        }
        let naming = self.start.plan.tactics.naming || self.node.scheme().nodes() == 3;
        lie(self.node.me, error, self.start.participants, naming)
    }

    async fn compute(&self) -> Result<AttemptState, AttemptError> {
        let started = Instant::now();
        let shelf = self.node.shelf(&self.announcement).await?;
        let (entries, cohorts) = self.lay_out().await?;
        let preparing = started.elapsed();

        let node = &self.node;
        let StartAttempt { session, attempt, participants, .. } = self.start;
        let plan = &self.start.plan;
        let channel = node.channel(session, attempt, participants);
        let context =
            Context::establish(node.me, node.scheme(), participants, channel, self.binding())
                .await?
                .with_tactics(plan.tactics.clone());
        let course = Mutex::new(Course::default());
        let tell = |mut progress: Progress| {
            progress.attempt = attempt;
            lock(&course).note(started.elapsed(), &progress);
            self.state.send_replace(AttemptState::Running { progress: progress.clone() });
            node.tell(session, What::Progress(progress));
        };
        let terms = &self.announcement.terms;
        let names = self.manifest.entries.iter().map(|entry| entry.bidder.as_str());
        let seats = terms.question.seats(&names.collect::<Vec<_>>());
        let handicaps = self.manifest.handicaps(terms);
        let (cohorts, handicaps, seats) = (&cohorts[..], &handicaps[..], &seats[..]);
        let listed = runs::Listed { cohorts, handicaps, seats, shelf: Some(&shelf) };
        let run = runs::run_listed(&context, terms, entries, listed, &tell);
        let computed = Box::pin(run).await?;
        let computing = started.elapsed().saturating_sub(preparing);

        let outcome = self.outcome(computed);
        if node.never_signs() {
            std::future::pending::<()>().await;
        }
        let staged = node.staged(&self.announcement, &outcome, &shelf)?;
        let signed = Signed::new(outcome, &node.keys.identity);
        self.store.put_own_outcome(&signed, staged).await?;
        let stats = context.counters();
        let cost = Cost {
            rounds: stats.rounds,
            gates: stats.gates,
            bytes_sent: stats.bytes_sent,
            seconds: started.elapsed().as_secs_f64(),
            preparing_seconds: preparing.as_secs_f64(),
            computing_seconds: computing.as_secs_f64(),
            predicted_rounds: plan.rounds,
            predicted_bytes_sent: plan.bytes_sent,
            predicted_seconds: plan.seconds,
            course: into_inner(course),
        };
        Ok(AttemptState::Done { outcome: Box::new(signed.body), signature: signed.signature, cost })
    }

    /// This node's shares of every entry of the manifest, in its order, and the cohorts that came with
    /// the envelopes' admissions, where they are assigned. The manifest names each envelope by a digest
    /// that binds its cohort, so all nodes have the same.
    async fn lay_out(&self) -> Result<(Entries, Vec<u8>), AttemptError> {
        let terms = &self.announcement.terms;
        let (scheme, me, count) = (self.node.scheme(), self.node.me, self.manifest.entries.len());
        let shares = LayingOut::new(terms.protocol, &terms.layout()?, scheme, me, count);
        let mut shares = shares.with_masks(terms.question.reply_bits());
        let (announcement, holders) = (Arc::new(self.announcement.clone()), Holders::default());
        let mut cohorts = Vec::new();
        for entries in self.manifest.entries.chunks(BATCH) {
            let parts = self.node.usable_parts(&announcement, entries, &holders).await?;
            let parts = parts.into_iter().zip(entries).map(|(part, entry)| {
                let bidder = entry.bidder.clone();
                part.map_err(|lack| match lack {
                    Lack::Envelope => AttemptError::Envelope { bidder },
                    Lack::Part(reason) => AttemptError::OwnPart { bidder, reason },
                })
            });
            let parts = parts.collect::<Result<Vec<_>, _>>()?;
            cohorts.extend(parts.iter().filter_map(|opened| opened.cohort));
            shares = offload(move || add_all(&parts, shares)).await?;
        }
        Ok((shares.finish()?, cohorts))
    }

    /// What the keys of this attempt are bound to.
    fn binding(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"gavel/v1/attempt\0")
            .chain_update(self.start.session.0)
            .chain_update(self.start.attempt.to_le_bytes())
            .chain_update(self.start.participants.bits().to_le_bytes())
            .chain_update(self.start.manifest.0)
            // Nodes that were told different tactics must not open anything together.
            .chain_update(self.start.plan.tactics.digest())
            .finalize()
            .into()
    }

    fn outcome(&self, computed: Computed) -> Outcome {
        let entry = |position: usize| &self.manifest.entries[position];
        let excluded = |&position: &usize| Exclusion {
            bidder: entry(position).bidder.clone(),
            key: entry(position).key,
            envelope: entry(position).envelope,
            reason: ExclusionReason::OutOfRange,
            named_by: NodeSet::EMPTY,
        };
        Outcome {
            session: self.start.session,
            announcement: self.manifest.announcement,
            manifest: self.start.manifest,
            answer: computed.answer.map(|position| Entrant::from(entry(position))),
            out_of_range: computed.out_of_range.iter().map(excluded).collect(),
        }
    }
}

/// Whom an error of a checked computation accuses, and of what; `naming` says whether its tactics name
/// the node that lied.
pub(super) fn lie(
    me: NodeIndex,
    error: &AttemptError,
    participants: NodeSet,
    naming: bool,
) -> Option<(Fault, Complaint)> {
    let (AttemptError::Run(RunError::Protocol(error))
    | AttemptError::Establish(EstablishError::Exchange(error))) = error
    else {
        return None;
    };
    let complaint = error.complaint(me)?;
    let everybody = complaint.sets() == [participants];
    let fault = match error {
        ProtocolError::Lie { .. } if everybody && !naming => Fault::Sum,
        ProtocolError::Lie { .. } => Fault::Gate,
        ProtocolError::Keys { .. } => Fault::Keys,
        ProtocolError::Disagreement { .. } | ProtocolError::Views { .. } => Fault::Opening,
        _ => Fault::Form,
    };
    Some((fault, complaint))
}

/// Add this node's shares of some entries to those before them.
fn add_all(parts: &[Arc<Opened>], mut shares: LayingOut) -> Result<LayingOut, SharesError> {
    for opened in parts {
        shares.add(&opened.correction.0, opened.part.seeds())?;
    }
    Ok(shares)
}

/// What the coordinator is told of it.
impl From<AttemptError> for AttemptFailure {
    fn from(error: AttemptError) -> Self {
        let detail = error.to_string();
        match error {
            AttemptError::Run(RunError::Protocol(error))
            | AttemptError::Establish(EstablishError::Exchange(error)) => {
                of_protocol(&error, detail)
            }
            AttemptError::Run(error) => Self::Computation { nodes: error.nodes(), detail },
            AttemptError::Establish(_) => Self::Computation { nodes: NodeSet::EMPTY, detail },
            AttemptError::Layout(_) | AttemptError::Variable(VariableError::Handover(_)) => {
                Self::UnfitTerms { detail }
            }
            AttemptError::Shares(_) => Self::UnfitShares { detail },
            AttemptError::OwnPart { bidder, reason } => Self::UnfitPart { bidder, reason },
            AttemptError::Envelope { bidder } => Self::MissingEnvelope { bidder },
            AttemptError::Variable(VariableError::Lack { name, lack }) => {
                Self::Variable { name, lack }
            }
            // It has computed something else before: waiting does not mend that.
            AttemptError::Store(StorageError::Conflict { .. }) => {
                Self::Computation { nodes: NodeSet::EMPTY, detail }
            }
            AttemptError::Variable(_) | AttemptError::Store(_) => Self::Store { detail },
        }
    }
}

/// A message that did not come may come next time; one that does not fit is another matter.
fn of_protocol(error: &ProtocolError, detail: String) -> AttemptFailure {
    if let ProtocolError::Channel { source, .. } = error {
        match *source {
            ChannelError::Closed { node } | ChannelError::Timeout { node } => {
                return AttemptFailure::Link { node, detail };
            }
            ChannelError::Cancelled => return AttemptFailure::CalledOff,
            ChannelError::Flood { .. } => {}
        }
    }
    AttemptFailure::Computation { nodes: error.nodes(), detail }
}
