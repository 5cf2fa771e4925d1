//! The line between two nodes, and what follows from it: the time that a cost takes, and what is
//! worth a second round or more memory.
//!
//! The model: a round takes as long as a message needs from one node to another, every byte its
//! share of the bandwidth, every gate its share of the processor, and so its check. The rounds of
//! stripes beside one another pass together; of each but the longest lane's only the handling counts.

use serde::{Deserialize, Serialize};

use crate::protocol::Cost;
use crate::protocol::bits::stripes;
use crate::protocol::tactics::LEAST_KING;
use crate::sharing::{NodeSet, Scheme};

/// How fast a round and a byte pass between the nodes, and how many nodes share a core; measured.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Time of one round: a small message from every node to every other, in seconds. About half
    /// of a round trip, and what the nodes need to send and receive.
    pub round_seconds: f64,
    /// Bytes that a node can send in a second while all others send too.
    pub bytes_per_second: f64,
    /// Nodes that share a processor core; below 1 where a node has several.
    pub nodes_per_core: f64,
}

/// What a node needs for a round beside the line: waking up, sealing and opening a record.
const HANDLING_SECONDS: f64 = 60e-6;

/// What is assumed of a line that has not been measured.
const USUAL_BYTES_PER_SECOND: f64 = 100e6;

/// Nanoseconds of processor per gate, and per gate and component held.
const GATE_NANOS: (f64, f64) = (0.1, 0.1);

/// Nanoseconds of processor to prove a gate and to check the others' proofs, per component held; and
/// per component times components.
const CHECK_NANOS: (f64, f64) = (0.85, 0.05);

/// Seconds of processor that a check takes whatever it checks, for each pair of a prover and a node
/// that hears its proof, the node itself among them.
const CHECK_SECONDS: f64 = 50e-6;

/// What a round takes of the processor that passes beside others.
const BESIDE_SECONDS: f64 = 20e-6;

impl Line {
    /// The line between nodes whose slowest links have this round trip, as their pings measure it,
    /// and this bandwidth, if it is known.
    pub fn of_links(round_trip_micros: u64, bytes_per_second: Option<u64>) -> Self {
        Self {
            round_seconds: round_trip_micros as f64 / 2e6 + HANDLING_SECONDS,
            bytes_per_second: bytes_per_second
                .map_or(USUAL_BYTES_PER_SECOND, |rate| rate as f64)
                .max(1.0),
            nodes_per_core: 1.0,
        }
    }
}

/// Seconds that a cost is expected to take.
pub fn seconds(scheme: Scheme, line: Line, cost: Cost) -> f64 {
    let components = components_held(scheme) as f64;
    let (gate, component) = GATE_NANOS;
    let processor =
        cost.gates as f64 * (gate + component * components) * 1e-9 * line.nodes_per_core;
    // What is not checked yet will be.
    let nodes = f64::from(scheme.nodes());
    let (check, more) = CHECK_NANOS;
    let check = (check + more * components) * components;
    let checks = (cost.checked + cost.unchecked) as f64 * check * 1e-9
        + cost.checks as f64 * CHECK_SECONDS * nodes * nodes;
    let beside = cost.beside as f64 * BESIDE_SECONDS;
    let processor = processor + (checks + beside) * line.nodes_per_core;
    cost.rounds as f64 * line.round_seconds
        + cost.bytes_sent as f64 / line.bytes_per_second
        + processor
}

/// Rounds of a comparison of 32 bits and what goes with it, in blocks of so many bits.
fn rounds_of_a_stripe(block: u8) -> f64 {
    f64::from(block.min(32)) + 6.0
}

/// Nanoseconds of processor to get a byte of fresh memory.
const FRESH_NANOS: f64 = 0.25;

/// How many stripes are to be under way at a time: fewer wait longer for messages, more need more
/// memory at once. `None` where all of them fit easily. Comparisons are in blocks of so many bits.
pub fn lanes(scheme: Scheme, positions: usize, line: Line, block: u8) -> Option<u16> {
    let components = components_held(scheme);
    let count = stripes::count(components, positions);
    if count * stripes::memory(components) <= EASILY {
        return None;
    }
    let count = count as f64;
    let waiting = count * rounds_of_a_stripe(block) * line.round_seconds;
    let each = stripes::memory(components) as f64 * FRESH_NANOS * 1e-9 * line.nodes_per_core;
    // waiting / lanes + each * lanes is least here.
    let lanes = (waiting / each).sqrt().ceil().max(LEAST_LANES);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below count")]
    (lanes < count).then_some(lanes.min(f64::from(u16::MAX)) as u16)
}

/// Bytes of intermediate results that no rounds are spent to save.
const EASILY: usize = 64 << 20;

/// So that one stripe can compute while others are sent and received.
const LEAST_LANES: f64 = 6.0;

/// Components that each node of a scheme holds.
pub fn components_held(scheme: Scheme) -> usize {
    scheme.all().first().map_or(0, |node| scheme.held_by(node).len())
}

/// The size from which a second round costs less than sending everything to all.
pub fn king_from(scheme: Scheme, participants: NodeSet, line: Line) -> Option<u64> {
    let nodes = participants.len() as f64;
    if scheme.nodes() == 3 || nodes < 3.0 {
        return None;
    }
    // Directly (n-1) bytes per byte of the row and node, over kings 2 (n-1)/n.
    let saved = (nodes - 1.0) * (1.0 - 2.0 / nodes);
    let from = line.round_seconds * line.bytes_per_second / saved;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
    Some(from.clamp(LEAST_KING as f64, 1e15) as u64)
}

#[cfg(test)]
mod tests {
    use crate::runs::line::*;

    #[test]
    fn kings_are_for_slow_lines_and_more_than_three_nodes() {
        let line = |bytes_per_second| Line {
            round_seconds: 0.5e-3,
            bytes_per_second,
            nodes_per_core: 1.0,
        };
        let three = Scheme::new(3, 1).unwrap();
        assert_eq!(king_from(three, three.all(), line(1e6)), None);
        let five = Scheme::new(5, 2).unwrap();
        let slow = king_from(five, five.all(), line(1e6)).unwrap();
        let fast = king_from(five, five.all(), line(1e9)).unwrap();
        assert!(LEAST_KING <= slow && slow < fast);
    }
}
