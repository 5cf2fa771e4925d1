//! The papers of one session, and its phases. Knows no kind of session.
//!
//! - [`id`]: the random id of a session
//! - [`announcement`]: the terms as the coordinator signs them
//! - [`envelope`]: an entry as handed in, and every check of it that needs no private key
//! - [`part`]: what is sealed to one node, and its check against the commitments
//! - [`seeds`]: how a node whose part does not fit gets its seeds from other nodes
//! - [`naming`]: the proof that the coordinator gave one name to several keys
//! - [`receipt`]: what a node signs for an envelope
//! - [`phase`]: which phase follows which, as a pure function
//! - [`exclusion`]: why an envelope does not take part
//! - [`bundle`]: inventories and verdicts, and the bundle of both
//! - [`bundle_error`]: what is wrong with one
//! - [`manifest`]: the one signed list of envelopes
//! - [`accusation`]: a node's signed word that others lied in an attempt, and what follows from many
//! - [`outcome`]: the answer, with the nodes' signatures
//! - [`disclosure`]: what a node seals to the operator of what participants alone are told
//! - [`handover`]: stored variables on their way to the nodes of another roster
//! - [`letters`]: what nodes seal to one node, or to the client, of what it alone is told
//! - [`pause`]: the coordinator's signed order to take no entries for a while, or to go on
//! - [`papers`]: what one server holds of a session, for another that lacks it
//! - [`care`]: which sessions are looked after under which of a server's rosters
//! - [`progress`]: events while a session lives and computes
//! - [`dealing`]: what is signed of stocks of material, by owners, clients and dealers
//! - [`scoring`]: what is signed of models, of batches of material, and of scores
//! - [`carried`]: the score that an entry comes with, where the terms count scores
//! - [`course`]: how a run went, to look back at
//! - [`shortage`]: too few nodes are there, or reach each other
//! - [`record`]: everything public about a session, checked offline
//! - `fixtures`: a made-up session, for tests

pub mod accusation;
pub mod announcement;
pub mod bundle;
pub mod bundle_error;
pub mod care;
pub mod carried;
pub mod course;
pub mod dealing;
pub mod disclosure;
pub mod envelope;
pub mod exclusion;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod handover;
pub mod id;
pub mod letters;
pub mod manifest;
pub mod naming;
pub mod outcome;
pub mod papers;
pub mod part;
pub mod pause;
pub mod phase;
pub mod progress;
pub mod receipt;
pub mod record;
pub mod scoring;
pub mod seeds;
pub mod shortage;

pub use accusation::Accusation;
pub use announcement::Announcement;
pub use disclosure::Disclosure;
pub use envelope::Envelope;
pub use handover::Parcel;
pub use id::SessionId;
pub use letters::Letters;
pub use manifest::Manifest;
pub use outcome::Outcome;
pub use phase::Phase;
pub use receipt::Receipt;
pub use shortage::Shortage;
