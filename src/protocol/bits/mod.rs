//! Protocols on replicated shares of bits.
//!
//! - [`assignment`]: which node computes which products of components
//! - [`cost`]: rounds, gates and bytes before they are spent
//! - `gates`: gates to be computed in one round, and this node's part of each
//! - [`and`]: the AND of shared bits
//! - [`stripes`]: large batches, cut up so that computing and sending overlap
//! - [`open`]: making shared values public
//! - [`less_than`]: comparing shared numbers
//! - [`select`]: one of two shared numbers, by a shared bit
//! - [`maximum`]: the largest of many, by a tournament
//! - [`second_price`]: the largest of those that lost to the winner
//! - [`range_check`]: which numbers are at most a public one

pub mod and;
pub mod assignment;
pub mod cost;
mod gates;
pub mod less_than;
pub mod maximum;
pub mod open;
pub mod range_check;
pub mod second_price;
pub mod select;
pub mod stripes;

pub use cost::CostModel;
