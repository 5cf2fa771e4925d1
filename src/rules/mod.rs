//! What a session asks and what may be answered. Pure: no I/O.
//!
//! Everything that differs by kind of session is a sum over kinds here, each matched in one place:
//!
//! - [`question`]: what a session asks
//! - [`answer`]: what it decided
//! - [`stage`]: how far a computation has come
//! - [`session_file`]: the TOML that people write
//!
//! What all kinds share:
//!
//! - [`terms`]: what every session's terms have, around its question
//! - [`money`]: amounts in the smallest unit of a currency
//! - [`entries`]: the fields of what a participant hands in
//! - [`order`]: the order of entries that decides ties
//!
//! And each kind in a place of its own:
//!
//! - [`auction`]: first and second price, forward and reverse
//! - `made_up`: a kind that only tests know, to show what a new one has to touch

pub mod answer;
pub mod auction;
pub mod entries;
#[cfg(any(test, feature = "testkit"))]
pub mod made_up;
pub mod money;
pub mod order;
pub mod question;
pub mod session_file;
pub mod stage;
pub mod terms;

pub use answer::Answer;
pub use entries::Layout;
pub use money::Currency;
pub use question::Question;
pub use session_file::SessionFile;
pub use stage::Stage;
pub use terms::Terms;
