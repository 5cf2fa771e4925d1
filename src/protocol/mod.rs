//! Joint computation: one protocol a file. Knows no HTTP, no files, no clock.
//!
//! - [`channel`]: how a protocol sends to and receives from another node

pub mod channel;

pub use channel::{Channel, ChannelError, StepId};
