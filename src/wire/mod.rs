//! Request and reply types, paths and error bodies, shared by servers and clients.
//!
//! - [`paths`]: every path of the API
//! - [`node_api`]: what a node takes and answers
//! - [`coordinator_api`]: what a coordinator takes and answers
//! - [`job_api`]: jobs, step by step
//! - [`dealer_api`]: models, and the material that dealers make for them
//! - [`account_api`]: logging in, and looking after accounts
//! - [`page`]: lists that come in pages
//! - [`paper`]: the papers of a closing in binary, and how large they may be
//! - [`grpc`]: the messages of proto/material.proto
//! - [`problem`]: error bodies (RFC 9457)
//! - [`variable`]: variables that stay at the nodes, without their shares
//! - [`reason`]: why sessions, attempts and nodes stopped, as codes with fields
//! - [`openapi`]: the description of the whole API, and a page to read it

pub mod account_api;
pub mod coordinator_api;
pub mod dealer_api;
pub mod grpc;
pub mod job_api;
pub mod node_api;
pub mod openapi;
pub mod page;
pub mod paper;
pub mod paths;
pub mod problem;
pub mod reason;
pub mod variable;

pub use problem::{Problem, ProblemType};
