//! The node's part in closing a session: fetch, judge, commit, take.
//!
//! A node commits to one bundle per session, on disk, before it signs. Then it asks every other
//! node directly which bundle that one has committed to: of two nodes that are led to different
//! bundles at least one sees the other's, so a coordinator cannot have two manifests signed as
//! long as the nodes reach each other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::{StreamExt as _, future::join_all, stream};

use super::NodeState;
use crate::base::offload::offload;
use crate::identity::{Digest, Statement as _};
use crate::session::closing::{Bundle, Complaint, ExclusionReason, Inventories};
use crate::session::{Announcement, Envelope, Manifest, Phase, SessionId};
use crate::sharing::{NodeIndex, NodeSet, Scheme};
use crate::storage::StorageError;
use crate::storage::node::Fetched;
use crate::transport::server::reply::Refusal;
use crate::wire::node_api::{CommittedBundle, SignedManifest};
use crate::wire::paths;

/// Envelopes fetched from other nodes at once.
const FETCHES: usize = 16;

/// Why a closing step does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ClosingError {
    /// Bundle or inventories break a rule.
    #[error("{0}")]
    Refused(String),
    /// Another node has committed to another bundle.
    #[error(
        "node {node} has committed to another bundle of this session; the coordinator has handed out two"
    )]
    OtherBundle {
        /// That node.
        node: NodeIndex,
    },
    /// Not enough signatures, or one that does not fit.
    #[error("the manifest is signed by {got} nodes, {needed} are needed")]
    Signers {
        /// Right signatures.
        got: usize,
        /// 2t+1.
        needed: usize,
    },
    /// The manifest does not follow from the bundle.
    #[error("the manifest is not the one that follows from the bundle")]
    NotTheManifest,
    /// An envelope of the manifest cannot be had.
    #[error(
        "{count} envelopes of the manifest are missing here and no other node delivers them yet; try again"
    )]
    Missing {
        /// How many.
        count: usize,
    },
    /// Not in this phase.
    #[error("the session is {0} at this node")]
    Phase(Phase),
    /// The session is unknown.
    #[error("{}", .0.0.detail)]
    Session(Refusal),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StorageError),
}

impl From<Refusal> for ClosingError {
    fn from(refusal: Refusal) -> Self {
        Self::Session(refusal)
    }
}

impl NodeState {
    /// What this node has against the envelopes of these inventories, after fetching those it does
    /// not hold.
    ///
    /// # Errors
    /// When the inventories are not signed by nodes of the roster for this session.
    pub(super) async fn complaints(
        self: &Arc<Self>,
        announcement: &Arc<Announcement>,
        inventories: &Inventories,
    ) -> Result<Vec<Complaint>, ClosingError> {
        inventories
            .check(&self.roster.body, announcement.session)
            .map_err(|error| ClosingError::Refused(error.to_string()))?;
        let holders = candidates(inventories, self.scheme());
        let judged = stream::iter(holders)
            .map(|(digest, holders)| self.judge(announcement, digest, holders))
            .buffer_unordered(FETCHES)
            .collect::<Vec<_>>()
            .await;
        let complaints = judged.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(complaints.into_iter().flatten().collect::<BTreeSet<_>>().into_iter().collect())
    }

    async fn judge(
        self: &Arc<Self>,
        announcement: &Arc<Announcement>,
        digest: Digest,
        holders: NodeSet,
    ) -> Result<Option<Complaint>, ClosingError> {
        // Whose part has been opened is on disk, and fine.
        if self.parts.find(announcement.session, &digest).is_some() {
            return Ok(None);
        }
        let complaint = |reason| Ok(Some(Complaint { envelope: digest, reason }));
        let Some(envelope) = self.obtain(announcement, digest, holders).await? else {
            return complaint(ExclusionReason::Unavailable);
        };
        let node = Arc::clone(self);
        match offload(move || node.open_part(&envelope, digest).err()).await {
            None => Ok(None),
            Some(reason) => complaint(reason),
        }
    }

    /// An envelope from this node's disk, or from one of the nodes that hold it.
    async fn obtain(
        self: &Arc<Self>,
        announcement: &Arc<Announcement>,
        digest: Digest,
        holders: NodeSet,
    ) -> Result<Option<Envelope>, ClosingError> {
        let session = announcement.session;
        if let Some(envelope) = self.store.envelope(session, digest).await? {
            return Ok(Some(envelope));
        }
        for holder in holders.without(self.me).iter() {
            let Some(peer) = self.peers.get(&holder) else { continue };
            let path = paths::envelope(session, &digest);
            match peer.get::<Envelope>(&path).await {
                Ok(envelope) if self.is_sound(announcement, &envelope, digest) => {
                    let kept =
                        self.store.put_fetched(session, std::slice::from_ref(&envelope)).await?;
                    if kept.contains(&Fetched::OtherKey) {
                        tracing::warn!(%session, envelope = %digest, "the coordinator admitted two keys under one name");
                    }
                    return Ok(Some(envelope));
                }
                Ok(_) => {
                    tracing::warn!(%session, %holder, envelope = %digest, "a node delivered a damaged envelope");
                }
                Err(error) => {
                    tracing::info!(%session, %holder, %error, "an envelope could not be fetched");
                }
            }
        }
        Ok(None)
    }

    fn is_sound(&self, announcement: &Announcement, envelope: &Envelope, digest: Digest) -> bool {
        let coordinator = &self.roster.body.coordinator.key;
        envelope.digest() == digest
            && envelope.check(announcement, self.scheme(), coordinator).is_ok()
    }

