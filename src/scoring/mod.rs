//! Scores between two processes: a model's owner who serves it, and a client with a sheet.
//!
//! The two talk over one TLS connection. The owner's certificate is of no roster: its first paper,
//! signed by the key that the model's terms name, says which certificate it shows, and the client goes
//! no further with anybody else. The client proves its key by signing that paper's nonce, and shows the
//! coordinator's promise of a batch. Both fetch their halves of it, compute, and sign the score where
//! both learn it.
//!
//! - [`said`]: the papers that the two exchange
//! - [`error`]: why there is no score, and whose fault it is
//! - [`halves`]: where the halves of batches come from
//! - [`course`]: how far a score is, for whoever watches
//! - `meeting`: what both do alike: halves, computing, signatures
//! - [`client`]: a client's side
//! - [`owner`]: an owner's side of one connection
//! - `places`: how many clients are scored at a time
//! - [`server`]: an owner's port

pub mod client;
pub mod course;
pub mod error;
pub mod halves;
mod meeting;
pub mod owner;
mod places;
pub mod said;
pub mod server;

pub use client::{Asked, score};
pub use course::{Course, Itinerary, Step};
pub use error::MeetingError;
pub use halves::{Dealers, Halves};
pub use meeting::{Done, Outcome, Patience};
pub use owner::{Admitted, Guest, Owner};
pub use server::{Open, Served, open};

#[cfg(test)]
mod tests;
