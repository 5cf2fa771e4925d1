//! What every room needs and no room owns.
//!
//! - [`time`]: points in time and durations, as people write them
//! - [`clock`]: where the current time comes from; tests set it
//! - [`qr`]: a text as a QR code in block characters
//! - [`text`]: the rule for text from outside, and how it is made fit to show
//! - [`name`]: names that people go by, and what they look like
//! - [`mod@lock`]: how a lock is taken after a panic
//! - [`memory`]: memory that was freed, given back
//! - [`offload`]: running slow work away from the async threads

pub mod clock;
pub mod lock;
pub mod memory;
pub mod name;
pub mod offload;
pub mod qr;
pub mod text;
pub mod time;

pub use clock::Clock;
pub use lock::lock;
pub use time::Timestamp;
