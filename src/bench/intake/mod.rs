//! A flood of honest bidders at a whole net of servers.
//!
//! - [`flood`]: the bidders, and the session that they bid in
//! - [`servers`]: coordinator and nodes, each a process of `gavel serve`
//! - [`report`]: the figures

pub mod flood;
pub mod report;
pub mod servers;
