//! Streams between nodes.
//!
//! - [`upgrade`]: turning a connection into a stream between two nodes
//! - [`frame`]: the format of what goes over a stream
//! - [`mesh`]: one stream to every other node, kept up, and the channels over them
//! - [`memory`]: channels within one process

pub mod frame;
pub mod memory;
pub mod mesh;
pub mod upgrade;

pub use mesh::{AttemptChannel, Mesh, MeshOptions, PeerStatus};
