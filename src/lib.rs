//! gavel: sealed-bid auctions without a trusted auctioneer.
//!
//! Several organisations that do not trust each other each run a *node*. Bidders split their bid
//! into one share per node; the nodes compute winner and price by multi-party computation and
//! open nothing else.
//!
//! The rooms of the house, from the ground up. A room uses only rooms above it in this list
//! (`tests/floors.rs` fails on a forbidden `use`):
//!
//! - [`field`]: prime fields: 2^61-1, 2^127-1 and 256 bits; encodings refuse what is not canonical
//! - [`sharing`]: replicated shares of bits, Shamir shares of numbers, pseudorandom sharing keys
//! - [`protocol`]: joint computation, one protocol a file; knows no HTTP, no files, no clock
//! - [`auction`]: pure rules: terms, kinds, ties, the plain reference
//! - [`identity`]: key pairs, roster, tokens, sealing
//! - [`session`]: one session's life: envelopes, receipts, phases, manifest, the run, outcome
//! - [`storage`]: what is kept, and where
//! - [`wire`]: request and reply types, paths and error bodies
//! - [`transport`]: TLS pinned to the roster, streams between nodes, simulated delay
//! - [`node`]: the node's server
//! - [`coordinator`]: opening, closing, retrying; watching the nodes
//! - [`client`]: the typed client; splitting and sealing a bid
//! - [`tui`]: the terminal UI: model, update, screens
//! - [`cli`]: commands, text and JSON output
//! - [`testkit`]: a world of nodes in one process; faulty channels; a printed seed

pub mod auction;
pub mod cli;
pub mod client;
pub mod coordinator;
pub mod field;
pub mod identity;
pub mod node;
pub mod protocol;
pub mod session;
pub mod sharing;
pub mod storage;
pub mod testkit;
pub mod transport;
pub mod tui;
pub mod wire;
