//! How bytes get from one process to another.
//!
//! - [`tls`]: TLS 1.3 pinned to the roster
//! - [`listen`]: binding a port, the server on it
//! - [`error`]: why a request or a stream did not come about
//! - [`http`]: the JSON client for one server
//! - [`stream`]: a connection turned into a stream between two nodes
//! - [`frame`]: what goes over such a stream
//! - [`mesh`]: one stream to every other node, kept up, and the channels over them

pub mod error;
pub mod frame;
pub mod http;
pub mod listen;
pub mod mesh;
pub mod stream;
pub mod tls;

pub use error::HttpError;
pub use http::PeerClient;
pub use mesh::{AttemptChannel, Mesh, MeshOptions, PeerStatus};
