//! The JSON client for one server.
//!
//! - [`http`]: typed requests and replies over HTTPS, and live events
//! - [`grpc`]: calls over gRPC whose answer is a stream
//! - [`carrier`]: what may carry requests in place of HTTPS

pub mod carrier;
pub mod grpc;
pub mod http;

pub use http::PeerClient;
