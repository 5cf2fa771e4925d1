//! The figures of a bench, as JSON and as a table.

use std::fmt::Write as _;

use serde::Serialize;

use crate::bench::job::Measured;
use crate::bench::lines::Lines;
use crate::cli::output::{bytes, faint, strong};
use crate::runs::plan::{Line, Plan};
use crate::sharing::Scheme;
use crate::sharing::form::Form;

/// What was measured. The names are a contract with scripts.
#[derive(Serialize)]
pub struct Report {
    nodes: u8,
    threshold: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pairs: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bids: Option<usize>,
    bits: u32,
    protocol: Form,
    seed: u64,
    /// From all inputs shared to the outcome known at every node, keys included.
    seconds: f64,
    rounds: u64,
    /// AND gates, one per bit and position.
    gates: u64,
    /// Bytes of payload, by node.
    bytes_sent: Vec<u64>,
    /// Of all nodes together.
    cpu_seconds: f64,
    /// By node.
    peak_memory_bytes: Vec<u64>,
    /// Rounds times the time of one, plus bytes over bandwidth, as measured on the same streams.
    floor_seconds: f64,
    correct: bool,
    /// What a second would do.
    per_second: f64,
    line: Streams,
    plan: Plan,
}

/// The streams, idle.
#[derive(Serialize)]
struct Streams {
    round_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trip_seconds: Option<f64>,
    bytes_per_second: f64,
}

/// What was asked for.
pub struct Asked {
    /// Who computes.
    pub scheme: Scheme,
    /// Pairs, or bids.
    pub pairs: bool,
    /// How many.
    pub count: usize,
    /// Bits of each number.
    pub bits: u32,
    /// How numbers are shared.
    pub protocol: Form,
    /// Where the inputs come from.
    pub seed: u64,
    /// Whether all nodes share a process.
    pub in_one_process: bool,
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
        let cpu_seconds = if asked.in_one_process { cpu.fold(0.0, f64::max) } else { cpu.sum() };
        Self {
            nodes: asked.scheme.nodes(),
            threshold: asked.scheme.threshold(),
            pairs: asked.pairs.then_some(asked.count),
            bids: (!asked.pairs).then_some(asked.count),
            bits: asked.bits,
            protocol: asked.protocol,
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

    /// Whether the result is what plain arithmetic says.
    pub const fn correct(&self) -> bool {
        self.correct
    }

    /// The table.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let (count, what) = match (self.pairs, self.bids) {
            (Some(pairs), _) => (pairs, "comparisons"),
            (_, bids) => (bids.unwrap_or(0), "bids"),
        };
        let _ = writeln!(
            text,
            "{} of {} bits, {} nodes, threshold {}",
            strong(format!("{} {what}", grouped(count as f64))),
            self.bits,
            self.nodes,
            self.threshold,
        );
        let most = self.bytes_sent.iter().copied().max().unwrap_or(0);
        let memory = self.peak_memory_bytes.iter().copied().max().unwrap_or(0);
        let rows = [
            ("wall time", time(self.seconds), format!("{} {what}/s", grouped(self.per_second))),
            (
                "floor",
                time(self.floor_seconds),
                format!("{:.2} times the floor", self.seconds / self.floor_seconds.max(1e-12)),
            ),
            (
                "predicted",
                time(self.plan.seconds),
                format!("{} rounds, {}", self.plan.rounds, bytes(self.plan.bytes_sent)),
            ),
            ("processor", time(self.cpu_seconds), "all nodes together".to_owned()),
            (
                "rounds",
                self.rounds.to_string(),
                format!("{} each, idle", time(self.line.round_seconds)),
            ),
            (
                "sent by each node",
                bytes(most),
                format!(
                    "{:.2} bytes per {}",
                    most as f64 / count.max(1) as f64,
                    &what[..what.len() - 1]
                ),
            ),
            ("gates", grouped(self.gates as f64), String::new()),
            ("memory", bytes(memory), "the largest node, at most".to_owned()),
            (
                "lines",
                format!("{}/s", bytes(whole(self.line.bytes_per_second))),
                self.line
                    .round_trip_seconds
                    .map_or_else(String::new, |seconds| format!("round trip {}", time(seconds))),
            ),
            (
                "result",
                if self.correct { "correct" } else { "WRONG" }.to_owned(),
                format!("seed {}", self.seed),
            ),
        ];
        for (name, value, remark) in rows {
            let _ = writeln!(text, "  {name:<18} {value:>14}   {}", faint(remark));
        }
        text
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a figure to be shown")]
fn whole(value: f64) -> u64 {
    value.max(0.0) as u64
}

/// "12,345,678".
fn grouped(value: f64) -> String {
    let digits = whole(value).to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "12.3 ms".
pub fn time(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.2} ms", s * 1e3),
        s => format!("{:.0} us", s * 1e6),
    }
}

#[cfg(test)]
mod tests {
    use crate::bench::report::*;

    #[test]
    fn figures_are_readable() {
        assert_eq!(grouped(1_234_567.8), "1,234,567");
        assert_eq!(grouped(12.0), "12");
        assert_eq!(time(0.000_12), "120 us");
        assert_eq!(time(0.0123), "12.30 ms");
        assert_eq!(time(3.0), "3.00 s");
    }
}
