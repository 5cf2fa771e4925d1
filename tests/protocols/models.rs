//! Scores of the three models in tests/data/models, against plain evaluation. A few sheets of each;
//! `GAVEL_SHEETS=1000` takes a thousand, best built for release.

use std::time::Duration;

use futures_util::future::join;
use gavel::field::Pair127;
use gavel::protocol::pair::Computation;
use gavel::rules::model::file::{Defaults, Model, Written, from_onnx, from_tensors, safetensors};
use gavel::rules::model::fixed::real;
use gavel::rules::model::weights::sheet;
use gavel::rules::model::{Layer, Structure, Weights, reference};
use gavel::runs::score::{Mine, material, score};
use gavel::sharing::pair::Party;
use gavel::testkit::material::{channels, halves};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

const LOGISTIC: &[u8] = include_bytes!("../data/models/logistic.onnx");
const SMALL: &[u8] = include_bytes!("../data/models/small.onnx");
const DIGITS: &[u8] = include_bytes!("../data/models/digits.safetensors");
const DIGITS_TABLE: &str = include_str!("../data/models/digits.toml");
const DRAWN: &str = include_str!("../data/models/digits.csv");

/// How many sheets.
fn sheets(few: usize) -> usize {
    let asked = std::env::var("GAVEL_SHEETS").ok();
    asked.map_or(few, |asked| asked.parse().unwrap())
}

fn onnx(bytes: &[u8]) -> Model {
    from_onnx(&Written::default(), bytes, Defaults::default()).unwrap()
}

/// What both parties learn of a sheet.
async fn scored(structure: &Structure, weights: &Weights, numbers: &[f64]) -> Vec<f64> {
    let shape = material(structure, None).unwrap();
    let [client, owner] = halves::<Pair127>(&shape, 5);
    let [at_client, at_owner] = channels(Duration::from_secs(60));
    let mut client = Computation::new(Party::Client, client, at_client, [1; 32]).unwrap();
    let mut owner = Computation::new(Party::Owner, owner, at_owner, [1; 32]).unwrap();
    let sheet = sheet(structure, numbers).unwrap();
    let (first, second) = join(
        score(&mut client, structure, Mine::Sheet(&sheet), None),
        score(&mut owner, structure, Mine::Weights(weights), None),
    )
    .await;
    let fraction = structure.check().unwrap().last().unwrap().fraction;
    let [first, second] = [first, second].map(|learnt| learnt.unwrap().unwrap());
    assert_eq!(first, second);
    first.into_iter().map(|value| real(value, fraction)).collect()
}

async fn agrees(model: &Model, few: usize) {
    let weights = Weights::new(&model.structure, &model.dense).unwrap();
    let precision = weights.precision();
    assert!(precision < 0.01, "{precision}");
    let mut rng = StdRng::seed_from_u64(2008);
    for sheet in 0..sheets(few) {
        let numbers: Vec<f64> =
            (0..model.structure.features).map(|_| rng.random_range(-1.0..1.0)).collect();
        let expected = reference::score(&model.structure, &model.dense, &numbers)[0];
        let got = scored(&model.structure, &weights, &numbers).await[0];
        assert!((got - expected).abs() <= precision, "sheet {sheet}: {got} {expected}");
    }
}

#[tokio::test]
async fn scores_of_the_logistic_model_are_those_in_the_clear() {
    agrees(&onnx(LOGISTIC), 20).await;
}

#[tokio::test]
async fn scores_of_the_small_perceptron_are_those_in_the_clear() {
    agrees(&onnx(SMALL), 20).await;
}

/// The digits that are drawn, moved about and with noise: what is found is what plain evaluation finds,
/// or a digit whose sum is as close to the largest as the precision says.
#[tokio::test]
async fn digits_are_found_as_in_the_clear() {
    let written: Written = toml::from_str(DIGITS_TABLE).unwrap();
    let tensors = safetensors(DIGITS).unwrap();
    let model = from_tensors(&written, &tensors, Defaults::default()).unwrap();
    let weights = Weights::new(&model.structure, &model.dense).unwrap();
    let precision = weights.precision();
    let mut sums = model.structure.clone();
    assert_eq!(sums.layers.pop(), Some(Layer::Largest));
    let drawn: Vec<Vec<f64>> = DRAWN
        .lines()
        .map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect())
        .collect();
    let (mut rng, mut same) = (StdRng::seed_from_u64(7), 0);
    let count = sheets(2);
    for at in 0..count {
        let digit = &drawn[at % drawn.len()][..784];
        let sideways = at / drawn.len() % 3;
        let sheet: Vec<f64> = (0..784)
            .map(|pixel| {
                let from = (pixel + sideways).min(783);
                (digit[from] / 16.0 + rng.random_range(-1.0..1.0) / 16.0).clamp(0.0, 1.0)
            })
            .collect();
        let sums = reference::score(&sums, &model.dense, &sheet);
        let most = sums.iter().copied().fold(f64::MIN, f64::max);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let place = scored(&model.structure, &weights, &sheet).await[0] as usize;
        assert!(sums[place] >= most - 2.0 * precision, "digit {at}: {place} of {sums:?}");
        same += usize::from(sums[place] >= most);
    }
    // The precision is no excuse: nearly all are the very place.
    assert!(same * 100 >= count * 98, "{same} of {count}");
}
