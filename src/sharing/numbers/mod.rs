//! Shamir shares of numbers in batches, and what can be had of them without a message.
//!
//! - [`batch`]: a batch of shared numbers: sums, public factors, picking places
//! - [`shamir`]: numbers as values of polynomials; putting shares together, and whose do not fit
//! - [`pseudorandom`]: random shares and shares of zero, from the keys of an attempt
//! - [`components`]: a number as a bidder splits it: a seed per set and a correction

pub mod batch;
pub mod components;
pub mod pseudorandom;
pub mod shamir;

pub use batch::SharedNumbers;
pub use pseudorandom::Pseudorandom;
