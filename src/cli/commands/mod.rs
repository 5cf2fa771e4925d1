//! One file per command: its arguments, what it does, and how it tells the result.
//!
//! - [`demo`]: a whole auction on this machine
//! - [`init`]: keys for a node, the coordinator or a bidder
//! - [`roster`]: making, updating, fetching and checking rosters
//! - [`rotate`]: new TLS and sealing keys for a node
//! - [`serve`]: running a node, the coordinator, or both
//! - [`tui`]: the screens, over servers that run elsewhere
//! - [`session`]: writing, opening, closing and watching sessions
//! - [`plan`]: how a session would be computed, and at what cost
//! - [`bid`]: handing in a bid
//! - [`survey`]: making, answering and reading surveys
//! - [`job`]: running jobs, and how far each step has come
//! - [`variable`]: variables that stay at the nodes after their job
//! - [`model`]: the models that this home scores with
//! - [`score`]: having a sheet of data scored, and checking a score
//! - [`receipt`]: the receipts that this home keeps
//! - [`verify`]: checking a record, and receipts against it
//! - [`quantities`]: how much each participant of a market trades, for its operator
//! - [`people`]: who has handed in to a session and who has not
//! - [`account`]: accounts, for operators
//! - [`invite`]: making, listing and revoking invitations
//! - [`login`]: joining, logging in and out
//! - [`backup`]: saving a home and restoring it
//! - [`mod@bench`]: measuring the engine and the intake
//! - [`completions`]: scripts that let a shell complete commands
//! - [`man`]: the manual page

pub mod account;
pub mod backup;
pub mod bench;
pub mod bid;
pub mod completions;
pub mod demo;
pub mod init;
pub mod invite;
pub mod job;
pub mod login;
pub mod man;
pub mod model;
pub mod people;
pub mod plan;
pub mod quantities;
pub mod receipt;
pub mod roster;
pub mod rotate;
pub mod score;
pub mod serve;
pub mod session;
pub mod survey;
pub mod tui;
pub mod variable;
pub mod verify;
