//! Variables that stay at the nodes after their job: what everyone knows of one, and what a job
//! leaves behind.
//!
//! What is secret of it, a node's components, is no part of this. Its *version* is a hash of all that
//! is here, the digests of all components among it. So nodes whose versions are the same hold shares
//! of one value, and a job that loads it says by the version which one it means.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::answer::Answer;
use super::graph::{Action, Graph, Kind};
use super::prime::Prime;
use super::question::Question;
use super::range::Range;
use super::status::Status;
use super::step::{Expected, Operation};
use crate::base::bytes;

/// The digest of one component of a stored variable, blinded for whoever does not hold it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(#[serde(with = "bytes::fixed")] pub [u8; 32]);

/// Which one a stored variable is. Shown in base64url.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(#[serde(with = "bytes::fixed")] pub [u8; 32]);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bytes::encode(&self.0))
    }
}

impl FromStr for Version {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = bytes::decode(text).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("a version has 43 base64url characters")
    }
}

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

/// A stored variable that a job loads, as its terms have it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// What it goes by.
    pub name: String,
    /// What it is to be shared over.
    pub field: Prime,
    /// What else it is to be.
    pub expected: Expected,
}

impl Wanted {
    /// Whether a stored variable is the one that is meant.
    pub fn is(&self, stored: &StoredVariable) -> bool {
        let Expected { range, owner, version } = &self.expected;
        stored.name == self.name
            && stored.field == self.field
            && stored.range == *range
            && stored.owner == *owner
            && stored.version() == *version
    }
}

/// What the outcome of a job changes of what nodes keep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A variable stays.
    Keep {
        /// The variable.
        variable: StoredVariable,
        /// The step that made it.
        step: String,
    },
    /// What is stored under a name goes away.
    Forget {
        /// The name.
        name: String,
    },
}

impl Question {
    /// The stored variables that it loads.
    pub fn wanted(&self) -> Vec<Wanted> {
        let wanted = self.steps.iter().filter_map(|step| match &step.operation {
            Operation::Load { stored, expected, .. } => {
                Some(Wanted { name: stored.clone(), field: self.field, expected: expected.clone() })
            }
            _ => None,
        });
        wanted.collect()
    }

    /// What an answer leaves behind, in the order of the terms: what stays, then what goes away.
    pub fn changes<E>(&self, answer: &Answer<E>) -> Vec<Change> {
        let Ok(graph) = self.graph() else { return Vec::new() };
        let kept = graph.keeps.iter().zip(&answer.kept);
        let mut changes: Vec<Change> = kept
            .filter_map(|(&variable, digests)| {
                let step = graph.steps[graph.maker(variable)?].id.clone();
                let variable = stays(&graph, variable, digests.clone()?);
                Some(Change::Keep { variable, step })
            })
            .collect();
        let statuses = graph.statuses(&answer.handed_in());
        for (step, status) in graph.steps.iter().zip(statuses) {
            let Action::Forget { variable } = step.action else { continue };
            let loaded = graph.loads.iter().find(|load| load.variable == variable);
            let Some(load) = loaded.filter(|_| status == Status::Completed) else { continue };
            // What takes its place stays.
            if !self.keep.contains(&load.stored) {
                changes.push(Change::Forget { name: load.stored.clone() });
            }
        }
        changes
    }
}

fn stays(graph: &Graph, variable: usize, digests: Vec<Fingerprint>) -> StoredVariable {
    let variable = &graph.variables[variable];
    let owner = match variable.kind {
        Kind::Private(owner) => graph.owners.get(owner).cloned(),
        Kind::Shared | Kind::Public(_) => None,
    };
    StoredVariable {
        name: variable.name.clone(),
        field: graph.prime,
        range: variable.range,
        owner,
        generation: 0,
        digests,
    }
}

impl<E: Clone> Answer<E> {
    /// The same without digests of shares.
    #[must_use]
    pub fn without_digests(&self) -> Self {
        let kept = self.kept.iter().map(|kept| kept.as_ref().map(|_| Vec::new())).collect();
        Self { kept, ..self.clone() }
    }
}

#[cfg(test)]
#[path = "stored_tests.rs"]
mod tests;
