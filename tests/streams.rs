//! Streams and requests between nodes over real sockets on loopback: TLS, upgrade, HTTP/2.

// Helpers of tests may fail the test, as tests themselves may.
#![allow(clippy::unwrap_used, clippy::panic)]

mod streams {
    pub mod http;
    pub mod mesh;
    pub mod rosters;
    pub mod world;
}
