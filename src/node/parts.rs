//! Opened parts of envelopes.
//!
//! A part is opened once, when the envelope arrives, and kept in memory until the session is
//! decided; on disk there are only sealed envelopes. After a restart it is opened again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::base::lock;
use crate::identity::{Blob, Digest};
use crate::session::SessionId;
use crate::session::part::Part;

/// What a node takes from an envelope into a computation.
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

    /// Keep a part that was just opened.
    pub fn keep(&self, session: SessionId, envelope: Digest, part: Arc<Opened>) {
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

    /// Forget a session that is decided or cancelled.
    pub fn forget(&self, session: SessionId) {
        lock(&self.0).remove(&session);
    }
}
