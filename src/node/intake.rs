//! Every check of an envelope that needs this node's key.

use std::sync::Arc;

use super::parts::Opened;
use super::state::NodeState;
use crate::base::offload::offload;
use crate::identity::Digest;
use crate::session::envelope::EnvelopeError;
use crate::session::exclusion::ExclusionReason;
use crate::session::part::{self, Part};
use crate::session::{Announcement, Envelope};

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
        Ok(self.keep_part(envelope, digest, part))
    }

    /// Keep a part of an envelope that was just opened or mended.
    pub(super) fn keep_part(&self, envelope: &Envelope, digest: Digest, part: Part) -> Arc<Opened> {
        let (correction, cohort) = (envelope.body.correction.clone(), envelope.cohort());
        let part = Arc::new(Opened { correction, cohort, part });
        self.parts.keep(envelope.body.session, digest, Arc::clone(&part));
        part
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
