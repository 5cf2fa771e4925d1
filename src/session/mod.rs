//! One session's life.
//!
//! - [`id`]: session ids
//! - [`announcement`]: the terms as the coordinator signs them
//! - [`envelope`]: a bid as handed in, and every check of it
//! - [`part`]: what is sealed to one node, and its check against the commitments
//! - [`receipt`]: what a node signs for an envelope
//! - [`phase`]: the pure transition function
//! - [`exclusion`]: why an envelope does not take part
//! - [`bundle`]: inventories, verdicts, and the bundle of both
//! - [`manifest`]: the one signed list of envelopes
//! - [`outcome`]: the outcome and its signatures
//! - [`progress`]: events while a session lives and computes
//! - [`record`]: everything public about a session, checked offline

pub mod announcement;
pub mod bundle;
pub mod envelope;
pub mod exclusion;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod id;
pub mod manifest;
pub mod outcome;
pub mod part;
pub mod phase;
pub mod progress;
pub mod receipt;
pub mod record;

pub use announcement::Announcement;
pub use envelope::Envelope;
pub use id::SessionId;
pub use manifest::Manifest;
pub use outcome::Outcome;
pub use phase::Phase;
pub use receipt::Receipt;
