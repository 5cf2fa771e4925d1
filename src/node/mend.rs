//! This node's parts of envelopes made usable: opened, or, where the bidder handed this node
//! garbage, put together from the seeds that other nodes pass on ([`crate::session::seeds`]).
//!
//! A mended part is on disk, sealed to this node's own key, before anything is promised that rests
//! on it. A node signs a manifest only once it has a usable part of every envelope in it; so of the
//! nodes that signed, those outside T hold the seed of every component T.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::{StreamExt as _, stream};

use super::parts::Opened;
use super::state::NodeState;
use super::verdict::FETCHES;
use crate::base::lock;
use crate::base::offload::offload;
use crate::identity::Digest;
use crate::session::exclusion::ExclusionReason;
use crate::session::manifest::ManifestEntry;
use crate::session::part::{self, Part, seal_part};
use crate::session::seeds::Mending;
use crate::session::{Announcement, Envelope};
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::StorageError;
use crate::wire::node_api::PassedOn;
use crate::wire::paths;

/// Envelopes read from disk and opened at once.
pub(super) const BATCH: usize = 512;

/// Why this node has no usable part of an envelope.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lack {
    /// No node delivers the envelope.
    Envelope,
    /// The bidder's part does not fit, and no other node passes on its seeds.
    Part(ExclusionReason),
}

/// The other nodes as they were found while asking for many envelopes' seeds.
#[derive(Default)]
pub(super) struct Holders(Mutex<Found>);

#[derive(Clone, Copy, Default)]
pub(super) struct Found {
    /// Did not answer; not asked again.
    pub(super) silent: NodeSet,
    /// Passed on seeds that do not fit.
    pub(super) wrong: NodeSet,
}

impl Holders {
    pub(super) fn found(&self) -> Found {
        *lock(&self.0)
    }
}

/// An envelope's digest, the envelope if it is here, and what came of opening its part.
type Looked = (Digest, Option<Envelope>, Result<Arc<Opened>, Lack>);

impl NodeState {
    /// This node's part of each of these envelopes, in order, each opened or mended.
    pub(super) async fn usable_parts(
        self: &Arc<Self>,
        announcement: &Arc<Announcement>,
        entries: &[ManifestEntry],
        holders: &Holders,
    ) -> Result<Vec<Result<Arc<Opened>, Lack>>, StorageError> {
        let session = announcement.session;
        let mut parts: HashMap<Digest, Arc<Opened>> = HashMap::new();
        let mut absent = Vec::new();
        for entry in entries {
            match self.parts.find(session, &entry.envelope) {
                Some(part) => drop(parts.insert(entry.envelope, part)),
                None => absent.push(entry.envelope),
            }
        }
        // Those that were opened before a restart are read and opened again.
        let read = self.store.envelopes(session, &absent).await?;
        let node = Arc::clone(self);
        let opened = offload(move || node.open_all(absent, read)).await;
        let mut lacks: HashMap<Digest, Lack> = HashMap::new();
        let mut unfit = Vec::new();
        for (digest, envelope, part) in opened {
            match part {
                Ok(part) => drop(parts.insert(digest, part)),
                Err(lack) => unfit.push((digest, envelope, lack)),
            }
        }
        let mended = stream::iter(unfit)
            .map(|(digest, envelope, lack)| async move {
                let mended = self.recover(announcement, digest, envelope, lack, holders).await?;
                Ok::<_, StorageError>((digest, mended))
            })
            .buffer_unordered(FETCHES)
            .collect::<Vec<_>>()
            .await;
        for mended in mended {
            match mended? {
                (digest, Ok(part)) => drop(parts.insert(digest, part)),
                (digest, Err(lack)) => drop(lacks.insert(digest, lack)),
            }
        }
        let part = |entry: &ManifestEntry| {
            let lack = lacks.get(&entry.envelope).copied().unwrap_or(Lack::Envelope);
            parts.get(&entry.envelope).cloned().ok_or(lack)
        };
        Ok(entries.iter().map(part).collect())
    }

    /// Open what was read; what was not, and what does not open, is left to be recovered.
    fn open_all(&self, digests: Vec<Digest>, read: Vec<Option<Envelope>>) -> Vec<Looked> {
        let open = |(digest, envelope): (Digest, Option<Envelope>)| {
            let part = match &envelope {
                Some(envelope) => self.open_part(envelope, digest).map_err(Lack::Part),
                None => Err(Lack::Envelope),
            };
            (digest, envelope, part)
        };
        digests.into_iter().zip(read).map(open).collect()
    }

    /// Fetch an envelope that is not here, and mend a part that does not fit.
    async fn recover(
        self: &Arc<Self>,
        announcement: &Arc<Announcement>,
        digest: Digest,
        envelope: Option<Envelope>,
        lack: Lack,
        holders: &Holders,
    ) -> Result<Result<Arc<Opened>, Lack>, StorageError> {
        let reason = match lack {
            Lack::Part(reason) => Some(reason),
            Lack::Envelope => None,
        };
        let envelope = match envelope {
            Some(envelope) => envelope,
            None => match self.obtain(announcement, digest, self.scheme().all()).await? {
                Some(envelope) => envelope,
                None => return Ok(Err(Lack::Envelope)),
            },
        };
        let envelope = Arc::new(envelope);
        let reason = match reason {
            Some(reason) => reason,
            None => match self.open_beside(&envelope, digest).await {
                Ok(part) => return Ok(Ok(part)),
                Err(reason) => reason,
            },
        };
        if let Some(part) = self.stored_part(&envelope, digest).await? {
            return Ok(Ok(part));
        }
        let mended = self.mend(&envelope, digest, holders).await?;
        Ok(mended.ok_or(Lack::Part(reason)))
    }

