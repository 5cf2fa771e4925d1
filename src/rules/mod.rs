//! What a session asks and what may be answered. Pure: no I/O.
//!
//! - [`money`]: amounts in the smallest unit of a currency
//! - [`terms`]: what the session file says, checked
//! - [`entries`]: the fields of what a participant hands in
//! - [`order`]: the order of bids that decides ties
//! - [`auction`]: first and second price, forward and reverse

pub mod auction;
pub mod entries;
pub mod money;
pub mod order;
pub mod terms;

pub use entries::Layout;
pub use money::Currency;
pub use terms::Terms;
