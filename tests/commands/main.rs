//! The built program from the command line, one process per organisation.
//!
//! - [`walkthrough`]: a first network, from keys to verification
//! - [`demo`]: `gavel demo`
//! - [`errors`]: wrong input gets one clear line
//! - [`accounts`]: operators, invitations, bidding by account
//! - [`people`]: invitations from tables, who has handed in, and pauses
//! - [`backup`]: backup and recovery
//! - [`quantities`]: what a market's operator alone is told
//! - [`readme`]: the walk through the README, as written there
//! - [`rosters`]: a coordinator that serves a roster of invented nodes
//! - [`exchange`]: five nodes become five others in one step
//! - [`rotation`]: new keys of a node while a session is open
//! - [`replicas`]: nodes on PostgreSQL
//! - [`figures`]: a server's figures and its log for machines
//! - [`engine`]: `gavel bench` of the engine
//! - [`intake`]: `gavel bench intake`
//! - [`score`]: models, and scores by two parties
//! - [`parties`]: demos of scores, whose servers and parties are processes
//! - [`survey`]: surveys, in the demo and between organisations
//! - [`compose`]: what compose.yaml tells gavel to do
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, too, may end the test

#[path = "../common/mod.rs"]
mod common;

mod accounts;
mod apart;
mod backup;
mod changes;
mod compose;
mod demo;
mod engine;
mod errors;
mod exchange;
mod figures;
mod handover;
mod intake;
mod job;
mod parties;
mod people;
mod quantities;
mod readme;
mod replicas;
mod rosters;
mod rotation;
mod score;
mod survey;
mod walkthrough;
