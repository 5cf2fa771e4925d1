//! The files in tests/data/models are made by `scripts/models.py`, with the libraries of others.

use prost::Message as _;

use crate::rules::model::file::onnx::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
};
use crate::rules::model::file::tensor::half;
use crate::rules::model::file::*;
use crate::rules::model::{Layer, MAX_LAYERS, MAX_WEIGHTS, Structure, WeightsError, reference};

const LOGISTIC: &[u8] = include_bytes!("../../../../tests/data/models/logistic.onnx");
const SMALL: &[u8] = include_bytes!("../../../../tests/data/models/small.onnx");
const SMALL_TENSORS: &[u8] = include_bytes!("../../../../tests/data/models/small.safetensors");
const DIGITS: &[u8] = include_bytes!("../../../../tests/data/models/digits.safetensors");
const DIGITS_TABLE: &str = include_str!("../../../../tests/data/models/digits.toml");

const SMALL_TABLE: &str = r#"
weights = "small.safetensors"
features = ["a", "b", "c", "d", "e", "f", "g", "h"]
layers = [
    { layer = "dense", weight = "0.weight", bias = "0.bias" },
    { layer = "rectify" },
    { layer = "dense", weight = "1.weight", bias = "1.bias" },
    { layer = "rectify" },
    { layer = "dense", weight = "2.weight", bias = "2.bias", largest = 9 },
]
"#;

fn table(text: &str) -> Written {
    toml::from_str(text).unwrap()
}

fn onnx(bytes: &[u8]) -> Result<Model, ModelFileError> {
    from_onnx(&Written::default(), bytes, Defaults::default())
}

fn scores(model: &Model, sheet: &[f64]) -> Vec<f64> {
    reference::score(&model.structure, &model.dense, sheet)
}

/// The largest power of each dense layer.
fn bounds(structure: &Structure) -> Vec<u32> {
    let layers = structure.layers.iter();
    layers
        .filter_map(|layer| match layer {
            Layer::Dense { largest, .. } => Some(*largest),
            _ => None,
        })
        .collect()
}

#[test]
fn a_logistic_model_of_an_onnx_file_needs_nothing_else() {
    let model = onnx(LOGISTIC).unwrap();
    assert_eq!(model.structure.features, 100);
    assert!(matches!(
        model.structure.layers[..],
        [Layer::Dense { outputs: 1, .. }, Layer::Sigmoid]
    ));
    assert!(model.precision < 0.01, "{}", model.precision);
    assert!((model.dense[0].biases[0] - 0.25).abs() < 1e-9);
    assert!(model.dense[0].weights.iter().all(|weight| weight.abs() <= 0.4));
    assert!(model.features.is_empty());
}

#[test]
fn one_model_in_two_formats_is_the_same_model() {
    let first = onnx(SMALL).unwrap();
    let tensors = safetensors(SMALL_TENSORS).unwrap();
    let second = from_tensors(&table(SMALL_TABLE), &tensors, Defaults::default()).unwrap();
    assert_eq!(second.features[7], "h");
    for at in 0..20 {
        let sheet: Vec<f64> =
            (0..8).map(|place| f64::from((at * 7 + place * 3) % 19) / 10.0 - 0.9).collect();
        let [a, b] = [&first, &second].map(|model| scores(model, &sheet)[0]);
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }
    // Said by the table, and found by the weights.
    assert_eq!(bounds(&second.structure)[2], 9);
    let found = bounds(&first.structure);
    assert_eq!(found[..2], bounds(&second.structure)[..2]);
    assert!(found.iter().all(|&bound| (1..8).contains(&bound)), "{found:?}");
    // Smaller bounds than those do not hold.
    let small = SMALL_TABLE.replace("largest = 9", "largest = 0");
    let refused = from_tensors(&table(&small), &tensors, Defaults::default()).err().unwrap();
    assert!(matches!(
        refused,
        ModelFileError::Weights(WeightsError::Larger { layer: 5, said: 0, .. })
    ));
}

