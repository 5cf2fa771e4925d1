//! This node's verdict: it fetches the envelopes it is missing from the other nodes, and says what
//! is wrong with any of them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};

use super::state::NodeState;
use crate::base::offload::offload;
use crate::identity::{Digest, PublicKey};
use crate::session::bundle::{BundleError, Complaint, Inventories};
use crate::session::exclusion::ExclusionReason;
use crate::session::naming::{AdmittedKey, SharedName};
use crate::session::{Announcement, Envelope, SessionId};
use crate::sharing::{NodeSet, Scheme};
use crate::storage::StorageError;
use crate::wire::paths;

/// Envelopes fetched from other nodes at once.
pub(super) const FETCHES: usize = 16;

/// Why a node gives no verdict.
#[derive(Debug, thiserror::Error)]
pub enum VerdictError {
    /// The inventories break a rule.
    #[error(transparent)]
    Inventories(#[from] BundleError),
    /// An envelope that cannot be had, where nodes only add. Its holders have to be there anyway, and
    /// what is wrong with it has to be said now: nobody can mend a part that does not fit later.
    #[error("an envelope that nodes {holders} list cannot be had from them yet; try again")]
    Missing {
        /// The nodes that list it.
        holders: NodeSet,
    },
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StorageError),
}

impl NodeState {
    /// What this node has against the envelopes of these inventories, after fetching those it does
    /// not hold.
    ///
    /// # Errors
    /// When the inventories are not signed by nodes of the roster for this session, or, where nodes
    /// only add, when an envelope cannot be had.
    pub(super) async fn complaints(
        self: &Arc<Self>,
        announcement: &Arc<Announcement>,
        inventories: &Inventories,
    ) -> Result<Vec<Complaint>, VerdictError> {
        inventories.check(&self.roster.body, announcement.session)?;
        inventories.check_terms(&announcement.terms)?;
        // What this node gave a receipt for, it has opened and found sound.
        let sound = self.store.received(announcement.session).await?;
        let mut holders = candidates(inventories, announcement, self.scheme());
        holders.retain(|(digest, _)| sound.binary_search(digest).is_err());
        let judged = stream::iter(holders)
            .map(|(digest, holders)| self.judge(announcement, digest, holders))
            .buffer_unordered(FETCHES)
            .collect::<Vec<_>>()
            .await;
        let complaints = judged.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(complaints.into_iter().flatten().collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// The coordinator's admissions under the names that these inventories list with several keys,
    /// as far as this node holds envelopes of them.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn admissions(
        &self,
        session: SessionId,
        inventories: &Inventories,
    ) -> Result<Vec<AdmittedKey>, StorageError> {
        let mut admissions = Vec::new();
        for name in inventories.shared_names() {
            admissions.extend(self.store.admissions(session, name).await?);
        }
        for SharedName { bidder, admitted } in SharedName::among(&admissions) {
            let keys = admitted.len();
            tracing::error!(%session, %bidder, keys, "the coordinator has given one name to several keys");
        }
        Ok(admissions)
    }

    async fn judge(
        self: &Arc<Self>,
        announcement: &Arc<Announcement>,
        digest: Digest,
        holders: NodeSet,
    ) -> Result<Option<Complaint>, VerdictError> {
        // Whose part has been opened is on disk, and fine.
        if self.parts.find(announcement.session, &digest).is_some() {
            return Ok(None);
        }
        let complaint = |reason| Ok(Some(Complaint { envelope: digest, reason }));
        let Some(envelope) = self.obtain(announcement, digest, holders).await? else {
            if !self.scheme().compares() {
                return Err(VerdictError::Missing { holders });
            }
            return complaint(ExclusionReason::Unavailable);
        };
        let node = Arc::clone(self);
        match offload(move || node.open_part(&envelope, digest).err()).await {
            None => Ok(None),
            Some(reason) => complaint(reason),
        }
    }

    /// An envelope from this node's disk, or from one of the nodes that hold it.
    pub(super) async fn obtain(
        self: &Arc<Self>,
        announcement: &Arc<Announcement>,
        digest: Digest,
        holders: NodeSet,
    ) -> Result<Option<Envelope>, StorageError> {
        let session = announcement.session;
        if let Some(envelope) = self.store.envelope(session, digest).await? {
            return Ok(Some(envelope));
        }
        for holder in holders.without(self.me).iter() {
            let Some(peer) = self.peers.get(&holder) else { continue };
            let path = paths::envelope(session, &digest);
            match peer.get::<Envelope>(&path).await {
                Ok(envelope) if self.is_sound(announcement, &envelope, digest) => {
                    self.store.put_fetched(session, std::slice::from_ref(&envelope)).await?;
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
}

/// Every envelope that may decide what enters the manifest, with the nodes that list it, in
/// ascending order of digest: each key's highest revision, and where at most t nodes list that, so
/// that it may turn out not to be there, the one before it. Where the terms allow no replacing,
/// every envelope: two of one key exclude each other.
pub(super) fn candidates(
    inventories: &Inventories,
    announcement: &Announcement,
    scheme: Scheme,
) -> Vec<(Digest, NodeSet)> {
    let few = usize::from(scheme.doubted());
    let mut listed: BTreeMap<PublicKey, BTreeMap<Reverse<u32>, BTreeMap<Digest, NodeSet>>> =
        BTreeMap::new();
    for (node, entry) in inventories.entries() {
        let revisions = listed.entry(entry.key).or_default();
        let envelopes = revisions.entry(Reverse(entry.revision)).or_default();
        envelopes.entry(entry.envelope(announcement.session)).or_default().insert(node);
    }
    let mut candidates = BTreeMap::new();
    for revisions in listed.into_values() {
        for envelopes in revisions.into_values() {
            let sure = envelopes.values().any(|holders| holders.len() > few);
            candidates.extend(envelopes);
            if sure && announcement.terms.replace_bids {
                break;
            }
        }
    }
    candidates.into_iter().collect()
}
