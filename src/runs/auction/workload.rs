//! What decides how much an auction costs, and how it goes.

use crate::field::Mersenne127;
use crate::protocol::bracket::levels;
use crate::protocol::numbers::comparison::Comparing;
use crate::protocol::numbers::{maximum, range_check};
use crate::rules::Terms;
use crate::rules::auction::{Kind, Question};
use crate::rules::entries::Field;
use crate::rules::job::Prime;
use crate::sharing::Scheme;
use crate::sharing::form::Form;
use crate::sharing::security::Security;

/// Amounts that leave no room for the masks of so many comparisons.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "on numbers, amounts of {bits} bits leave no room in the field for the masks of {bids} bids \
     among {nodes} nodes, only amounts of {widest} bits do; lower maximum or max_bids, or leave out \
     protocol = \"paper\""
)]
pub struct TooWide {
    /// Bits of an amount.
    bits: u32,
    /// As many as would fit.
    widest: u32,
    /// Bids that there may be.
    bids: usize,
    /// Nodes of the roster.
    nodes: u8,
}

/// The worst admissible price, as far as it is public.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reserve {
    /// There is none.
    None,
    /// This amount.
    Public(u64),
    /// One that nobody knows.
    Secret,
}

impl Reserve {
    /// That of an auction.
    pub(super) const fn of(question: &Question) -> Self {
        match question.reserve {
            Some(reserve) => Self::Public(reserve),
            None if question.secret_reserve.is_some() => Self::Secret,
            None => Self::None,
        }
    }
}

/// How wide the numbers of a scored auction are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Weighed {
    /// What is added up: prices, and handicaps.
    pub operands: u32,
    /// The sums.
    pub bits: u32,
}

impl Weighed {
    /// Those of an auction, if it is scored.
    pub fn of(question: &Question) -> Option<Self> {
        let most = question.scored.as_ref()?.scoring.most();
        let width = |largest: u64| Field::up_to(largest).bits;
        let sum = question.maximum.saturating_add(most);
        Some(Self { operands: width(most).max(question.bits()), bits: width(sum) })
    }
}

/// What decides how much a run costs; all of it is public.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Workload {
    /// How bids are shared.
    pub protocol: Form,
    /// Which lies of nodes are found.
    pub security: Security,
    /// Width of a bid.
    pub bits: u32,
    /// What prices and handicaps add up to, where scores count; else bids are compared as they are.
    pub weighed: Option<Weighed>,
    /// Number of bids.
    pub bids: usize,
    /// Kind of auction; of a scored one, the one that is paid alike.
    pub kind: Kind,
    /// Whether there is a reserve, public or secret, that bids are compared with.
    pub reserve: bool,
    /// What a secret reserve is shared over.
    pub secret_reserve: Option<Prime>,
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
            weighed: Weighed::of(question),
            bids,
            kind: question.computed_as(),
            reserve: question.may_stay_unsold(),
            secret_reserve: question.secret_reserve.as_ref().map(|secret| secret.field),
            range_check: terms.needs_range_check(),
            quantity: question.lots_among(usize::MAX),
        }
    }

    /// Width of what is compared.
    pub(super) fn compared(self) -> u32 {
        self.weighed.map_or(self.bits, |weighed| weighed.bits)
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

    /// Entries of the tournament at most, and of the one for the second price.
    fn tournaments(self) -> [usize; 2] {
        let entries = self.bids + usize::from(self.reserve);
        let second = if self.kind.is_second_price() { levels(entries, &[]).len() } else { 0 };
        [entries, second]
    }

    /// Random bits that a run on numbers takes at most.
    pub(super) fn random_bits(self) -> usize {
        let compared = self.tournaments().map(|entries| maximum::bits_needed(self.bits, entries));
        range_check::bits_needed::<Mersenne127>(self.bids) + compared.iter().sum::<usize>()
    }

    /// How a run on numbers compares them: under masks that are wide enough for all comparisons.
    pub(super) fn comparing(self) -> Comparing {
        let comparisons = self.tournaments().map(|entries| entries.saturating_sub(1));
        Comparing::new(self.bits, comparisons.iter().sum())
    }

    /// That the nodes of a scheme can compute this: on numbers, amounts and masks have to fit into
    /// the field.
    ///
    /// # Errors
    /// When they do not; says what to change.
    pub(crate) fn check(self, scheme: Scheme) -> Result<(), TooWide> {
        if self.protocol != Form::Numbers {
            return Ok(());
        }
        let comparing = self.comparing();
        comparing.check::<Mersenne127>(scheme).map_err(|_| TooWide {
            bits: self.bits,
            widest: comparing.widest::<Mersenne127>(scheme),
            bids: self.bids,
            nodes: scheme.nodes(),
        })
    }
}
