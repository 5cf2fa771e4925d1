//! Models that score a sheet of data: what is public of one, its weights in fixed point, and what it
//! means in the clear.
//!
//! - [`structure`]: layers, sizes, and between which numbers every value lies
//! - [`fixed`]: numbers with a point at a fixed place
//! - [`weights`]: a model's weights, and how precise its scores are
//! - [`sigmoid`]: the sigmoid by pieces
//! - [`mod@reference`]: a score computed in the clear, with real numbers
//! - [`mod@file`]: models as they are written down: TOML with safetensors, ONNX
//!
//! Public are the structure, its bounds, and whatever the parties agree to open; the weights are the
//! owner's and the sheet is the client's.

pub mod file;
pub mod fixed;
pub mod reference;
pub mod sigmoid;
pub mod structure;
pub mod weights;

pub use structure::{Layer, MAX_LAYERS, MAX_WEIGHTS, Structure, StructureError};
pub use weights::{Dense, Weights, WeightsError};

#[cfg(test)]
mod tests;
