//! What a node does in `gavel bench`: the engine of an attempt without storage and bidders.
//!
//! - [`inputs`]: shares of random inputs, made from seeds
//! - [`job`]: one run, measured
//! - [`lines`]: what the lines between the nodes are like, measured idle
//! - [`link`]: the route on which the other nodes dial this one

pub mod inputs;
pub mod job;
pub mod lines;
pub mod link;
