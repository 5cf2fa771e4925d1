//! The plan of a run: pairs or groups, direct opening or kings, chosen from what has been measured.
//!
//! In: who computes, how much there is to do, and what the lines between the nodes are like. Out:
//! [`Tactics`] with the rounds, bytes and seconds that they are expected to take. Nothing here is
//! secret: entries are counted, not looked at.

use serde::{Deserialize, Serialize};

use super::blocks::Comparisons;
pub use super::line::Line;
use super::line::{king_from, lanes, seconds};
use super::workload::Workload;
use crate::field::Mersenne127;
pub use crate::protocol::Tactics;
use crate::protocol::numbers::{NumberCosts, comparison};
use crate::protocol::tactics::TacticsError;
use crate::protocol::{Cost, CostModel};
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::sharing::{NodeSet, Scheme};

/// The tactics of a run, and what it is expected to take at each node. All participants of an
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
    /// Check a plan from another machine. What it predicts is only shown.
    ///
    /// # Errors
    /// Names the rule that its tactics break.
    pub fn check(&self) -> Result<(), TacticsError> {
        self.tactics.check()
    }
}

impl Plan {
    /// The plan with these tactics, for what costs so much.
    pub fn of(scheme: Scheme, line: Line, tactics: Tactics, cost: Cost) -> Self {
        let seconds = seconds(scheme, line, cost);
        Self { tactics, rounds: cost.rounds, bytes_sent: cost.bytes_sent, seconds }
    }
}

/// The plan that is expected to take the least time.
pub fn choose(scheme: Scheme, participants: NodeSet, work: &Workload, line: Line) -> Plan {
    let tactics = work.tactics(scheme, participants, line);
    with_tactics(scheme, participants, work, line, tactics)
}

/// What a run with these tactics is expected to take.
pub fn with_tactics(
    scheme: Scheme,
    participants: NodeSet,
    work: &Workload,
    line: Line,
    tactics: Tactics,
) -> Plan {
    let cost = work.predict(scheme, participants, &tactics).cost();
    Plan::of(scheme, line, tactics, cost)
}

/// Pairs to be compared, for a bench: how many, how wide, in which form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pairs {
    /// How numbers are shared.
    pub protocol: Form,
    /// Which lies of nodes are found, on bits.
    pub security: Security,
    /// Bits of each number.
    pub bits: u32,
    /// How many pairs there are.
    pub count: usize,
}

/// The plan for comparing these pairs and opening the results.
pub fn for_comparisons(scheme: Scheme, participants: NodeSet, pairs: Pairs, line: Line) -> Plan {
    let mut tactics = Tactics::default();
    if pairs.protocol == Form::Bits {
        tactics.king_from = king_from(scheme, participants, line);
        tactics.lanes = lanes(scheme, pairs.count, line, 2);
    }
    let with = |tactics| comparisons_with(scheme, participants, pairs, line, tactics);
    if pairs.protocol == Form::Numbers {
        return with(tactics);
    }
    let (security, width, count) = (pairs.security, pairs.bits as usize, pairs.count);
    let comparisons = Comparisons { scheme, participants, security, width, count, line };
    comparisons.fastest(tactics, |tactics| {
        let plan = with(tactics);
        (plan.seconds, plan)
    })
}

/// The plan for comparing these pairs with the tactics given, and what that is expected to take.
pub fn comparisons_with(
    scheme: Scheme,
    participants: NodeSet,
    pairs: Pairs,
    line: Line,
    tactics: Tactics,
) -> Plan {
    let Pairs { protocol, security, bits, count } = pairs;
    let model = CostModel::new(scheme, participants).with_tactics(&tactics);
    let model = model.with_security(security);
    let work = match protocol {
        Form::Bits => model.opening(model.less_than(bits as usize, count), &[(1, count)]),
        Form::Numbers => {
            let numbers = NumberCosts::<Mersenne127>::new(participants);
            numbers.random_bits(comparison::bits_needed(bits, count))
                + numbers.at_least(bits, count)
                + numbers.open(count)
        }
        // Nothing is compared by adding; a bench of it is refused.
        Form::Sums => Cost::NONE,
    };
    Plan::of(scheme, line, tactics, model.keys() + work)
}
