//! What every command gets.

use super::home::Home;
use super::output::Output;

/// What every command gets.
pub struct Context {
    /// How to talk.
    pub output: Output,
    /// Keys, roster, settings, receipts.
    pub home: Home,
}
