//! A demo's result: one object of JSON for scripts, with the fields that are promised to them; and
//! text for people.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::follow::Settled;
use super::players::{Bidding, Refused};
use super::stages::{self, Lasted};
use crate::cli::answer::{self, result_json};
use crate::cli::failure::Failure;
use crate::cli::output::{bytes, clean, count, faint, plural, seconds as lasting, strong};
use crate::cli::told;
use crate::client::Network;
use crate::client::letters::Told;
use crate::identity::Statement as _;
use crate::rules::{Answer, Terms};
use crate::session::accusation::Finding;
use crate::session::exclusion::ExclusionReason;
use crate::session::outcome::Entrant;
use crate::session::{Phase, SessionId};
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::sharing::{NodeIndex, NodeSet};
use crate::wire::coordinator_api::SessionDetail;

/// The result object of `gavel demo --json`.
#[derive(Serialize)]
pub struct DemoResult {
    session: SessionId,
    title: String,
    kind: &'static str,
    phase: Phase,
    /// Of an auction who won, and the price; of a market the price, and who trades how much.
    #[serde(flatten)]
    decided: Value,
    /// The price with decimals and currency.
    price_text: Option<String>,
    /// Which lies of nodes are found.
    security: Security,
    /// Of a market, a survey, a job or a scored auction: whether plain arithmetic with all entries says the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    correct: Option<bool>,
    nodes: u8,
    threshold: u8,
    signed_by: NodeSet,
    /// Bids that are in, with those that were excluded at closing.
    bids: u64,
    excluded: Vec<Excluded>,
    refused: Vec<Refused>,
    seconds: Seconds,
    attempts: u32,
    /// What nodes found of others' lies in attempts before the last.
    lies: Vec<Finding>,
    /// The same in short.
    complaints: Vec<Complaint>,
    /// Nodes that lied, whatever else is true.
    named: NodeSet,
    rounds: u64,
    gates: u64,
    /// Payload bytes that each node sent to other nodes, in order of index.
    bytes_sent: Vec<u64>,
    /// What the plan had said of computing.
    predicted: Predicted,
    /// Whether the record was checked offline, every signature.
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<PathBuf>,
    #[serde(skip)]
    answer: Answer<Entrant>,
    #[serde(skip)]
    terms: Terms,
    #[serde(skip)]
    names: Vec<String>,
    /// What some alone are told, of a demo that plays all of them.
    #[serde(skip)]
    told: Vec<String>,
}

#[derive(Serialize)]
struct Seconds {
    bidding: f64,
    closing: f64,
    computing: f64,
    /// Part of `computing`: from the keys to the outcome.
    protocol: f64,
    /// From the end of bidding to the signed outcome, stage by stage.
    stages: Vec<Lasted>,
}

#[derive(Serialize, Default)]
struct Predicted {
    rounds: u64,
    bytes_sent: u64,
    /// Beside `seconds.protocol`.
    seconds: f64,
}

/// What was found of a lie.
#[derive(Serialize)]
struct Complaint {
    attempt: u32,
    /// The node that lied, or those of whom at least one did.
    nodes: NodeSet,
    what: String,
}

impl Complaint {
    fn of(finding: &Finding, named: NodeSet) -> Self {
        let all = finding.sets.iter().fold(NodeSet::EMPTY, |all, set| all.union(*set));
        let sure = all.intersection(named);
        let nodes = if sure.is_empty() { all } else { sure };
        Self { attempt: finding.attempt, nodes, what: finding.told(named) }
    }
}

#[derive(Serialize)]
struct Excluded {
    bidder: String,
    reason: ExclusionReason,
    detail: &'static str,
    named_by: NodeSet,
}

