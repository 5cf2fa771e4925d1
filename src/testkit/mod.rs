//! For tests, benches and fuzz targets: a world of nodes in one process, faulty channels, a printed
//! seed, and pieces that need no server.
//!
//! - [`world`]: all nodes of a computation, over channels in memory
//! - [`faulty`]: a channel that misbehaves at a chosen message
//! - [`numbers`]: shared numbers for a world
//! - [`wiretap`]: what went over the channels
//! - [`mod@reference`]: plain twins of the protocols, and inputs to try them on
//! - [`fuzz`]: what outside bytes must never do, one function per place where they come in
//! - [`paperwork`]: a roster, an announcement and admissions, all signed, with their keys
//! - [`entries`]: entries of any number of fields, and what their envelopes hold
//! - [`bad_bidder`]: envelopes that a node must refuse or exclude
//! - [`servers`]: a coordinator and a node as routers, without sockets
//!
//! Nothing here is called by the product itself, which is built without it: the room is behind the
//! feature `testkit`, and the crate's tests and benches turn it on. What goes wrong in a test's world ends the test,
//! so panics are the right answer there.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

pub mod bad_bidder;
pub mod entries;
pub mod faulty;
pub mod fuzz;
pub mod numbers;
pub mod paperwork;
pub mod reference;
pub mod servers;
pub mod wiretap;
pub mod world;

pub use faulty::{Fault, Misdeed};
pub use numbers::NumberInputs;
pub use world::{Inputs, World};
