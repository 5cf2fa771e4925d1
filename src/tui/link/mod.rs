//! The servers: what is asked of them and what they say.
//!
//! - [`audit`]: checking a record here
//! - [`export`]: files that are written
//! - [`connection`]: the connections, and who uses them
//! - [`watch`]: health, sessions and live events, as long as the program runs
//! - [`jobs`]: variables that stay, and jobs that are let run
//! - [`own`]: our bids as they are on disk
//! - [`people`]: accounts and invitations, for operators
//! - [`stock`]: models and batches
//! - [`runner`]: carries out the requests that `update` asks for

pub mod audit;
pub mod connection;
pub mod export;
pub mod jobs;
pub mod own;
pub mod people;
pub mod runner;
pub mod stock;
pub mod watch;
