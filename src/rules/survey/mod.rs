//! The survey: a group is asked for numbers, and statistics of all answers together are opened,
//! nothing else.
//!
//! - [`item`]: one question of a survey: its unit, and the smallest and largest answer
//! - [`statistic`]: what can be computed, and which values are opened for it
//! - [`question`]: what a survey's terms say
//! - [`question_error`]: why they cannot be held so
//! - [`withhold`]: which groups are too small for anything of them to be opened
//! - [`file`](mod@file): a survey's fields in a session file
//! - [`response`]: what a participant answers, and the entry that it becomes
//! - [`response_error`]: why answers are none
//! - [`invented`]: made-up participants for a demo, from a seed
//! - [`answer`]: what was opened
//! - [`check`]: whether that fits the question
//! - [`exact`]: numbers without rounding
//! - [`results`]: the statistics, from what was opened
//! - [`rows`]: the same as rows of a table
//! - [`words`]: what the terms mean for whoever takes part; every value that may be opened
//! - [`stage`]: the stages of its computation
//! - [`mod@reference`]: the answer computed in the clear, which the protocols are tested against
//! - `fixtures`: a small survey, for tests

pub mod answer;
pub mod check;
pub mod exact;
pub mod file;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod invented;
pub mod item;
pub mod question;
pub mod question_error;
pub mod reference;
pub mod response;
pub mod response_error;
pub mod results;
pub mod rows;
pub mod stage;
pub mod statistic;
pub mod withhold;
pub mod words;

pub use answer::{Answer, Cell, Value};
pub use item::Item;
pub use question::{Membership, Question};
pub use response::Response;
pub use stage::Stage;
pub use statistic::{By, Declared, Group, Measure, Order, Statistic};

/// The name in session files.
pub const NAME: &str = "survey";
