//! For tests, benches and the demo: pieces of the world that need no server.
//!
//! - [`paperwork`]: a roster, an announcement and admissions, all signed, with their keys
//! - [`bad_bidder`]: envelopes that a node must refuse or exclude

pub mod bad_bidder;
pub mod paperwork;
