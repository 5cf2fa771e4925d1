//! What is kept, and where: a SQLite file that belongs to one process (write-ahead mode), or a
//! PostgreSQL database that several processes share. Everything is on disk before it is
//! acknowledged.
//!
//! - [`node`]: what one node keeps: sessions, envelopes, receipts given
//! - [`coordinator`]: what the coordinator keeps: sessions, admissions, attempts, the timeline
//! - [`accounts`]: who may use the coordinator: accounts, invitations, refresh tokens
//! - [`documents`]: a session's signed documents and its phase, for node and coordinator alike
//! - `pauses`: orders to pause and to go on, for node and coordinator alike
//! - [`variables`]: variables that stay after their job, for node and coordinator alike
//! - [`address`]: where a store is, and the settings of a connection to it
//! - [`database`]: an open store
//! - [`role`]: what only one process may be at a time
//! - [`backup`]: a copy of a store, and a store from a copy
//! - [`error`]: what can go wrong, and whose fault it is
//! - [`disk`]: where a simulation lets commits fail
//! - `lease`: who has a role on a server, and until when
//! - `mark`: what lies beside a store and tells when the store has lost something
//! - `writer`: the way to the one writing task; concurrent writes share a durable commit
//! - `desk`: the writing task: group commits, the mark, connections and roles
//! - `sql`: running one statement on either kind of database
//! - `column`: how types are stored in columns
//! - `migrate`: integrity and migrations
//! - `fixtures`: a store of either kind, for tests
//!
//! Node and coordinator may live in one database. It never holds a plain bid, a plain share, a plain
//! seed, a password, a token or a private key: shares that stay, and what a dealer has in stock, are
//! encrypted by their node, passwords are hashed with Argon2id, codes and tokens with SHA-256,
//! envelopes are kept sealed and masked as they came, and a session file is kept without the bids that
//! a demo's file lists.
//!
//! Every statement and every migration is written once and runs on both kinds of database. The
//! tests run on both where `GAVEL_TEST_POSTGRES_URL` names a server.

pub mod accounts;
pub mod address;
pub mod backup;
mod column;
pub mod coordinator;
pub mod database;
mod desk;
pub mod disk;
pub mod documents;
pub mod error;
#[cfg(test)]
pub(crate) mod fixtures;
mod lease;
mod mark;
mod migrate;
pub mod node;
mod pauses;
pub mod role;
mod sql;
pub mod variables;
mod writer;

pub use accounts::AccountStore;
pub use address::Address;
pub use coordinator::CoordinatorStore;
pub use database::{Database, Opening};
pub use disk::{Disk, Fate};
pub use error::{Behind, DocumentKind, StorageError};
pub use node::NodeStore;
pub use role::{Fence, Leadership, Tenure};
pub use variables::Stored;
