//! gavel: sealed-bid auctions without a trusted auctioneer.
//!
//! Several organisations that do not trust each other each run a *node*. Bidders split their bid
//! into one share per node; the nodes compute winner and price by multi-party computation and
//! open nothing else.
//!
//! The rooms of the house, from the ground up. A room uses only rooms above it in this list
//! (`tests/floors.rs` fails on a forbidden `use`):
//!
//! - [`base`]: time, text that is fit to show, locks, work off the runtime's threads
//! - [`field`]: prime fields: 2^61-1, 2^127-1 and 256 bits; encodings refuse what is not canonical
//! - [`sharing`]: node sets, schemes, keys; replicated shares of bits, Shamir shares of numbers
//! - [`protocol`]: joint computation, one protocol a file; knows no HTTP, no files, no clock
//! - [`rules`]: pure: what a session asks and what may be answered, one folder per kind
//! - [`identity`]: key pairs, signed statements, roster, tokens, sealing
//! - [`session`]: the papers of one session and its phases; knows no kind
//! - [`runs`]: terms into protocol calls: plan, cost, progress; one folder per kind
//! - [`storage`]: what is kept, and where
//! - [`wire`]: request and reply types, paths, error bodies, the description of the API
//! - [`transport`]: servers, the client, streams between nodes; TLS pinned to the roster
//! - [`node`]: the node's server
//! - [`coordinator`]: opening, closing, retrying; accounts; watching the nodes
//! - [`client`]: the typed client; splitting and sealing an entry; receipts
//! - [`tui`]: the terminal UI: state, input, view, link
//! - [`bench`]: `gavel bench`: processes, lines, reports
//! - [`cli`]: commands, text and JSON output, the demo
//! - `testkit` (behind a feature): a world of nodes in one process; faulty channels; a printed seed

pub mod base;
pub mod bench;
pub mod cli;
pub mod client;
pub mod coordinator;
pub mod field;
pub mod identity;
pub mod node;
pub mod protocol;
pub mod rules;
pub mod runs;
pub mod session;
pub mod sharing;
pub mod storage;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
pub mod transport;
pub mod tui;
pub mod wire;
