//! The plan of a run: pairs or groups, direct opening or kings, chosen from what has been measured.
//!
//! In: who computes, how much there is to do, and what the lines between the nodes are like. Out:
//! [`Tactics`] with the rounds, bytes and seconds that they are expected to take. Nothing here is
//! secret: bids are counted, not looked at.
//!
//! The model: a round takes as long as a message needs from one node to another, every byte its
//! share of the bandwidth, every gate its share of the processor. Longer lines make larger groups
//! worth their gates; slower ones make kings worth their second round.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::auction::bits::{Workload, predict};
use crate::field::Mersenne127;
pub use crate::protocol::Tactics;
use crate::protocol::bits::stripes;
use crate::protocol::bracket::Level;
use crate::protocol::numbers::{NumberCosts, comparison};
use crate::protocol::tactics::{GROUPS, LEAST_KING, TacticsError};
use crate::protocol::{Cost, CostModel};
use crate::sharing::form::Form;
use crate::sharing::{NodeSet, Scheme};

/// What lies between the nodes, as measured.
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

/// How a run is to go, and what it is expected to take at each node. All participants of an
/// attempt must use the same plan; it goes to them with the attempt.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Groups, kings, stripes.
    pub tactics: Tactics,
    /// Rounds, keys included.
    pub rounds: u64,
    /// Bytes of payload that each node sends.
    pub bytes_sent: u64,
    /// Wall time from the keys to the outcome.
    pub seconds: f64,
}

impl Plan {
    /// Check a plan that comes from elsewhere. What it predicts is only shown.
    ///
    /// # Errors
    /// Names the rule that its tactics break.
    pub fn check(&self) -> Result<(), TacticsError> {
        self.tactics.check()
    }
}

/// The plan that is expected to take the least time.
pub fn choose(scheme: Scheme, participants: NodeSet, work: Workload, line: Line) -> Plan {
    if work.protocol == Form::Numbers {
        return with_tactics(scheme, participants, work, line, Tactics::default());
    }
    let king_from = king_from(scheme, participants, line);
    let entries = work.bids + usize::from(work.reserve);
    let lanes = lanes(scheme, entries.div_ceil(2), line);
    let mut tactics = Tactics { king_from, lanes, ..Tactics::default() };
    let model = CostModel::new(scheme, participants).with_tactics(&tactics);
    let mut search = Search { scheme, work, line, model, known: HashMap::new() };
    tactics.groups = search.first(entries, 0, 0).1;
    let met: usize = levels_of(entries, &tactics.groups).iter().map(|level| level.group - 1).sum();
    tactics.second_groups = search.second(met).1;
    with_tactics(scheme, participants, work, line, tactics)
}

/// Pairs to be compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pairs {
    /// How numbers are shared.
    pub protocol: Form,
    /// Bits of each number.
    pub bits: u32,
    /// How many.
    pub count: usize,
}

/// The plan for comparing so many pairs and opening the results.
pub fn for_comparisons(scheme: Scheme, participants: NodeSet, pairs: Pairs, line: Line) -> Plan {
    let mut tactics = Tactics::default();
    if pairs.protocol == Form::Bits {
        tactics.king_from = king_from(scheme, participants, line);
        tactics.lanes = lanes(scheme, pairs.count, line);
    }
    comparisons_with(scheme, participants, pairs, line, tactics)
}

/// What comparing so many pairs with these tactics is expected to take.
pub fn comparisons_with(
    scheme: Scheme,
    participants: NodeSet,
    pairs: Pairs,
    line: Line,
    tactics: Tactics,
) -> Plan {
    let Pairs { protocol, bits, count } = pairs;
    let model = CostModel::new(scheme, participants).with_tactics(&tactics);
    let work = match protocol {
        Form::Bits => model.less_than(bits as usize, count) + model.open(&[(1, count)]),
        Form::Numbers => {
            let numbers = NumberCosts::<Mersenne127>::new(participants);
            numbers.random_bits(comparison::bits_needed(bits, count))
                + numbers.at_least(bits, count)
                + numbers.open(count)
        }
    };
    let cost = model.keys() + work;
    Plan {
        tactics,
        rounds: cost.rounds,
        bytes_sent: cost.bytes_sent,
        seconds: seconds(scheme, line, cost),
    }
}

/// What a run with these tactics is expected to take.
pub fn with_tactics(
    scheme: Scheme,
    participants: NodeSet,
    work: Workload,
    line: Line,
    tactics: Tactics,
) -> Plan {
    let predicted = predict(scheme, participants, work, &tactics);
    let cost = Cost {
        rounds: predicted.rounds,
        gates: predicted.gates,
        bytes_sent: predicted.bytes_sent_per_node,
        comparisons: predicted.comparisons,
    };
    Plan {
        tactics,
        rounds: cost.rounds,
        bytes_sent: cost.bytes_sent,
        seconds: seconds(scheme, line, cost),
    }
}

/// Seconds that a cost is expected to take.
pub fn seconds(scheme: Scheme, line: Line, cost: Cost) -> f64 {
    let components = components_held(scheme) as f64;
    let (gate, component) = GATE_NANOS;
    let processor =
        cost.gates as f64 * (gate + component * components) * 1e-9 * line.nodes_per_core;
    cost.rounds as f64 * line.round_seconds
        + cost.bytes_sent as f64 / line.bytes_per_second
        + processor
}

/// Rounds of a comparison of 32 bits and what goes with it.
const ROUNDS_OF_A_STRIPE: f64 = 8.0;

