//! The pure rules of an auction: terms, kinds, ties, outcome. No I/O.
//!
//! - [`time`]: points in time and durations as people write them
//! - [`money`]: amounts in the smallest unit of a currency
//! - [`kind`]: first and second price, forward and reverse
//! - [`terms`]: what the session file says, checked
//! - [`order`]: the order of bids that decides ties
//! - [`plain`]: the reference in the clear that the protocols are tested against

pub mod kind;
pub mod money;
pub mod order;
pub mod plain;
pub mod terms;
pub mod time;

pub use kind::Kind;
pub use money::Currency;
pub use terms::Terms;
pub use time::Timestamp;
