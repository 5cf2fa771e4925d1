//! How bytes get from one process to another.
//!
//! - [`tls`]: TLS 1.3 pinned to the roster
//! - [`target`]: the address and the key of a server to be reached
//! - [`connect`]: a TLS connection to a target
//! - [`error`]: why a request or a stream failed
//! - [`server`]: listening, limits, access, metrics
//! - [`client`]: the JSON client for one server
//! - [`streams`]: streams between nodes, and channels within one process
//! - [`net`]: how other processes are reached; a simulation replaces it

pub mod client;
pub mod connect;
pub mod error;
pub mod net;
pub mod server;
pub mod streams;
pub mod target;
pub mod tls;

pub use client::PeerClient;
pub use error::HttpError;
pub use net::{Internet, Net};
pub use streams::{AttemptChannel, PeerStatus};
pub use target::Target;
