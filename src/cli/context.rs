//! What every command gets: the home, and where its output goes.

use super::home::Home;
use super::output::Output;

/// What every command gets.
pub struct Context {
    /// How to talk.
    pub output: Output,
    /// Keys, roster, settings, receipts.
    pub home: Home,
}
