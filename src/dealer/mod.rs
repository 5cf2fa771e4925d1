//! Dealers: nodes of a roster that make material for two parties ahead of time, without any of them
//! knowing it, and give it out in two halves.
//!
//! How it is made is in [`crate::protocol::material`], what a party holds in [`crate::sharing::pair`].
//!
//! - [`choice`]: which dealers give a batch out, in what portions, and which portion each of them
//! - [`convert`]: from a dealer's shares to what each party gets of a portion
//! - [`portions`]: digests of that
//! - [`vouch`]: what makers sign of a batch, and whether a dealer has sent something else
//! - [`stock`]: a batch's shares as they lie in a dealer's store

pub mod choice;
pub mod convert;
pub mod portions;
pub mod stock;
pub mod vouch;

pub use choice::{Choice, ChoiceError, Portion};
pub use convert::{ConvertError, for_owner, part_of, portion, seed_of};
