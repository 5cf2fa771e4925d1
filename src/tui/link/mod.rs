//! The servers: what is asked of them and what they say.
//!
//! - [`connection`]: the connections, and who uses them
//! - [`watch`]: health, sessions and live events, as long as the program runs
//! - [`own`]: our bids as they are on disk
//! - [`runner`]: carries out the requests that `update` asks for

pub mod connection;
pub mod own;
pub mod runner;
pub mod watch;
