//! Variables that stay at the nodes after their job: what everyone knows of one.
//!
//! What is secret of it, a node's components, is no part of this. Its *version* is a hash of all that
//! is here, the digests of all components among it. So nodes whose versions are the same hold shares
//! of one value, and a job that loads it says by the version which one it means.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::prime::Prime;
use super::range::Range;
use super::version::{Fingerprint, Version};

/// What everyone knows of a stored variable.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredVariable {
    /// What it goes by.
    pub name: String,
    /// What it is shared over.
    pub field: Prime,
    /// Where it lies.
    pub range: Range,
    /// The participant who alone knows it, if it is private.
    pub owner: Option<String>,
    /// How often it was shared anew since its job.
    pub generation: u32,
    /// The digests of all components, in the order of the scheme's sets.
    pub digests: Vec<Fingerprint>,
}

impl StoredVariable {
    /// Which one it is.
    pub fn version(&self) -> Version {
        let mut hash = Sha256::new().chain_update(b"gavel/v1/stored-variable\0");
        let mut text = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        text(&self.name);
        text(self.field.name());
        text(&self.range.to_string());
        // Nobody goes by an empty name.
        text(self.owner.as_deref().unwrap_or_default());
        hash.update(self.generation.to_le_bytes());
        for digest in &self.digests {
            hash.update(digest.0);
        }
        Version(hash.finalize().into())
    }

    /// Who knows it, in words.
    pub fn known_to(&self) -> String {
        match &self.owner {
            Some(owner) => format!("private to {owner}"),
            None => "shared".to_owned(),
        }
    }
}
