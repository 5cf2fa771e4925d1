//! What both servers are made of.
//!
//! - [`listen`]: binding a port, the server on it
//! - [`host`]: a server that runs until it is stopped
//! - [`connections`]: how many connections a port has room for
//! - [`access`]: who may call what
//! - [`limits`]: rates, requests at work, deadlines
//! - [`observe`], [`metrics`]: ids of requests, the log's spans, figures for Prometheus
//! - [`drain`]: what is left of a body after the answer
//! - [`reply`]: bodies, problems and event streams
//! - [`relay`]: handing a request on to another replica

pub mod access;
pub mod connections;
pub mod drain;
pub mod host;
pub mod limits;
pub mod listen;
pub mod metrics;
pub mod observe;
pub mod relay;
pub mod reply;
