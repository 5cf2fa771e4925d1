//! The JSON client for one server.
//!
//! - [`http`]: typed requests and replies over HTTPS, and live events
//! - [`carrier`]: what may carry requests in place of HTTPS

pub mod carrier;
pub mod http;

pub use http::PeerClient;
