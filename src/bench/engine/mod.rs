//! Comparisons and auctions among nodes that do nothing else: each node a process of its own,
//! linked over TLS on loopback, or all of them in this process.
//!
//! - [`asked`]: what to measure
//! - [`measure`]: one measurement from its inputs to its figures
//! - [`work`]: random inputs, and what plain arithmetic makes of them
//! - [`inputs`]: shares of the inputs, made from seeds
//! - [`job`]: one run, measured
//! - [`lines`]: what the lines between the nodes are like, measured idle
//! - [`cluster`]: all nodes, as the bench drives them
//! - [`worker`]: one node, as it follows
//! - [`pipe`]: what the two say to each other
//! - [`link`]: the route on which the other nodes dial a worker
//! - [`report`]: the figures

pub mod asked;
pub mod cluster;
pub mod inputs;
pub mod job;
pub mod lines;
pub mod link;
pub mod measure;
pub mod pipe;
pub mod report;
pub mod work;
pub mod worker;
