//! What every room needs and no room owns.
//!
//! - [`time`], [`clock`]: points in time and durations as people write them; the time, passed in
//! - [`text`]: text from outside that is fit to show
//! - [`lock`]: one way to take a lock
//! - [`offload`]: work that would hold up the async threads

pub mod clock;
pub mod lock;
pub mod offload;
pub mod text;
pub mod time;

pub use clock::Clock;
pub use lock::lock;
pub use time::Timestamp;
