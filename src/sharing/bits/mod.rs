//! Replicated shares of bits, in planes.
//!
//! - [`planes`]: loops over planes of machine words
//! - [`batch`]: batches of shared bits and of shared numbers, bit-sliced
//! - [`layout`]: rearranging the positions and planes of a batch

pub mod batch;
pub mod layout;
pub mod planes;

pub use batch::{Holding, KeptPlane, Plane, ShapeError, SharedBits};
