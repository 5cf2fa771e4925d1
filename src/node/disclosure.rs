//! What this node discloses to the operator of a session whose terms say so
//! ([`crate::session::disclosure`]): made when the outcome comes, and kept on disk with it.
//!
//! By then every node that signed the manifest has a usable part of every entry on its disk. Nothing
//! is asked of others: a node without a part says that it has none, and the operator has it from the
//! rest. Later the parts that were mended are gone, and the keys that opened the others may be too.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};

use super::parts::Opened;
use super::state::NodeState;
use super::verdict::FETCHES;
use crate::base::offload::offload;
use crate::identity::sealing::SealingError;
use crate::identity::{Digest, Signed, Statement as _};
use crate::session::disclosure::{Disclosing, told};
use crate::session::{Announcement, Disclosure, Envelope, Manifest, Outcome, SessionId};
use crate::storage::StorageError;

/// Why nothing can be disclosed now.
#[derive(Debug, thiserror::Error)]
pub enum DiscloseError {
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StorageError),
    /// The operating system gives no randomness.
    #[error(transparent)]
    Sealing(#[from] SealingError),
}

/// An envelope, and this node's part of it.
type Held = (Arc<Envelope>, Arc<Opened>);

impl NodeState {
    /// What this node discloses of an outcome; none where the terms disclose nothing.
    ///
    /// # Errors
    /// When the store fails, or the operating system gives no randomness.
    pub(super) async fn disclose(
        self: &Arc<Self>,
        announcement: &Announcement,
        manifest: &Manifest,
        outcome: &Outcome,
    ) -> Result<Option<Signed<Disclosure>>, DiscloseError> {
        let Some(key) = announcement.terms.question.disclosed_to() else { return Ok(None) };
        let session = announcement.session;
        let entries: Vec<Digest> =
            told(manifest, outcome).into_iter().map(|entry| entry.envelope).collect();
        let mut disclosing = Disclosing::new(self.scheme(), self.me, entries.len());
        let mut held =
            stream::iter(entries).map(|envelope| self.held(session, envelope)).buffered(FETCHES);
        while let Some(entry) = held.next().await {
            let entry = entry?;
            let entry = entry.as_ref().map(|(envelope, opened)| (&**envelope, &opened.part));
            disclosing.add(entry);
        }
        drop(held);
        if self.bends_disclosures() {
            disclosing.bend();
        }
        let (key, outcome) = (key.clone(), outcome.digest());
        let sealed = offload(move || disclosing.seal(session, outcome, &key)).await?;
        Ok(Some(Signed::new(sealed, &self.keys.identity)))
    }

    /// An envelope with this node's part of it, as far as both are here.
    async fn held(
        self: &Arc<Self>,
        session: SessionId,
        digest: Digest,
    ) -> Result<Option<Held>, StorageError> {
        let Some(envelope) = self.store.envelope(session, digest).await? else { return Ok(None) };
        let envelope = Arc::new(envelope);
        let part = self.own_part(&envelope, digest).await?;
        Ok(part.map(|part| (envelope, part)))
    }
}
