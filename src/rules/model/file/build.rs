//! From layers and tensors to a structure and its weights.

use super::error::ModelFileError;
use super::piece::Piece;
use super::tensor::{Tensors, find};
use super::written::{Features, Written, WrittenLayer};
use super::{graph, onnx};
use crate::rules::model::{Dense, Layer, MAX_LAYERS, Structure, Weights, WeightsError};

/// A model as it was read.
pub struct Model {
    /// What is public of it.
    pub structure: Structure,
    /// What the numbers of a sheet are called; nothing where they have no names.
    pub features: Vec<String>,
    /// Its weights, for each dense layer.
    pub dense: Vec<Dense>,
    /// How precise its scores are.
    pub precision: f64,
}

/// What files do not say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Defaults {
    /// No number of a sheet is larger, in size, than 2 to this power.
    pub largest_feature: u32,
    /// Bits after the point.
    pub fraction: u32,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { largest_feature: 0, fraction: 16 }
    }
}

/// A model whose layers are in a table, and whose weights are these tensors.
///
/// # Errors
/// Says what is wrong with the table or the tensors.
pub fn from_tensors(
    written: &Written,
    tensors: &Tensors,
    defaults: Defaults,
) -> Result<Model, ModelFileError> {
    if written.layers.is_empty() {
        return Err(ModelFileError::NoLayers);
    }
    if written.layers.len() > MAX_LAYERS {
        return Err(ModelFileError::Many { what: "layers", most: MAX_LAYERS });
    }
    let layers = written.layers.iter().enumerate();
    let pieces = layers.map(|(at, layer)| match layer {
        WrittenLayer::Dense { weight, bias, transposed, largest } => {
            let wrong = "a dense layer names the tensor of its weights, as weight = \"…\"";
            let weight = weight.as_deref();
            let weight = weight.ok_or(ModelFileError::Layer { layer: at + 1, wrong })?;
            let dense = dense(tensors, weight, bias.as_deref(), *transposed)?;
            Ok(Piece::Dense(dense, *largest))
        }
        WrittenLayer::Rectify => Ok(Piece::Rectify),
        WrittenLayer::Sigmoid => Ok(Piece::Sigmoid),
        WrittenLayer::Largest => Ok(Piece::Largest),
    });
    let pieces = pieces.collect::<Result<Vec<_>, ModelFileError>>()?;
    build(written, pieces, defaults)
}

/// A model of an ONNX file, and of what a table says besides.
///
/// # Errors
/// Says what is wrong with the file.
pub fn from_onnx(
    written: &Written,
    bytes: &[u8],
    defaults: Defaults,
) -> Result<Model, ModelFileError> {
    let graph = onnx::parse(bytes)?;
    let mut pieces = graph::pieces(&graph)?;
    let pairs = written.layers.iter().zip(&mut pieces);
    for (at, (layer, piece)) in pairs.enumerate() {
        match (layer, piece) {
            (
                WrittenLayer::Dense { weight: Some(_), .. }
                | WrittenLayer::Dense { bias: Some(_), .. },
                _,
            ) => {
                let wrong = "an ONNX file says itself which weights a layer has; leave them out";
                return Err(ModelFileError::Layer { layer: at + 1, wrong });
            }
            (WrittenLayer::Dense { largest, .. }, Piece::Dense(_, said)) => *said = *largest,
            (layer, piece) if layer.name() == piece.name() => {}
            (layer, piece) => {
                return Err(ModelFileError::Different {
                    layer: at + 1,
                    table: format!("a {} layer", layer.name()),
                    file: format!("a {} layer", piece.name()),
                });
            }
        }
    }
    let (table, file) = (written.layers.len(), pieces.len());
    if table != 0 && table != file {
        let layer = table.min(file) + 1;
        let none = || "none".to_owned();
        let of =
            |name: Option<&'static str>| name.map_or_else(none, |name| format!("a {name} layer"));
        let table = of(written.layers.get(layer - 1).map(WrittenLayer::name));
        let file = of(pieces.get(layer - 1).map(Piece::name));
        return Err(ModelFileError::Different { layer, table, file });
    }
    build(written, pieces, defaults)
}

/// The weights and biases of a layer, by the tensors' names.
fn dense(
    tensors: &Tensors,
    weight: &str,
    bias: Option<&str>,
    transposed: bool,
) -> Result<Dense, ModelFileError> {
    let tensor = find(tensors, weight)?;
    let outputs = match (&tensor.shape[..], transposed) {
        ([_], _) => 1,
        ([outputs, _], false) | ([_, outputs], true) => *outputs,
        _ => {
            let (name, shape) = (weight.to_owned(), tensor.shape_text());
            let wanted = "weights are a matrix with a row for each output".to_owned();
            return Err(ModelFileError::Shape { name, shape, wanted });
        }
    };
    let weights = if transposed && tensor.shape.len() == 2 {
        tensor.transposed(tensor.shape[0])
    } else {
        tensor.numbers.clone()
    };
    let biases = match bias {
        None => vec![0.0; outputs],
        Some(name) => {
            let tensor = find(tensors, name)?;
            if tensor.numbers.len() != outputs {
                let (name, shape) = (name.to_owned(), tensor.shape_text());
                let wanted = format!("its layer has {outputs} outputs, and takes as many");
                return Err(ModelFileError::Shape { name, shape, wanted });
            }
            tensor.numbers.to_vec()
        }
    };
    Ok(Dense { weights: weights.to_vec(), biases })
}

/// Structure and weights of layers. Bounds that are not said are what the weights need.
fn build(
    written: &Written,
    pieces: Vec<Piece>,
    defaults: Defaults,
) -> Result<Model, ModelFileError> {
    let first = pieces.iter().find_map(|piece| match piece {
        Piece::Dense(dense, _) => Some(dense.weights.len() / dense.biases.len().max(1)),
        _ => None,
    });
    let features = written.features.as_ref().map(Features::count).or(first).unwrap_or_default();
    let (mut layers, mut all, mut free) = (Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        layers.push(match piece {
            Piece::Dense(dense, said) => {
                let outputs = dense.biases.len();
                all.push(dense);
                free.push(said.is_none());
                Layer::Dense { outputs, largest: said.unwrap_or_default() }
            }
            Piece::Rectify => {
                free.push(false);
                Layer::Rectify
            }
            Piece::Sigmoid => {
                free.push(false);
                Layer::Sigmoid
            }
            Piece::Largest => {
                free.push(false);
                Layer::Largest
            }
        });
    }
    let structure = Structure {
        features,
        largest_feature: written.largest_feature.unwrap_or(defaults.largest_feature),
        fraction: written.fraction.unwrap_or(defaults.fraction),
        layers,
    };
    let names = written.features.as_ref().map_or(&[][..], Features::names);
    let (structure, precision) = bounded(structure, &all, &free)?;
    Ok(Model { structure, features: names.to_vec(), dense: all, precision })
}

/// The structure with the bounds that its weights need, where none is said, and how precise it is.
fn bounded(
    mut structure: Structure,
    dense: &[Dense],
    free: &[bool],
) -> Result<(Structure, f64), WeightsError> {
    loop {
        match Weights::new(&structure, dense) {
            Ok(weights) => return Ok((structure, weights.precision())),
            // A layer's bound is found once: those before it stay as they are.
            Err(WeightsError::Larger { layer, said, need })
                if need > said && free.get(layer - 1) == Some(&true) =>
            {
                if let Some(Layer::Dense { largest, .. }) = structure.layers.get_mut(layer - 1) {
                    *largest = need;
                }
            }
            Err(error) => return Err(error),
        }
    }
}
