//! What both servers, node and coordinator, are made of.
//!
//! - [`listen`]: binding a port, and the server on it
//! - [`host`]: a server that runs until it is stopped
//! - [`connections`]: how many connections a port accepts
//! - [`access`]: who may call what, as a table of routes
//! - [`limits`]: rates, requests at work, deadlines
//! - [`observe`]: around every request: its id, a span of the log, its place in the metrics
//! - [`metrics`]: counts and durations for Prometheus
//! - [`drain`]: reads what a refused request left unread
//! - [`reply`]: JSON bodies, problem documents and event streams
//! - [`paper`]: the papers of a closing as bodies and replies
//! - [`relay`]: handing a request on to another replica

pub mod access;
pub mod connections;
pub mod drain;
pub mod host;
pub mod limits;
pub mod listen;
pub mod metrics;
pub mod observe;
pub mod paper;
pub mod relay;
pub mod reply;
