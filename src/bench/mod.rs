//! Nodes of `gavel bench`: each in a process of its own, linked over TLS on loopback, or all in
//! this process.
//!
//! - [`inputs`]: shares of random inputs, made from seeds
//! - [`job`]: one run, measured
//! - [`lines`]: what the lines between the nodes are like, measured idle
//! - [`link`]: the route on which the other nodes dial this one
//! - [`pipe`]: what is said between the bench and its nodes
//! - [`member`]: a node's side
//! - [`party`]: the bench's side
//! - [`report`]: the figures, as JSON and as a table
//! - [`intake`], [`town`], [`intake_report`]: a flood of bidders at a whole net

pub mod inputs;
pub mod intake;
pub mod intake_report;
pub mod job;
pub mod lines;
pub mod link;
pub mod member;
pub mod party;
pub mod pipe;
pub mod report;
pub mod town;

use crate::session::SessionId;

/// The session that bench frames belong to.
const SESSION: SessionId = SessionId(*b"gavel bench 0001");

/// Attempt in which the lines are measured.
const LINES: u32 = 1;

/// Attempt that is the run.
const RUN: u32 = 2;
