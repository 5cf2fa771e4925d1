//! Request and reply types, paths and error bodies, shared by server and client.
//!
//! - [`problem`]: error bodies (RFC 9457)

pub mod problem;

pub use problem::{Problem, ProblemType};
