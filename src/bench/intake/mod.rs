//! A flood of honest bidders at a whole network of servers.
//!
//! - [`flood`]: the bidders, and the session that they bid in
//! - [`servers`]: coordinator and nodes, each a process of `gavel serve`
//! - [`report`]: bids per minute, waiting times, memory and disk

pub mod flood;
pub mod report;
pub mod servers;
