//! A stored variable as servers tell of it: what everyone knows of it, never a share.

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::identity::Digest;
use crate::rules::job::{StoredVariable, Version};
use crate::session::SessionId;
use crate::sharing::NodeSet;
use crate::storage::Stored;

/// A stored variable.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VariableLine {
    /// Its name, field, range, owner, generation and the digests of its components.
    pub variable: StoredVariable,
    /// Which one it is.
    pub version: Version,
    /// The session whose job made it.
    pub session: SessionId,
    /// The step that did.
    pub step: String,
    /// The session that dealt its shares last.
    pub dealt: SessionId,
    /// The roster that its components are shared for.
    pub roster: Digest,
    /// When the one whose job made it was opened.
    pub made: Timestamp,
    /// When the session that dealt its shares last was opened.
    pub refreshed: Timestamp,
    /// Whether the node that tells of it has a share; the coordinator never has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<bool>,
    /// Where it was handed over to the nodes of the next roster as it is now; the coordinator tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over: Option<HandedLine>,
}

/// How a variable was handed over last.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HandedLine {
    /// By which session.
    pub session: SessionId,
    /// The roster whose nodes it was handed over to.
    pub to: Digest,
    /// The nodes whose letters the coordinator has.
    pub letters: NodeSet,
}

impl VariableLine {
    /// Of a stored variable, at a node with whether it has a share.
    pub fn of(stored: Stored, share: Option<bool>) -> Self {
        let Stored { variable, session, step, dealt, roster, made, refreshed } = stored;
        let version = variable.version();
        Self {
            variable,
            version,
            session,
            step,
            dealt,
            roster,
            made,
            refreshed,
            share,
            handed_over: None,
        }
    }
}
