//! Why answers are no response to a survey.

use super::item::ItemError;

/// Why answers are no response. Never carries an answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ResponseError {
    /// A question without an answer.
    #[error("there is no answer to {item:?}")]
    Missing {
        /// Which one.
        item: String,
    },
    /// A question with two.
    #[error("{item:?} is answered twice")]
    Twice {
        /// Which one.
        item: String,
    },
    /// A question that there is not.
    #[error("the survey does not ask for {item:?}; it asks for {all}")]
    NoSuchItem {
        /// As given.
        item: String,
        /// The questions.
        all: String,
    },
    /// An answer that is none.
    #[error("{item:?}: {error}")]
    Answer {
        /// To which question.
        item: String,
        /// What is wrong.
        error: ItemError,
    },
    /// No cohort.
    #[error("say which cohort you are in: {all}")]
    NoCohort {
        /// The cohorts.
        all: String,
    },
    /// A cohort that there is not.
    #[error("the survey does not have this cohort; it has {all}")]
    NoSuchCohort {
        /// The cohorts.
        all: String,
    },
    /// A cohort where there are none.
    #[error("the survey has no cohorts; leave the cohort out")]
    Cohortless,
}
