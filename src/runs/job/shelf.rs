//! What a job takes from the variables that are stored at a node, and what it puts there.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::base::lock::lock;
use crate::sharing::stored::StoredShare;

/// The shares of stored variables that a run loads and keeps, and of what it tells some alone. Whoever starts the run has checked that
/// what it loads is what the terms mean.
#[derive(Default)]
pub struct Shelf {
    /// The session, which is bound into what is kept.
    pub session: [u8; 16],
    loaded: BTreeMap<String, StoredShare>,
    kept: Mutex<BTreeMap<String, StoredShare>>,
    told: Mutex<BTreeMap<usize, StoredShare>>,
}

impl Shelf {
    /// With what a session's job loads, by the names that it is stored under.
    pub fn new(session: [u8; 16], loaded: BTreeMap<String, StoredShare>) -> Self {
        Self { session, loaded, kept: Mutex::default(), told: Mutex::default() }
    }

    /// The share of a stored variable.
    pub fn loaded(&self, stored: &str) -> Option<&StoredShare> {
        self.loaded.get(stored)
    }

    /// Put a share there that is to stay.
    pub(super) fn put(&self, name: &str, share: StoredShare) {
        lock(&self.kept).insert(name.to_owned(), share);
    }

    /// Put the share there of what somebody alone is told, by its place among all that is.
    pub(super) fn tell(&self, place: usize, share: StoredShare) {
        lock(&self.told).insert(place, share);
    }

    /// What the run has put there for some alone, by place.
    pub fn take_told(&self) -> BTreeMap<usize, StoredShare> {
        std::mem::take(&mut *lock(&self.told))
    }

    /// What the run has put there, by name.
    pub fn take(&self) -> BTreeMap<String, StoredShare> {
        std::mem::take(&mut *lock(&self.kept))
    }
}
