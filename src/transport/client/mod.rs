//! The JSON client for one server.
//!
//! - [`carrier`]: what carries requests in place of HTTPS
//! - [`http`]: requests, replies, events

pub mod carrier;
pub mod http;

pub use http::PeerClient;
