//! What `gavel bench` measures, and the figures that come out. How they are shown is for `cli`.
//!
//! - [`engine`]: comparisons and auctions among nodes that do nothing else
//! - [`intake`]: a flood of bidders at a whole net of servers
//! - [`program`]: this program, started once more
//! - [`usage`]: memory and processor time of a process
//! - [`error`]: why there is no figure

pub mod engine;
pub mod error;
pub mod intake;
pub mod program;
pub mod usage;

pub use error::BenchError;
