//! Comparisons and auctions among nodes that do nothing else: each node a process of its own,
//! linked over TLS on loopback, or all of them in this process.
//!
//! - [`asked`]: what to measure
//! - [`measure`]: one measurement from its inputs to its figures
//! - [`work`]: random inputs, and what plain arithmetic makes of them
//! - [`inputs`]: shares of those inputs, made from seeds
//! - [`products`]: products of shared elements
//! - [`dealers`]: material that dealers make for two parties
//! - [`task`]: the part that is timed: from shares to the outcome
//! - [`lines`]: delay and bandwidth between the nodes, measured while nothing runs
//! - [`cluster`]: all nodes, as the bench drives them
//! - [`worker`]: one node, as it follows the bench's orders
//! - [`pipe`]: the messages between cluster and worker
//! - [`link`]: the route on which the other nodes dial a worker
//! - [`report`]: what is printed at the end

pub mod asked;
pub mod cluster;
pub mod dealers;
pub mod inputs;
pub mod lines;
pub mod link;
pub mod measure;
pub mod pipe;
pub mod products;
pub mod report;
pub mod task;
pub mod work;
pub mod worker;
