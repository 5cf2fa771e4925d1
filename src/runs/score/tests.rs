use std::time::Duration;

use futures_util::future::join;

use super::*;
use crate::field::Pair127;
use crate::rules::model::fixed::real;
use crate::rules::model::{Dense, reference, weights};
use crate::testkit::material::{channels, halves};

/// Numbers between -1 and 1, one after the other.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        f64::from(u32::try_from(self.0 >> 33).unwrap()) / f64::from(1_u32 << 30) - 1.0
    }

    fn some(&mut self, count: usize, by: f64) -> Vec<f64> {
        (0..count).map(|_| self.next() * by).collect()
    }

    fn dense(&mut self, inputs: usize, outputs: usize, by: f64) -> Dense {
        Dense { weights: self.some(inputs * outputs, by), biases: self.some(outputs, by) }
    }
}

/// What both parties learn, as real numbers, and what they used of the batch.
async fn scored(
    structure: &Structure,
    weights: &Weights,
    sheet: &[f64],
    to: Option<Party>,
) -> [Option<Vec<f64>>; 2] {
    let shape = material(structure, to).unwrap();
    let [client, owner] = halves::<Pair127>(&shape, 5);
    let [at_client, at_owner] = channels(Duration::from_secs(30));
    let mut client = Computation::new(Party::Client, client, at_client, [1; 32]).unwrap();
    let mut owner = Computation::new(Party::Owner, owner, at_owner, [1; 32]).unwrap();
    let sheet = weights::sheet(structure, sheet).unwrap();
    let (first, second) = join(
        score(&mut client, structure, Mine::Sheet(&sheet), to),
        score(&mut owner, structure, Mine::Weights(weights), to),
    )
    .await;
    assert_eq!((client.used(), owner.used()), (&shape, &shape));
    let (cost, [one, other]) =
        (traffic(structure, to).unwrap().cost::<Pair127>(), [client.counters(), owner.counters()]);
    assert_eq!((one.rounds, one.gates), (cost.rounds, cost.gates));
    assert_eq!(one.bytes_sent.max(other.bytes_sent), cost.bytes_sent);
    let openings = client.openings().iter().filter(|opening| !opening.masked).count();
    let bounds = usize::from(structure.layers.last() != Some(&Layer::Largest));
    assert_eq!(
        openings,
        1 + bounds,
        "nothing is opened but the score, and that it keeps to bounds"
    );
    let fraction = structure.check().unwrap().last().unwrap().fraction;
    let numbers =
        |values: Vec<i64>| values.into_iter().map(|value| real(value, fraction)).collect();
    [first.unwrap().map(numbers), second.unwrap().map(numbers)]
}

/// Scores of some sheets are as close to those with real numbers as the model says.
async fn agrees(structure: &Structure, dense: &[Dense], sheets: usize, precise: f64) {
    let weights = Weights::new(structure, dense).unwrap();
    assert!(weights.precision() < precise, "{}", weights.precision());
    let mut numbers = Numbers(99);
    for _ in 0..sheets {
        let sheet = numbers.some(structure.features, 1.0);
        let expected = reference::score(structure, dense, &sheet);
        let [client, owner] = scored(structure, &weights, &sheet, None).await;
        assert_eq!(client, owner);
        for (got, expected) in client.unwrap().into_iter().zip(expected) {
            assert!((got - expected).abs() < weights.precision(), "{got} {expected}");
        }
    }
}

fn dense(outputs: usize, largest: u32) -> Layer {
    Layer::Dense { outputs, largest }
}

#[tokio::test]
async fn a_logistic_score_is_as_precise_as_is_said() {
    let layers = vec![dense(1, 5), Layer::Sigmoid];
    let structure = Structure { features: 100, largest_feature: 0, fraction: 16, layers };
    let given = [Numbers(1).dense(100, 1, 0.4)];
    agrees(&structure, &given, 3, 0.01).await;
}

