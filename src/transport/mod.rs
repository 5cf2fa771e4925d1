//! How bytes get from one process to another.
//!
//! - [`tls`]: TLS 1.3 pinned to the roster
//! - [`listen`]: binding a port, the server on it
//! - [`places`]: connections that a port has room for
//! - [`access`]: who may call what, for both servers
//! - [`limits`]: rates, requests at work, deadlines, for both servers
//! - [`observe`], [`metrics`]: ids of requests, the log's spans, figures for Prometheus
//! - [`rest`]: what is left of a body after the answer
//! - [`reply`]: bodies, problems and event streams, for both servers
//! - [`error`]: why a request or a stream did not come about
//! - [`http`]: the JSON client for one server
//! - [`stream`]: a connection turned into a stream between two nodes
//! - [`frame`]: what goes over such a stream
//! - [`mesh`]: one stream to every other node, kept up, and the channels over them
//! - [`memory`]: channels within one process
//! - [`net`]: the way to other processes, which a simulation replaces
//! - [`aside`]: work that would hold up the async threads

pub mod access;
pub mod aside;
pub mod error;
pub mod frame;
pub mod http;
pub mod limits;
pub mod listen;
pub mod memory;
pub mod mesh;
pub mod metrics;
pub mod net;
pub mod observe;
pub mod places;
pub mod relay;
pub mod reply;
pub mod rest;
pub mod stream;
pub mod tls;

pub use error::HttpError;
pub use http::PeerClient;
pub use mesh::{AttemptChannel, Mesh, MeshOptions, PeerStatus};
pub use net::{Internet, Net};
