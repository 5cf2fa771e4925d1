//! What is kept, and where: one SQLite file per process, in write-ahead mode, on disk before
//! anything is acknowledged.
//!
//! - [`error`]: what can go wrong, and whose fault it is
//! - [`database`]: opening a file: mode, integrity, migrations, readers
//! - [`disk`]: where a simulation takes hold of a store
//! - `writer`: the one writing task; concurrent writes share a durable commit
//! - `column`: between columns and types
//! - [`node`]: what one node keeps: sessions, envelopes, receipts given
//! - [`accounts`]: who may use the coordinator: accounts, invitations, refresh tokens
//! - [`coordinator`]: what the coordinator keeps: sessions, admissions, attempts, the timeline
//!
//! Both stores may live in one file. Nothing in it is a plain bid, a share, a seed, a password, a
//! token or a private key: passwords are hashed with Argon2id, codes and tokens with SHA-256, envelopes are kept as they came, sealed and masked, and a session file is kept
//! without the bids that a demo's file lists.
//!
//! The data statements use nothing that only SQLite has, so that the same ones run on PostgreSQL.

pub mod accounts;
mod column;
pub mod coordinator;
pub mod database;
pub mod disk;
pub mod error;
pub mod node;
mod writer;

pub use accounts::AccountStore;
pub use coordinator::CoordinatorStore;
pub use database::Database;
pub use disk::{Disk, Fate};
pub use error::StorageError;
pub use node::NodeStore;
