//! For tests, benches and fuzz targets: a world of nodes in one process, faulty channels, a printed
//! seed, and pieces that need no server.
//!
//! - [`world`]: all nodes of a computation, over channels in memory
//! - [`failure`]: one error type for whatever a program in a world may fail with
//! - [`faulty`]: a channel that misbehaves at a chosen message
//! - [`numbers`]: shared numbers for a world
//! - [`elements`]: replicated elements of a field for a world
//! - [`material`]: a batch of material for two parties
//! - [`handover`]: a dealing of shared elements anew, from one roster to another
//! - [`wiretap`]: every message that went over the channels
//! - [`mod@reference`]: plain twins of the protocols, and inputs to try them on
//! - [`fuzz`]: what outside bytes must never do, one function per place where they come in
//! - [`paperwork`]: a roster, an announcement and admissions, all signed, with their keys
//! - [`entries`]: entries of any number of fields, and what their envelopes hold
//! - [`bad_bidder`]: envelopes that a node must refuse or exclude
//! - [`scores`]: terms of scored auctions, and scores signed by both parties
//! - [`servers`]: a coordinator and a node as routers, without sockets
//!
//! The product is built without this room; it is behind the feature `testkit`, which tests and
//! benches turn on. Its helpers panic on failure, because that ends the test.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

pub mod bad_bidder;
pub mod elements;
pub mod entries;
pub mod failure;
pub mod faulty;
pub mod fuzz;
pub mod handover;
pub mod material;
pub mod numbers;
pub mod paperwork;
pub mod reference;
pub mod scores;
pub mod servers;
pub mod wiretap;
pub mod world;

pub use crate::transport::streams::lying::{At, Lie};
pub use elements::ElementInputs;
pub use failure::Failure;
pub use faulty::{Fault, Misdeed};
pub use numbers::NumberInputs;
pub use world::{Inputs, World};
