//! The run of an auction.
//!
//! - [`bits`]: the run that turns terms into protocol calls
//! - [`numbers`]: the run on numbers, with the comparison of the paper

pub mod bits;
pub mod numbers;
