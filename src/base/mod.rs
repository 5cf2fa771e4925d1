//! What every room needs and no room owns.
//!
//! - [`time`]: points in time and durations, as people write them
//! - [`zone`]: times in the zone of whoever reads them
//! - [`clock`]: where the current time comes from; tests set it
//! - [`bytes`]: byte strings that are base64url in JSON
//! - [`qr`]: a text as a QR code in block characters
//! - [`text`]: the rule for text from outside, and how it is made fit to show
//! - [`csv`]: tables as text, for spreadsheets
//! - [`name`]: names that people go by, and what they look like
//! - [`mod@lock`]: how a lock is taken after a panic
//! - [`load`]: what this process takes of its machine
//! - [`memory`]: memory that was freed, given back
//! - [`offload`]: running slow work away from the async threads

pub mod bytes;
pub mod clock;
pub mod csv;
pub mod load;
pub mod lock;
pub mod memory;
pub mod name;
pub mod offload;
pub mod qr;
pub mod text;
pub mod time;
pub mod zone;

pub use clock::Clock;
pub use lock::lock;
pub use time::Timestamp;
pub use zone::Zone;
