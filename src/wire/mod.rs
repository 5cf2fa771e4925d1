//! Request and reply types, paths and error bodies, shared by server and client.
//!
//! - [`openapi`]: the description of the whole API, and a page to read it
//! - [`paths`]: every path of the API
//! - [`node_api`]: what a node takes and answers
//! - [`account_api`]: logging in, and looking after accounts
//! - [`coordinator_api`]: what a coordinator takes and answers
//! - [`problem`]: error bodies (RFC 9457)
//! - [`reason`]: why sessions, attempts and nodes do not go on, as codes with fields

pub mod account_api;
pub mod coordinator_api;
pub mod node_api;
pub mod openapi;
pub mod paths;
pub mod problem;
pub mod reason;

pub use problem::{Problem, ProblemType};
