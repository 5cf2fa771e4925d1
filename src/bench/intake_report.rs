//! The figures of `gavel bench intake`, as JSON and as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::report::time;
use super::town::Usage;
use crate::cli::output::{Table, bytes, count, faint, strong};
use crate::sharing::Scheme;
use crate::wire::problem::ProblemType;

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
pub struct Phases {
    /// From the first admission to the last receipt.
    pub intake: f64,
    /// Until the manifest was signed.
    pub closing: f64,
    /// Until the outcome was signed.
    pub computing: f64,
}

/// What was measured. The names are a contract with scripts.
#[derive(Serialize)]
pub struct IntakeReport {
    nodes: u8,
    threshold: u8,
    bids: usize,
    seed: u64,
    at_once: usize,
    /// `null` where every bidder had connections of its own.
    shared_connections: Option<usize>,
    /// From the first admission to the last receipt, the bidders' own work among it.
    seconds: f64,
    bids_per_second: f64,
    bids_per_minute: f64,
    receipts: u64,
    /// Requests that a server refused for too many requests or for want of room.
    refused: u64,
    /// Everything that went wrong, by its type.
    troubles: BTreeMap<String, u64>,
    /// From admission to all receipts, of one bidder.
    latency_seconds: Latency,
    closing_seconds: f64,
    computing_seconds: f64,
    /// After the last receipt.
    servers: Vec<Usage>,
    /// After the outcome.
    servers_at_the_end: Vec<Usage>,
    correct: bool,
}

#[derive(Serialize)]
struct Latency {
    median: f64,
    p99: f64,
    longest: f64,
}

impl IntakeReport {
    /// Put the figures together; `latencies` in order.
    pub fn new(
        asked: &Asked,
        phases: &Phases,
        receipts: u64,
        troubles: BTreeMap<String, u64>,
        latencies: &[Duration],
        servers: Vec<Usage>,
        correct: bool,
    ) -> Self {
        let per_second = if phases.intake > 0.0 { asked.bids as f64 / phases.intake } else { 0.0 };
        let busy = [ProblemType::TooManyRequests, ProblemType::Unavailable, ProblemType::Timeout];
        let refused = busy.iter().filter_map(|kind| troubles.get(kind.slug())).sum();
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
            servers_at_the_end: Vec::new(),
            correct,
        }
    }

    /// With what the servers took in all.
    #[must_use]
    pub fn with_end(mut self, servers: &[Usage]) -> Self {
        self.servers_at_the_end = servers.to_vec();
        self
    }

    /// Whether every bid is in and the outcome right.
    pub const fn correct(&self) -> bool {
        self.correct
    }

    /// As a table.
    pub fn text(&self) -> String {
        let per_minute = format!("{:.0} bids a minute", self.bids_per_minute);
        let mut text = format!("{}, {:.0} a second\n\n", strong(per_minute), self.bids_per_second);
        let connections = self.shared_connections.map_or_else(
            || "every bidder over TLS connections of its own".to_owned(),
            |sets| format!("over {sets} shared sets of TLS connections"),
        );
        let rows = [
            ("bids", count(self.bids as u64), connections),
            (
                "receipts",
                count(self.receipts),
                format!("{} nodes, threshold {}", self.nodes, self.threshold),
            ),
            ("refused", count(self.refused), "as too many, or for want of room".to_owned()),
            ("time", time(self.seconds), format!("{} bidders at once", self.at_once)),
            (
                "one bid",
                time(self.latency_seconds.median),
                format!("the median; 99 of 100 within {}", time(self.latency_seconds.p99)),
            ),
            ("closing", time(self.closing_seconds), "until the manifest was signed".to_owned()),
            ("computing", time(self.computing_seconds), "until the outcome was signed".to_owned()),
            (
                "correct",
                if self.correct { "yes" } else { "NO" }.to_owned(),
                format!("seed {}", self.seed),
            ),
        ];
        for (name, value, remark) in rows {
            let _ = writeln!(text, "  {name:<12} {value:>10}   {}", faint(remark));
        }
        for (trouble, count) in &self.troubles {
            let _ = writeln!(text, "  {trouble:<12} {count:>10}");
        }
        let mut table = Table::new(&["", ">memory", ">disk", ">processor", ">at the end"]);
        for (server, end) in self.servers.iter().zip(&self.servers_at_the_end) {
            table.row([
                server.name.clone(),
                bytes(server.peak_memory_bytes),
                bytes(server.disk_bytes),
                time(server.cpu_seconds),
                format!("{}, {}", bytes(end.peak_memory_bytes), bytes(end.disk_bytes)),
            ]);
        }
        let _ = write!(text, "\n{table}");
        text
    }
}

#[cfg(test)]
mod tests {
    use crate::bench::intake_report::*;

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
        let latencies: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        let troubles = BTreeMap::from([
            ("too-many-requests".to_owned(), 3),
            ("unavailable".to_owned(), 2),
            ("bad-envelope".to_owned(), 1),
        ]);
        let report =
            IntakeReport::new(&asked, &phases, 294, troubles, &latencies, Vec::new(), false);
        assert!((report.bids_per_minute - 3000.0).abs() < 1e-9);
        assert_eq!(report.refused, 5);
        assert!((report.latency_seconds.median - 0.051).abs() < 1e-9);
        assert!((report.latency_seconds.longest - 0.1).abs() < 1e-9);
        let text = report.text();
        assert!(text.contains("3000 bids a minute") && text.contains("NO"), "{text}");
    }
}
