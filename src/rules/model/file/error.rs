//! What is wrong with a model's files, and what to do about it.

use crate::rules::model::{StructureError, WeightsError};

/// Why files are no model.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ModelFileError {
    /// Not an ONNX file.
    #[error("this is not an ONNX file, or a damaged one ({0}); export the model again")]
    Onnx(String),
    /// Not a safetensors file.
    #[error("this is not a safetensors file, or a damaged one ({0}); save the weights again")]
    Safetensors(String),
    /// An operator that is not computed.
    #[error(
        "node {node} is a {operator}, which is not computed; a model is a chain of Gemm, or MatMul and \
         Add, with Relu, Sigmoid and at the end ArgMax: export it without {operator}"
    )]
    Operator {
        /// The node, by its name or its place.
        node: String,
        /// As ONNX calls it.
        operator: String,
    },
    /// A node that does not go on from the one before.
    #[error(
        "node {node} ({operator}) does not take the result of the node before it; a model is one chain, \
         without branches"
    )]
    Branch {
        /// The node, by its name or its place.
        node: String,
        /// As ONNX calls it.
        operator: String,
    },
    /// An option of a node that is not computed.
    #[error("node {node} ({operator}) has {attribute} = {value}, which is not computed; {wanted}")]
    Attribute {
        /// The node, by its name or its place.
        node: String,
        /// As ONNX calls it.
        operator: String,
        /// The attribute.
        attribute: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        wanted: &'static str,
    },
    /// A graph with several inputs or none.
    #[error("the graph has {0} inputs; a model takes one sheet of numbers")]
    Inputs(usize),
    /// What the graph gives out is not the end of the chain.
    #[error("the graph's output {0:?} is not the result of its last node; export that one alone")]
    Output(String),
    /// Not as many features as the graph says.
    #[error("the graph's input has {said} numbers, and its first weights are for {got}")]
    Features {
        /// By the input's shape.
        said: usize,
        /// By the first weights.
        got: usize,
    },
    /// A tensor that is not there.
    #[error("there is no tensor {name:?} in the file of weights; it has {have}")]
    NoTensor {
        /// Its name.
        name: String,
        /// Names of some that are there.
        have: String,
    },
    /// A tensor without a number.
    #[error("tensor {0:?} has no numbers: a side of its shape is 0")]
    Empty(String),
    /// Layers or weights beyond what a model has.
    #[error("there are more than {most} {what}, and a model has no more")]
    Many {
        /// What is too much.
        what: &'static str,
        /// The most.
        most: usize,
    },
    /// A tensor whose numbers lie in another file.
    #[error("tensor {0:?} lies in a file of its own; export the model as a single file")]
    External(String),
    /// A tensor of other numbers.
    #[error(
        "tensor {name:?} has numbers of the type {dtype}; save it as float32, float64 or a half of it"
    )]
    Type {
        /// Its name.
        name: String,
        /// The type.
        dtype: String,
    },
    /// A tensor of the wrong shape.
    #[error("tensor {name:?} has the shape {shape}; {wanted}")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape.
        shape: String,
        /// What would do.
        wanted: String,
    },
    /// A tensor that has not as many numbers as its shape says.
    #[error(
        "tensor {name:?} has {got} numbers where its shape takes {expected}; the file is damaged"
    )]
    Short {
        /// Its name.
        name: String,
        /// By its shape.
        expected: usize,
        /// In the file.
        got: usize,
    },
    /// A number that is none.
    #[error(
        "tensor {0:?} has a number that is not finite (NaN or infinite); train or save it again"
    )]
    NotFinite(String),
    /// A layer of the table that lacks something.
    #[error("layer {layer} of the table: {wrong}")]
    Layer {
        /// Which, from 1.
        layer: usize,
        /// What is wrong, and what to do.
        wrong: &'static str,
    },
    /// The table says other layers than the ONNX file.
    #[error(
        "the table has {table} as layer {layer}, and the ONNX file {file}; leave the layers out, or list all"
    )]
    Different {
        /// Which, from 1.
        layer: usize,
        /// As the table says.
        table: String,
        /// As the file says.
        file: String,
    },
    /// The table of layers says nothing of them.
    #[error("the table has no [[layers]], which a safetensors file needs: it has weights alone")]
    NoLayers,
    /// No model.
    #[error(transparent)]
    Structure(#[from] StructureError),
    /// The weights do not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}
