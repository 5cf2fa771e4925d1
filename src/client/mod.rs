//! The typed client; splitting and sealing an entry.
//!
//! - [`split`]: from the values of an entry's fields to a sealed, signed envelope
//! - [`state`]: the envelopes and receipts that a bidder keeps
//! - [`network`]: a roster's coordinator and nodes
//! - [`coordinator`]: the coordinator's API
//! - [`node`]: a node's API as a bidder uses it
//! - [`login`]: a login that is refreshed while clients use it
//! - [`account`]: logging in, and looking after accounts
//! - [`bid`]: placing a bid, from admission to receipts
//! - [`error`]: why a request did not do what was asked

pub mod account;
pub mod bid;
pub mod coordinator;
pub mod error;
pub mod login;
pub mod network;
pub mod node;
pub mod split;
pub mod state;

pub use error::ClientError;
pub use network::Network;
pub use split::{BidAmount, EntryValues, SplitError, make_entry, make_envelope};
