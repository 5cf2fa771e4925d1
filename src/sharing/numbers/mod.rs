//! Shamir shares of numbers in batches, and what can be had of them without a message.
//!
//! - [`batch`]: a batch of shared numbers: sums, public factors, picking places
//! - [`pseudorandom`]: random shares and shares of zero, from the keys of an attempt
//! - [`components`]: a number as a bidder splits it: a seed per set and a correction

pub mod batch;
pub mod components;
pub mod pseudorandom;

pub use batch::SharedNumbers;
pub use pseudorandom::Pseudorandom;
