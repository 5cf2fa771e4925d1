//! Streams between nodes, and between two parties.
//!
//! - [`upgrade`]: turning a connection into a stream between two nodes
//! - [`frame`]: the format of what goes over a stream
//! - [`mesh`]: one stream to every other node, kept up, and the channels over them
//! - [`memory`]: channels within one process
//! - [`line`](mod@line): papers and messages between two parties over one connection
//! - [`lying`]: a channel that tells a lie, for the demo and for tests

pub mod frame;
pub mod line;
pub mod lying;
pub mod memory;
pub mod mesh;
pub mod upgrade;

pub use mesh::{AttemptChannel, Mesh, MeshOptions, PeerStatus};
