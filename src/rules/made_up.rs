//! A kind of session that only tests know: the XOR of all entries. It shows what a new kind has to
//! touch, and that nothing else needs to know of it.

use serde::{Deserialize, Serialize};

use crate::sharing::seed::mask;

/// The name in session files.
pub const NAME: &str = "parity";

/// What is the XOR of all entries?
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Bits of an entry.
    pub width: u32,
}

/// A width outside 1 to 63.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("width is 1 to 63, not {got}")]
pub struct QuestionError {
    /// As given.
    pub got: u32,
}

/// The XOR of all entries.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// As opened.
    pub parity: u64,
}

/// An answer that is wider than an entry.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{parity} has more than {width} bits")]
pub struct AnswerError {
    /// As it says.
    pub parity: u64,
    /// Bits of an entry.
    pub width: u32,
}

/// The fields of a session file that only this kind has.
#[derive(Clone, Deserialize)]
pub struct Fields {
    /// Bits of an entry.
    width: u32,
}

impl Fields {
    /// Their names.
    pub const NAMES: &[&str] = &["width"];

    /// The question.
    pub const fn question(&self) -> Question {
        Question { width: self.width }
    }
}

impl Question {
    /// Largest value of an entry.
    pub const fn maximum(&self) -> u64 {
        mask(self.width)
    }

    /// Check the width.
    ///
    /// # Errors
    /// Says what is allowed.
    pub fn check(&self) -> Result<(), QuestionError> {
        let fits = (1..=63).contains(&self.width);
        if fits { Ok(()) } else { Err(QuestionError { got: self.width }) }
    }

    /// The answer in the clear.
    pub fn reference(&self, values: &[u64]) -> Answer {
        Answer { parity: values.iter().fold(0, |parity, value| parity ^ value) }
    }
}

impl Answer {
    /// Check that it fits the question.
    ///
    /// # Errors
    /// When it is too wide.
    pub const fn check(&self, question: &Question) -> Result<(), AnswerError> {
        let Self { parity } = *self;
        if parity <= question.maximum() {
            Ok(())
        } else {
            Err(AnswerError { parity, width: question.width })
        }
    }
}
