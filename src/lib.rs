//! gavel: sealed-bid auctions without a trusted auctioneer.
//!
//! Several organisations that do not trust each other each run a *node*. Bidders split their bid
//! into one share per node; the nodes compute who won and at what price by multi-party computation
//! and open nothing else.
//!
//! The rooms of the house start at the ground. A room uses only rooms listed before it;
//! `tests/floors/main.rs` fails on any other `use`.
//!
//! - [`base`]: time, text that is fit to show, locks, work off the async threads
//! - [`field`]: prime fields: 2^61-1, 2^127-1 and 256 bits; encodings refuse what is not canonical
//! - [`sharing`]: node sets, schemes, keys; replicated shares of bits, Shamir shares of numbers
//! - [`protocol`]: joint computation, one protocol per file; knows no HTTP, no files, no clock
//! - [`rules`]: what a session asks and what may be answered, one folder per kind; no I/O
//! - [`identity`]: key pairs, signed statements, roster, tokens, sealing
//! - [`session`]: the papers of one session and its phases; knows no kind of session
//! - [`runs`]: from terms to protocol calls: plan, cost, progress; one folder per kind
//! - [`dealer`]: material for two parties, from the dealers' shares to both halves
//! - [`storage`]: what is kept, in SQLite or PostgreSQL
//! - [`wire`]: request and reply types, paths, error bodies, the description of the API
//! - [`transport`]: servers, the client, streams between nodes; TLS pinned to the roster
//! - [`node`]: the node's server: taking envelopes, closing, computing
//! - [`coordinator`]: opening, closing, retrying; accounts; watching the nodes
//! - [`client`]: the typed client; splitting and sealing an entry; receipts
//! - [`scoring`]: scores between two processes, a model's owner and a client
//! - [`tui`]: the screens: state, input, view, link
//! - [`launch`]: starting this program again, as processes with homes
//! - [`mod@bench`]: what `gavel bench` measures: processes, lines, reports
//! - [`cli`]: commands, text and JSON output, the demo
//! - `testkit` (behind a feature): a world of nodes in one process; faulty channels; a printed seed

pub mod base;
pub mod bench;
pub mod cli;
pub mod client;
pub mod coordinator;
pub mod dealer;
pub mod field;
pub mod identity;
pub mod launch;
pub mod node;
pub mod protocol;
pub mod rules;
pub mod runs;
pub mod scoring;
pub mod session;
pub mod sharing;
pub mod storage;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
pub mod transport;
pub mod tui;
pub mod wire;
