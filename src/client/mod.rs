//! The typed client; splitting and sealing an entry; receipts.
//!
//! - [`split`]: from the values of an entry's fields to a sealed, signed envelope
//! - [`score`]: a signed score, as a file holds it
//! - [`reply`]: what the answer tells a participant alone
//! - [`told`]: how much a participant trades, read from a checked record
//! - [`quantities`]: how much each participant trades, as the nodes disclose it to the operator
//! - [`letters`]: what one node, or the client, alone is told, put together from the nodes' letters
//! - [`amount`]: what can be said of an amount or an order before it is handed in
//! - [`approval`]: a job's steps as a node was told them, for its operator
//! - [`bid`]: placing a bid, from admission to receipts
//! - [`bid_error`]: why one is not in
//! - `again`: asking again while a server is away or busy
//! - `hand_in`: handing it to one node
//! - [`state`]: the envelopes and receipts that a bidder keeps
//! - [`pause`]: waiting for a session that is paused
//! - [`network`]: a roster's coordinator and nodes
//! - [`coordinator`]: the coordinator's API
//! - [`rosters`]: rosters from servers that nothing is known of
//! - [`material`]: models, and batches of material for two parties
//! - [`node`]: a node's API as a bidder uses it
//! - [`account`]: logging in, and looking after accounts
//! - [`login`]: a login that several clients share and refresh
//! - [`error`]: why a request failed

pub mod account;
pub mod again;
pub mod amount;
pub mod approval;
pub mod bid;
pub mod bid_error;
pub mod coordinator;
pub mod error;
mod hand_in;
pub mod letters;
pub mod login;
pub mod material;
pub mod network;
pub mod node;
pub mod pause;
pub mod quantities;
pub mod reply;
pub mod rosters;
pub mod score;
pub mod split;
pub mod state;
pub mod told;

pub use error::ClientError;
pub use network::Network;
pub use split::{BidAmount, EntryValues, Sealed, SplitError, make_entry, make_envelope};
