//! Protocols on replicated shares of bits.
//!
//! - [`context`]: a context with what bits need: components held, and duties in an AND
//! - [`assignment`]: which node computes which products of components
//! - [`cost`]: rounds, gates and bytes before they are spent
//! - `gates`: gates to be computed in one round, and this node's part of each
//! - [`and`]: the AND of shared bits
//! - `sizes`: how large messages are
//! - [`stripes`]: how large batches are cut up
//! - `lanes`: large batches, stripe by stripe, so that computing and sending overlap
//! - [`beside`]: work that goes on side by side
//! - [`open`]: making shared values public
//! - [`less_than`]: comparing shared numbers
//! - [`select`]: one of several shared numbers, by shared bits
//! - [`maximum`]: the largest of many, by a tournament
//! - [`second_price`]: the largest of those that lost to the winner
//! - [`range_check`]: which numbers are at most a public one
//! - `columns`: the shape of sums: planes by weight, round by round
//! - [`add`]: the sum of two shared numbers
//! - [`sum`]: sums of many shared numbers, and counts of shared bits
//! - [`best`]: which are the m best of many, and the best of the others
//! - [`rank`]: how many others beat each number; the m best of some thousand
//! - [`search`]: the m best of very many

pub mod add;
pub mod and;
pub mod assignment;
pub mod beside;
pub mod best;
mod columns;
pub mod context;
pub mod cost;
mod gates;
mod lanes;
pub mod less_than;
pub mod maximum;
pub mod open;
pub mod range_check;
pub mod rank;
pub mod search;
pub mod second_price;
pub mod select;
mod sizes;
pub mod stripes;
pub mod sum;

pub use context::BitContext;
pub use cost::CostModel;
