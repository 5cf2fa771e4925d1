//! Protocols on replicated shares of elements of a prime field, secure against nodes that lie, as
//! those on bits are.
//!
//! - `terms`: sums of products of one round, and this node's part of each
//! - `stripes`: into how many pieces large batches are cut
//! - [`multiply`]: products, and sums of products
//! - [`matrix`]: products of matrices
//! - [`random`]: random shared elements, integers and bits
//! - [`open`]: making shared elements public
//! - [`keep`]: shared elements that are to stay at the nodes
//! - [`from_bits`]: elements from shared bits
//! - [`to_bits`]: bits of shared elements
//! - [`compare`]: comparing, choosing, dividing
//! - [`decide`]: comparisons, equalities and divisions of one batch
//! - `cost`: predicted rounds, products and bytes

pub mod compare;
mod cost;
pub mod decide;
pub mod from_bits;
pub mod keep;
pub mod matrix;
pub mod multiply;
pub mod open;
pub mod random;
mod stripes;
pub(in crate::protocol) mod terms;
pub mod to_bits;

pub use crate::protocol::proof::record::Arithmetic;
