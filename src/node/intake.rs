//! Every check of an envelope that needs this node's key, and the opened parts.
//!
//! A part is opened once, when the envelope arrives, and kept in memory until the session is
//! decided; on disk there are only sealed envelopes. After a restart it is opened again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::NodeState;
use crate::base::lock;
use crate::base::offload::offload;
use crate::identity::{Blob, Digest};
use crate::session::closing::ExclusionReason;
use crate::session::envelope::EnvelopeError;
use crate::session::part::{self, Part};
use crate::session::{Announcement, Envelope, SessionId};

/// What a node computes with of an envelope.
pub struct Opened {
    /// The bid masked by all components, as published.
    pub correction: Blob,
    /// The node's own part. Wiped when it is dropped.
    pub part: Part,
}

/// Opened parts by session and envelope.
#[derive(Default)]
pub struct PartCache(Mutex<HashMap<SessionId, HashMap<Digest, Arc<Opened>>>>);

impl PartCache {
    /// A part that was opened before.
    pub fn find(&self, session: SessionId, envelope: &Digest) -> Option<Arc<Opened>> {
        let parts = lock(&self.0);
        parts.get(&session)?.get(envelope).cloned()
    }

    fn keep(&self, session: SessionId, envelope: Digest, part: Arc<Opened>) {
        let mut parts = lock(&self.0);
        parts.entry(session).or_default().insert(envelope, part);
    }

    /// Forget one envelope's part: the envelope was not taken.
    pub fn remove(&self, session: SessionId, envelope: &Digest) {
        let mut parts = lock(&self.0);
        if let Some(parts) = parts.get_mut(&session) {
            parts.remove(envelope);
        }
    }

    /// Forget a session that is decided or called off.
    pub fn forget(&self, session: SessionId) {
        lock(&self.0).remove(&session);
    }
}

/// Why an envelope is refused.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// Something everybody can see.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Something only this node can see.
    #[error("{}", .0.explain())]
    Part(ExclusionReason),
}

impl NodeState {
    /// Check an envelope in full: shape, signatures, and this node's own part, which is opened and
    /// kept. Takes about half a millisecond of processor time, away from the async threads.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub async fn check_envelope(
        self: &Arc<Self>,
        announcement: &Arc<Announcement>,
        envelope: Arc<Envelope>,
    ) -> Result<Digest, IntakeError> {
        let (node, announcement) = (Arc::clone(self), Arc::clone(announcement));
        offload(move || {
            let digest = envelope.digest();
            envelope.check(&announcement, node.scheme(), &node.roster.body.coordinator.key)?;
            node.open_part(&envelope, digest).map_err(IntakeError::Part)?;
            Ok(digest)
        })
        .await
    }

    /// This node's part of an envelope, opened now or before.
    ///
    /// # Errors
    /// Why the part cannot be used.
    pub fn open_part(
        &self,
        envelope: &Envelope,
        digest: Digest,
    ) -> Result<Arc<Opened>, ExclusionReason> {
        let session = envelope.body.session;
        if let Some(part) = self.parts.find(session, &digest) {
            return Ok(part);
        }
        let part = self.open_sealed(envelope)?;
        let part = Arc::new(Opened { correction: envelope.body.correction.clone(), part });
        self.parts.keep(session, digest, Arc::clone(&part));
        Ok(part)
    }

    /// Open this node's part with the key in use or, where it was sealed under another roster, with
    /// an earlier one.
    fn open_sealed(&self, envelope: &Envelope) -> Result<Part, ExclusionReason> {
        let mut reason = ExclusionReason::PartUnreadable;
        for keys in self.keys.sealing_keys() {
            match part::open_part(envelope, self.me, self.scheme(), keys) {
                Err(ExclusionReason::PartUnreadable) => {}
                Err(other) => reason = other,
                Ok(part) => return Ok(part),
            }
        }
        Err(reason)
    }
}
