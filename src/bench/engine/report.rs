//! What a bench of the engine came to: time, rounds, bytes, memory, and whether it was right.

use serde::Serialize;

use super::asked::{Asked, Place, What};
use super::lines::Lines;
use super::task::Measured;
use crate::rules::auction::Pays;
use crate::rules::job::Prime;
use crate::runs::plan::{Line, Plan};
use crate::sharing::Scheme;
use crate::sharing::form::Form;
use crate::sharing::security::Security;

/// What was measured. The names are a contract with scripts.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    /// n.
    pub nodes: u8,
    /// t.
    pub threshold: u8,
    /// Comparisons, where that is what was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairs: Option<usize>,
    /// Bids, where it was an auction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bids: Option<usize>,
    /// What the winner is paid, where bids have handicaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pays: Option<Pays>,
    /// Lots, where it was an auction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u32>,
    /// Participants, where it was a market or a survey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub participants: Option<usize>,
    /// Prices, where it was a market.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices: Option<usize>,
    /// Questions, where it was a survey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub questions: Option<usize>,
    /// Cohorts, where it was a survey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohorts: Option<usize>,
    /// Products, where that is what was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiplications: Option<usize>,
    /// Whether each was made of the one before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<bool>,
    /// The field that they were made over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Prime>,
    /// Triples for two parties, where that is what was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub triples: Option<usize>,
    /// Sheets that were scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheets: Option<usize>,
    /// Of each number.
    pub bits: u32,
    /// How numbers were shared.
    pub protocol: Form,
    /// Which lies of nodes were looked for.
    pub security: Security,
    /// Where the inputs came from.
    pub seed: u64,
    /// From all inputs shared to the outcome known at every node, keys included.
    pub seconds: f64,
    /// Most of any node.
    pub rounds: u64,
    /// AND gates, one per bit and position; products.
    pub gates: u64,
    /// Bytes of payload, by node.
    pub bytes_sent: Vec<u64>,
    /// Of all nodes together.
    pub cpu_seconds: f64,
    /// By node.
    pub peak_memory_bytes: Vec<u64>,
    /// Rounds times the time of one, plus bytes over bandwidth, as measured on the same streams.
    pub floor_seconds: f64,
    /// Whether the result is what plain arithmetic says.
    pub correct: bool,
    /// What a second would do.
    pub per_second: f64,
    /// The streams, idle.
    pub line: Streams,
    /// What had been expected.
    pub plan: Plan,
}

/// The streams, idle.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Streams {
    /// The slowest node's time of a round.
    pub round_seconds: f64,
    /// A message from the first node to the second, and its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip_seconds: Option<f64>,
    /// The slowest node's bandwidth while all send.
    pub bytes_per_second: f64,
}

/// The slowest of all nodes' lines.
pub fn slowest(lines: &[Lines], scheme: Scheme) -> Line {
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    Line {
        round_seconds: lines.iter().map(|line| line.round_seconds).fold(0.0, f64::max),
        bytes_per_second: lines
            .iter()
            .map(|line| line.bytes_per_second)
            .fold(f64::INFINITY, f64::min),
        nodes_per_core: f64::from(scheme.nodes()) / cores,
    }
}

impl Report {
    /// Put the figures together.
    pub fn new(
        asked: &Asked,
        lines: &[Lines],
        plan: Plan,
        measured: &[Measured],
        correct: bool,
    ) -> Self {
        let line = slowest(lines, asked.scheme);
        let began = measured.iter().map(|node| node.began).min().unwrap_or(0);
        let ended = measured.iter().map(|node| node.ended).max().unwrap_or(0);
        let seconds = ended.saturating_sub(began) as f64 * 1e-9;
        let rounds = measured.iter().map(|node| node.rounds).max().unwrap_or(0);
        let bytes_sent: Vec<u64> = measured.iter().map(|node| node.bytes_sent).collect();
        let most = bytes_sent.iter().copied().max().unwrap_or(0);
        let cpu = measured.iter().map(|node| node.cpu_seconds);
        let cpu_seconds =
            if asked.place == Place::InProcess { cpu.fold(0.0, f64::max) } else { cpu.sum() };
        let quantity = if let What::Auction(quantity) = asked.what { Some(quantity) } else { None };
        let pays = if let What::Scored(pays) = asked.what { Some(pays) } else { None };
        let prices = if let What::Market(prices) = asked.what { Some(prices) } else { None };
        let survey = if let What::Survey(question) = &asked.what { Some(question) } else { None };
        let products =
            if let What::Products(products) = asked.what { Some(products) } else { None };
        Self {
            nodes: asked.scheme.nodes(),
            threshold: asked.scheme.threshold(),
            pairs: (asked.what == What::Pairs).then_some(asked.count),
            bids: quantity.map(|_| asked.count).or_else(|| pays.map(|_| asked.count)),
            pays,
            quantity,
            participants: (prices.is_some() || survey.is_some()).then_some(asked.count),
            prices,
            questions: survey.map(|question| question.items.len()),
            cohorts: survey.map(|question| question.cohorts.len()),
            multiplications: products.map(|products| products.count),
            chain: products.map(|products| products.chain),
            field: products.map(|products| products.prime),
            triples: matches!(asked.what, What::Material(_)).then_some(asked.count),
            sheets: matches!(asked.what, What::Scores(_)).then_some(asked.count),
            bits: asked.bits,
            protocol: asked.form,
            security: asked.security,
            seed: asked.seed,
            seconds,
            rounds,
            gates: measured.iter().map(|node| node.gates).max().unwrap_or(0),
            bytes_sent,
            cpu_seconds,
            peak_memory_bytes: measured.iter().map(|node| node.peak_memory_bytes).collect(),
            floor_seconds: rounds as f64 * line.round_seconds + most as f64 / line.bytes_per_second,
            correct,
            per_second: if seconds > 0.0 { asked.count as f64 / seconds } else { 0.0 },
            line: Streams {
                round_seconds: line.round_seconds,
                round_trip_seconds: lines.iter().find_map(|line| line.round_trip_seconds),
                bytes_per_second: line.bytes_per_second,
            },
            plan,
        }
    }
}