    /// This node's part of an envelope that it holds, without asking any other node; `None` when
    /// it does not fit.
    pub(super) async fn own_part(
        self: &Arc<Self>,
        envelope: &Arc<Envelope>,
        digest: Digest,
    ) -> Result<Option<Arc<Opened>>, StorageError> {
        match self.open_beside(envelope, digest).await {
            Ok(part) => Ok(Some(part)),
            Err(_) => self.stored_part(envelope, digest).await,
        }
    }

    async fn open_beside(
        self: &Arc<Self>,
        envelope: &Arc<Envelope>,
        digest: Digest,
    ) -> Result<Arc<Opened>, ExclusionReason> {
        let (node, envelope) = (Arc::clone(self), Arc::clone(envelope));
        offload(move || node.open_part(&envelope, digest)).await
    }

    /// A part that was mended before.
    async fn stored_part(
        self: &Arc<Self>,
        envelope: &Arc<Envelope>,
        digest: Digest,
    ) -> Result<Option<Arc<Opened>>, StorageError> {
        let Some(sealed) = self.store.part(envelope.body.session, digest).await? else {
            return Ok(None);
        };
        let (node, envelope) = (Arc::clone(self), Arc::clone(envelope));
        Ok(offload(move || {
            let open = |keys| part::open_sealed(&envelope, &sealed, node.me, node.scheme(), keys);
            let part = node.keys.sealing_keys().find_map(|keys| open(keys).ok())?;
            Some(node.keep_part(&envelope, digest, part))
        })
        .await)
    }

    /// Ask the other nodes for the seeds of this node's part, one after the other, and keep the
    /// part on disk once it is whole.
    async fn mend(
        self: &Arc<Self>,
        envelope: &Arc<Envelope>,
        digest: Digest,
        holders: &Holders,
    ) -> Result<Option<Arc<Opened>>, StorageError> {
        let session = envelope.body.session;
        let path = paths::seeds(session, &digest);
        let mut mending = Mending::new(self.scheme(), self.me);
        for holder in self.others_from(digest) {
            let Some(peer) = self.peers.get(&holder) else { continue };
            if !mending.lacks_of(holder) || holders.found().silent.contains(holder) {
                continue;
            }
            let passed_on = match peer.get::<PassedOn>(&path).await {
                Ok(passed_on) => passed_on,
                Err(error) => {
                    tracing::info!(%session, %holder, %error, "seeds were not passed on");
                    if error.problem().is_none() {
                        lock(&holders.0).silent.insert(holder);
                    }
                    continue;
                }
            };
            let (node, envelope) = (Arc::clone(self), Arc::clone(envelope));
            let take = move || {
                let keys = node.keys.sealing_keys();
                let taken = mending.take(&envelope, holder, &passed_on.seeds, keys);
                (mending, taken)
            };
            let taken;
            (mending, taken) = offload(take).await;
            if let Err(error) = taken {
                tracing::warn!(%session, %holder, envelope = %digest, %error, "seeds");
                lock(&holders.0).wrong.insert(holder);
            }
        }
        let Some(part) = mending.part() else { return Ok(None) };
        self.keep_mended(envelope, digest, part).await.map(Some)
    }

    /// Put a mended part on disk, sealed to this node, and then into memory.
    async fn keep_mended(
        self: &Arc<Self>,
        envelope: &Arc<Envelope>,
        digest: Digest,
        part: Part,
    ) -> Result<Arc<Opened>, StorageError> {
        let session = envelope.body.session;
        let (node, sealing) = (Arc::clone(self), Arc::clone(envelope));
        let (part, sealed) = offload(move || {
            let key = node.keys.sealing.public();
            let sealed = seal_part(&sealing.body.context(), node.me, &part, key);
            (part, sealed)
        })
        .await;
        match sealed {
            Ok(sealed) => self.store.put_part(session, digest, sealed).await?,
            // Without randomness nothing is promised that rests on the part; see the caller.
            Err(error) => {
                return Err(StorageError::Unreadable { what: "part", detail: error.to_string() });
            }
        }
        tracing::info!(%session, envelope = %digest, "a part was put together from other nodes' seeds");
        Ok(self.keep_part(envelope, digest, part))
    }

    /// The other nodes, beginning with another one for each envelope, so that all are asked alike.
    fn others_from(&self, digest: Digest) -> impl Iterator<Item = NodeIndex> + use<> {
        let others: Vec<NodeIndex> = self.scheme().all().without(self.me).iter().collect();
        let first = usize::from(digest.0[0]) % others.len().max(1);
        others.clone().into_iter().skip(first).chain(others.into_iter().take(first))
    }
}
