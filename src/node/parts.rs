//! Opened parts of envelopes.
//!
//! A part is opened when the envelope arrives, and kept in memory until the session is decided; on
//! disk there are only sealed envelopes. After a restart it is opened again, and so is what found no
//! room: with many bidders, the parts of all of them take more memory than their shares will.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::base::lock;
use crate::identity::{Blob, Digest};
use crate::session::SessionId;
use crate::session::part::Part;
use crate::sharing::seed::SEED_BYTES;

/// What a node takes from an envelope into a computation.
pub struct Opened {
    /// The bid masked by all components, as published.
    pub correction: Blob,
    /// The position of the cohort that it counts in, where the coordinator assigned one.
    pub cohort: Option<u8>,
    /// The node's own part. Wiped when it is dropped.
    pub part: Part,
}

/// Most bytes of opened parts that are kept.
const MOST: usize = 64 << 20;

/// What a part takes besides its seeds and the correction.
const EACH: usize = 256;

impl Opened {
    fn bytes(&self) -> usize {
        EACH + self.part.seeds().len() * SEED_BYTES + self.correction.0.len()
    }
}

/// Opened parts by session and envelope.
#[derive(Default)]
pub struct PartCache(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    parts: HashMap<SessionId, HashMap<Digest, Arc<Opened>>>,
    bytes: usize,
}

impl PartCache {
    /// A part that was opened before.
    pub fn find(&self, session: SessionId, envelope: &Digest) -> Option<Arc<Opened>> {
        lock(&self.0).parts.get(&session)?.get(envelope).cloned()
    }

    /// Keep a part that was just opened, if there is room for it.
    pub fn keep(&self, session: SessionId, envelope: Digest, part: Arc<Opened>) {
        let mut kept = lock(&self.0);
        let bytes = part.bytes();
        if kept.bytes + bytes <= MOST
            && kept.parts.entry(session).or_default().insert(envelope, part).is_none()
        {
            kept.bytes += bytes;
        }
    }

    /// Forget one envelope's part: the envelope was not taken.
    pub fn remove(&self, session: SessionId, envelope: &Digest) {
        let mut kept = lock(&self.0);
        let gone = kept.parts.get_mut(&session).and_then(|parts| parts.remove(envelope));
        kept.bytes -= gone.map_or(0, |part| part.bytes());
    }

    /// Forget a session that is decided or cancelled.
    pub fn forget(&self, session: SessionId) {
        let mut kept = lock(&self.0);
        let gone = kept.parts.remove(&session).unwrap_or_default();
        kept.bytes -= gone.values().map(|part| part.bytes()).sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use crate::node::parts::*;
    use crate::sharing::Seed;

    const ONE: SessionId = SessionId([1; 16]);

    fn opened(seeds: usize) -> Arc<Opened> {
        let seeds = (0..seeds).map(|_| Seed::from_bytes([1; SEED_BYTES])).collect();
        let (correction, part) = (Blob(vec![0; 8]), Part::new(seeds));
        Arc::new(Opened { correction, cohort: None, part })
    }

    #[test]
    fn memory_is_bounded_and_comes_back() {
        let cache = PartCache::default();
        let large = opened(100_000);
        let fit = MOST / large.bytes();
        let digest = |number: usize| Digest([u8::try_from(number).unwrap(); 32]);
        for number in 0..fit + 2 {
            cache.keep(ONE, digest(number), Arc::clone(&large));
            // Twice the same counts once.
            cache.keep(ONE, digest(number), Arc::clone(&large));
        }
        assert!(cache.find(ONE, &digest(fit - 1)).is_some());
        assert!(cache.find(ONE, &digest(fit)).is_none(), "there was no room");
        cache.remove(ONE, &digest(0));
        cache.keep(SessionId([2; 16]), digest(fit), Arc::clone(&large));
        assert!(cache.find(SessionId([2; 16]), &digest(fit)).is_some());
        cache.forget(ONE);
        cache.forget(SessionId([2; 16]));
        assert_eq!(lock(&cache.0).bytes, 0);
    }
}
