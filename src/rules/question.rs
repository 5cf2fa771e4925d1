//! What a session asks: one question of one kind. Everything that a kind says of its questions is
//! asked here, so that rooms above need not know any kind.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::answer::{Answer, AnswerError};
use super::auction;
use super::entries::{Field, Layout, LayoutError};
#[cfg(any(test, feature = "testkit"))]
use super::made_up;
use super::money::Currency;
use crate::sharing::form::Form;

/// The question of a session, by kind.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Who wins a lot, at what price?
    Auction(auction::Question),
    /// A kind that only tests know.
    #[cfg(any(test, feature = "testkit"))]
    MadeUp(made_up::Question),
}

/// Which rule of its kind a question breaks.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum QuestionError {
    /// As an auction.
    #[error(transparent)]
    Auction(#[from] auction::question::QuestionError),
    /// As the kind that only tests know.
    #[cfg(any(test, feature = "testkit"))]
    #[error(transparent)]
    MadeUp(#[from] made_up::QuestionError),
}

impl Question {
    /// The names of all kinds, as session files write them.
    pub fn kind_names() -> Vec<&'static str> {
        let names = auction::Kind::ALL.map(auction::Kind::name).to_vec();
        #[cfg(any(test, feature = "testkit"))]
        let names = [names, vec![made_up::NAME]].concat();
        names
    }

    /// The kind's name, as session files write it.
    pub const fn kind_name(&self) -> &'static str {
        match self {
            Self::Auction(question) => question.kind.name(),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => made_up::NAME,
        }
    }

    /// The question, if it is an auction's.
    pub const fn as_auction(&self) -> Option<&auction::Question> {
        match self {
            Self::Auction(question) => Some(question),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// The fields of an entry. An auction's has one, the amount.
    ///
    /// # Errors
    /// When nobody can hand such an entry in, which [`Question::check`] refuses.
    pub fn layout(&self) -> Result<Layout, LayoutError> {
        let field = Field { bits: self.bits(), maximum: self.maximum() };
        match self {
            Self::Auction(_) => Layout::new([field]),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => Layout::new([field]),
        }
    }

    /// Width of an entry in bits.
    pub fn bits(&self) -> u32 {
        match self {
            Self::Auction(question) => question.bits(),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(question) => question.width,
        }
    }

    /// Largest admissible value of an entry.
    pub fn maximum(&self) -> u64 {
        match self {
            Self::Auction(question) => question.maximum,
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(question) => question.maximum(),
        }
    }

    /// What an entry's value is written in: the unit's name and its decimals.
    pub fn unit(&self) -> Currency {
        match self {
            Self::Auction(question) => question.currency.clone(),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => Currency { code: String::new(), decimals: 0 },
        }
    }

    /// A value of an entry as people read it, such as an amount with its currency.
    pub fn show(&self, value: u64) -> String {
        self.unit().show(value).to_string()
    }

    /// What to remark of an entry's value before it is handed in, where anything is.
    pub fn remark(&self, value: u64) -> Option<String> {
        match self {
            Self::Auction(question) => question.remark(value).map(|remark| question.words(remark)),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(_) => None,
        }
    }

    /// Check what a node must not take on trust, where entries are shared in this form.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self, form: Form) -> Result<(), QuestionError> {
        match self {
            Self::Auction(question) => Ok(question.check(form)?),
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(question) => Ok(question.check()?),
        }
    }

    /// Check that this answer is possible for `entries` entries in the manifest of which some were
    /// out of range, as far as that shows without the entries. Entries are named by position.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check_answer(
        &self,
        answer: &Answer<usize>,
        entries: usize,
        out_of_range: &[usize],
    ) -> Result<(), AnswerError> {
        let excluded: HashSet<usize> = out_of_range.iter().copied().collect();
        let mut named = HashSet::new();
        for &entry in answer.entries() {
            if entry >= entries {
                return Err(AnswerError::NoSuchEntry { entry, entries });
            }
            if excluded.contains(&entry) {
                return Err(AnswerError::OutOfRange { entry });
            }
            if !named.insert(entry) {
                return Err(AnswerError::Twice { entry });
            }
        }
        let in_range = entries.saturating_sub(excluded.len());
        match (self, answer) {
            (Self::Auction(question), Answer::Auction(answer)) => {
                Ok(answer.check(question, in_range)?)
            }
            #[cfg(any(test, feature = "testkit"))]
            (Self::MadeUp(question), Answer::MadeUp(answer)) => Ok(answer.check(question)?),
            #[cfg(any(test, feature = "testkit"))]
            (Self::Auction(_), Answer::MadeUp(_)) | (Self::MadeUp(_), Answer::Auction(_)) => {
                Err(AnswerError::OtherKind)
            }
        }
    }

    /// The answer in the clear, by the plain reference of the kind: of values in the order of the
    /// manifest, all of them in range.
    pub fn reference(&self, values: &[u64]) -> Answer<usize> {
        match self {
            Self::Auction(question) => {
                Answer::Auction(auction::reference::answer(question, values))
            }
            #[cfg(any(test, feature = "testkit"))]
            Self::MadeUp(question) => Answer::MadeUp(question.reference(values)),
        }
    }
}

impl From<auction::Question> for Question {
    fn from(question: auction::Question) -> Self {
        Self::Auction(question)
    }
}