    /// Commit to a bundle, make sure no other node has committed to another, and give the manifest
    /// that follows from it, every envelope of it being on disk here.
    ///
    /// # Errors
    /// See [`ClosingError`].
    pub(super) async fn commit(
        self: &Arc<Self>,
        session: SessionId,
        bundle: &Bundle,
    ) -> Result<Manifest, ClosingError> {
        let row = self.session(session).await?;
        if row.phase == Phase::Cancelled {
            return Err(ClosingError::Phase(row.phase));
        }
        let announcement = Arc::new(row.announcement.body);
        bundle
            .check(&self.roster.body, &announcement)
            .map_err(|error| ClosingError::Refused(error.to_string()))?;
        if row.phase == Phase::Open {
            // It was away while 2t+1 others froze: bidding has ended.
            self.store.freeze(session, self.clock.now()).await?;
            self.tell_phase(session, Phase::Closing);
        }
        let digest = bundle.digest();
        self.store.commit_bundle(session, digest).await?;
        self.ask_others(session, digest).await?;
        let manifest = Manifest::derive(&announcement, self.scheme(), bundle);
        self.gather(&announcement, bundle, &manifest).await?;
        Ok(manifest)
    }

    async fn ask_others(&self, session: SessionId, mine: Digest) -> Result<(), ClosingError> {
        let path = paths::of(paths::NODE_BUNDLE, session);
        let asked = self.peers.iter().map(|(&node, peer)| {
            let path = &path;
            async move { (node, peer.get::<CommittedBundle>(path).await) }
        });
        for (node, answer) in join_all(asked).await {
            match answer {
                Ok(CommittedBundle { bundle: Some(theirs) }) if theirs != mine => {
                    return Err(ClosingError::OtherBundle { node });
                }
                Ok(_) => {}
                // A node that is away cannot be asked; with 2t+1 signatures the session goes on.
                Err(error) => {
                    tracing::debug!(%session, %node, %error, "could not ask for its bundle");
                }
            }
        }
        Ok(())
    }

    /// Fetch every envelope of the manifest that is not here yet. A node that gave no verdict may
    /// find its own part of one unusable; it then says so when it is asked to compute.
    async fn gather(
        self: &Arc<Self>,
        announcement: &Arc<Announcement>,
        bundle: &Bundle,
        manifest: &Manifest,
    ) -> Result<(), ClosingError> {
        let digests: Vec<Digest> = manifest.entries.iter().map(|entry| entry.envelope).collect();
        let absent = self.store.missing(announcement.session, &digests).await?;
        if absent.is_empty() {
            return Ok(());
        }
        let holders: HashMap<Digest, NodeSet> =
            candidates(&bundle.inventories, self.scheme()).into_iter().collect();
        let everyone = self.scheme().all();
        let wanted: Vec<_> = absent
            .into_iter()
            .map(|digest| (digest, holders.get(&digest).copied().unwrap_or_default()))
            .collect();
        // Those that list it first, then the others, which may have fetched it meanwhile.
        let found = stream::iter(wanted)
            .map(|(digest, listed)| async move {
                match self.obtain(announcement, digest, listed).await? {
                    None => self.obtain(announcement, digest, everyone.difference(listed)).await,
                    found => Ok(found),
                }
            })
            .buffer_unordered(FETCHES)
            .collect::<Vec<_>>()
            .await;
        let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
        let missing = found.iter().filter(|envelope| envelope.is_none()).count();
        if missing > 0 {
            return Err(ClosingError::Missing { count: missing });
        }
        Ok(())
    }

    /// Take the manifest with its signatures. A node that was away catches up here.
    ///
    /// # Errors
    /// See [`ClosingError`].
    pub(super) async fn take_manifest(
        self: &Arc<Self>,
        session: SessionId,
        signed: SignedManifest,
    ) -> Result<(), ClosingError> {
        let row = self.session(session).await?;
        if matches!(row.phase, Phase::Computing | Phase::Settled | Phase::Failed) {
            return Ok(());
        }
        if row.phase == Phase::Cancelled {
            return Err(ClosingError::Phase(row.phase));
        }
        let roster = &self.roster.body;
        let signers = signed
            .manifest
            .verify(|node| roster.node(node).map(|card| card.key))
            .map_err(|node| {
                ClosingError::Refused(format!(
                    "the manifest's signature of node {node} does not fit"
                ))
            })?;
        let needed = self.scheme().quorum();
        if signers.len() < needed {
            return Err(ClosingError::Signers { got: signers.len(), needed });
        }
        let manifest = self.commit(session, &signed.bundle).await?;
        if manifest != signed.manifest.body {
            return Err(ClosingError::NotTheManifest);
        }
        self.store.put_manifest(&signed.manifest).await?;
        self.tell_phase(session, Phase::Computing);
        Ok(())
    }
}

/// Every envelope that may enter the manifest, with the nodes that list it, in ascending order of
/// digest: each bidder's highest revision, and where at most t nodes list that, so that it may turn
/// out not to be there, the one before it.
fn candidates(inventories: &Inventories, scheme: Scheme) -> Vec<(Digest, NodeSet)> {
    let few = usize::from(scheme.threshold());
    let mut listed: BTreeMap<&str, BTreeMap<Reverse<u32>, BTreeMap<Digest, NodeSet>>> =
        BTreeMap::new();
    for signed in &inventories.0 {
        for entry in &signed.body.entries {
            let revisions = listed.entry(&entry.bidder).or_default();
            let envelopes = revisions.entry(Reverse(entry.revision)).or_default();
            envelopes.entry(entry.envelope).or_default().insert(signed.body.node);
        }
    }
    let mut candidates = BTreeMap::new();
    for revisions in listed.into_values() {
        for envelopes in revisions.into_values() {
            let sure = envelopes.values().any(|holders| holders.len() > few);
            candidates.extend(envelopes);
            if sure {
                break;
            }
        }
    }
    candidates.into_iter().collect()
}
