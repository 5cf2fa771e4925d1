//! Measurements of `gavel bench` as tables.

use std::fmt::Write as _;

use super::output::{Table, bytes, count, faint, seconds, strong};
use crate::bench::engine::report::Report;
use crate::bench::intake::report::IntakeReport;

/// A measurement of the engine.
pub fn engine(report: &Report) -> String {
    let mut text = String::new();
    let (count, what) = match (report.pairs, report.bids, report.participants) {
        _ if report.multiplications.is_some() => {
            (report.multiplications.unwrap_or(0), "multiplications")
        }
        _ if report.sheets.is_some() => (report.sheets.unwrap_or(0), "sheets"),
        _ if report.triples.is_some() => (report.triples.unwrap_or(0), "triples"),
        (Some(pairs), ..) => (pairs, "comparisons"),
        (_, Some(bids), _) => (bids, "bids"),
        (.., participants) => (participants.unwrap_or(0), "participants"),
    };
    let lots = match (report.quantity, report.prices) {
        (Some(lots @ 2..), _) => format!(" for {lots} lots"),
        _ if report.pays.is_some() => " with scores".to_owned(),
        (_, Some(prices)) => format!(" with {} prices", grouped(prices as f64)),
        _ => String::new(),
    };
    let lots = match (report.questions, report.cohorts) {
        (Some(questions), Some(cohorts @ 1..)) => {
            format!(" in {cohorts} cohorts with {questions} questions")
        }
        (Some(questions), _) => format!(" with {questions} questions"),
        _ if report.chain == Some(true) => " in a chain".to_owned(),
        _ => lots,
    };
    let _ = writeln!(
        text,
        "{}{lots} of {} bits, {} nodes, threshold {}",
        strong(format!("{} {what}", grouped(count as f64))),
        report.bits,
        report.nodes,
        report.threshold,
    );
    let most = report.bytes_sent.iter().copied().max().unwrap_or(0);
    let memory = report.peak_memory_bytes.iter().copied().max().unwrap_or(0);
    let rows = [
        ("wall time", seconds(report.seconds), format!("{} {what}/s", grouped(report.per_second))),
        (
            "floor",
            seconds(report.floor_seconds),
            format!("{:.2} times the floor", report.seconds / report.floor_seconds.max(1e-12)),
        ),
        (
            "predicted",
            seconds(report.plan.seconds),
            format!("{} rounds, {}", report.plan.rounds, bytes(report.plan.bytes_sent)),
        ),
        ("processor", seconds(report.cpu_seconds), "all nodes together".to_owned()),
        (
            "rounds",
            report.rounds.to_string(),
            format!("{} each, idle", seconds(report.line.round_seconds)),
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
        ("gates", grouped(report.gates as f64), String::new()),
        ("memory", bytes(memory), "the largest node, at most".to_owned()),
        (
            "lines",
            format!("{}/s", bytes(whole(report.line.bytes_per_second))),
            report
                .line
                .round_trip_seconds
                .map_or_else(String::new, |time| format!("round trip {}", seconds(time))),
        ),
        (
            "result",
            if report.correct { "correct" } else { "WRONG" }.to_owned(),
            format!("seed {}", report.seed),
        ),
    ];
    for (name, value, remark) in rows {
        let _ = writeln!(text, "  {name:<18} {value:>14}   {}", faint(remark));
    }
    text
}

/// A flood of bidders.
pub fn intake(report: &IntakeReport) -> String {
    let per_minute = format!("{:.0} bids a minute", report.bids_per_minute);
    let mut text = format!("{}, {:.0} a second\n\n", strong(per_minute), report.bids_per_second);
    let connections = report.shared_connections.map_or_else(
        || "every bidder over TLS connections of its own".to_owned(),
        |sets| format!("over {sets} shared sets of TLS connections"),
    );
    let rows = [
        ("bids", count(report.bids as u64), connections),
        (
            "receipts",
            count(report.receipts),
            format!("{} nodes, threshold {}", report.nodes, report.threshold),
        ),
        ("refused", count(report.refused), "as too many, or for want of room".to_owned()),
        ("time", seconds(report.seconds), format!("{} bidders at once", report.at_once)),
        (
            "one bid",
            seconds(report.latency_seconds.median),
            format!("the median; 99 of 100 within {}", seconds(report.latency_seconds.p99)),
        ),
        ("closing", seconds(report.closing_seconds), "until the manifest was signed".to_owned()),
        ("computing", seconds(report.computing_seconds), "until the outcome was signed".to_owned()),
        (
            "correct",
            if report.correct { "yes" } else { "NO" }.to_owned(),
            format!("seed {}", report.seed),
        ),
    ];
    for (name, value, remark) in rows {
        let _ = writeln!(text, "  {name:<12} {value:>10}   {}", faint(remark));
    }
    for (trouble, count) in &report.troubles {
        let _ = writeln!(text, "  {trouble:<12} {count:>10}");
    }
    let mut table = Table::new(&["", ">memory", ">disk", ">processor", ">at the end"]);
    for (server, end) in report.servers.iter().zip(&report.servers_at_the_end) {
        table.row([
            server.name.clone(),
            bytes(server.peak_memory_bytes),
            bytes(server.disk_bytes),
            seconds(server.cpu_seconds),
            format!("{}, {}", bytes(end.peak_memory_bytes), bytes(end.disk_bytes)),
        ]);
    }
    let _ = write!(text, "\n{table}");
    text
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::bench::intake::report::Latency;
    use crate::cli::figures::*;

    #[test]
    fn figures_are_readable() {
        assert_eq!(grouped(1_234_567.8), "1,234,567");
        assert_eq!(grouped(12.0), "12");
    }

    #[test]
    fn a_flood_that_went_wrong_says_so() {
        let report = IntakeReport {
            nodes: 3,
            threshold: 1,
            bids: 100,
            seed: 7,
            at_once: 4,
            shared_connections: None,
            seconds: 2.0,
            bids_per_second: 50.0,
            bids_per_minute: 3000.0,
            receipts: 294,
            refused: 5,
            troubles: BTreeMap::from([("too-many-requests", 5)]),
            latency_seconds: Latency { median: 0.05, p99: 0.1, longest: 0.1 },
            closing_seconds: 0.5,
            computing_seconds: 0.25,
            servers: Vec::new(),
            servers_at_the_end: Vec::new(),
            correct: false,
        };
        let text = intake(&report);
        assert!(text.contains("3000 bids a minute") && text.contains("NO"), "{text}");
        assert!(text.contains("too-many-requests"), "{text}");
    }
}
