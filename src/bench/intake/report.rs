//! What a flood of bids came to: bids per minute, waiting times, memory and disk.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::servers::Usage;
use crate::sharing::Scheme;

/// What was asked for.
pub struct Asked {
    /// Who computes.
    pub scheme: Scheme,
    /// Bidders, with one bid each.
    pub bids: usize,
    /// Bidders at work at one time.
    pub at_once: usize,
    /// Sets of connections that bidders share; 0: each has its own.
    pub connections: usize,
    /// Where the amounts come from.
    pub seed: u64,
}

/// How long each phase took, in seconds.
#[derive(Clone, Copy)]
pub struct Phases {
    /// From the first admission to the last receipt.
    pub intake: f64,
    /// Until the manifest was signed.
    pub closing: f64,
    /// Until the outcome was signed.
    pub computing: f64,
}

/// What came of all bids.
#[derive(Default)]
pub struct Tally {
    /// Receipts that are right.
    pub receipts: u64,
    /// Bids with a receipt of every node.
    pub complete: u64,
    /// Requests that a server refused for too many requests or for want of room.
    pub refused: u64,
    /// Everything that went wrong, by its type.
    pub troubles: BTreeMap<&'static str, u64>,
    /// From admission to all receipts, of every bidder.
    pub latencies: Vec<Duration>,
}

/// What was measured. The names are a contract with scripts.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct IntakeReport {
    /// n.
    pub nodes: u8,
    /// t.
    pub threshold: u8,
    /// Bidders, with one bid each.
    pub bids: usize,
    /// Where the amounts came from.
    pub seed: u64,
    /// Bidders at work at one time.
    pub at_once: usize,
    /// `null` where every bidder had connections of its own.
    pub shared_connections: Option<usize>,
    /// From the first admission to the last receipt, the bidders' own work among it.
    pub seconds: f64,
    /// Bids over that time.
    pub bids_per_second: f64,
    /// The same for a minute.
    pub bids_per_minute: f64,
    /// Of all nodes for all bids.
    pub receipts: u64,
    /// Requests that a server refused for too many requests or for want of room.
    pub refused: u64,
    /// Everything that went wrong, by its type.
    pub troubles: BTreeMap<&'static str, u64>,
    /// From admission to all receipts, of one bidder.
    pub latency_seconds: Latency,
    /// Until the manifest was signed.
    pub closing_seconds: f64,
    /// From then until the outcome was signed.
    pub computing_seconds: f64,
    /// After the last receipt.
    pub servers: Vec<Usage>,
    /// After the outcome.
    pub servers_at_the_end: Vec<Usage>,
    /// Whether every bid is in and the outcome right.
    pub correct: bool,
}

/// How long one bidder took.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Latency {
    /// Half took less.
    pub median: f64,
    /// 99 of 100 took less.
    pub p99: f64,
    /// Nobody took more.
    pub longest: f64,
}

impl IntakeReport {
    /// Put the figures together; `correct` says whether the outcome is right.
    pub fn new(
        asked: &Asked,
        phases: Phases,
        tally: Tally,
        servers: Vec<Usage>,
        servers_at_the_end: Vec<Usage>,
        correct: bool,
    ) -> Self {
        let per_second = if phases.intake > 0.0 { asked.bids as f64 / phases.intake } else { 0.0 };
        let Tally { receipts, complete, refused, troubles, mut latencies } = tally;
        latencies.sort_unstable();
        let at = |of_hundred: usize| {
            let position = (latencies.len() * of_hundred / 100).min(latencies.len().max(1) - 1);
            latencies.get(position).map_or(0.0, Duration::as_secs_f64)
        };
        Self {
            nodes: asked.scheme.nodes(),
            threshold: asked.scheme.threshold(),
            bids: asked.bids,
            seed: asked.seed,
            at_once: asked.at_once,
            shared_connections: (asked.connections > 0).then_some(asked.connections),
            seconds: phases.intake,
            bids_per_second: per_second,
            bids_per_minute: per_second * 60.0,
            receipts,
            refused,
            troubles,
            latency_seconds: Latency { median: at(50), p99: at(99), longest: at(100) },
            closing_seconds: phases.closing,
            computing_seconds: phases.computing,
            servers,
            servers_at_the_end,
            correct: correct && complete == asked.bids as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::bench::intake::report::*;

    #[test]
    fn figures_follow_from_what_was_measured() {
        let asked = Asked {
            scheme: Scheme::new(3, 1).unwrap(),
            bids: 100,
            at_once: 4,
            connections: 0,
            seed: 7,
        };
        let phases = Phases { intake: 2.0, closing: 0.5, computing: 0.25 };
        let tally = |complete| Tally {
            receipts: 294,
            complete,
            refused: 5,
            troubles: BTreeMap::from([("too-many-requests", 5), ("bad-envelope", 1)]),
            latencies: (1..=100).rev().map(Duration::from_millis).collect(),
        };
        let report = IntakeReport::new(&asked, phases, tally(98), Vec::new(), Vec::new(), true);
        assert!((report.bids_per_minute - 3000.0).abs() < 1e-9);
        assert!((report.latency_seconds.median - 0.051).abs() < 1e-9);
        assert!((report.latency_seconds.longest - 0.1).abs() < 1e-9);
        assert_eq!((report.refused, report.shared_connections), (5, None));
        assert!(!report.correct, "two bids are missing");
        let report = IntakeReport::new(&asked, phases, tally(100), Vec::new(), Vec::new(), true);
        assert!(report.correct);
    }
}
