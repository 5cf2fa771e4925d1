//! Auctions of one lot.
//!
//! - [`kind`]: first and second price, forward and reverse
//! - [`reference`]: the plain reference that the protocols are tested against

pub mod kind;
pub mod reference;

pub use kind::Kind;
