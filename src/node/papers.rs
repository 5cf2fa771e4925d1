//! Papers that other nodes hold and this one lacks: it may have been away, have lost what was on
//! its disk, or run from an older backup.
//!
//! After its start a node asks each of the others where its sessions stand, until each has
//! answered once, and takes up what proves itself: announcements, orders to pause, manifests and
//! outcomes. Until the first answers are in (or have taken too long) it takes no bids, so that it
//! signs no receipt for a session that is decided. Later it asks again while a session of its own is
//! overdue, so it hears of an outcome also where there is no coordinator to bring it.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::join_all;

use super::disclosure::DiscloseError;
use super::manifest::CommitError;
use super::state::NodeState;
use crate::base::Timestamp;
use crate::identity::{Signed, Statement as _};
use crate::session::announcement::AnnouncementError;
use crate::session::manifest::CoSigned;
use crate::session::outcome::OutcomeError;
use crate::session::papers::{Papers, Standing, is_ahead, is_ordered_later};
use crate::session::pause::PauseOrder;
use crate::session::{Outcome, Phase, SessionId};
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::StorageError;
use crate::transport::HttpError;
use crate::wire::node_api::SignedManifest;
use crate::wire::paths;

/// Longest wait for where sessions stand at another node.
const SHORT: Duration = Duration::from_secs(2);

/// Longest wait for the papers of a session, which may be large.
const LONG: Duration = Duration::from_secs(60);

/// Between two rounds while some other node has not answered yet.
const SOON: Duration = Duration::from_secs(3);

/// Between two rounds afterwards.
const LATER: Duration = Duration::from_secs(10);

