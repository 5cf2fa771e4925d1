//! A model as it is written down: a table of layers (TOML) that names tensors of a safetensors file, or
//! an ONNX file, which says its layers itself. Pure: files are read elsewhere, and given as bytes.
//!
//! - [`written`]: the table of layers
//! - [`tensor`]: tensors, and the numbers that they are made of
//! - `onnx`: ONNX files, and `graph` what of them is a model
//! - `piece`: a layer with its weights
//! - [`build`]: from layers and tensors to a structure and its weights
//! - [`error`]: what is wrong with a file, and what to do

pub mod build;
pub mod error;
mod graph;
mod onnx;
mod piece;
pub mod tensor;
pub mod written;

pub use build::{Defaults, Model, from_onnx, from_tensors};
pub use error::ModelFileError;
pub use tensor::{Tensor, safetensors};
pub use written::{Features, Written};

#[cfg(test)]
mod tests;
