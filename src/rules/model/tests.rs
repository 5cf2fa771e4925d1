use crate::rules::model::structure::*;
use crate::rules::model::weights::sheet;
use crate::rules::model::*;

fn dense(outputs: usize, largest: u32) -> Layer {
    Layer::Dense { outputs, largest }
}

fn structure(layers: &[Layer]) -> Structure {
    Structure { features: 3, largest_feature: 1, fraction: 10, layers: layers.to_vec() }
}

#[test]
fn between_layers_everything_has_its_size_and_its_point() {
    let layers = [dense(4, 5), Layer::Rectify, dense(2, 7), Layer::Largest];
    let all = structure(&layers).check().unwrap();
    let all: Vec<_> =
        all.iter().map(|values| (values.count, values.fraction, values.bits)).collect();
    assert_eq!(all, [(3, 10, 11), (4, 20, 25), (4, 10, 15), (2, 20, 27), (1, 0, 2)]);
    let all = structure(&[dense(1, 5), Layer::Sigmoid]).check().unwrap();
    assert_eq!(all[2], Values { count: 1, fraction: 32, bits: 33 });
}

#[test]
fn what_cannot_be_computed_is_refused_with_the_layer() {
    let refused = |layers: &[Layer]| structure(layers).check().unwrap_err();
    assert_eq!(refused(&[]), StructureError::Layers(0));
    assert_eq!(refused(&[Layer::Rectify]), StructureError::NotDense { layer: 1 });
    let twice = [dense(1, 4), Layer::Rectify, Layer::Rectify];
    assert_eq!(refused(&twice), StructureError::NotDense { layer: 3 });
    let after = [dense(2, 4), Layer::Largest, dense(1, 4)];
    assert_eq!(refused(&after), StructureError::AfterLargest { layer: 3 });
    assert_eq!(refused(&[dense(1, 41)]), StructureError::TooLarge { layer: 1, bits: 61 });
    assert_eq!(
        refused(&[dense(1, u32::MAX)]),
        StructureError::TooLarge { layer: 1, bits: u32::MAX }
    );
    let wide = [dense(1, 40), Layer::Sigmoid];
    assert_eq!(refused(&wide), StructureError::TooLarge { layer: 2, bits: 61 });
    let size = StructureError::Size { what: "the number of outputs", most: MAX_WIDTH, got: 0 };
    assert_eq!(refused(&[dense(0, 4)]), size);
    let coarse = Structure { fraction: 3, ..structure(&[dense(1, 4)]) };
    assert_eq!(coarse.check().unwrap_err(), StructureError::Fraction { got: 3 });
    let large = Structure { features: 1 << 14, ..structure(&[dense(1 << 14, 4)]) };
    let size =
        StructureError::Size { what: "the number of weights", most: MAX_WEIGHTS, got: 1 << 28 };
    assert_eq!(large.check().unwrap_err(), size);
}

#[test]
fn weights_fit_the_structure_or_say_what_does_not() {
    let structure = structure(&[dense(2, 4)]);
    let given = |weights: &[f64], biases: &[f64]| {
        let dense = Dense { weights: weights.to_vec(), biases: biases.to_vec() };
        Weights::new(&structure, &[dense]).map(|weights| weights.precision())
    };
    // 7.5 at most: three numbers of at most 2, times 1, and 1.5.
    let precision = given(&[1.0, -1.0, 1.0, 0.5, 0.5, 0.0], &[-1.5, 0.0]).unwrap();
    assert!(precision > 0.001 && precision < 0.01, "{precision}");
    let count = |what, expected, got| WeightsError::Count { layer: 1, what, expected, got };
    assert_eq!(given(&[1.0; 5], &[0.0; 2]), Err(count("weights", 6, 5)));
    assert_eq!(given(&[1.0; 6], &[0.0; 3]), Err(count("biases", 2, 3)));
    assert_eq!(Weights::new(&structure, &[]).err(), Some(count("weights", 6, 0)));
    assert_eq!(given(&[f64::NAN; 6], &[0.0; 2]), Err(WeightsError::NoNumber { layer: 1 }));
    let larger = WeightsError::Larger { layer: 1, said: 4, need: 5 };
    assert_eq!(given(&[4.0, 0.0, 0.0, 1.0, 4.0, 0.0], &[0.0, 7.0]), Err(larger));
    let wrong = |at| Err(WeightsError::Sheet { at, largest: 1 });
    assert_eq!(*sheet(&structure, &[2.0, -2.0, 0.5]).unwrap(), [2048, -2048, 512]);
    assert_eq!(sheet(&structure, &[0.0, 2.01, 0.0]).map(drop), wrong(2));
    assert_eq!(sheet(&structure, &[0.0, 0.0, f64::INFINITY]).map(drop), wrong(3));
}
