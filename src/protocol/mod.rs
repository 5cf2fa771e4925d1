//! Joint computation: one protocol per file. Knows no HTTP, no files, no clock.
//!
//! - [`channel`]: how a protocol sends to and receives from another node
//! - [`error`]: what can go wrong, and which node caused it
//! - [`ledger`]: what has been opened, and how many rounds, gates and bytes were used
//! - [`context`]: who takes part, keys, channel, step name
//! - [`cost`]: predicted rounds, gates and bytes
//! - [`tactics`]: how rounds are traded for bytes
//! - [`bracket`]: the shape of a tournament: its levels and groups
//! - [`bits`]: protocols on replicated shares of bits
//! - [`elements`]: protocols on replicated shares of elements of a prime field
//! - [`material`]: random values with MACs, for two parties
//! - [`proof`]: the check of AND gates and products against lying nodes
//! - [`numbers`]: protocols on Shamir shares of numbers over a prime field
//! - [`sums`]: opening sums among nodes that only add
//! - [`reshare`]: dealing shared elements anew, to the nodes of another roster

pub mod bits;
pub mod bracket;
pub mod channel;
pub mod context;
pub mod cost;
pub mod elements;
pub mod error;
pub mod ledger;
pub mod material;
pub mod numbers;
pub mod proof;
pub mod reshare;
pub mod sums;
pub mod tactics;

pub use bits::CostModel;
pub use channel::{Channel, ChannelError, StepId};
pub use context::Context;
pub use cost::Cost;
pub use error::{EstablishError, ProtocolError};
pub use ledger::{Counters, Opening};
pub use proof::Complaint;
pub use tactics::Tactics;

pub use crate::sharing::security::Security;
