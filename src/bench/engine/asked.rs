//! What to measure.

use std::time::Duration;

use super::dealers::Dealing;
use super::products::Products;
use super::scores::Scoring;
use crate::rules::auction::Pays;
use crate::rules::survey;
use crate::sharing::Scheme;
use crate::sharing::form::Form;
use crate::sharing::security::Security;

/// Most numbers of a bench.
pub const MOST: usize = 1 << 26;

/// What to measure.
pub struct Asked {
    /// Who computes.
    pub scheme: Scheme,
    /// What is computed.
    pub what: What,
    /// Pairs to compare, bids of the auction, participants of the market or the survey, products, or triples.
    pub count: usize,
    /// Bits of each number.
    pub bits: u32,
    /// How numbers are shared.
    pub form: Form,
    /// Which lies of nodes are found.
    pub security: Security,
    /// Where the inputs come from.
    pub seed: u64,
    /// Where the nodes run.
    pub place: Place,
    /// What is not left to the plan.
    pub choices: Choices,
}

/// What is computed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// Comparisons of pairs.
    Pairs,
    /// A second-price auction of so many lots.
    Auction(u32),
    /// An auction in which every bid has a handicap, as those with scores have.
    Scored(Pays),
    /// A market with so many prices.
    Market(usize),
    /// This survey.
    Survey(Box<survey::Question>),
    /// Products of shared elements.
    Products(Products),
    /// Triples for two parties.
    Material(Dealing),
    /// Scores by two parties.
    Scores(Scoring),
}

impl What {
    /// How many numbers each of those counted has.
    pub const fn numbers(&self) -> usize {
        match self {
            Self::Pairs
            | Self::Auction(_)
            | Self::Scored(_)
            | Self::Products(_)
            | Self::Material(_)
            | Self::Scores(_) => 1,
            Self::Market(prices) => prices.saturating_add(1),
            Self::Survey(question) => question.cohorts.len() + question.items.len(),
        }
    }
}

/// Where the nodes run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// All in this process, over channels in memory.
    InProcess,
    /// Each in a process of its own, over TLS, with this round trip beside the real one.
    Processes {
        /// Simulated round trip between any two nodes.
        round_trip: Duration,
    },
}

/// Tactics that take the place of the plan's.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Choices {
    /// Sizes of the tournament's groups by level.
    pub groups: Option<Vec<u16>>,
    /// Positions of a stripe.
    pub stripe: Option<u32>,
    /// Stripes under way at a time.
    pub lanes: Option<u16>,
    /// Bits of a block of a comparison, in every batch.
    pub block: Option<u8>,
    /// Messages of this many bytes or more go over kings; 0 for none.
    pub king_from: Option<u64>,
}
