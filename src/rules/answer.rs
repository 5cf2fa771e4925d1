//! What a session decided, by kind, and how the entries in it are named: by their position in the
//! manifest as computed, by bidder and envelope in what the nodes sign.

use serde::{Deserialize, Serialize};

use super::auction;
#[cfg(any(test, feature = "testkit"))]
use super::made_up;
use super::{job, market, survey};

/// The answer to a session's question, with entries named by `E`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer<E> {
    /// Who won.
    Auction(auction::Answer<E>),
    /// The clearing price, and who trades how much.
    Market(market::Answer<E>),
    /// What the answers of a group come to.
    Survey(survey::Answer),
    /// What a job revealed.
    Job(job::Answer<E>),
    /// Of a kind that only tests know.
    #[cfg(any(test, feature = "testkit"))]
    MadeUp(made_up::Answer),
}

impl<E: Clone + PartialEq> Answer<E> {
    /// Whether another answer says the same but for the digests of shares that stay, which differ in
    /// every attempt.
    pub fn differs_in_digests_alone(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Job(own), Self::Job(other)) => {
                own.kept != other.kept && own.without_digests() == other.without_digests()
            }
            _ => false,
        }
    }
}

/// Why something cannot be the answer to a question.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AnswerError {
    /// Another kind's.
    #[error("the outcome answers another kind of question")]
    OtherKind,
    /// It names an entry that the manifest does not have.
    #[error("the outcome names entry {} of {entries}", .entry + 1)]
    NoSuchEntry {
        /// Position, from 0.
        entry: usize,
        /// Entries of the manifest.
        entries: usize,
    },
    /// It names an entry that was out of range.
    #[error("the outcome names entry {}, which was excluded by the range check", .entry + 1)]
    OutOfRange {
        /// Position, from 0.
        entry: usize,
    },
    /// It names an entry twice.
    #[error("the outcome names entry {} twice", .entry + 1)]
    Twice {
        /// Position, from 0.
        entry: usize,
    },
    /// An auction that decided what it cannot.
    #[error(transparent)]
    Auction(#[from] auction::answer::AnswerError),
    /// A market that decided what it cannot.
    #[error(transparent)]
    Market(#[from] market::answer::AnswerError),
    /// A survey that came to what it cannot.
    #[error(transparent)]
    Survey(#[from] survey::check::AnswerError),
    /// A job that came to what it cannot.
    #[error(transparent)]
    Job(#[from] job::answer::AnswerError),
    /// The same for the kind that only tests know.
    #[cfg(any(test, feature = "testkit"))]
    #[error(transparent)]
    MadeUp(#[from] made_up::AnswerError),
}

impl<E> Answer<E> {
    /// The same with entries named otherwise.
    pub fn map<F>(self, name: impl FnMut(E) -> F) -> Answer<F> {
        match self {
            Self::Auction(answer) => Answer::Auction(answer.map(name)),
            Self::Market(answer) => Answer::Market(answer.map(name)),
            Self::Survey(answer) => Answer::Survey(answer),
            Self::Job(answer) => Answer::Job(answer.map(name)),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(answer) => Answer::MadeUp(answer),
        }
    }

    /// The entries that it names.
    pub fn entries(&self) -> Vec<&E> {
        match self {
            Self::Auction(answer) => answer.winners.iter().map(|sale| &sale.entry).collect(),
            Self::Market(answer) => answer.trades.iter().map(|trade| &trade.entry).collect(),
            Self::Survey(_) => Vec::new(),
            Self::Job(answer) => answer.participants.iter().flatten().collect(),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => Vec::new(),
        }
    }

    /// What the answer tells the participant of one entry alone, under the participant's mask.
    pub fn sealed_for(&self, is_own: impl Fn(&E) -> bool) -> Option<u64> {
        match self {
            Self::Market(answer) => answer.sealed_for(is_own),
            Self::Auction(_) | Self::Survey(_) | Self::Job(_) => None,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// The answer, if it is an auction's.
    pub const fn as_auction(&self) -> Option<&auction::Answer<E>> {
        match self {
            Self::Auction(answer) => Some(answer),
            Self::Market(_) | Self::Survey(_) | Self::Job(_) => None,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// The answer, if it is a market's.
    pub const fn as_market(&self) -> Option<&market::Answer<E>> {
        match self {
            Self::Market(answer) => Some(answer),
            Self::Auction(_) | Self::Survey(_) | Self::Job(_) => None,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// The answer, if it is a survey's.
    pub const fn as_survey(&self) -> Option<&survey::Answer> {
        match self {
            Self::Survey(answer) => Some(answer),
            Self::Auction(_) | Self::Market(_) | Self::Job(_) => None,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// The answer, if it is a job's.
    pub const fn as_job(&self) -> Option<&job::Answer<E>> {
        match self {
            Self::Job(answer) => Some(answer),
            Self::Auction(_) | Self::Market(_) | Self::Survey(_) => None,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }
}

impl<E> From<auction::Answer<E>> for Answer<E> {
    fn from(answer: auction::Answer<E>) -> Self {
        Self::Auction(answer)
    }
}

impl<E> From<market::Answer<E>> for Answer<E> {
    fn from(answer: market::Answer<E>) -> Self {
        Self::Market(answer)
    }
}

impl<E> From<survey::Answer> for Answer<E> {
    fn from(answer: survey::Answer) -> Self {
        Self::Survey(answer)
    }
}

impl<E> From<job::Answer<E>> for Answer<E> {
    fn from(answer: job::Answer<E>) -> Self {
        Self::Job(answer)
    }
}
