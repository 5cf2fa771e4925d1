//! The roster that stored variables are handed over to, as the terms of a job have it. It is text here:
//! whoever knows rosters compares it.

use serde::{Deserialize, Serialize};

use super::version::Fingerprint;
use crate::sharing::Scheme;

/// The roster that variables are handed over to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Next {
    /// Nodes and threshold.
    pub scheme: Scheme,
    /// Its digest.
    pub digest: Fingerprint,
    /// All of it, signed, as JSON.
    pub roster: String,
}

impl Next {
    /// Its digest as people compare it: 16 groups of four digits.
    pub fn grouped(&self) -> String {
        let (pairs, _) = self.digest.0.as_chunks::<2>();
        let groups = pairs.iter().map(|[first, second]| format!("{first:02x}{second:02x}"));
        groups.collect::<Vec<String>>().join("-")
    }
}

/// What a component of the other roster goes by in digests.
pub fn piece_name(place: usize) -> String {
    format!("component {}", place + 1)
}