/// Nanoseconds of processor to get a byte of fresh memory.
const FRESH_NANOS: f64 = 0.25;

/// How many stripes are to be under way at a time: fewer wait longer for messages, more need more
/// memory at once. `None` where all of them fit easily.
fn lanes(scheme: Scheme, positions: usize, line: Line) -> Option<u16> {
    let components = components_held(scheme);
    let count = stripes::count(components, positions);
    if count * stripes::memory(components) <= EASILY {
        return None;
    }
    let count = count as f64;
    let waiting = count * ROUNDS_OF_A_STRIPE * line.round_seconds;
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

fn components_held(scheme: Scheme) -> usize {
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

fn levels_of(count: usize, groups: &[u8]) -> Vec<Level> {
    crate::protocol::bracket::levels(count, groups)
}

/// Tries all sequences of group sizes; what is left to do after some levels is worked out once.
struct Search {
    scheme: Scheme,
    work: Workload,
    line: Line,
    model: CostModel,
    known: HashMap<(usize, usize, usize), (f64, Vec<u8>)>,
}

impl Search {
    /// The tournament and what follows from it, from a level with so many entries on, which carry
    /// so many bits of their index, when the winner has met so many.
    fn first(&mut self, entries: usize, carried: usize, met: usize) -> (f64, Vec<u8>) {
        if entries <= 1 {
            let after = if self.work.kind.is_second_price() { self.second(met).0 } else { 0.0 };
            return (after, Vec::new());
        }
        if let Some(known) = self.known.get(&(entries, carried, met)) {
            return known.clone();
        }
        let best = self.best(entries, |search, level| {
            let bits = level.group.trailing_zeros() as usize;
            let own = search.model.level(search.work.bits as usize, carried, level);
            let rest = search.first(level.groups(), carried + bits, met + level.group - 1);
            (seconds(search.scheme, search.line, own) + rest.0, rest.1)
        });
        self.known.insert((entries, carried, met), best.clone());
        best
    }

    /// The tournament among those who lost to the winner.
    fn second(&mut self, entries: usize) -> (f64, Vec<u8>) {
        if entries <= 1 {
            return (0.0, Vec::new());
        }
        self.best(entries, |search, level| {
            let own = search.model.level(search.work.bits as usize, 0, level);
            let rest = search.second(level.groups());
            (seconds(search.scheme, search.line, own) + rest.0, rest.1)
        })
    }

    fn best(
        &mut self,
        entries: usize,
        mut cost: impl FnMut(&mut Self, Level) -> (f64, Vec<u8>),
    ) -> (f64, Vec<u8>) {
        let mut best = (f64::INFINITY, Vec::new());
        for size in GROUPS {
            let group = usize::from(size);
            if group > entries.next_power_of_two() {
                continue;
            }
            let (seconds, rest) = cost(self, Level { entries, group });
            if seconds < best.0 {
                best = (seconds, std::iter::once(size).chain(rest).collect());
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::auction::Kind;
    use crate::runs::plan::*;
    use crate::sharing::form::Form;

    fn line(round_trip_millis: f64, bytes_per_second: f64) -> Line {
        Line { round_seconds: round_trip_millis / 2e3, bytes_per_second, nodes_per_core: 1.0 }
    }

    fn work(bids: usize) -> Workload {
        Workload {
            protocol: Form::Bits,
            bits: 32,
            bids,
            kind: Kind::SecondPrice,
            reserve: false,
            range_check: false,
        }
    }

    #[test]
    fn long_lines_make_large_groups_and_short_ones_pairs() {
        let scheme = Scheme::new(5, 2).unwrap();
        let plan = |bids, line| choose(scheme, scheme.all(), work(bids), line);
        let far = plan(100, line(50.0, 100e6));
        // 100 -> 50 -> 7 -> 1: the pairs come where there is most to compare.
        assert_eq!(far.tactics.groups, [2, 8, 8]);
        assert!(far.rounds <= 50, "{far:?}");
        assert!(far.seconds < 1.5, "{far:?}");
        let near = plan(1_000_000, line(0.1, 100e6));
        assert_eq!(near.tactics.groups[0], 2);
        assert!(far.check().is_ok() && near.check().is_ok());
    }

    #[test]
    fn the_chosen_plan_is_no_worse_than_any_uniform_one() {
        for (n, t) in [(3, 1), (5, 2), (7, 3)] {
            let scheme = Scheme::new(n, t).unwrap();
            for bids in [0, 1, 2, 3, 9, 100, 5000] {
                for line in [line(0.2, 500e6), line(10.0, 10e6), line(200.0, 1e6)] {
                    let best = choose(scheme, scheme.all(), work(bids), line);
                    for size in GROUPS {
                        let tactics = Tactics {
                            groups: vec![size; 20],
                            second_groups: vec![size; 20],
                            king_from: best.tactics.king_from,
                            ..Tactics::default()
                        };
                        let other = with_tactics(scheme, scheme.all(), work(bids), line, tactics);
                        assert!(
                            best.seconds <= other.seconds * 1.000_001,
                            "{n} {bids} {line:?}: {best:?} {other:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn kings_are_for_slow_lines_and_more_than_three_nodes() {
        let three = Scheme::new(3, 1).unwrap();
        assert_eq!(king_from(three, three.all(), line(1.0, 1e6)), None);
        let five = Scheme::new(5, 2).unwrap();
        let slow = king_from(five, five.all(), line(1.0, 1e6)).unwrap();
        let fast = king_from(five, five.all(), line(1.0, 1e9)).unwrap();
        assert!(LEAST_KING <= slow && slow < fast);
    }
}