/// Check the record offline and put the result together.
///
/// # Errors
/// When the record does not hold.
pub fn make(
    network: &Network,
    settled: &Settled,
    bidding: Bidding,
    kept: Option<&Path>,
) -> Result<DemoResult, Failure> {
    let Settled { detail, record, .. } = settled;
    let roster = &network.roster().body;
    let report = record.verify(Some(roster.digest()))?;
    let Some(outcome) = &report.outcome else {
        return Err(Failure::new("bad-record", "the record has no outcome"));
    };
    let terms = record.announcement.body.terms.clone();
    let answer = bidding.ranks.from_the_best(&outcome.answer);
    let mut decided = result_json(&terms, &answer)?.unwrap_or_default();
    if terms.question.as_survey().is_some() {
        let listed = record.manifest.as_ref().map_or(0, |manifest| manifest.body.entries.len());
        decided["answers"] = listed.saturating_sub(outcome.out_of_range.len()).into();
    }
    if let Some(quantities) = bidding.entries.quantities(&terms, &answer) {
        decided["quantities"] = quantities;
    }
    let manifest = record.manifest.as_ref().map(|manifest| &manifest.body);
    let correct = manifest.and_then(|list| bidding.entries.is_right(&terms, list, &answer));
    let price = decided.get("price").and_then(Value::as_u64);
    let last = detail.attempts.iter().rfind(|attempt| attempt.trouble.is_none());
    let cost = last.map_or(&[][..], |attempt| &attempt.cost);
    let of_node = |node: NodeIndex| cost.iter().find(|(index, _)| *index == node);
    Ok(DemoResult {
        session: report.session,
        title: terms.title.clone(),
        kind: terms.question.kind_name(),
        phase: detail.summary.phase,
        price_text: price.map(|price| terms.question.show(price)),
        decided,
        security: terms.security(),
        correct,
        answer,
        nodes: roster.scheme.nodes(),
        threshold: roster.scheme.threshold(),
        signed_by: report.signed_by,
        bids: bidding.placed,
        excluded: report
            .excluded
            .iter()
            .map(|exclusion| Excluded {
                bidder: exclusion.bidder.clone(),
                reason: exclusion.reason,
                detail: exclusion.reason.explain(),
                named_by: exclusion.named_by,
            })
            .collect(),
        refused: bidding.refused,
        seconds: Seconds {
            bidding: bidding.took.as_secs_f64(),
            closing: between(detail, Phase::Closing, Phase::Computing),
            computing: between(detail, Phase::Computing, Phase::Settled),
            protocol: cost.iter().map(|(_, cost)| cost.computing_seconds).fold(0.0, f64::max),
            stages: stages::of(settled),
        },
        attempts: last.map_or(0, |attempt| attempt.attempt),
        complaints: report.lies.iter().map(|lie| Complaint::of(lie, report.named)).collect(),
        lies: report.lies,
        named: report.named,
        rounds: cost.iter().map(|(_, cost)| cost.rounds).max().unwrap_or(0),
        gates: cost.iter().map(|(_, cost)| cost.gates).max().unwrap_or(0),
        bytes_sent: roster
            .scheme
            .all()
            .iter()
            .map(|node| of_node(node).map_or(0, |(_, cost)| cost.bytes_sent))
            .collect(),
        predicted: cost.first().map_or_else(Predicted::default, |(_, cost)| Predicted {
            rounds: cost.predicted_rounds,
            bytes_sent: cost.predicted_bytes_sent,
            seconds: cost.predicted_seconds,
        }),
        verified: true,
        folder: kept.map(Path::to_owned),
        names: roster.nodes.iter().map(|card| card.name.clone()).collect(),
        told: Vec::new(),
        terms,
    })
}

/// Seconds from first entering one phase to last entering another.
fn between(detail: &SessionDetail, from: Phase, to: Phase) -> f64 {
    let start = detail.timeline.iter().find(|(phase, _)| *phase == from);
    let end = detail.timeline.iter().rfind(|(phase, _)| *phase == to);
    match (start, end) {
        (Some((_, start)), Some((_, end))) => {
            let millis = end.millis().saturating_sub(start.millis()).max(0);
            millis as f64 / 1e3
        }
        _ => 0.0,
    }
}

impl DemoResult {
    /// In one paragraph, for after a screen has closed.
    pub fn paragraph(&self) -> String {
        let line = answer::line(&self.terms, &self.answer);
        let line = console::strip_ansi_codes(&line);
        let text = format!(
            "{}: {}. Bids: {}; nothing but {} was opened. Signed by {} of {} nodes after {} and {} of computing. The record was checked offline: every signature is right.",
            clean(&self.title),
            line.trim_end_matches('.'),
            self.bids_line(),
            if self.answer.entries().is_empty() { "that" } else { answer::opened(&self.terms) },
            self.signed_by.len(),
            self.nodes,
            plural(self.rounds, "round", "rounds"),
            lasting(self.seconds.computing),
        );
        match &self.folder {
            None => text,
            Some(folder) => format!("{text} It is kept in {}.", folder.display()),
        }
    }

