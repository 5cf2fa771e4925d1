//! Protocols on replicated shares of bits.
//!
//! What they stand on:
//!
//! - [`context`]: a context with what bits need: components held, and this node's duties in an AND
//! - [`assignment`]: which node computes which products of components
//! - `zeros`: shares of zero that have witnesses
//! - `gates`: the gates of one round, and this node's part of each
//! - [`and`]: the AND of shared bits
//! - [`stripes`]: into how many stripes a large batch is cut
//! - `lanes`: runs those stripes, so that computing and sending overlap
//! - [`beside`]: running pieces that do not wait for one another in the same rounds
//! - `sizes`: how large messages are
//! - [`cost`]: predicted rounds, gates and bytes
//!
//! Protocols:
//!
//! - [`open`]: making shared values public
//! - [`less_than`]: comparing shared numbers
//! - [`select`]: one of several shared numbers, by shared bits
//! - [`maximum`]: the largest of many, by a tournament
//! - `all_pairs`: the largest and the largest of the others, by comparing each with each
//! - [`second_price`]: the largest of those that lost to the winner
//! - [`range_check`]: which numbers are at most a public one
//! - `columns`: the shape of sums: how many planes of each weight, round by round
//! - [`add`]: the sum of two shared numbers
//! - [`sum`]: sums of many shared numbers, and counts of shared bits
//! - `pile`: planes that are to be added up, three to two
//! - `recipe`: what is added up for sums of squares and the like
//! - [`tally`]: sums, counts and sums of squares over many groups of positions
//! - [`equal`]: whether shared numbers are equal
//! - [`divide`]: the quotient of two shared numbers
//! - [`multiply`]: the product of two shared numbers
//! - [`square`]: the square of one
//! - [`totals`]: sums over a table of many entries with many fields
//! - [`prefix`]: for every position the sum of all numbers up to it
//! - [`combine`]: public multiples of shared numbers, added up
//! - [`proportion`]: what each gets where all are served in proportion
//! - [`best`]: what the next two find: the m best of many, and the best of the others
//! - [`rank`]: how many others beat each number, by comparing all pairs; up to some thousand
//!   numbers
//! - [`search`]: the m best of more than that, by searching for the best of the others
//! - [`nth`]: the numbers at some places in the order of many

pub mod add;
mod all_pairs;
pub mod and;
pub mod assignment;
pub mod beside;
pub mod best;
mod columns;
pub mod combine;
pub mod context;
pub mod cost;
pub mod divide;
pub mod equal;
pub(in crate::protocol) mod gates;
pub(in crate::protocol) mod lanes;
pub mod less_than;
pub mod maximum;
pub mod multiply;
pub mod nth;
pub mod open;
mod pile;
pub mod prefix;
pub mod proportion;
pub mod range_check;
pub mod rank;
mod recipe;
pub mod search;
pub mod second_price;
pub mod select;
pub(in crate::protocol) mod sizes;
pub mod square;
pub mod stripes;
pub mod sum;
pub mod tally;
pub mod totals;
pub(in crate::protocol) mod zeros;

pub use context::BitContext;
pub use cost::CostModel;
