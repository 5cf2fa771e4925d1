//! Scores of models by two parties, whose material is there: what they do online, and nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

use super::batches::halves;
use crate::bench::usage;
use crate::field::Pair127;
use crate::protocol::pair::{Computation, PairError};
use crate::protocol::{Channel, Cost, Counters};
use crate::rules::model::fixed::real;
use crate::rules::model::{
    Dense, Layer, Structure, StructureError, Weights, WeightsError, reference, weights,
};
use crate::runs::score::{Mine, ScoreError, material, score, traffic};
use crate::sharing::pair::Party;
use crate::sharing::{NodeIndex, ShapeError};

/// Bits after the point of all numbers.
const FRACTION: u32 = 20;

/// A model of a bench.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Model {
    /// A weighted sum of 100 features, and the sigmoid.
    Logistic,
    /// 8 features, two layers of 6 and 4 that lose what is below 0, and a weighted sum.
    Small,
    /// 784 features, a layer of 128 that loses what is below 0, and which of 10 sums is the largest.
    Digits,
}

/// Scores to be computed, one after the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Scoring {
    /// Of which model.
    pub model: Model,
    /// Of how many sheets.
    pub sheets: usize,
    /// Where weights and sheets come from.
    pub seed: u64,
}

/// Why there are no scores.
#[derive(Debug, thiserror::Error)]
pub enum ScoringError {
    /// The model.
    #[error(transparent)]
    Structure(#[from] StructureError),
    /// The weights or a sheet.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The two parties.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// One of them.
    #[error(transparent)]
    Pair(#[from] PairError),
    /// The material.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// What came of it at one party.
pub struct Scored {
    /// The values after the last layer, sheet by sheet.
    pub scores: Vec<Vec<i64>>,
    /// The time of all scores together; making material is not part of it.
    pub time: Duration,
    /// What all scores took together.
    pub counters: Counters,
    /// Processor time of this process meanwhile, in seconds.
    pub cpu_seconds: f64,
}

impl Scoring {
    /// The model's layers.
    pub fn structure(self) -> Structure {
        let dense = |outputs, largest| Layer::Dense { outputs, largest };
        let (features, layers) = match self.model {
            Model::Logistic => (100, vec![dense(1, 6), Layer::Sigmoid]),
            Model::Small => {
                let hidden = [dense(6, 4), Layer::Rectify, dense(4, 7), Layer::Rectify];
                (8, hidden.into_iter().chain([dense(1, 10)]).collect())
            }
            Model::Digits => {
                (784, vec![dense(128, 6), Layer::Rectify, dense(10, 10), Layer::Largest])
            }
        };
        Structure { features, largest_feature: 0, fraction: FRACTION, layers }
    }

    /// What all scores cost, at the party that sends more.
    ///
    /// # Errors
    /// When the model cannot be computed.
    pub fn cost(self) -> Result<Cost, StructureError> {
        let one = traffic(&self.structure(), None)?.cost::<Pair127>();
        let times = self.sheets as u64;
        Ok(Cost {
            rounds: one.rounds * times,
            gates: one.gates * times,
            bytes_sent: one.bytes_sent * times,
            ..Cost::NONE
        })
    }

    /// How large weights are, at most.
    const fn heaviest(self) -> f64 {
        match self.model {
            Model::Logistic => 0.4,
            Model::Small => 1.0,
            Model::Digits => 1.0 / 16.0,
        }
    }

    /// Weights in the clear, for each dense layer.
    fn dense(self) -> Result<Vec<Dense>, StructureError> {
        let structure = self.structure();
        let values = structure.check()?;
        let mut rng = StdRng::seed_from_u64(self.seed);
        let heaviest = self.heaviest();
        let mut some = |count: usize| -> Vec<f64> {
            (0..count).map(|_| rng.random_range(-heaviest..heaviest)).collect()
        };
        let layers = structure.layers.iter().zip(&values);
        let layers = layers.filter_map(|(layer, before)| match layer {
            Layer::Dense { outputs, .. } => Some((*outputs, before.count)),
            _ => None,
        });
        Ok(layers
            .map(|(outputs, inputs)| Dense {
                weights: some(outputs * inputs),
                biases: some(outputs),
            })
            .collect())
    }

    /// A sheet in the clear.
    fn sheet(self, at: usize) -> Vec<f64> {
        let mut rng = StdRng::seed_from_u64(self.seed.wrapping_add(1 + at as u64));
        (0..self.structure().features).map(|_| rng.random_range(-1.0..1.0)).collect()
    }

    /// Whether scores are as close to those with real numbers as the model says.
    pub fn are_right(self, scores: &[Vec<i64>]) -> bool {
        let check = || -> Result<bool, ScoringError> {
            let (structure, dense) = (self.structure(), self.dense()?);
            let precision = Weights::new(&structure, &dense)?.precision();
            let fraction = structure.check()?.last().map_or(0, |values| values.fraction);
            let close = |at: usize, score: &[i64]| {
                let sheet = self.sheet(at);
                if structure.layers.last() == Some(&Layer::Largest) {
                    let mut sums = structure.clone();
                    sums.layers.pop();
                    let sums = reference::score(&sums, &dense, &sheet);
                    let most = sums.iter().copied().fold(f64::MIN, f64::max);
                    let place = score.first().and_then(|&place| usize::try_from(place).ok());
                    let chosen = place.and_then(|place| sums.get(place));
                    return chosen.is_some_and(|&chosen| chosen >= most - 2.0 * precision);
                }
                let expected = reference::score(&structure, &dense, &sheet);
                let pairs = score.iter().zip(&expected);
                score.len() == expected.len()
                    && pairs
                        .into_iter()
                        .all(|(&got, expected)| (real(got, fraction) - expected).abs() <= precision)
            };
            let all = scores.iter().enumerate();
            Ok(scores.len() == self.sheets && all.into_iter().all(|(at, score)| close(at, score)))
        };
        check().unwrap_or(false)
    }
}

/// Compute the scores. The first node is the client, the second one owns the model.
///
/// # Errors
/// When the other does not answer, or what it sends does not fit.
pub async fn run(
    me: NodeIndex,
    channel: Arc<dyn Channel>,
    scoring: Scoring,
) -> Result<Scored, ScoringError> {
    let structure = scoring.structure();
    let weights = Weights::new(&structure, &scoring.dense()?)?;
    let shape = material(&structure, None)?;
    let party = if me.position() == 0 { Party::Client } else { Party::Owner };
    let (mut scores, mut time, mut total) = (Vec::new(), Duration::ZERO, Counters::default());
    let mut cpu_seconds = 0.0;
    for at in 0..scoring.sheets {
        let [client, owner] = halves::<Pair127>(&shape, scoring.seed.wrapping_add(at as u64))?;
        let half = if party == Party::Client { client } else { owner };
        let sheet = weights::sheet(&structure, &scoring.sheet(at))?;
        let mine = match party {
            Party::Client => Mine::Sheet(&sheet),
            Party::Owner => Mine::Weights(&weights),
        };
        let (began, processor) = (Instant::now(), usage::own_cpu_seconds());
        // What tells one computation over the channel from the next.
        let mut binding = [0; 32];
        binding[..8].copy_from_slice(&(at as u64).to_le_bytes());
        let mut own = Computation::new(party, half, Arc::clone(&channel), binding)?;
        let score = score(&mut own, &structure, mine, None).await?;
        time += began.elapsed();
        cpu_seconds += usage::own_cpu_seconds() - processor;
        let spent = own.counters();
        total.rounds += spent.rounds;
        total.gates += spent.gates;
        total.messages += spent.messages;
        total.bytes_sent += spent.bytes_sent;
        scores.push(score.unwrap_or_default());
    }
    Ok(Scored { scores, time, counters: total, cpu_seconds })
}
