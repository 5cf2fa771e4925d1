//! Protocols on Shamir shares of numbers.
//!
//! - [`context`]: a context with what numbers need: polynomials and weights
//! - [`open`]: making shared numbers public, checked
//! - [`multiply`]: products and inner products
//! - [`random_bits`]: shared random bits, by the root of an opened square
//! - [`fold`]: which of two bit patterns is larger, in a tree of (z, Z) pairs
//! - [`comparison`]: comparing shared numbers, after the paper of 2008
//! - [`maximum`]: the largest of many, by a tournament
//! - [`range_check`]: which numbers, of all elements of the field, are at most a public one
//! - [`degree_check`]: whether all nodes hold shares of one polynomial
//! - [`cost`]: predicted rounds, products and bytes

pub mod comparison;
pub mod context;
pub mod cost;
pub mod degree_check;
pub mod fold;
pub mod maximum;
pub mod multiply;
pub mod open;
pub mod random_bits;
pub mod range_check;

pub use context::NumberContext;
pub use cost::NumberCosts;
