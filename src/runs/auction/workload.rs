//! What decides how much an auction costs, and how it goes.

use crate::field::Mersenne127;
use crate::protocol::bracket::levels;
use crate::protocol::numbers::{maximum, range_check};
use crate::rules::Terms;
use crate::rules::auction::{Kind, Question};
use crate::sharing::form::Form;
use crate::sharing::security::Security;

/// What decides how much a run costs; all of it is public.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Workload {
    /// How bids are shared.
    pub protocol: Form,
    /// Which lies of nodes are found.
    pub security: Security,
    /// Width of a bid.
    pub bits: u32,
    /// Number of bids.
    pub bids: usize,
    /// Kind of auction.
    pub kind: Kind,
    /// Whether there is a reserve.
    pub reserve: bool,
    /// Whether every bid's range is checked.
    pub range_check: bool,
    /// How many lots there are.
    pub quantity: usize,
}

impl Workload {
    /// The work that so many bids make.
    pub fn of(terms: &Terms, question: &Question, bids: usize) -> Self {
        Self {
            protocol: terms.protocol,
            security: terms.security(),
            bits: question.bits(),
            bids,
            kind: question.kind,
            reserve: question.reserve.is_some(),
            range_check: terms.needs_range_check(),
            quantity: question.lots_among(usize::MAX),
        }
    }

    /// What takes part in the tournament when so many bids are in range: they, and the reserve.
    pub(super) fn entries(self, in_range: usize) -> usize {
        if in_range == 0 { 0 } else { in_range + usize::from(self.reserve) }
    }

    /// How many of the bids in range can win.
    pub(super) fn lots(self, in_range: usize) -> usize {
        self.quantity.min(in_range)
    }

    /// Whether the bids are compared at all to find the winners of several lots: with one another,
    /// with the reserve, or for the worst of them.
    pub(super) fn is_ranked(self, in_range: usize) -> bool {
        in_range > self.quantity
            || in_range > 0 && self.reserve
            || in_range > 1 && self.kind.is_second_price()
    }

    /// Random bits that a run on numbers takes at most.
    pub(super) fn random_bits(self) -> usize {
        let entries = self.bids + usize::from(self.reserve);
        let second = if self.kind.is_second_price() { levels(entries, &[]).len() } else { 0 };
        range_check::bits_needed::<Mersenne127>(self.bids)
            + maximum::bits_needed(self.bits, entries)
            + maximum::bits_needed(self.bits, second)
    }
}
