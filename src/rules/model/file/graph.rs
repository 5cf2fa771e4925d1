//! What of an ONNX graph is a model: one chain of nodes from the input to the output.

use std::collections::BTreeMap;

use super::error::ModelFileError;
use super::onnx::{AttributeProto, GraphProto, NodeProto, TensorProto};
use super::piece::Piece;
use super::tensor::Tensor;
use crate::rules::model::{Dense, MAX_LAYERS, MAX_WEIGHTS};

/// A walk along the chain.
struct Walk<'a> {
    tensors: BTreeMap<&'a str, &'a TensorProto>,
    /// The name of the last result.
    result: &'a str,
    pieces: Vec<Piece>,
}

/// A node, and how people find it.
struct Place<'a> {
    node: &'a NodeProto,
    at: usize,
}

impl Place<'_> {
    fn name(&self) -> String {
        let name = self.node.name.as_str();
        if name.is_empty() { format!("number {}", self.at + 1) } else { format!("{name:?}") }
    }

    fn branch(&self) -> ModelFileError {
        ModelFileError::Branch { node: self.name(), operator: self.node.op_type.clone() }
    }

    fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    /// An attribute that is a whole number, and must be one of these.
    fn whole(
        &self,
        attribute: &'static str,
        usual: i64,
        allowed: &[i64],
        wanted: &'static str,
    ) -> Result<i64, ModelFileError> {
        let value = self.attribute(attribute).map_or(usual, |attribute| attribute.i);
        if allowed.contains(&value) {
            return Ok(value);
        }
        let (node, operator) = (self.name(), self.node.op_type.clone());
        Err(ModelFileError::Attribute {
            node,
            operator,
            attribute,
            value: value.to_string(),
            wanted,
        })
    }

    fn shape(&self, input: usize, tensor: &Tensor, wanted: String) -> ModelFileError {
        let name = self.node.input.get(input).cloned().unwrap_or_default();
        ModelFileError::Shape { name, shape: tensor.shape_text(), wanted }
    }
}

/// The layers of a graph, with their weights.
pub(super) fn pieces(graph: &GraphProto) -> Result<Vec<Piece>, ModelFileError> {
    let mut tensors: BTreeMap<&str, &TensorProto> =
        graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    // Older files list what they bring along among the inputs.
    let inputs = graph.input.iter().filter(|input| !tensors.contains_key(input.name.as_str()));
    let inputs: Vec<_> = inputs.collect();
    let [input] = inputs[..] else { return Err(ModelFileError::Inputs(inputs.len())) };
    let constants = graph.node.iter().filter(|node| node.op_type == "Constant");
    for node in constants {
        let value = node.attribute.iter().find(|attribute| attribute.name == "value");
        if let (Some(tensor), Some(name)) =
            (value.and_then(|value| value.t.as_ref()), node.output.first())
        {
            tensors.insert(name, tensor);
        }
    }
    let mut walk = Walk { tensors, result: &input.name, pieces: Vec::new() };
    for (at, node) in graph.node.iter().enumerate() {
        walk.step(&Place { node, at }, node)?;
    }
    if let Some(output) = graph.output.iter().find(|output| output.name != walk.result) {
        return Err(ModelFileError::Output(output.name.clone()));
    }
    let first = walk.pieces.iter().find_map(|piece| match piece {
        Piece::Dense(dense, _) => Some(dense.weights.len() / dense.biases.len().max(1)),
        _ => None,
    });
    // The first side counts the sheets.
    let sides = input.sides().filter(|sides| sides.len() > 1);
    let said =
        sides.map(|sides| sides[1..].iter().fold(1, |all: usize, &side| all.saturating_mul(side)));
    match (said, first) {
        (Some(said), Some(got)) if said != 0 && said != got => {
            Err(ModelFileError::Features { said, got })
        }
        _ => Ok(walk.pieces),
    }
}

impl<'a> Walk<'a> {
    fn step(&mut self, place: &Place<'_>, node: &'a NodeProto) -> Result<(), ModelFileError> {
        if self.pieces.len() > MAX_LAYERS {
            return Err(ModelFileError::Many { what: "layers", most: MAX_LAYERS });
        }
        match node.op_type.as_str() {
            "Constant" => return Ok(()),
            // Nothing happens to the numbers of one sheet.
            "Identity" | "Dropout" => self.goes_on(place, 0)?,
            "Flatten" => {
                place.whole("axis", 1, &[1], "1 would do")?;
                self.goes_on(place, 0)?;
            }
            "Gemm" => self.gemm(place)?,
            "MatMul" => self.product(place)?,
            "Add" => self.bias(place)?,
            "Relu" => {
                self.goes_on(place, 0)?;
                self.pieces.push(Piece::Rectify);
            }
            "Sigmoid" => {
                self.goes_on(place, 0)?;
                self.pieces.push(Piece::Sigmoid);
            }
            "ArgMax" => {
                self.goes_on(place, 0)?;
                place.whole("axis", 0, &[1, -1], "1 would do: the largest of a sheet's values")?;
                place.whole("select_last_index", 0, &[0], "0 would do: the first of equals")?;
                self.pieces.push(Piece::Largest);
            }
            other => {
                let (node, operator) = (place.name(), other.to_owned());
                return Err(ModelFileError::Operator { node, operator });
            }
        }
        self.result = node.output.first().map_or("", String::as_str);
        Ok(())
    }

