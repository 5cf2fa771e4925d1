//! For tests and benches: a world of nodes in one process, faulty channels, a printed seed.
//!
//! - [`world`]: all nodes of a computation, over channels in memory
//! - [`faulty`]: a channel that misbehaves at a chosen message
//! - [`wiretap`]: what went over the channels
//! - [`reference`]: plain twins of the protocols, and inputs to try them on
//! - [`paperwork`]: a roster, an announcement and admissions, all signed, with their keys
//! - [`bad_bidder`]: envelopes that a node must refuse or exclude
//! - [`servers`]: a coordinator and a node as routers, without sockets
//!
//! Nothing here is called by the product itself. What goes wrong here ends the test, so panics are
//! the right answer.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

pub mod bad_bidder;
pub mod faulty;
pub mod paperwork;
pub mod reference;
pub mod servers;
pub mod wiretap;
pub mod world;

pub use faulty::{Fault, Misdeed};
pub use world::{Inputs, World};