/// Why papers are not taken up.
#[derive(Debug, thiserror::Error)]
pub(super) enum TakeError {
    /// They could not be had.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The announcement does not hold.
    #[error(transparent)]
    Announcement(#[from] AnnouncementError),
    /// The manifest is not taken.
    #[error(transparent)]
    Manifest(#[from] CommitError),
    /// The outcome is not taken.
    #[error(transparent)]
    Outcome(#[from] TakeOutcomeError),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StorageError),
}

/// Why an outcome is not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeOutcomeError {
    /// It is not for the manifest that this node holds.
    #[error("the outcome is not for the manifest this node holds")]
    OtherManifest,
    /// Signatures do not fit.
    #[error(transparent)]
    Signatures(#[from] OutcomeError),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StorageError),
    /// What goes to the operator cannot be made now.
    #[error(transparent)]
    Disclose(#[from] DiscloseError),
}

/// Begin to ask the others.
pub(super) fn start(node: &Arc<NodeState>) {
    if node.replica.intake_only {
        // The full replicas ask for all of them.
        node.caught_up.send_replace(true);
        return;
    }
    let task = tokio::spawn(follow(Arc::downgrade(node)));
    node.keep(task.abort_handle());
}

async fn follow(node: Weak<NodeState>) {
    let Some(me) = node.upgrade() else { return };
    let others = me.scheme().all().without(me.me);
    drop(me);
    let mut unheard = others;
    let mut called_off = Votes::new();
    let mut turns = others.iter().collect::<Vec<_>>().into_iter().cycle();
    loop {
        let Some(me) = node.upgrade() else { return };
        let mut asked = unheard;
        if unheard.is_empty()
            && me.has_overdue().await
            && let Some(next) = turns.next()
        {
            asked.insert(next);
        }
        let heard = me.ask_standings(asked).await;
        let taken = me.take_what_is_ahead(heard, &mut called_off).await;
        unheard = unheard.difference(taken);
        me.caught_up.send_replace(true);
        drop(me);
        tokio::time::sleep(if unheard.is_empty() { LATER } else { SOON }).await;
    }
}

/// Who says of a session that the coordinator called it off.
type Votes = BTreeMap<SessionId, NodeSet>;

impl NodeState {
    /// Wait until the others have been asked for what this node may lack.
    pub(super) async fn asked_others(&self) {
        let mut caught_up = self.caught_up.subscribe();
        // An error means that the node ends.
        drop(caught_up.wait_for(|asked| *asked).await);
    }

    /// Whether a session should have been closed by now and is not decided.
    async fn has_overdue(&self) -> bool {
        let now = self.clock.now();
        let standings = self.store.standings().await.unwrap_or_default();
        standings.iter().any(|(standing, until)| {
            !standing.phase.is_final() && *until < now && self.looks_after(standing.session)
        })
    }

    async fn ask_standings(&self, asked: NodeSet) -> BTreeMap<NodeIndex, Vec<Standing>> {
        let asking = asked.iter().filter_map(|node| {
            let peer = self.peers.get(&node)?.with_deadline(SHORT);
            Some(async move { (node, peer.get(paths::NODE_STANDINGS).await.ok()) })
        });
        let answers = join_all(asking).await;
        answers.into_iter().filter_map(|(node, answer)| Some((node, answer?))).collect()
    }

    /// Take up what others hold of sessions that are further there; the nodes of which all could
    /// be taken.
    async fn take_what_is_ahead(
        self: &Arc<Self>,
        heard: BTreeMap<NodeIndex, Vec<Standing>>,
        called_off: &mut Votes,
    ) -> NodeSet {
        let own = match self.store.standings().await {
            Ok(own) => own,
            Err(error) => {
                tracing::warn!(%error, "the store cannot be read");
                return NodeSet::EMPTY;
            }
        };
        let mut taken: NodeSet = heard.keys().copied().collect();
        let mut phases: BTreeMap<SessionId, (Phase, Option<Timestamp>)> =
            own.into_iter().map(|(own, _)| (own.session, (own.phase, own.ordered))).collect();
        for (node, standings) in heard {
            for theirs in standings {
                let Standing { session, phase, .. } = theirs;
                // Each session is looked after under the roster that it was opened under.
                if !self.looks_after(session) {
                    continue;
                }
                if phase == Phase::Cancelled {
                    called_off.entry(session).or_default().insert(node);
                }
                let mine = phases.get(&session).copied();
                if !is_ahead(phase, mine.map(|(phase, _)| phase))
                    && !is_ordered_later(&theirs, mine)
                {
                    continue;
                }
                let fetched = self.fetch_papers(node, session).await;
                if let Err(TakeError::Announcement(AnnouncementError::Roster { .. })) = fetched {
                    tracing::debug!(%session, from = %node, "of nodes of another roster");
                } else if let Err(error) = fetched {
                    tracing::warn!(%session, from = %node, %error, "papers could not be taken up");
                    taken = taken.without(node);
                }
                if let Ok(row) = self.session(session).await {
                    phases.insert(session, (row.phase, row.ordered));
                }
            }
        }
        // No paper says so; but of t+1 nodes one at least tells the truth. Where nodes only add,
        // each is taken at its word.
        let enough = usize::from(self.scheme().doubted()) + 1;
        for (session, votes) in called_off.iter() {
            let open = phases
                .get(session)
                .is_some_and(|(phase, _)| phase.is_bidding() || *phase == Phase::Closing);
            if open && votes.len() >= enough {
                let session = *session;
                let _turn = self.turn(session).await;
                match self.store.cancel(session, "the coordinator called it off").await {
                    Ok(()) => {
                        self.parts.forget(session);
                        self.tell_phase(session, Phase::Cancelled);
                    }
                    Err(error) => tracing::warn!(%session, %error, "not called off"),
                }
            }
        }
        taken
    }

    async fn fetch_papers(
        self: &Arc<Self>,
        from: NodeIndex,
        session: SessionId,
    ) -> Result<(), TakeError> {
        let Some(peer) = self.peers.get(&from) else { return Ok(()) };
        let path = paths::of(paths::NODE_PAPERS, session);
        let papers: Papers = peer.for_papers(LONG).get(&path).await?;
        let papers = papers.proved(&self.roster)?;
        if papers.announcement.body.session != session {
            return Ok(());
        }
        if let Some(roster) = &papers.roster {
            self.store.database().put_roster(roster).await?;
        }
        let _turn = self.turn(session).await;
        if self.store.announce(&papers.announcement).await? {
            self.tell_phase(session, Phase::Open);
        }
        if let Some(order) = &papers.pause {
            self.follow_order(order).await?;
        }
        if let (Some(bundle), Some(manifest)) = (papers.bundle, papers.manifest) {
            self.take_manifest(session, SignedManifest { bundle, manifest }).await?;
        }
        if let Some(outcome) = papers.outcome {
            self.take_outcome(session, &outcome).await?;
        }
        Ok(())
    }

    /// Follow an order to pause or to go on that has been checked.
    ///
    /// # Errors
    /// When the session is unknown or the store fails.
    pub(super) async fn follow_order(
        &self,
        order: &Signed<PauseOrder>,
    ) -> Result<(), StorageError> {
        if let Some(phase) = self.store.follow_order(order).await? {
            self.tell_phase(order.body.session, phase);
        }
        Ok(())
    }

    /// Take the outcome with its signatures: the session is settled. The caller has the session's
    /// turn.
    ///
    /// # Errors
    /// See [`TakeOutcomeError`].
    pub(super) async fn take_outcome(
        self: &Arc<Self>,
        session: SessionId,
        outcome: &CoSigned<Outcome>,
    ) -> Result<(), TakeOutcomeError> {
        let row = self.session(session).await?;
        if row.phase == Phase::Settled {
            self.parts.forget(session);
            return Ok(());
        }
        let manifest = self.store.manifest(session).await?;
        let manifest = manifest
            .filter(|signed| signed.body.digest() == outcome.body.manifest)
            .filter(|_| outcome.body.session == session)
            .ok_or(TakeOutcomeError::OtherManifest)?;
        outcome.check(&self.roster.body)?;
        let announcement = &row.announcement.body;
        let disclosure = self.disclose(announcement, &manifest.body, &outcome.body).await?;
        self.store.settle(outcome, disclosure.as_ref()).await?;
        self.parts.forget(session);
        self.tell_phase(session, Phase::Settled);
        Ok(())
    }
}
