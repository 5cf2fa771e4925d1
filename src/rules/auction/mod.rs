//! Auctions of one or several equal lots.
//!
//! - [`kind`]: first and second price, forward and reverse
//! - [`question`]: what an auction's terms say
//! - [`file`](mod@file): an auction's fields in a session file
//! - [`answer`]: who won and at what price, and whether that fits the question
//! - [`reserve`]: a reserve that is a stored variable
//! - [`scored`]: what a scored auction's terms have besides
//! - [`stage`]: the stages of its computation
//! - [`words`]: what the terms mean for whoever bids
//! - [`mod@reference`]: the answer computed in the clear, which the protocols are tested against

pub mod answer;
pub mod file;
pub mod kind;
pub mod question;
pub mod reference;
pub mod reserve;
pub mod scored;
pub mod stage;
pub mod words;

pub use answer::{Answer, Sale};
pub use kind::Kind;
pub use question::Question;
pub use reserve::SecretReserve;
pub use scored::{Pays, Scored};
pub use stage::Stage;
