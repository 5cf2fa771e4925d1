//! The state of the program.
//!
//! - [`model`]: all of the state together: what is known, who the person is and where
//! - [`data`]: what is known of sessions, bids, progress, the link and the log
//! - [`node`]: what is known of one node
//! - [`screen`]: the five screens, and what drawing finds out about their layout
//! - [`theme`]: the themes to choose from
//! - [`forms`]: questions, the palette, the form of a bid, notices
//! - [`new_session`]: the form of a new session, field by field
//! - [`field`]: a line of typed text, wiped when it goes

pub mod data;
pub mod field;
pub mod forms;
pub mod model;
pub mod new_session;
pub mod node;
pub mod screen;
pub mod theme;