#[test]
fn a_table_says_bounds_of_an_onnx_file_and_must_agree_with_it() {
    let with = |layers: &str| {
        let text = format!("fraction = 12\nlargest_feature = 2\nlayers = [{layers}]");
        from_onnx(&table(&text), LOGISTIC, Defaults::default())
    };
    let model = with(r#"{ layer = "dense", largest = 11 }, { layer = "sigmoid" }"#).unwrap();
    assert_eq!((bounds(&model.structure)[0], model.structure.fraction), (11, 12));
    assert_eq!(model.structure.largest_feature, 2);
    assert!(with("").is_ok());
    let refused = |layers| with(layers).err().unwrap().to_string();
    let text = refused(r#"{ layer = "dense" }, { layer = "rectify" }"#);
    assert!(
        text.contains("a rectify layer as layer 2, and the ONNX file a sigmoid layer"),
        "{text}"
    );
    let text = refused(r#"{ layer = "dense" }"#);
    assert!(text.contains("none as layer 2"), "{text}");
    let text = refused(r#"{ layer = "dense", weight = "w" }, { layer = "sigmoid" }"#);
    assert!(text.contains("leave them out"), "{text}");
}

#[test]
fn digits_of_half_precision_are_read_and_recognised() {
    let tensors = safetensors(DIGITS).unwrap();
    let model = from_tensors(&table(DIGITS_TABLE), &tensors, Defaults::default()).unwrap();
    assert_eq!(model.structure.features, 784);
    let csv = include_str!("../../../../tests/data/models/digits.csv");
    for line in csv.lines() {
        let mut numbers: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        let label = numbers.pop().unwrap();
        for pixel in &mut numbers {
            *pixel /= 16.0;
        }
        assert_eq!(scores(&model, &numbers), [label]);
    }
    for (bits, number) in
        [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_953_125), (1, 5.960_464_477_539_063e-8)]
    {
        assert!((half(bits) - number).abs() < 1e-15, "{bits:x}");
    }
    assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
}

/// A file of one node, which takes `x`, a matrix `w` of three rows and two columns, and `b`.
#[allow(clippy::field_reassign_with_default)] // what is wiped when dropped cannot be taken apart
fn graph(operator: &str, change: impl FnOnce(&mut GraphProto)) -> Vec<u8> {
    let tensor = |name: &str, dims: &[i64]| {
        let count = dims.iter().product::<i64>();
        let mut tensor = TensorProto::default();
        tensor.dims = dims.to_vec();
        tensor.data_type = 1;
        tensor.float_data = vec![0.5; usize::try_from(count).unwrap()];
        tensor.name = name.to_owned();
        tensor
    };
    let info = |name: &str| ValueInfoProto { name: name.to_owned(), r#type: None };
    let node = NodeProto {
        input: ["x", "w", "b"].map(str::to_owned).to_vec(),
        output: vec!["y".to_owned()],
        name: "first".to_owned(),
        op_type: operator.to_owned(),
        attribute: Vec::new(),
    };
    let mut graph = GraphProto {
        node: vec![node],
        initializer: vec![tensor("w", &[3, 2]), tensor("b", &[2])],
        input: vec![info("x")],
        output: vec![info("y")],
    };
    change(&mut graph);
    ModelProto { graph: Some(graph) }.encode_to_vec()
}

fn refused(operator: &str, change: impl FnOnce(&mut GraphProto)) -> ModelFileError {
    onnx(&graph(operator, change)).err().unwrap()
}

#[test]
fn what_is_not_computed_is_refused_by_its_name() {
    let fine = onnx(&graph("Gemm", |_| ())).unwrap();
    assert_eq!(scores(&fine, &[1.0, 1.0, 0.0]), [1.5, 1.5]);
    let text = refused("Conv", |_| ()).to_string();
    assert!(text.contains("\"first\" is a Conv") && text.contains("without Conv"), "{text}");
    let option = |name: &'static str, value: i64| {
        move |graph: &mut GraphProto| {
            let attribute =
                AttributeProto { name: name.to_owned(), i: value, ..AttributeProto::default() };
            graph.node[0].attribute.push(attribute);
        }
    };
    let text = refused("Gemm", option("transA", 1)).to_string();
    assert!(text.contains("transA = 1"), "{text}");
    assert!(matches!(
        refused("ArgMax", |_| ()),
        ModelFileError::Attribute { attribute: "axis", .. }
    ));
    let branch = refused("Gemm", |graph| graph.node[0].input[0] = "b".to_owned());
    assert!(matches!(branch, ModelFileError::Branch { .. }));
    let add = refused("Add", |graph| graph.node[0].input.truncate(2));
    assert!(add.to_string().contains("Add that does not follow a MatMul"), "{add}");
    let two = refused("Gemm", |graph| {
        graph.input.push(ValueInfoProto { name: "z".to_owned(), r#type: None });
    });
    assert_eq!(two, ModelFileError::Inputs(2));
    let output = refused("Gemm", |graph| graph.output[0].name = "w".to_owned());
    assert_eq!(output, ModelFileError::Output("w".to_owned()));
}

#[test]
fn tensors_that_do_not_fit_are_named_with_what_would() {
    let text = refused("Gemm", |graph| graph.initializer[1].dims = vec![3]).to_string();
    assert!(text.contains("\"b\" has 2 numbers where its shape takes 3"), "{text}");
    let text = refused("Gemm", |graph| graph.initializer[0].dims = vec![6]).to_string();
    assert!(text.contains("\"w\" has the shape 6; weights are a matrix"), "{text}");
    let not = refused("Gemm", |graph| graph.initializer[0].float_data[1] = f32::NAN);
    assert_eq!(not, ModelFileError::NotFinite("w".to_owned()));
    let large = refused("Gemm", |graph| graph.initializer[0].float_data[1] = 1e30);
    assert!(matches!(large, ModelFileError::Weights(_)), "{large}");
    let whole = refused("Gemm", |graph| graph.initializer[0].data_type = 7);
    assert!(matches!(whole, ModelFileError::Type { .. }));
    let far = refused("Gemm", |graph| graph.initializer[0].data_location = 1);
    assert_eq!(far, ModelFileError::External("w".to_owned()));
    assert!(matches!(onnx(b"no file").err().unwrap(), ModelFileError::Onnx(_)));
    assert!(matches!(onnx(b"").err().unwrap(), ModelFileError::Onnx(_)));
    assert!(matches!(safetensors(b"no file").err().unwrap(), ModelFileError::Safetensors(_)));
    let tensors = safetensors(SMALL_TENSORS).unwrap();
    let with = |from: &str, to: &str| {
        let written = table(&SMALL_TABLE.replace(from, to));
        from_tensors(&written, &tensors, Defaults::default()).err().unwrap().to_string()
    };
    let text = with("\"2.weight\"", "\"3.weight\"");
    assert!(text.contains("no tensor \"3.weight\"") && text.contains("0.bias"), "{text}");
    let text = with("bias = \"0.bias\"", "bias = \"1.bias\"");
    assert!(text.contains("its layer has 6 outputs"), "{text}");
    assert!(with(", \"h\"]", "]").contains("42 weights; 48 are given"));
    assert!(with("weight = \"0.weight\", ", "").contains("names the tensor of its weights"));
}

#[test]
fn a_small_file_of_a_large_model_is_refused_before_it_takes_memory() {
    for dims in [vec![1 << 60, 0], vec![-1, 0], vec![0, 2]] {
        let empty = refused("Gemm", |graph| {
            graph.initializer[0].dims = dims;
            graph.initializer[0].float_data.clear();
        });
        assert_eq!(empty, ModelFileError::Empty("w".to_owned()));
    }
    // Every node has the same tensor of 3 x 3.
    let many = refused("Gemm", |graph| {
        graph.initializer[0].dims = vec![3, 3];
        graph.initializer[0].float_data = vec![0.5; 9];
        graph.initializer[1].dims = vec![3];
        graph.initializer[1].float_data = vec![0.5; 3];
        let first = graph.node[0].clone();
        graph.node = (0..10_000)
            .map(|at: usize| {
                let before =
                    at.checked_sub(1).map_or_else(|| "x".to_owned(), |at| format!("y{at}"));
                let mut node = first.clone();
                (node.input[0], node.output[0]) = (before, format!("y{at}"));
                node
            })
            .collect();
    });
    assert_eq!(many, ModelFileError::Many { what: "layers", most: MAX_LAYERS });
    let wide = refused("Gemm", |graph| {
        graph.initializer[0].dims = vec![1, 1 << 22 | 1];
        graph.initializer[0].float_data = vec![0.5; 1 << 22 | 1];
    });
    assert_eq!(wide, ModelFileError::Many { what: "weights", most: MAX_WEIGHTS });
    let tensors = safetensors(SMALL_TENSORS).unwrap();
    let mut written = table(SMALL_TABLE);
    let layer = written.layers[0].clone();
    written.layers = vec![layer; MAX_LAYERS + 1];
    let many = from_tensors(&written, &tensors, Defaults::default()).err().unwrap();
    assert_eq!(many, ModelFileError::Many { what: "layers", most: MAX_LAYERS });
}

proptest::proptest! {
    /// What is in no tensor's numbers cannot make the reading of a file panic.
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, at in 0..SMALL.len(), byte: u8) {
        let _ = onnx(&bytes);
        let _ = safetensors(&bytes);
        let mut changed = SMALL.to_vec();
        changed[at] = byte;
        let _ = onnx(&changed);
    }
}
