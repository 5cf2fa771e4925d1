//! The state of the program.
//!
//! - [`data`], [`node`]: what is known of the system
//! - [`model`], [`forms`], [`field`]: where the person is, and what is being typed

pub mod data;
pub mod field;
pub mod forms;
pub mod model;
pub mod node;
