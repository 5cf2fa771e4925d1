//! What is kept, and where: an SQLite file of one process, in write-ahead mode, or a PostgreSQL
//! database that several share. On disk before anything is acknowledged.
//!
//! - [`error`]: what can go wrong, and whose fault it is
//! - [`address`]: where a store is: a file, or a server by its URL; what a connection is set to
//! - [`database`]: an open store
//! - [`backup`]: a copy of a store, and a store from a copy
//! - [`disk`]: where a simulation takes hold of a store
//! - [`role`]: what only one process may be at a time
//! - `migrate`: integrity and migrations
//! - `sql`: one way to run a statement on both
//! - `writer`: the one writing task; concurrent writes share a durable commit
//! - [`documents`]: a session's signed documents and its phase, for both stores
//! - `column`: between columns and types
//! - [`node`]: what one node keeps: sessions, envelopes, receipts given
//! - [`accounts`]: who may use the coordinator: accounts, invitations, refresh tokens
//! - [`coordinator`]: what the coordinator keeps: sessions, admissions, attempts, the timeline
//!
//! Both stores may live in one database. Nothing in it is a plain bid, a share, a seed, a password,
//! a token or a private key: passwords are hashed with Argon2id, codes and tokens with SHA-256,
//! envelopes are kept as they came, sealed and masked, and a session file is kept
//! without the bids that a demo's file lists.
//!
//! Every statement and every migration is written once and runs on both; the tests run on both
//! where `GAVEL_TEST_POSTGRES_URL` names a server.

pub mod accounts;
pub mod address;
pub mod backup;
mod column;
pub mod coordinator;
pub mod database;
pub mod disk;
pub mod documents;
pub mod error;
#[cfg(test)]
pub(crate) mod fixtures;
mod migrate;
pub mod node;
pub mod role;
mod sql;
mod writer;

pub use accounts::AccountStore;
pub use address::Address;
pub use coordinator::CoordinatorStore;
pub use database::Database;
pub use disk::{Disk, Fate};
pub use error::{DocumentKind, StorageError};
pub use node::NodeStore;
pub use role::Leadership;
