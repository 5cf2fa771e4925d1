//! Protocols on replicated shares of elements of a prime field, secure against nodes that lie, as
//! those on bits are.
//!
//! - `terms`: sums of products of one round, and this node's part of each
//! - [`multiply`]: products, and sums of products
//! - [`random`]: random shared elements
//! - [`open`]: making shared elements public

pub mod multiply;
pub mod open;
pub mod random;
pub(in crate::protocol) mod terms;

pub use crate::protocol::proof::record::Arithmetic;
