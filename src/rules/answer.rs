//! What a session decided, by kind, and how the entries in it are named: by their position in the
//! manifest as computed, by bidder and envelope in what the nodes sign.

use serde::{Deserialize, Serialize};

use super::auction;
#[cfg(any(test, feature = "testkit"))]
use super::made_up;

/// The answer to a session's question, with entries named by `E`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer<E> {
    /// Who won.
    Auction(auction::Answer<E>),
    /// Of a kind that only tests know.
    #[cfg(any(test, feature = "testkit"))]
    MadeUp(made_up::Answer),
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
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(answer) => Answer::MadeUp(answer),
        }
    }

    /// The entries that it names.
    pub fn entries(&self) -> Vec<&E> {
        match self {
            Self::Auction(answer) => answer.winners.iter().map(|sale| &sale.entry).collect(),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => Vec::new(),
        }
    }

    /// The answer, if it is an auction's.
    pub const fn as_auction(&self) -> Option<&auction::Answer<E>> {
        match self {
            Self::Auction(answer) => Some(answer),
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