    /// The node takes the last result there.
    fn goes_on(&self, place: &Place<'_>, input: usize) -> Result<(), ModelFileError> {
        let takes = place.node.input.get(input).map(String::as_str);
        if takes == Some(self.result) { Ok(()) } else { Err(place.branch()) }
    }

    /// A tensor that the file brings along.
    fn tensor(&self, place: &Place<'_>, input: usize) -> Result<Tensor, ModelFileError> {
        let name = place.node.input.get(input).ok_or_else(|| place.branch())?;
        let proto = self.tensors.get(name.as_str()).ok_or_else(|| place.branch())?;
        let tensor = proto.tensor(name)?;
        if tensor.numbers.len() > MAX_WEIGHTS {
            return Err(ModelFileError::Many { what: "weights", most: MAX_WEIGHTS });
        }
        Ok(tensor)
    }

    /// x times the matrix, which has a row for each input or, turned, for each output.
    fn gemm(&mut self, place: &Place<'_>) -> Result<(), ModelFileError> {
        self.goes_on(place, 0)?;
        place.whole("transA", 0, &[0], "0 would do: sheets are rows")?;
        let turned = place.whole("transB", 0, &[0, 1], "0 or 1 would do")? == 1;
        let factor = |name| place.attribute(name).map_or(1.0, |attribute| f64::from(attribute.f));
        let (alpha, beta) = (factor("alpha"), factor("beta"));
        let mut dense = self.matrix(place, turned)?;
        dense.weights.iter_mut().for_each(|weight| *weight *= alpha);
        if place.node.input.get(2).is_some_and(|name| !name.is_empty()) {
            let biases = self.tensor(place, 2)?;
            add(&mut dense, place, 2, &biases, beta)?;
        }
        self.pieces.push(Piece::Dense(dense, None));
        Ok(())
    }

    fn product(&mut self, place: &Place<'_>) -> Result<(), ModelFileError> {
        self.goes_on(place, 0)?;
        let dense = self.matrix(place, false)?;
        self.pieces.push(Piece::Dense(dense, None));
        Ok(())
    }

    fn matrix(&self, place: &Place<'_>, turned: bool) -> Result<Dense, ModelFileError> {
        let tensor = self.tensor(place, 1)?;
        let [rows, columns] = tensor.shape[..] else {
            let wanted = "weights are a matrix".to_owned();
            return Err(place.shape(1, &tensor, wanted));
        };
        let (outputs, weights) = if turned {
            (rows, tensor.numbers.to_vec())
        } else {
            (columns, std::mem::take(&mut *tensor.transposed(rows)))
        };
        let before = self.pieces.iter().rev().find_map(|piece| match piece {
            Piece::Dense(dense, _) => Some(dense.biases.len()),
            _ => None,
        });
        let inputs = if turned { columns } else { rows };
        if let Some(before) = before.filter(|&before| before != inputs) {
            let wanted = format!("the layer before has {before} outputs");
            return Err(place.shape(1, &tensor, wanted));
        }
        Ok(Dense { weights, biases: vec![0.0; outputs] })
    }

    /// What is added after a product of matrices.
    fn bias(&mut self, place: &Place<'_>) -> Result<(), ModelFileError> {
        let own = usize::from(self.goes_on(place, 0).is_ok());
        self.goes_on(place, 1 - own)?;
        let biases = self.tensor(place, own)?;
        let Some(Piece::Dense(dense, _)) = self.pieces.last_mut() else {
            let operator = "Add that does not follow a MatMul".to_owned();
            return Err(ModelFileError::Operator { node: place.name(), operator });
        };
        add(dense, place, own, &biases, 1.0)
    }
}

/// Add biases, one for each output or one for all.
fn add(
    dense: &mut Dense,
    place: &Place<'_>,
    input: usize,
    biases: &Tensor,
    factor: f64,
) -> Result<(), ModelFileError> {
    let outputs = dense.biases.len();
    let count = biases.numbers.len();
    if count != outputs && count != 1 {
        let wanted = format!("the layer has {outputs} outputs, and takes as many biases");
        return Err(place.shape(input, biases, wanted));
    }
    for (own, bias) in dense.biases.iter_mut().zip(biases.numbers.iter().cycle()) {
        *own += factor * bias;
    }
    Ok(())
}
