//! What both servers, node and coordinator, are made of.
//!
//! - [`listen`]: binding a port
//! - [`serve`]: taking connections in at a port, and serving a router over each
//! - [`host`]: a server that runs until it is stopped
//! - [`site`]: what is served at one port, under which roster
//! - [`files`]: how many connections the process has files for
//! - [`connections`]: which connections a port holds, and which one goes for another
//! - [`turns`]: whose TLS handshake is worked on next
//! - [`life`]: how long a connection may go on, and what it may cost
//! - [`stream`]: a connection's bytes, with its place
//! - [`proxy`]: what a balancer says of a connection's address
//! - [`access`]: who may call what, as a table of routes
//! - [`limits`]: rates, requests at work, deadlines
//! - [`bodies`]: reading the bodies of strangers' requests
//! - [`fair`]: a bounded amount that addresses share
//! - [`address`]: by which part of its address a caller is counted
//! - [`observe`]: around every request: its id, a span of the log, its place in the metrics
//! - [`metrics`]: counts and durations for Prometheus
//! - [`drain`]: reads what a refused request left unread
//! - [`reply`]: JSON bodies, problem documents and event streams
//! - [`paper`]: the papers of a closing as bodies and replies
//! - [`relay`]: handing a request on to another replica

pub mod access;
pub mod address;
pub mod bodies;
pub mod connections;
pub mod drain;
pub mod fair;
pub mod files;
pub mod host;
pub mod life;
pub mod limits;
pub mod listen;
pub mod metrics;
pub mod observe;
pub mod paper;
pub mod proxy;
pub mod relay;
pub mod reply;
pub mod serve;
pub mod site;
pub mod stream;
pub mod turns;
