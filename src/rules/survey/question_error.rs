//! Why a survey cannot be held as it is written.

use super::item::{COHORT, MAX_BITS};
use super::response_error::ResponseError;
use crate::base::name::NameError;
use crate::base::text::TextError;
use crate::rules::entries::LayoutError;
use crate::rules::money::AmountError;

/// Why a survey cannot be held as it is written. Each says what to change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum QuestionError {
    /// A name that is not fit to show.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A text that is not fit to show.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A number that should be an amount.
    #[error("{field} of question {item:?}: {error}")]
    Amount {
        /// Which field.
        field: &'static str,
        /// Whose.
        item: String,
        /// What is wrong.
        error: AmountError,
    },
    /// Too few or too many of something.
    #[error("a survey has {least} to {most} {what}, not {got}")]
    Count {
        /// Of what.
        what: &'static str,
        /// The fewest.
        least: usize,
        /// The most.
        most: usize,
        /// As given.
        got: usize,
    },
    /// Two of the same name.
    #[error("two {what} are called {name:?}; give each a name of its own")]
    SameName {
        /// Of what.
        what: &'static str,
        /// The second one's name.
        name: String,
    },
    /// A question with a name that forms need.
    #[error("a question cannot be called {COHORT:?}; forms have a column of that name")]
    Reserved,
    /// A maximum that is no more than the minimum.
    #[error("the maximum of question {item:?} is not above its minimum")]
    Upside {
        /// Which one.
        item: String,
    },
    /// Answers of too many bits.
    #[error(
        "the answers to question {item:?} take {got} bits, at most {MAX_BITS} can be computed \
         with; lower its maximum or its decimals"
    )]
    TooWide {
        /// Which one.
        item: String,
        /// Bits of an answer.
        got: u32,
    },
    /// Too many decimals.
    #[error("the decimals of question {item:?} are 0 to 8, not {got}")]
    Decimals {
        /// Which one.
        item: String,
        /// What was asked for.
        got: u8,
    },
    /// The name of a unit.
    #[error(
        "the unit of question {item:?} is a short name such as \"EUR\" (at most 12 characters)"
    )]
    Unit {
        /// Which one.
        item: String,
    },
    /// A statistic of a question that there is not, by name.
    #[error("the {statistic} is of {item:?}, which is not one of the [[questions]]")]
    Unasked {
        /// Which statistic.
        statistic: &'static str,
        /// As given.
        item: String,
    },
    /// A statistic that is not complete.
    #[error("the {statistic} needs a {field}")]
    Needs {
        /// Which statistic.
        statistic: &'static str,
        /// What is missing.
        field: &'static str,
    },
    /// A statistic with a field that it has no use for.
    #[error("a {statistic} has no {field}; leave it out")]
    Spare {
        /// Which statistic.
        statistic: &'static str,
        /// What is too much.
        field: &'static str,
    },
    /// A response of the demo that cannot be handed in.
    #[error("the answers of {participant:?}: {error}")]
    Response {
        /// Whose they are.
        participant: String,
        /// What is wrong with them.
        error: ResponseError,
    },
    /// Responses in the file and made-up participants.
    #[error("the file has both [[answers]] and participants; leave one of them out")]
    Both,
    /// A statistic of a question that there is not.
    #[error("the {statistic} is of a question that the survey does not have")]
    NoSuchItem {
        /// Which statistic.
        statistic: &'static str,
    },
    /// A statistic by cohort without cohorts.
    #[error("the {statistic} is by cohort, but the survey has no [[cohorts]]")]
    NoCohorts {
        /// Which statistic.
        statistic: &'static str,
    },
    /// Cohorts are to be assigned, and there are none.
    #[error("membership = \"assigned\" is of [[cohorts]], and the survey has none")]
    NothingToAssign,
    /// The same twice.
    #[error("the {statistic} is declared twice; leave one of them out")]
    Twice {
        /// Which statistic.
        statistic: &'static str,
    },
    /// A ratio of a question to itself.
    #[error("the ratio is of a question to itself; give another one as per")]
    Ratio,
    /// Edges that part nothing.
    #[error(
        "the edges of the histogram of {item:?} rise, and lie above the question's minimum and not \
         above its maximum"
    )]
    Edges {
        /// Of which question.
        item: String,
    },
    /// Histograms that could be subtracted from one another.
    #[error(
        "there is more than one histogram of {item:?}; their differences could tell what is \
         withheld. Leave one, of all or by cohort"
    )]
    Histograms {
        /// Of which question.
        item: String,
    },
    /// No threshold, or one that no survey reaches.
    #[error("at_least is 1 to {most}, not {got}")]
    AtLeast {
        /// Most participants.
        most: u32,
        /// As given.
        got: u32,
    },
    /// More in all than a node can hold.
    #[error("{bids} entries of {bits} bits are more than a node holds; lower max_bids")]
    TooLarge {
        /// Most participants.
        bids: u32,
        /// Bits of an entry.
        bits: usize,
    },
    /// Shamir shares.
    #[error("a survey runs on bits; leave out protocol = \"paper\"")]
    OnNumbers,
    /// A statistic that takes more than adding, among nodes that only add.
    #[error(
        "the {statistic} takes more than adding up; with protocol = \"sums\" ask for counts, sums, \
         means and ratios, or leave protocol out, on a roster of at least 2t+1 nodes"
    )]
    MoreThanSums {
        /// Which one.
        statistic: &'static str,
    },
    /// Secret cohorts among nodes that only add.
    #[error(
        "with protocol = \"sums\" nobody can add up by cohorts that are secret; write \
         membership = \"public\" or \"assigned\", or leave the [[cohorts]] out"
    )]
    SecretAmongSums,
    /// What does not come to an entry.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}
