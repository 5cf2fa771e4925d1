//! How far a score is, for whoever watches.

use crate::rules::model::StructureError;
use crate::runs::score::{Part, parts};
use crate::session::scoring::ModelTerms;

/// What the two parties are doing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Step {
    /// They say who they are, and what is asked for.
    #[default]
    Meeting,
    /// This party fetches its half of the batch from the dealers.
    Half,
    /// The partner fetches its own.
    Partner,
    /// They compute.
    Computing,
    /// They sign the score.
    Signing,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Self; 5] =
        [Self::Meeting, Self::Half, Self::Partner, Self::Computing, Self::Signing];

    /// As scripts read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meeting => "meeting",
            Self::Half => "half",
            Self::Partner => "partner",
            Self::Computing => "computing",
            Self::Signing => "signing",
        }
    }
}

/// Where a score is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Course {
    /// The step.
    pub step: Step,
    /// Rounds of messages that have passed.
    pub rounds: u64,
    /// Bytes that this party has sent in them.
    pub bytes_sent: u64,
}

/// The parts of a model's computation, each with the number of the round that ends it: known before it
/// begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Itinerary(Vec<(Part, u64)>);

impl Itinerary {
    /// Of a model.
    ///
    /// # Errors
    /// When it cannot be computed.
    pub fn of(terms: &ModelTerms) -> Result<Self, StructureError> {
        let mut passed = 0;
        let ends = parts(&terms.structure, terms.learner.party())?.into_iter();
        let ends = ends.map(|(part, traffic)| {
            passed += traffic.rounds;
            (part, passed)
        });
        Ok(Self(ends.collect()))
    }

    /// All rounds.
    pub fn rounds(&self) -> u64 {
        self.0.last().map_or(0, |(_, end)| *end)
    }

    /// How many layers there are.
    pub fn layers(&self) -> usize {
        self.0.iter().filter(|(part, _)| matches!(part, Part::Layer(..))).count()
    }

    /// What is computed once so many rounds have passed.
    pub fn part(&self, rounds: u64) -> Option<Part> {
        self.0.iter().find(|(_, end)| rounds < *end).map(|(part, _)| *part)
    }
}
