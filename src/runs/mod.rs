//! From terms to protocol calls: the plan, what it costs, and the run.
//!
//! - [`shares`]: from envelopes in the manifest to the shares that a node computes with
//! - [`range`]: which entries have all their fields in range
//! - [`plan`]: how a run is to go, chosen from what has been measured
//! - [`auction`]: the run of an auction, on bits and on numbers

pub mod auction;
pub mod plan;
pub mod range;
pub mod shares;
