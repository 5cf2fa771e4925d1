//! Surveys on the command line.
//!
//! - [`results`]: what a survey came to: in words, as bars, as rows and as scripts read it
//! - [`form`]: the form that a survey is answered in, and the response in it
//! - [`ask`]: asking one question after the other

pub mod ask;
pub mod form;
pub mod results;

/// A survey to edit, as `gavel survey new` writes it.
pub const TEMPLATE: &str = include_str!("template.toml");