#[tokio::test]
async fn a_small_perceptron_is_as_precise_as_is_said() {
    let layers = vec![dense(6, 4), Layer::Rectify, dense(4, 6), Layer::Rectify, dense(1, 8)];
    let structure = Structure { features: 8, largest_feature: 0, fraction: 16, layers };
    let mut numbers = Numbers(2);
    let given = [numbers.dense(8, 6, 1.0), numbers.dense(6, 4, 0.7), numbers.dense(4, 1, 0.5)];
    agrees(&structure, &given, 5, 0.01).await;
}

#[tokio::test]
async fn the_place_of_the_largest_is_found_and_told_to_one_alone() {
    let layers = vec![dense(5, 4), Layer::Rectify, dense(7, 6), Layer::Largest];
    let structure = Structure { features: 6, largest_feature: 0, fraction: 14, layers };
    let mut numbers = Numbers(3);
    let given = [numbers.dense(6, 5, 1.0), numbers.dense(5, 7, 1.0)];
    let weights = Weights::new(&structure, &given).unwrap();
    for party in [Party::Client, Party::Owner] {
        let sheet = numbers.some(6, 1.0);
        let expected = Some(reference::score(&structure, &given, &sheet));
        let [client, owner] = scored(&structure, &weights, &sheet, Some(party)).await;
        let (told, other) = if party == Party::Client { (client, owner) } else { (owner, client) };
        assert_eq!((told, other), (expected, None));
    }
}

/// Weights of another structure, with larger bounds: one that packs the numbers of a sheet beside one
/// another, so that the score would tell all of them. It is not opened, and both learn why.
#[tokio::test]
async fn an_owner_with_larger_weights_than_it_says_learns_no_score() {
    let structure = |largest| Structure {
        features: 3,
        largest_feature: 0,
        fraction: 10,
        layers: vec![dense(1, largest)],
    };
    let packing = Dense { weights: vec![1.0, 1024.0, 1_048_576.0], biases: vec![0.0] };
    let weights = Weights::new(&structure(22), &[packing]).unwrap();
    let said = structure(3);
    for to in [None, Some(Party::Owner), Some(Party::Client)] {
        let shape = material(&said, to).unwrap();
        let [client, owner] = halves::<Pair127>(&shape, 5);
        let [at_client, at_owner] = channels(Duration::from_secs(30));
        let mut client = Computation::new(Party::Client, client, at_client, [1; 32]).unwrap();
        let mut owner = Computation::new(Party::Owner, owner, at_owner, [1; 32]).unwrap();
        let (first, second) = join(
            score(&mut client, &said, Mine::Sheet(&[7, 300, 1000]), to),
            score(&mut owner, &said, Mine::Weights(&weights), to),
        )
        .await;
        assert_eq!((first, second), (Err(ScoreError::Larger), Err(ScoreError::Larger)));
        // All that either saw in the clear is that something lies outside, and not what.
        let plain = |own: &Computation<Pair127>| {
            own.openings().iter().filter(|opening| !opening.masked).count()
        };
        assert_eq!((plain(&client), plain(&owner)), (1, 1));
    }
}

/// A batch that was made for a smaller model ends the score before anything is opened.
#[tokio::test]
async fn a_batch_for_another_model_is_refused() {
    let structure = |features| Structure {
        features,
        largest_feature: 0,
        fraction: 10,
        layers: vec![dense(2, 4)],
    };
    let shape = material(&structure(3), None).unwrap();
    let [client, owner] = halves::<Pair127>(&shape, 5);
    let [at_client, at_owner] = channels(Duration::from_secs(30));
    let mut client = Computation::new(Party::Client, client, at_client, [1; 32]).unwrap();
    let mut owner = Computation::new(Party::Owner, owner, at_owner, [1; 32]).unwrap();
    let larger = structure(4);
    let given = [Numbers(4).dense(4, 2, 1.0)];
    let weights = Weights::new(&larger, &given).unwrap();
    let (first, second) = join(
        score(&mut client, &larger, Mine::Sheet(&[1, 2, 3, 4]), None),
        score(&mut owner, &larger, Mine::Weights(&weights), None),
    )
    .await;
    for result in [first, second] {
        assert!(matches!(result, Err(ScoreError::Pair(PairError::Material { .. }))), "{result:?}");
    }
    assert!(client.openings().iter().all(|opening| opening.masked));
}
