//! Shamir shares of numbers, in batches, and shares that are made without a message.
//!
//! - [`batch`]: a batch of shared numbers: sums, public factors, picking positions
//! - [`shamir`]: splitting a number, putting shares together, and telling which share is wrong
//! - [`pseudorandom`]: random shares and shares of zero, from the keys of an attempt
//! - [`components`]: a number as a participant splits it: a seed per set and a correction

pub mod batch;
pub mod components;
pub mod pseudorandom;
pub mod shamir;

pub use batch::SharedNumbers;
pub use pseudorandom::Pseudorandom;
