//! What needs a person. An alert is there for as long as its matter is: it follows from what is
//! known and cannot be forgotten. Its first appearance rings the terminal's bell.

use super::data::Level;
use crate::session::SessionId;
use crate::sharing::NodeIndex;

/// What an alert is about; the same matter is one alert, however its words change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Matter {
    /// The coordinator is not heard.
    Lost,
    /// Our login is over.
    LoginOver,
    /// Too few nodes are up to settle.
    TooFewNodes,
    /// A session does not go on until some node does something.
    Waiting(SessionId),
    /// A job waits for the word of our node's operator.
    Approval(SessionId),
    /// A bid of ours has too few receipts while it can still get them.
    Receipts(SessionId),
    /// A node's clock is off.
    Clock(NodeIndex),
}

/// Something that needs a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alert {
    /// What it is about.
    pub matter: Matter,
    /// How much it matters.
    pub level: Level,
    /// In a sentence.
    pub text: String,
    /// In two or three words, for the terminal's title.
    pub short: &'static str,
}