    /// The same with what some alone are told.
    #[must_use]
    pub fn with_told(mut self, all: &[Told]) -> Self {
        if !all.is_empty() {
            self.decided["told"] = told::values(all);
        }
        self.told = all.iter().flat_map(told::lines).collect();
        self
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let sold = answer::text(&self.terms, &self.answer);
        let _ = writeln!(text, "\n{}\n{sold}\n", strong(clean(&self.title)));
        let names: Vec<String> = self
            .signed_by
            .iter()
            .filter_map(|node| self.names.get(node.position()).map(|name| format!("{node} {name}")))
            .collect();
        let lies = self.lies();
        let mut row = |label: &str, value: String| {
            let _ = writeln!(text, "  {} {value}", faint(format!("{label:<10}")));
        };
        let opened = answer::opened(&self.terms);
        row("rule", format!("{}; {opened} are all that was opened", self.kind));
        for told in &self.told {
            row("sealed", told.clone());
        }
        row("signed by", names.join(", "));
        row("bids", self.bids_line());
        for excluded in &self.excluded {
            row("excluded", format!("{}: {}", clean(&excluded.bidder), excluded.detail));
        }
        for refused in &self.refused {
            row("refused", format!("{}: {}", clean(&refused.bidder), clean(&refused.detail)));
        }
        row(
            "time",
            format!(
                "bidding {}, closing {}, computing {}",
                lasting(self.seconds.bidding),
                lasting(self.seconds.closing),
                lasting(self.seconds.computing)
            ),
        );
        let lasted = |stage: &Lasted| format!("{} {}", stage.stage, lasting(stage.seconds));
        let stages: Vec<String> = self.seconds.stages.iter().map(lasted).collect();
        row("by stage", stages.join(", "));
        row(
            "protocol",
            format!(
                "{}, {} {}, {}; planned {}, {}",
                plural(self.rounds, "round", "rounds"),
                count(self.gates),
                match self.terms.protocol {
                    Form::Bits | Form::Sums => "AND gates",
                    Form::Numbers => "products",
                },
                lasting(self.seconds.protocol),
                plural(self.predicted.rounds, "round", "rounds"),
                lasting(self.predicted.seconds),
            ),
        );
        for lie in lies {
            row("lies", lie);
        }
        if let Some(correct) = self.correct {
            let found = if correct { "says the same" } else { "says something else" };
            row("in plain", format!("arithmetic with all entries {found}"));
        }
        row("record", "checked offline: every signature is right".into());
        for (position, sent) in self.bytes_sent.iter().enumerate() {
            let label = if position == 0 { "sent" } else { "" };
            let name = self.names.get(position).map_or("", String::as_str);
            row(label, format!("{} {name:<12}{:>10}", position + 1, bytes(*sent)));
        }
        if let Some(folder) = &self.folder {
            let folder = folder.display();
            let _ = writeln!(
                text,
                "\nKept in {folder}. Check it yourself:\n  gavel verify {folder}/record.json --roster {folder}/roster.json"
            );
        }
        text
    }

    /// Who lied, attempt by attempt.
    fn lies(&self) -> Vec<String> {
        let who = match self.named.first() {
            Some(node) if self.named.len() == 1 => {
                let name = self.names.get(node.position()).map_or("", String::as_str);
                Some(format!("node {node} {name}"))
            }
            _ => None,
        };
        let line = |finding: &Finding| {
            let attempt = finding.attempt;
            match &who {
                Some(who) => format!(
                    "attempt {attempt}: {who} {}; nodes {} found it and signed that; computed again \
                     without it",
                    finding.fault.deed(),
                    finding.by
                ),
                None => format!("attempt {attempt}: {finding}; computed again"),
            }
        };
        self.lies.iter().map(line).collect()
    }

    fn bids_line(&self) -> String {
        let who = match self.threshold {
            1 => "no node alone".to_owned(),
            threshold => format!("no {threshold} nodes together"),
        };
        if self.bids == 0 {
            return "none was handed in".to_owned();
        }
        format!(
            "{} handed in, sealed to {} nodes; {who} can read one",
            count(self.bids),
            self.nodes
        )
    }
}
