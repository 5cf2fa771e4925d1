//! The state of the program.
//!
//! - [`data`], [`node`]: what is known of the system
//! - [`model`]: where the person is, who it is, and all of the state together
//! - [`screen`], [`theme`]: the five screens and what drawing finds out; the themes
//! - [`forms`], [`new_session`], [`field`]: what lies over the screens and is being typed

pub mod data;
pub mod field;
pub mod forms;
pub mod model;
pub mod new_session;
pub mod node;
pub mod screen;
pub mod theme;
