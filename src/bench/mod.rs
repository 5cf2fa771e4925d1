//! What `gavel bench` measures, and the figures that come out. How they are shown is for `cli`.
//!
//! - [`engine`]: comparisons and auctions among nodes that do nothing else
//! - [`intake`]: a flood of bidders at a whole network of servers
//! - [`usage`]: memory and processor time of a process
//! - [`error`]: why a bench ended without figures

pub mod engine;
pub mod error;
pub mod intake;
pub mod usage;

pub use error::BenchError;
