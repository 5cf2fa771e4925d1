//! The few messages of onnx.proto that a model needs, by their numbers there, and nothing else of it.

use std::fmt;

use prost::Message as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::error::ModelFileError;
use super::tensor::{Format, Tensor, half};

/// A file.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ModelProto {
    #[prost(message, optional, tag = "7")]
    pub graph: Option<GraphProto>,
}

/// A graph: nodes in an order in which each comes after those whose results it takes.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<NodeProto>,
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<TensorProto>,
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfoProto>,
}

/// A node.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct NodeProto {
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(string, tag = "4")]
    pub op_type: String,
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<AttributeProto>,
}

/// An option of a node.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AttributeProto {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(float, tag = "2")]
    pub f: f32,
    #[prost(int64, tag = "3")]
    pub i: i64,
    #[prost(message, optional, tag = "5")]
    pub t: Option<TensorProto>,
}

/// A tensor; wiped when dropped.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub(super) struct TensorProto {
    #[prost(int64, repeated, tag = "1")]
    pub dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    #[prost(string, tag = "8")]
    pub name: String,
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
    #[prost(double, repeated, tag = "10")]
    pub double_data: Vec<f64>,
    #[prost(int32, tag = "14")]
    pub data_location: i32,
}

/// The name and nothing of the numbers.
impl fmt::Debug for TensorProto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TensorProto").field(&self.name).finish()
    }
}

impl Drop for TensorProto {
    fn drop(&mut self) {
        self.float_data.zeroize();
        self.int32_data.zeroize();
        self.raw_data.zeroize();
        self.double_data.zeroize();
    }
}

/// An input or an output of a graph.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ValueInfoProto {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<TypeProto>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct TypeProto {
    #[prost(message, optional, tag = "1")]
    pub tensor_type: Option<TensorType>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct TensorType {
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShape>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct TensorShape {
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// A side of a shape: 0 where it has a name instead of a number.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct Dimension {
    #[prost(int64, tag = "1")]
    pub dim_value: i64,
}

/// The graph of a file.
pub(super) fn parse(bytes: &[u8]) -> Result<GraphProto, ModelFileError> {
    let model =
        ModelProto::decode(bytes).map_err(|error| ModelFileError::Onnx(error.to_string()))?;
    let graph = model.graph.filter(|graph| !graph.node.is_empty());
    graph.ok_or_else(|| ModelFileError::Onnx("it has no graph".to_owned()))
}

impl ValueInfoProto {
    /// The sides of its shape, where it has one; 0 for those that are open.
    pub(super) fn sides(&self) -> Option<Vec<usize>> {
        let shape = self.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref()?;
        Some(shape.dim.iter().map(|side| usize::try_from(side.dim_value).unwrap_or(0)).collect())
    }
}

impl TensorProto {
    /// Its shape and numbers.
    pub(super) fn tensor(&self, name: &str) -> Result<Tensor, ModelFileError> {
        if self.data_location != 0 {
            return Err(ModelFileError::External(name.to_owned()));
        }
        let shape = self.dims.iter().map(|&side| usize::try_from(side).unwrap_or(usize::MAX));
        let shape: Vec<usize> = shape.collect();
        // As TensorProto.DataType numbers them.
        let format = match self.data_type {
            1 => Format::Single,
            10 => Format::Half,
            11 => Format::Double,
            16 => Format::Brain,
            other => {
                let (name, dtype) = (name.to_owned(), format!("number {other} of ONNX"));
                return Err(ModelFileError::Type { name, dtype });
            }
        };
        if !self.raw_data.is_empty() {
            return Tensor::read(name, shape, format, &self.raw_data);
        }
        let bits = |&word: &i32| u16::try_from(word & 0xffff).unwrap_or_default();
        let numbers: Vec<f64> = match format {
            Format::Single => self.float_data.iter().copied().map(f64::from).collect(),
            Format::Double => self.double_data.clone(),
            Format::Half => self.int32_data.iter().map(|word| half(bits(word))).collect(),
            Format::Brain => {
                let number = |word| f64::from(f32::from_bits(u32::from(bits(word)) << 16));
                self.int32_data.iter().map(number).collect()
            }
        };
        Tensor::new(name, shape, Zeroizing::new(numbers))
    }
}
