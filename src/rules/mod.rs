//! What a session asks and what may be answered. Pure: no I/O.
//!
//! Whatever differs by kind of session is an enum here, with a variant per kind. Each is matched in
//! one place:
//!
//! - [`question`]: what a session asks
//! - [`answer`]: what a session decided
//! - [`stage`]: how far a computation has come
//! - [`session_file`]: the TOML that people write
//!
//! What all kinds share:
//!
//! - [`terms`]: what every session's terms have, around its question
//! - [`limits`]: how much a session takes
//! - [`money`]: amounts in the smallest unit of a currency
//! - [`scoring`]: which scores a session counts, and what one is worth
//! - [`operator_key`]: the key to which replies are disclosed
//! - `telling`: what is told to one node, or the client, alone
//! - [`entries`]: what a participant hands in: a row of fields, each with a maximum
//! - [`order`]: the order of entries that decides ties
//! - [`written`]: numbers in session files, as written
//!
//! One folder or file per kind:
//!
//! - [`auction`]: first and second price, forward and reverse, one lot or several
//! - [`market`]: the double auction: many buyers and sellers, and one price
//! - [`survey`]: statistics of what a group answers, and nothing else
//! - [`job`]: a graph of steps over variables that no node knows
//! - `made_up`: a kind that only tests know; it shows what a new kind has to touch
//!
//! What two parties compute:
//!
//! - [`model`]: models that score a sheet of data

pub mod answer;
pub mod auction;
pub mod entries;
pub mod job;
pub mod limits;
#[cfg(any(test, feature = "testkit"))]
pub mod made_up;
pub mod market;
pub mod model;
pub mod money;
pub mod operator_key;
pub mod order;
pub mod question;
pub mod scoring;
pub mod session_file;
pub mod stage;
pub mod survey;
mod telling;
pub mod terms;
pub mod written;

pub use answer::Answer;
pub use entries::Layout;
pub use limits::Limits;
pub use money::Currency;
pub use operator_key::OperatorKey;
pub use question::Question;
pub use session_file::SessionFile;
pub use stage::Stage;
pub use terms::Terms;
