//! Joint computation: one protocol a file. Knows no HTTP, no files, no clock.
//!
//! - [`channel`]: how a protocol sends to and receives from another node
//! - [`error`]: what can go wrong, and whose doing it is
//! - [`ledger`]: what has been opened, and what it took
//! - [`context`]: who takes part, keys, channel, step name
//! - [`assignment`]: which node computes which products of components
//! - [`cost`]: rounds, gates and bytes before they are spent
//! - [`tactics`]: how rounds are traded for bytes
//! - `gates`: gates to be computed in one round, and this node's part of each
//! - [`and`]: the AND of shared bits
//! - [`stripes`]: large batches, cut up so that computing and sending overlap
//! - [`open`]: making shared values public
//! - [`less_than`]: comparing shared numbers
//! - [`select`]: one of two shared numbers, by a shared bit
//! - [`bracket`]: the shape of a tournament
//! - [`maximum`]: the largest of many, by a tournament
//! - [`second_price`]: the largest of those that lost to the winner
//! - [`range_check`]: which numbers are at most a public one
//! - [`numbers`]: all this on Shamir shares of numbers over a prime field

pub mod and;
pub mod assignment;
pub mod bracket;
pub mod channel;
pub mod context;
pub mod cost;
pub mod error;
mod gates;
pub mod ledger;
pub mod less_than;
pub mod maximum;
pub mod numbers;
pub mod open;
pub mod range_check;
pub mod second_price;
pub mod select;
pub mod stripes;
pub mod tactics;

pub use channel::{Channel, ChannelError, StepId};
pub use context::Context;
pub use cost::{Cost, CostModel};
pub use error::{EstablishError, ProtocolError};
pub use ledger::{Counters, Opening};
pub use tactics::Tactics;
