//! The market: a double auction of one good. Many buyers and sellers say how much they would trade
//! at every price of a public grid; the price is where supply reaches demand.
//!
//! - [`grid`]: the prices that there are
//! - [`question`]: what a market's terms say
//! - [`file`](mod@file): a market's fields in a session file
//! - [`order`]: what a participant wants, by steps, and the entry that it becomes
//! - [`order_error`]: why steps are not one
//! - [`curve`]: what an entry says: how much its participant trades at every price
//! - [`invented`]: made-up participants for a demo, from a seed
//! - [`answer`]: the clearing price and who trades how much, and whether that fits the question
//! - [`line`](mod@line): an order in a line of text
//! - [`sheet`]: an order as a table
//! - [`stage`]: the stages of its computation
//! - [`words`]: what the terms mean for whoever takes part
//! - [`mod@reference`]: the answer computed in the clear, which the protocols are tested against
//! - `fixtures`: a small market, for tests

pub mod answer;
pub mod curve;
pub mod file;
#[cfg(test)]
mod fixtures;
pub mod grid;
pub mod invented;
pub mod line;
pub mod order;
pub mod order_error;
pub mod question;
pub mod reference;
pub mod sheet;
pub mod stage;
pub mod words;

pub use answer::{Answer, Clearing, Quantity, Trade};
pub use grid::Grid;
pub use order::{Order, Side, Step};
pub use question::Question;
pub use stage::Stage;

/// The name in session files.
pub const NAME: &str = "market";
