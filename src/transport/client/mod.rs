//! The JSON client for one server.
//!
//! - [`http`]: requests, replies, events

pub mod http;

pub use http::PeerClient;
