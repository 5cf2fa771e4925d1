//! How far a computation has come: the stages that every kind has, and each kind's own.

use serde::{Deserialize, Serialize};

use super::{auction, job, market, survey};

/// The stage that a computation is in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Stage {
    /// Unsealing and laying out shares; making keys.
    #[default]
    Preparing,
    /// Checking that every entry is within its range.
    CheckingEntries,
    /// A stage that only auctions have.
    Auction(auction::Stage),
    /// A stage that only markets have.
    Market(market::Stage),
    /// A stage that only surveys have.
    Survey(survey::Stage),
    /// A stage that only jobs have.
    Job(job::Stage),
    /// Opening the answer, or a part of it.
    Opening,
    /// Done.
    Done,
}

/// A stage's name that no kind knows.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no stage {0:?}")]
pub struct UnknownStage(String);

impl Stage {
    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::CheckingEntries => "range-check",
            Self::Auction(stage) => stage.name(),
            Self::Market(stage) => stage.name(),
            Self::Survey(stage) => stage.name(),
            Self::Job(stage) => stage.name(),
            Self::Opening => "opening",
            Self::Done => "done",
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        [Self::Preparing, Self::CheckingEntries, Self::Opening, Self::Done]
            .into_iter()
            .chain(auction::Stage::ALL.map(Self::Auction))
            .chain(market::Stage::ALL.map(Self::Market))
            .chain(survey::Stage::ALL.map(Self::Survey))
            .chain(job::Stage::ALL.map(Self::Job))
    }
}

impl From<auction::Stage> for Stage {
    fn from(stage: auction::Stage) -> Self {
        Self::Auction(stage)
    }
}

impl From<market::Stage> for Stage {
    fn from(stage: market::Stage) -> Self {
        Self::Market(stage)
    }
}

impl From<survey::Stage> for Stage {
    fn from(stage: survey::Stage) -> Self {
        Self::Survey(stage)
    }
}

impl From<job::Stage> for Stage {
    fn from(stage: job::Stage) -> Self {
        Self::Job(stage)
    }
}

impl From<Stage> for &'static str {
    fn from(stage: Stage) -> Self {
        stage.name()
    }
}

impl TryFrom<String> for Stage {
    type Error = UnknownStage;
    fn try_from(name: String) -> Result<Self, UnknownStage> {
        Self::all().find(|stage| stage.name() == name).ok_or(UnknownStage(name))
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::stage::*;

    #[test]
    fn stages_go_by_their_names() {
        let names: Vec<&str> = Stage::all().map(Stage::name).collect();
        let text = serde_json::to_string(&Stage::all().collect::<Vec<_>>()).unwrap();
        assert_eq!(text, serde_json::to_string(&names).unwrap());
        assert!(Stage::all().eq(serde_json::from_str::<Vec<Stage>>(&text).unwrap()));
        assert!(serde_json::from_str::<Stage>("\"dancing\"").is_err());
    }
}
