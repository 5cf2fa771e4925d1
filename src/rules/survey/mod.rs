//! The survey: a group is asked for numbers, and statistics of all answers together are opened,
//! nothing else.
//!
//! - [`item`]: one question of a survey: its unit, and the smallest and largest answer
//! - [`statistic`]: what can be computed, and which values are opened for it
//! - [`question`]: what a survey's terms say
//! - [`withhold`]: which groups are too small for anything of them to be opened
//! - [`answer`]: what was opened
//! - [`check`]: whether that fits the question
//! - [`stage`]: the stages of its computation
//! - [`mod@reference`]: the answer computed in the clear, which the protocols are tested against

pub mod answer;
pub mod check;
pub mod item;
pub mod question;
pub mod reference;
pub mod stage;
pub mod statistic;
pub mod withhold;

pub use answer::{Answer, Cell, Value};
pub use item::Item;
pub use question::{Membership, Question};
pub use stage::Stage;
pub use statistic::{By, Declared, Group, Measure, Order, Statistic};

/// The name in session files.
pub const NAME: &str = "survey";
