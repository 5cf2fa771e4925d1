//! One file per command: its arguments, what it does, and how it tells the result.
//!
//! - [`demo`]: a whole auction on this machine
//! - [`init`], [`roster`], [`rotate`]: keys, cards and rosters
//! - [`serve`]: node and coordinator
//! - [`backup`]: saving a home and restoring it
//! - [`account`], [`login`]: accounts and invitations, for operators and for their holders
//! - [`session`], [`plan`]: sessions, and how one would be computed
//! - [`bid`], [`receipt`], [`verify`]: bidding, what it left here, and checking a record
//! - [`tui`]: the screens
//! - [`mod@bench`]: measuring the engine and the intake
//! - [`completions`], [`man`]: the command line itself, for shells and for `man`

pub mod account;
pub mod backup;
pub mod bench;
pub mod bid;
pub mod completions;
pub mod demo;
pub mod init;
pub mod login;
pub mod man;
pub mod plan;
pub mod receipt;
pub mod roster;
pub mod rotate;
pub mod serve;
pub mod session;
pub mod tui;
pub mod verify;
