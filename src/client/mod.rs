//! The client: the only place where a bid is known in the clear.
//!
//! - [`split`]: a bid split into components, sealed part by part, and signed as an envelope

pub mod split;

pub use split::{BidAmount, SplitError, make_envelope};
